"""How good chosen names are: by what people rated, and by how near they come to names that people wrote."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.intervals import over_users
from vectorstore.errors import InputError

Floats = NDArray[np.float64]

_DEPTHS = (1, 3, 5)
_MANY_WORDS = 4


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with the middle 95 % of it over groups drawn again and again. NaN where it is not defined."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Chosen:
    """Of one journey or topic: the worth of its n candidates (n,), and how each way of choosing ranks them (n,).

    group: what is drawn again, such as the user. words: (n,) of how many words each candidate is.
    """

    group: str
    worth: Floats
    scores: Mapping[str, Floats]
    words: Floats


@dataclass(frozen=True, slots=True)
class NameFigures:
    """One way of choosing. picked: mean worth of the name that it puts first. regret: how far the best candidate is
    above that. closed: of the gap from the mean to the best candidate, the share that the picked name closes. beaten:
    how far the pick of the first way is above this one's.

    ndcg: "all", "1", "3", "5" -> with the worth as gain. spearman: rank correlation within a topic. wordy: share of
    picked names of more than four words; bare: of one word.
    """

    picked: Figure
    regret: Figure
    closed: Figure
    beaten: Figure
    ndcg: dict[str, Figure]
    spearman: Figure
    wordy: float
    bare: float


@dataclass(frozen=True, slots=True)
class NameScores:
    """best, mean: mean worth of the best and of the average candidate; the average is what chance picks."""

    choices: int
    groups: int
    best: float
    mean: float
    ways: dict[str, NameFigures]


def score_names(chosen: Sequence[Chosen], seed: int = 0) -> NameScores:
    """The first way of choosing is what the others are compared with. Raises InputError where nothing was chosen."""
    if not chosen:
        raise InputError("no topic or known journey has two candidates: there is nothing to score")
    groups = sorted({each.group for each in chosen})
    members = [np.array([i for i, each in enumerate(chosen) if each.group == group]) for group in groups]
    best, mean = (np.array([float(get(each.worth)) for each in chosen]) for get in (np.max, np.mean))

    def figure(values: Floats, against: Floats | None = None) -> Figure:
        """The mean of values, or the ratio of two means."""

        def of(places: NDArray[np.intp]) -> float:
            drawn = np.concatenate([members[place] for place in places])
            known = drawn[~np.isnan(values[drawn])]
            if not len(known) or (against is not None and not against[known].sum()):
                return float("nan")
            return float(values[known].mean() / (1 if against is None else against[known].mean()))

        return Figure(of(np.arange(len(groups))), *over_users(of, len(groups), seed))

    ways: dict[str, NameFigures] = {}
    first: Floats | None = None
    for way in chosen[0].scores:
        scores = [each.scores[way] for each in chosen]
        at = [int(np.argmax(np.round(each, 4))) for each in scores]
        picked = np.array([each.worth[place] for each, place in zip(chosen, at, strict=True)])
        words = np.array([each.words[place] for each, place in zip(chosen, at, strict=True)])
        first = picked if first is None else first
        pairs = list(zip(chosen, scores, strict=True))
        ways[way] = NameFigures(
            picked=figure(picked),
            regret=figure(best - picked),
            closed=figure(picked - mean, best - mean),
            beaten=figure(first - picked),
            ndcg={
                name: figure(np.array([ndcg(each.worth, score, depth) for each, score in pairs]))
                for name, depth in (("all", None), *((str(depth), depth) for depth in _DEPTHS))
            },
            spearman=figure(np.array([spearman(each.worth, score) for each, score in pairs])),
            wordy=float((words > _MANY_WORDS).mean()),
            bare=float((words == 1).mean()),
        )
    return NameScores(len(chosen), len(groups), float(best.mean()), float(mean.mean()), ways)


def ndcg(worth: Floats, scores: Floats, depth: int | None = None) -> float:
    """Normalized discounted cumulative gain (Järvelin and Kekäläinen 2002), gain = worth, below 0 as 0, in [0, 1].

    depth: how many of the first count, None for all. NaN where nothing is worth anything.
    """
    gains = np.maximum(worth, 0)
    order = np.argsort(-np.round(scores, 4), kind="stable")[:depth]
    discount = 1 / np.log2(np.arange(2, len(order) + 2))
    ideal = float(np.sort(gains)[::-1][:depth] @ discount)
    return float(gains[order] @ discount) / ideal if ideal else float("nan")


def spearman(one: Floats, other: Floats) -> float:
    """Rank correlation, ties with their mean rank; NaN where one of the two is all the same."""
    first, second = (_ranks(np.round(values, 6)) for values in (one, other))
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])


def _ranks(values: Floats) -> Floats:
    """From 0, ties with the mean of their places."""
    _, of, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    ranks: Floats = ((2 * ends - counts - 1) / 2)[of]
    return ranks
