"""A log cut at a moment: what the journeys of before were, and which of them users went on with after it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from threadpoolctl import ThreadpoolController

from assistant.evaluation.labelled import LabelledUser
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import Journey
from chains.keywords import extract_keywords
from vectorstore.activity import Activity, normalize
from vectorstore.embeddings import CachedEmbeddings


@dataclass(frozen=True, slots=True)
class SplitJourney:
    """A journey inferred from what lies before the cut. events: its own, in order of time. later: those of the horizon
    that went on with it, in order of time."""

    journey: Journey
    events: tuple[Activity, ...]
    later: tuple[Activity, ...]


@dataclass(frozen=True, slots=True)
class SplitUser:
    """past: up to the cut, at least one event; future: after it, within the horizon; both in order of time.

    journeys: best first, perhaps none.
    """

    user: LabelledUser
    past: tuple[Activity, ...]
    future: tuple[Activity, ...]
    journeys: tuple[SplitJourney, ...]


def split(
    users: Sequence[LabelledUser],
    as_of: datetime,
    horizon: timedelta,
    embeddings: CachedEmbeddings,
    options: InferenceOptions,
    models: InferenceModels,
    on_user: Callable[[], None] = lambda: None,
) -> Iterator[SplitUser]:
    """Each user with activity up to as_of, cut there.

    With labels, a later event goes on with every journey whose texts mostly bear its label. Without, journeys are
    inferred anew with the horizon added: a later event goes on with the journey from before that has most texts in its
    new journey, and one whose text is in a journey from before goes on with that.
    """
    threads = ThreadpoolController()
    for user in users:
        events = sorted(user.activities, key=lambda event: (event.timestamp, event.activity_id))
        past = tuple(event for event in events if event.timestamp <= as_of)
        future = tuple(event for event in events if as_of < event.timestamp <= as_of + horizon)
        on_user()
        if not past:
            continue

        def inferred(seen: Sequence[Activity], clock: datetime) -> list[Journey]:
            keywords = extract_keywords(seen)
            vectors = embeddings.embed([keyword.text for keyword in keywords])
            with threads.limit(limits=1, user_api="blas"):
                return infer_journeys(keywords, vectors, clock, options, models)

        before = inferred(past, as_of)
        if user.labels:
            of_text = {text: {label} for text, label in user.labels.items()}
            names = [_most(user.labels[t] for t in _keys(journey) if t in user.labels) for journey in before]
        else:
            after = inferred((*past, *future), as_of + horizon) if future and before else []
            of_text = _continued(before, after)
            names = [journey.journey_id for journey in before]
        yield SplitUser(user, past, future, tuple(_journeys(before, names, of_text, past, future)))


def _keys(journey: Journey) -> list[str]:
    return [normalize(text) for text in journey.texts]


def _most(labels: Iterator[str]) -> str | None:
    count = Counter(labels)
    return max(count, key=lambda label: (count[label], label), default=None)


def _continued(before: Sequence[Journey], after: Sequence[Journey]) -> dict[str, set[str]]:
    """By text, the id of the journey from before that it goes on with."""
    own = {text: journey.journey_id for journey in before for text in _keys(journey)}
    rank = {journey.journey_id: -journey.rank for journey in before}
    found = {}
    for journey in after:
        texts = _keys(journey)
        count = Counter(own[text] for text in texts if text in own)
        if count:
            most = max(count, key=lambda journey_id: (count[journey_id], rank[journey_id]))
            found.update({text: {most} for text in texts})
    return found | {text: {journey_id} for text, journey_id in own.items()}


def _journeys(
    before: Sequence[Journey],
    names: Sequence[str | None],
    of_text: Mapping[str, set[str]],
    past: Sequence[Activity],
    future: Sequence[Activity],
) -> Iterator[SplitJourney]:
    for journey, name in zip(before, names, strict=True):
        texts = set(_keys(journey))
        yield SplitJourney(
            journey,
            tuple(event for event in past if normalize(event.text) in texts),
            tuple(event for event in future if name is not None and name in of_text.get(normalize(event.text), ())),
        )
