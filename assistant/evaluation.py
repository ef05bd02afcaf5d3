"""How good the journeys of a labelled log are. `docs/design.md` says how clusters are scored."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

import numpy as np
from threadpoolctl import ThreadpoolController

from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import Journey
from chains.keywords import extract_keywords
from vectorstore.activity import Activity, normalize
from vectorstore.columns import ColumnMap
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError
from vectorstore.readers import read_activities

_RESAMPLES = 1000


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


@dataclass(frozen=True, slots=True)
class LabelledUser:
    """One user's activity, and by normalized text the label that it bears most often.

    fine: whether the labels are errands, finer than journeys.
    """

    user_id: str
    activities: list[Activity]
    labels: dict[str, str]
    fine: bool = False


def read_labelled(path: Path, columns: ColumnMap, zone: tzinfo, *, fine: bool = False) -> list[LabelledUser]:
    """A log with a column "label"; rows without a label count as activity only. Raises InputError.

    fine: whether the labels are errands, such as search missions, and finer than journeys.
    """
    activities: dict[str, list[Activity]] = defaultdict(list)
    for row in read_activities(path, columns, zone=zone):
        if isinstance(row, Activity):
            activities[row.user_id].append(row)
    votes: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    try:
        # The label stands where annotations usually do, so that texts are cleaned and masked the same way.
        for row in read_activities(path, _with_labels(columns), zone=zone):
            if isinstance(row, Activity) and row.annotations:
                votes[row.user_id][normalize(row.text)]["|".join(row.annotations)] += 1
    except InputError:
        # The file was read a moment ago: what is missing can only be the label.
        votes.clear()
    if not votes:
        raise InputError(f'{path}: no row has a label: this needs a log with a column "label"')
    return [
        LabelledUser(user_id, events, {text: _winner(count) for text, count in votes[user_id].items()}, fine)
        for user_id, events in sorted(activities.items())
    ]


def _with_labels(columns: ColumnMap) -> ColumnMap:
    return ColumnMap(
        columns.user_id, columns.timestamp, columns.kind, columns.text, columns.item_id, columns.board, "label"
    )


def _winner(count: Counter[str]) -> str:
    return max(count, key=lambda label: (count[label], label))


def infer_labelled(
    users: Sequence[LabelledUser],
    embeddings: CachedEmbeddings,
    options: InferenceOptions,
    models: InferenceModels,
    as_of: datetime | None = None,
    on_user: Callable[[], None] = lambda: None,
) -> Iterator[tuple[LabelledUser, list[Journey]]]:
    """The journeys of each user; as_of: by default the last activity of all."""
    clock = as_of or max(event.timestamp for user in users for event in user.activities)
    threads = ThreadpoolController()
    for user in users:
        keywords = extract_keywords(event for event in user.activities if event.timestamp <= clock)
        journeys: list[Journey] = []
        if keywords:
            vectors = embeddings.embed([keyword.text for keyword in keywords])
            with threads.limit(limits=1, user_api="blas"):
                journeys = infer_journeys(keywords, vectors, clock, options, models)
        on_user()
        yield user, journeys


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
    drawn = np.random.default_rng(seed).integers(0, len(scores), (_RESAMPLES, len(scores)))
    resampled = (units[drawn] * f1[drawn]).sum(axis=1) / units[drawn].sum(axis=1)
    low, high = np.quantile(resampled, [0.025, 0.975])
    return ClusterFigures(
        users=len(scores),
        units=int(units.sum()),
        precision=float(np.average([score.precision for score in scores], weights=units)),
        recall=float(np.average([score.recall for score in scores], weights=units)),
        weighted_f1=float(np.average(f1, weights=units)),
        low=float(low),
        high=float(high),
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
