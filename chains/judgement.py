"""What a judge says of a journey, from several samples: levels of relevance, and how far the samples agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

#: The levels, 1 to 5; what each means stands in the instructions of the steps that give them.
LEVELS = (1, 2, 3, 4, 5)


def median_level(scores: Sequence[int]) -> int:
    """The middle score; of an even number the lower of the two in the middle, as doubt takes the lower level.

    Raises ValueError where there is none.
    """
    if not scores:
        raise ValueError("no score has no middle")
    return sorted(scores)[(len(scores) - 1) // 2]


def sample_agreement(scores: Sequence[int]) -> float | None:
    """Share of the pairs of samples that agree exactly, 0 to 1; None where there is no pair."""
    pairs = list(combinations(scores, 2))
    return sum(one == other for one, other in pairs) / len(pairs) if pairs else None


def spread(scores: Sequence[int]) -> int:
    """From the lowest to the highest sample, 0 to 4; 0 where there are none."""
    return max(scores) - min(scores) if scores else 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """One journey, judged. scores: of the samples that count, in their order; () where no model gave one.

    explanation: of the first sample that gave the score and whose words may be shown, else made from its numbers; then
    explained_by is "template". cites: ids of the activity that it rests on. model, prompt_version: whose all scores
    are; "" for no model. because: why samples are missing, "" where none is.
    """

    user_id: str
    journey_id: str
    run_id: str
    rank: int
    name: str
    scores: tuple[int, ...] = ()
    explanation: str = ""
    explained_by: str = ""
    cites: tuple[str, ...] = ()
    model: str = ""
    prompt_version: str = ""
    because: str = ""

    @property
    def score(self) -> int | None:
        return median_level(self.scores) if self.scores else None

    @property
    def agreement(self) -> float | None:
        return sample_agreement(self.scores)

    @property
    def spread(self) -> int:
        return spread(self.scores)
