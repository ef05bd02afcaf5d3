"""How good the journeys of a labelled log are. `docs/design.md` says how clusters are scored."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from assistant.evaluation.intervals import over_users
from assistant.evaluation.labelled import LabelledUser
from chains.journeys import Journey
from vectorstore.activity import normalize
from vectorstore.errors import InputError


@dataclass(frozen=True, slots=True)
class BCubed:
    """Precision, recall and F1 of one user's clusters, in [0, 1]; units: how many texts they were scored on."""

    units: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class ClusterFigures:
    """B-cubed over users. weighted: mean by units, the figure to quote; macro: plain mean over users.

    low, high: the middle 95 % of the weighted F1 over users drawn again and again.
    """

    users: int
    units: int
    precision: float
    recall: float
    weighted_f1: float
    low: float
    high: float
    macro_f1: float


def score_clusters(found: Sequence[tuple[LabelledUser, Sequence[Journey]]], seed: int = 0) -> ClusterFigures:
    """Over users with at least two labelled texts. Raises InputError where there is none."""
    scores = []
    for user, journeys in found:
        if len(user.labels) < 2:
            continue
        journey_of = {normalize(text): journey.journey_id for journey in journeys for text in journey.texts}
        scores.append(b_cubed(user.labels, journey_of))
    if not scores:
        raise InputError("no user has two labelled texts: there is nothing to score")
    units = np.array([score.units for score in scores], dtype=float)
    f1 = np.array([score.f1 for score in scores])
    interval = over_users(lambda drawn: float(np.average(f1[drawn], weights=units[drawn])), len(scores), seed)
    return ClusterFigures(
        users=len(scores),
        units=int(units.sum()),
        precision=float(np.average([score.precision for score in scores], weights=units)),
        recall=float(np.average([score.recall for score in scores], weights=units)),
        weighted_f1=float(np.average(f1, weights=units)),
        low=interval.low,
        high=interval.high,
        macro_f1=float(f1.mean()),
    )


def b_cubed(gold: Mapping[str, str], predicted: Mapping[str, str]) -> BCubed:
    """Bagga and Baldwin (1998). gold: unit -> group, at least one; a unit not predicted is a group of its own."""
    own: dict[str, object] = {unit: predicted.get(unit, (unit,)) for unit in gold}
    together = Counter((gold[unit], own[unit]) for unit in gold)
    groups, clusters = Counter(gold.values()), Counter(own.values())
    precision = sum(count * count / clusters[cluster] for (_, cluster), count in together.items()) / len(gold)
    recall = sum(count * count / groups[group] for (group, _), count in together.items()) / len(gold)
    return BCubed(len(gold), precision, recall, 2 * precision * recall / (precision + recall))
