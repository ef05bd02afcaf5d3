"""Levels for things in a list, without explanations that anyone is shown: how a judge is tried on ratings by people."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field, JsonValue

from chains.call_records import About
from chains.judgement import median_level
from chains.samples import ask_samples
from chains.steps import Fields, ModelReply, Step
from chains.structured import Structured

#: Things in one question; more are asked about in several.
AT_ONCE = 10


class PlainRating(ModelReply):
    number: int = Field(ge=1, le=AT_ONCE)
    reason: str = Field(max_length=400)
    score: int = Field(ge=1, le=5)


class PlainRatings(ModelReply):
    ratings: list[PlainRating] = Field(max_length=2 * AT_ONCE)


@dataclass(frozen=True, slots=True)
class Rated:
    """scores: of the samples that count. model: whose they are. because: why there is none, or fewer than asked."""

    scores: tuple[int, ...]
    model: str = ""
    because: str = ""

    @property
    def score(self) -> int | None:
        return median_level(self.scores) if self.scores else None


def rate_plainly(
    structured: Structured,
    step: Step[PlainRatings],
    given: Fields,
    name: str,
    things: Sequence[dict[str, JsonValue]],
    *,
    samples: int,
    about: About | None = None,
) -> list[Rated]:
    """One Rated for each thing, in their order. given: the fields that hold for all of them. name: of the field that
    lists the things; each gets its number. Raises BudgetSpent."""
    rated: list[Rated] = []
    for start in range(0, len(things), AT_ONCE):
        some = things[start : start + AT_ONCE]

        def fields(order: Sequence[int], some: Sequence[dict[str, JsonValue]] = some) -> Fields:
            listed: list[JsonValue] = [{"number": number, **some[place]} for number, place in enumerate(order, 1)]
            return {**given, name: listed}

        found = ask_samples(structured, step, len(some), fields, _complaint, samples=samples, about=about)
        scores: list[list[int]] = [[] for _ in some]
        for asked in found.asked:
            ratings = asked.answer.value.ratings if asked.answer.value else []
            counts = Counter(rating.number for rating in ratings)
            for rating in ratings:
                if rating.number <= len(asked.order) and counts[rating.number] == 1:
                    scores[asked.order[rating.number - 1]].append(rating.score)
        rated.extend(
            Rated(tuple(own), found.model if own else "", found.because or ("" if own else "it was left out"))
            for own in scores
        )
    return rated


def _complaint(reply: PlainRatings, order: Sequence[int]) -> str:
    counts = Counter(rating.number for rating in reply.ratings)
    wrong = [
        f"number {number} must be rated exactly once, not {counts[number]} times"
        for number in range(1, len(order) + 1)
        if counts[number] != 1
    ]
    if any(number > len(order) for number in counts):
        wrong.append(f"there are only numbers 1 to {len(order)}")
    return "; ".join(wrong[:5])
