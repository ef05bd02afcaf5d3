"""The same question asked several times, in another order each time, so that neither chance nor place decides."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic

from chains.call_records import About
from chains.steps import Fields, Reply, Step
from chains.structured import Answer, Structured

#: How often a judge is asked where nobody says otherwise.
SAMPLES = 3


def turned(count: int, sample: int, samples: int) -> list[int]:
    """The places 0 to count - 1 in the order of a sample: each begins a share of the way further on, and goes round."""
    start = sample * count // max(samples, 1)
    return [(start + place) % count for place in range(count)]


@dataclass(frozen=True)
class Asked(Generic[Reply]):
    """One sample's answer. order: which of the things asked about stood first, second and so on in the question."""

    order: Sequence[int]
    answer: Answer[Reply]


@dataclass(frozen=True)
class Samples(Generic[Reply]):
    """asked: the samples that count, all of one model. because: why others are missing, "" where none is."""

    asked: Sequence[Asked[Reply]]
    model: str
    because: str


def ask_samples(
    structured: Structured,
    step: Step[Reply],
    count: int,
    fields: Callable[[Sequence[int]], Fields],
    check: Callable[[Reply, Sequence[int]], str],
    *,
    samples: int,
    about: About | None = None,
) -> Samples[Reply]:
    """Asks about `count` things, `samples` times. fields, check: of an order of the things.

    Where some samples were answered by a model that stands in, those of the model with most samples count, of equal
    ones the first: a median over different judges would be nobody's. Lets BudgetSpent through.
    """
    by_model: dict[str, list[Asked[Reply]]] = {}
    reasons: dict[str, None] = {}
    for sample in range(samples):
        order = turned(count, sample, samples)

        def checked(reply: Reply, order: Sequence[int] = order) -> str:
            return check(reply, order)

        answer = structured.ask(step, fields(order), about=about, check=checked, sample=sample)
        if answer.because:
            reasons[answer.because] = None
        if answer.value is not None:
            by_model.setdefault(answer.model, []).append(Asked(order, answer))
    model = max(by_model, key=lambda label: len(by_model[label]), default="")
    return Samples(by_model.get(model, []), model, "; ".join(reasons))
