"""How well a ranking foresees which journeys users go on with, against what recency and frequency alone foresee."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.ranked_lists import Numbers, RankedList
from assistant.training.logistic import fit_logistic, standard_of
from chains.measures import Measures
from vectorstore.errors import InputError

FIGURES = ("nDCG@3", "nDCG@1", "hit@1", "MRR", "AUC within users", "AUC pooled")
MODEL, DIVERSIFIED = "learned", "diversified"
_RESAMPLES = 1000
_PENALTY = 0.01
_DIGITS = 9


class Measured(NamedTuple):
    """A figure with the middle 95 % over users drawn again and again."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class RankingFigures:
    """Over the users with a list of two journeys or more of which some were gone on with and some not: each figure is
    the mean over a user's lists, then over users; the pooled AUC is over all journeys of these lists.

    all_users, all_lists: how many had any journey. figures: by ranking and name of FIGURES. against: the model's
    figures less those of each other ranking, over the same users drawn.
    """

    users: int
    lists: int
    journeys: int
    all_users: int
    all_lists: int
    figures: dict[str, dict[str, Measured]]
    against: dict[str, dict[str, Measured]]


def baselines(lists: Sequence[RankedList], folds: int, seed: int = 0) -> dict[str, list[Numbers]]:
    """By ranking, the scores of each list's journeys: recency alone, frequency alone, logistic curves of both fitted on
    the users of the other folds, and the terms weighted by hand."""
    plain = [np.array([_plainly(one) for one in each.measures]) for each in lists]
    users = sorted({each.user_id for each in lists})
    dealt = dict(zip(users, (np.random.default_rng(seed).permutation(len(users)) % folds).tolist(), strict=True))
    both: list[Numbers] = [np.zeros(len(each.measures)) for each in lists]
    logs = [np.concatenate([-np.log1p(-own[:, :1]), np.log(own[:, 1:])], axis=1) for own in plain]
    for fold in sorted(set(dealt.values())):
        learned = [place for place, each in enumerate(lists) if dealt[each.user_id] != fold and each.known.any()]
        if not learned:
            raise InputError("folds take two users or more with activity after the cut")
        x = np.concatenate([logs[place] for place in learned])
        weights = np.concatenate([np.full(len(logs[place]), len(logs[place]) ** -0.5) for place in learned])
        mean, scale = standard_of(x, weights)
        ones = np.ones((len(x), 1))
        y = np.concatenate([lists[place].continued for place in learned]).astype(np.float64)
        fitted = fit_logistic(np.hstack([ones, (x - mean) / scale]), y, weights, np.full(x.shape[1] + 1, _PENALTY))
        for place, each in enumerate(lists):
            if dealt[each.user_id] == fold:
                both[place] = (logs[place] - mean) / scale @ fitted[1:]
    return {
        "recency": [own[:, 0] for own in plain],
        "events": [own[:, 1] for own in plain],
        "active days": [own[:, 2] for own in plain],
        "both, fitted": both,
        "by hand": [each.hand for each in lists],
    }


def _plainly(one: Measures) -> tuple[float, int, int]:
    return -one.silent, sum(count for _, count in one.counts), one.active_days


def score_rankings(
    lists: Sequence[RankedList], scores: Mapping[str, Sequence[Numbers]], seed: int = 0
) -> RankingFigures:
    """scores: by ranking, "learned" among them, of each list. Raises InputError where no list tells."""
    telling = [place for place, each in enumerate(lists) if each.telling]
    if not telling:
        raise InputError("no user went on with some of his journeys and not with others: there is nothing to score")
    users = sorted({lists[place].user_id for place in telling})
    user_of = np.array([users.index(lists[place].user_id) for place in telling])
    per_user = np.bincount(user_of)
    owner = np.repeat(user_of, [len(lists[place].days) for place in telling])
    continued = np.concatenate([lists[place].continued for place in telling])
    drawn = np.random.default_rng(seed).integers(0, len(users), (_RESAMPLES, len(users)))
    again = np.stack([np.bincount(places, minlength=len(users)) for places in drawn]).astype(np.float64)
    weights = np.concatenate([np.ones((1, len(users))), again])
    draws = {}
    for name, given in scores.items():
        own = np.array([list_figures(np.round(given[place], _DIGITS), lists[place].days) for place in telling])
        means = np.stack([np.bincount(user_of, column) / per_user for column in own.T], axis=1)
        pooled = _pooled(np.round(np.concatenate([given[place] for place in telling]), _DIGITS), continued, owner)
        draws[name] = np.column_stack([weights @ means / len(users), [pooled(each) for each in weights]])
    return RankingFigures(
        users=len(users),
        lists=len(telling),
        journeys=len(continued),
        all_users=len({each.user_id for each in lists}),
        all_lists=len(lists),
        figures={name: _measured(each) for name, each in draws.items()},
        against={name: _measured(draws[MODEL] - each) for name, each in draws.items() if name != MODEL},
    )


def _measured(draws: Numbers) -> dict[str, Measured]:
    """(1 + resamples, figures), the first row of all users once."""
    low, high = np.quantile(draws[1:], [0.025, 0.975], axis=0)
    return {name: Measured(float(draws[0, i]), float(low[i]), float(high[i])) for i, name in enumerate(FIGURES)}


def list_figures(scores: Numbers, days: NDArray[np.int64]) -> tuple[float, float, float, float, float]:
    """nDCG@3, nDCG@1, hit@1, MRR and AUC of one list, in [0, 1]; days: (n,) gains, some 0 and some not.

    Of equal scores no order is better than any other: each figure is the mean over all orders of them (for nDCG
    McSherry and Najork 2008).
    """
    order = np.argsort(-scores, kind="stable")
    _, same = np.unique(-scores[order], return_inverse=True)
    size = np.bincount(same).astype(np.float64)

    def shared(values: Numbers) -> Numbers:
        """Values in order of score, each the mean over its equals."""
        mean: Numbers = (np.bincount(same, values[order]) / size)[same]
        return mean

    gains, hits = days.astype(np.float64), (days > 0).astype(np.float64)
    mine, best = shared(gains), np.sort(gains)[::-1]
    discount = 1 / np.log2(np.arange(2, len(gains) + 2))
    ndcg = [float(mine[:k] @ discount[:k] / (best[:k] @ discount[:k])) for k in (3, 1)]
    in_group: Numbers = np.bincount(same, hits[order]).astype(np.float64)
    won = scores[hits > 0][:, None] - scores[hits == 0]
    auc = float((won > 0).mean() + (won == 0).mean() / 2)
    return ndcg[0], ndcg[1], float(shared(hits)[0]), _reciprocal_rank(in_group, size), auc


def _reciprocal_rank(hits: Numbers, size: Numbers) -> float:
    """Of the first hit: in the first group of equals with hits, the mean over all orders of the group."""
    group = int(np.flatnonzero(hits)[0])
    before, count, own = int(size[:group].sum()), int(size[group]), int(hits[group])
    ways = comb(count, own)
    return sum(comb(count - at, own - 1) / ways / (before + at) for at in range(1, count - own + 2))


def _pooled(scores: Numbers, continued: NDArray[np.bool_], owner: NDArray[np.intp]) -> "_Pooled":
    order = np.argsort(scores, kind="stable")
    _, same = np.unique(scores[order], return_inverse=True)
    return _Pooled(same, continued[order], owner[order])


class _Pooled(NamedTuple):
    """Journeys in order of score. same: the number of each one's score."""

    same: NDArray[np.intp]
    continued: NDArray[np.bool_]
    owner: NDArray[np.intp]

    def __call__(self, user_weights: Numbers) -> float:
        weights = user_weights[self.owner]
        went = np.bincount(self.same, weights * self.continued)
        stayed = np.bincount(self.same, weights * ~self.continued)
        return float(went @ (np.cumsum(stayed) - stayed / 2) / (went.sum() * stayed.sum()))
