"""Which of a user's journeys of today is which of before, by the texts that they share.

Two shares tell how a previous and a current journey overlap, each weighted by engagement at its own side:
kept, of the previous one's texts those that are in the current one; made of, of the current one's those that were in
the previous one. A journey that grew has kept near 1, a piece of one that fell apart has made of near 1.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chains.journeys import Journey
from vectorstore.activity import normalize

#: More than this share is "most of it".
MOST = 0.5

# A text that no keyword stands for, or one of no engagement, still counts for something.
_LEAST_WEIGHT = 0.05
# Decides between equals, and is far too small to decide anything else.
_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Overlap:
    """kept, made_of: shares in (0, 1]; pairs without a common text have no Overlap."""

    kept: float
    made_of: float


@dataclass(frozen=True, slots=True)
class Matching:
    """continued: index of previous -> index of current, one to one. overlaps: (previous, current) -> Overlap.

    covered: for each previous journey the share of its texts that is in any current one, in [0, 1].
    """

    continued: dict[int, int]
    overlaps: dict[tuple[int, int], Overlap]
    covered: list[float]


def match(previous: Sequence[Journey], current: Sequence[Journey]) -> Matching:
    """The one-to-one assignment with the largest sum of kept * made_of.

    A pair is possible where most of the previous journey is in the current one, or where most of the current one comes
    from the previous one and no other has most of that. Among equals the earlier in each sequence comes first.
    """
    before, now = [_weights(journey) for journey in previous], [_weights(journey) for journey in current]
    overlaps = _overlaps(before, now)
    moved = {i for (i, _), overlap in overlaps.items() if overlap.kept > MOST}
    value = np.zeros((len(previous), len(current)))
    for (i, j), overlap in overlaps.items():
        if overlap.kept > MOST or (overlap.made_of > MOST and i not in moved):
            earlier = (1 - i / len(previous)) + (1 - j / len(current)) / 1000
            # The product, and not the sum: two halves of a match never outweigh a whole one.
            value[i, j] = round(overlap.kept * overlap.made_of, 12) + _TIE * earlier
    continued = _assigned(value)
    everywhere = {text for weights in now for text in weights}
    covered = [
        sum(weight for text, weight in weights.items() if text in everywhere) / sum(weights.values())
        for weights in before
    ]
    return Matching(continued, overlaps, covered)


def _assigned(value: NDArray[np.float64]) -> dict[int, int]:
    """Row -> column, one to one, with the largest sum; only of values over 0."""
    possible = value > 0
    wide, tall = possible.sum(axis=1), possible.sum(axis=0)
    pairs = np.argwhere(possible).tolist()
    if all(wide[i] == 1 or tall[j] == 1 for i, j in pairs):
        # Nobody who has a choice is anybody's choice among several, so that the best come first. That is the rule.
        best: dict[int, int] = {}
        for i, j in sorted(pairs, key=lambda pair: -value[pair[0], pair[1]]):
            if i not in best and j not in best.values():
                best[i] = j
        return dict(sorted(best.items()))
    # Imported here, since reading journeys does without SciPy, and it takes a third of a second.
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415

    rows, columns = linear_sum_assignment(value, maximize=True)
    return {int(i): int(j) for i, j in zip(rows, columns, strict=True) if possible[i, j]}


def _weights(journey: Journey) -> dict[str, float]:
    """The journey's texts in order, each with the weight of its keyword, or else of the lightest one."""
    by_text = {normalize(keyword.text): keyword.weight for keyword in journey.keywords}
    lightest = min(by_text.values())
    texts = sorted({normalize(text) for text in journey.texts})
    return {text: max(by_text.get(text, lightest), _LEAST_WEIGHT) for text in texts}


def _overlaps(
    before: Sequence[Mapping[str, float]], now: Sequence[Mapping[str, float]]
) -> dict[tuple[int, int], Overlap]:
    holders: dict[str, list[int]] = defaultdict(list)
    for j, weights in enumerate(now):
        for text in weights:
            holders[text].append(j)
    kept: dict[tuple[int, int], float] = defaultdict(float)
    made_of: dict[tuple[int, int], float] = defaultdict(float)
    for i, weights in enumerate(before):
        for text, weight in weights.items():
            for j in holders.get(text, ()):
                kept[i, j] += weight
                made_of[i, j] += now[j][text]
    whole_before, whole_now = [sum(w.values()) for w in before], [sum(w.values()) for w in now]
    return {(i, j): Overlap(kept[i, j] / whole_before[i], made_of[i, j] / whole_now[j]) for i, j in kept}
