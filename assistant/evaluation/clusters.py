"""How good the journeys of a labelled log are. `docs/design.md` says how clusters are scored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.intervals import over_users
from assistant.evaluation.labelled import InferredUser, LabelledUser
from assistant.evaluation.partitions import Agreement, agreement, in_company
from chains.journeys import Journey
from vectorstore.activity import normalize
from vectorstore.errors import InputError

MEASURES = tuple(field.name for field in fields(Agreement))
#: Name of a group of users -> the most labelled texts that they have.
SIZES = {"up to 20": 20, "21 to 50": 50, "51 to 100": 100, "over 100": None}


@dataclass(frozen=True, slots=True)
class Mean:
    """Of a measure over users. low, high: the middle 95 % of it over users drawn again and again."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Means:
    """weighted: by units. macro: every user counts alike."""

    weighted: Mean
    macro: Mean


@dataclass(frozen=True, slots=True)
class Scored:
    """Some users and some of their texts. measures: by the name of a field of Agreement; {} without any user."""

    users: int
    units: int
    measures: Mapping[str, Means]


@dataclass(frozen=True, slots=True)
class ClusterFigures:
    """B-cubed over users. weighted: mean by units, the figure to quote; macro: plain mean over users.

    low, high: the middle 95 % of the weighted F1 over users drawn again and again. all_units: every measure of the same
    users and units. in_company: the same without units that are alone in their group. by_size: all units of the users
    who have so many, by the names in SIZES.
    """

    users: int
    units: int
    precision: float
    recall: float
    weighted_f1: float
    low: float
    high: float
    macro_f1: float
    all_units: Scored
    in_company: Scored
    by_size: Mapping[str, Scored]


#: Unit -> group, and unit -> cluster, of one user; a unit without a cluster is alone.
Divided = tuple[Mapping[str, str], Mapping[str, str]]


def score_clusters(found: Sequence[tuple[LabelledUser, Sequence[Journey]]], seed: int = 0) -> ClusterFigures:
    """Of the journeys, over users with at least two labelled texts. Raises InputError where there is none."""
    return score_partitions(
        [
            (user.labels, {normalize(text): each.journey_id for each in journeys for text in each.texts})
            for user, journeys in found
        ],
        seed,
    )


def score_before_safety(found: Sequence[InferredUser], seed: int = 0) -> ClusterFigures:
    """The same of the clusters as they were before safety and the least size of a journey left some out."""
    return score_partitions(
        [(each.user.labels, {text: str(label) for text, label in each.clusters.items()}) for each in found], seed
    )


def score_partitions(users: Sequence[Divided], seed: int = 0) -> ClusterFigures:
    """Over users with at least two units. Raises InputError where there is none."""
    counted = [(gold, predicted) for gold, predicted in users if len(gold) > 1]
    if not counted:
        raise InputError("no user has two labelled texts: there is nothing to score")
    scored = _scored(counted, seed)
    f1, precision, recall = (scored.measures[f"b_cubed_{name}"] for name in ("f1", "precision", "recall"))
    return ClusterFigures(
        users=scored.users,
        units=scored.units,
        precision=precision.weighted.value,
        recall=recall.weighted.value,
        weighted_f1=f1.weighted.value,
        low=f1.weighted.low,
        high=f1.weighted.high,
        macro_f1=f1.macro.value,
        all_units=scored,
        in_company=_scored([(in_company(gold), predicted) for gold, predicted in counted], seed),
        by_size={name: _scored([each for each in counted if _size(each[0]) == name], seed) for name in SIZES},
    )


def _size(gold: Mapping[str, str]) -> str:
    return next(name for name, most in SIZES.items() if most is None or len(gold) <= most)


def _scored(users: Sequence[Divided], seed: int) -> Scored:
    users = [(gold, predicted) for gold, predicted in users if gold]
    if not users:
        return Scored(0, 0, {})
    units = np.array([len(gold) for gold, _ in users], dtype=float)
    agreements = [agreement(gold, predicted) for gold, predicted in users]
    alike = np.ones(len(users))

    def mean(name: str, weights: NDArray[np.float64]) -> Mean:
        values = np.array([getattr(each, name) for each in agreements])
        interval = over_users(lambda drawn: float(np.average(values[drawn], weights=weights[drawn])), len(values), seed)
        return Mean(float(np.average(values, weights=weights)), interval.low, interval.high)

    measures = {name: Means(mean(name, units), mean(name, alike)) for name in MEASURES}
    return Scored(len(users), int(units.sum()), measures)
