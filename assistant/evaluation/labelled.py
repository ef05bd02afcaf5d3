"""Users whose texts bear labels, read from a log, and the journeys that are found for them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from pathlib import Path

from threadpoolctl import ThreadpoolController

from assistant.crowds import gather_crowd
from chains.crowd import Crowd
from chains.inference import InferenceModels, InferenceOptions, cluster_texts, judged_journeys
from chains.journeys import Journey
from chains.keywords import extract_keywords
from vectorstore.activity import Activity, normalize
from vectorstore.columns import ColumnMap
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError
from vectorstore.readers import read_activities


@dataclass(frozen=True, slots=True)
class LabelledUser:
    """One user's activity, and by normalized text the label that it bears most often.

    fine: whether the labels are errands, finer than journeys. log: which one he is from.
    """

    user_id: str
    activities: list[Activity]
    labels: dict[str, str]
    fine: bool = False
    log: str = ""


#: Some users, and the models that journeys are inferred with for them.
Part = tuple[InferenceModels, Sequence[LabelledUser]]


def read_labelled(path: Path, columns: ColumnMap, zone: tzinfo, *, fine: bool = False) -> list[LabelledUser]:
    """A log with a column "label"; rows without a label count as activity only. Raises InputError.

    fine: whether the labels are errands, such as search missions, and finer than journeys.
    """
    users = read_any(path, columns, zone, fine=fine)
    if not any(user.labels for user in users):
        raise InputError(f'{path}: no row has a label: this needs a log with a column "label"')
    return users


def read_any(path: Path, columns: ColumnMap, zone: tzinfo, *, fine: bool = False) -> list[LabelledUser]:
    """A log with or without a column "label", users in order of id; without it their labels are empty."""
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
    return [
        LabelledUser(user_id, events, {text: _winner(count) for text, count in votes[user_id].items()}, fine, str(path))
        for user_id, events in sorted(activities.items())
    ]


def crowd_of(users: Iterable[LabelledUser], embeddings: CachedEmbeddings, as_of: datetime | None = None) -> Crowd:
    """The crowd of a log, of which these are all users. No label is looked at, and nothing after as_of."""
    return gather_crowd(((user.user_id, user.activities) for user in users), embeddings, as_of)


def _with_labels(columns: ColumnMap) -> ColumnMap:
    return ColumnMap(
        columns.user_id, columns.timestamp, columns.kind, columns.text, columns.item_id, columns.board, "label"
    )


def _winner(count: Counter[str]) -> str:
    return max(count, key=lambda label: (count[label], label))


@dataclass(frozen=True, slots=True)
class InferredUser:
    """clusters: by normalized text the number of its cluster, before anything was left out, judged or named."""

    user: LabelledUser
    journeys: list[Journey]
    clusters: dict[str, int]


def infer_labelled(
    users: Sequence[LabelledUser],
    embeddings: CachedEmbeddings,
    options: InferenceOptions,
    models: InferenceModels,
    as_of: datetime | None = None,
    on_user: Callable[[], None] = lambda: None,
) -> Iterator[tuple[LabelledUser, list[Journey]]]:
    """The journeys of each user; as_of: by default the last activity of all."""
    for inferred in infer_with_clusters(users, embeddings, options, models, as_of, on_user):
        yield inferred.user, inferred.journeys


def infer_with_clusters(
    users: Sequence[LabelledUser],
    embeddings: CachedEmbeddings,
    options: InferenceOptions,
    models: InferenceModels,
    as_of: datetime | None = None,
    on_user: Callable[[], None] = lambda: None,
) -> Iterator[InferredUser]:
    """The journeys of each user, and what was clustered before any of it was left out."""
    clock = as_of or max(event.timestamp for user in users for event in user.activities)
    threads = ThreadpoolController()
    for user in users:
        keywords = extract_keywords(event for event in user.activities if event.timestamp <= clock)
        inferred = InferredUser(user, [], {})
        if keywords:
            vectors = embeddings.embed([keyword.text for keyword in keywords])
            with threads.limit(limits=1, user_api="blas"):
                clustered = cluster_texts(keywords, vectors, options, models)
                journeys = judged_journeys(clustered, keywords, vectors, clock, options, models)
            clusters = dict(zip(clustered.texts.keys, clustered.labels.tolist(), strict=True))
            inferred = InferredUser(user, journeys, clusters)
        on_user()
        yield inferred
