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
from vectorstore.errors import InputError
from vectorstore.store import Vectors

_WARMING = 0.25


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


def cut_moments(users: Sequence[LabelledUser], horizon: timedelta, count: int = 3) -> list[datetime]:
    """Moments at which a log may be cut, evenly spread, the last one a horizon before its end.

    None lies in the first quarter of the log, nor within a horizon of its beginning, where hardly anything is known
    yet. Raises InputError where the log is too short for that.
    """
    first = min(event.timestamp for user in users for event in user.activities)
    last = max(event.timestamp for user in users for event in user.activities)
    begin, end = first + max(horizon, _WARMING * (last - first)), last - horizon
    if begin > end:
        raise InputError(
            f"the log spans {(last - first).days} days: too few for a horizon of {horizon.days}, of which it takes two"
        )
    if count == 1 or begin == end:
        return [end]
    return [begin + (end - begin) * place / (count - 1) for place in range(count)]


def check_cuts(users: Sequence[LabelledUser], cuts: Sequence[datetime], horizon: timedelta) -> None:
    """Raises InputError for a cut after which the log ends before the horizon: who came back by then is not known."""
    last = max(event.timestamp for user in users for event in user.activities)
    for cut in cuts:
        if cut + horizon > last:
            ended = f"{horizon.days} days after {cut.date()} the log has ended"
            raise InputError(f"{ended}: cut it on {(last - horizon).date()} at the latest")


def split(
    users: Sequence[LabelledUser],
    as_of: datetime,
    horizon: timedelta,
    embeddings: CachedEmbeddings,
    options: InferenceOptions,
    models: InferenceModels,
    on_user: Callable[[], None] = lambda: None,
) -> Iterator[SplitUser]:
    """Each user with activity up to as_of, cut there; an event that stands there twice counts once.

    With labels, a later event goes on with every journey whose texts mostly bear its label, or where there is none,
    with the one that has most texts of its label: labels may be finer than journeys. Without labels, journeys are
    inferred anew with the horizon added: a later event goes on with the journey from before that has most texts in its
    new journey. A text that stands in a journey from before, and whose label does not say otherwise, goes on with it.
    """
    threads = ThreadpoolController()
    for user in users:
        distinct = {event.activity_id: event for event in user.activities if event.timestamp <= as_of + horizon}
        events = [event for _, event in sorted(distinct.items(), key=lambda each: (each[1].timestamp, each[0]))]
        past = tuple(event for event in events if event.timestamp <= as_of)
        on_user()
        if not past:
            continue
        future = tuple(events[len(past) :])

        def inferred(seen: Sequence[Activity], clock: datetime) -> list[Journey]:
            keywords = extract_keywords(seen)
            vectors: Vectors = embeddings.embed([keyword.text for keyword in keywords])
            with threads.limit(limits=1, user_api="blas"):
                return infer_journeys(keywords, vectors, clock, options, models)

        before = inferred(past, as_of)
        own = {text: {journey.journey_id} for journey in before for text in _keys(journey)}
        going = own
        if before and user.labels:
            going = own | _by_label(before, user.labels)
        elif before and any(normalize(event.text) not in own for event in future):
            going = _by_inference(before, inferred(events, as_of + horizon)) | own
        yield SplitUser(user, past, future, tuple(_journeys(before, going, past, future)))


def _keys(journey: Journey) -> list[str]:
    return [normalize(text) for text in journey.texts]


def _by_label(before: Sequence[Journey], labels: Mapping[str, str]) -> dict[str, set[str]]:
    """By labelled text, the ids of the journeys from before that it goes on with."""
    count = {
        journey.journey_id: Counter(labels[text] for text in _keys(journey) if text in labels) for journey in before
    }
    going: dict[str, set[str]] = {label: set() for each in count.values() for label in each}
    for journey_id, each in count.items():
        if each:
            going[max(each, key=lambda label: (each[label], label))].add(journey_id)
    for label in [label for label, found in going.items() if not found]:
        going[label] = {max(count, key=lambda journey_id: count[journey_id][label])}
    return {text: going.get(label, set()) for text, label in labels.items()}


def _by_inference(before: Sequence[Journey], after: Sequence[Journey]) -> dict[str, set[str]]:
    """By text, the id of the journey from before that it goes on with."""
    own = {text: journey.journey_id for journey in before for text in _keys(journey)}
    rank = {journey.journey_id: -journey.rank for journey in before}
    found: dict[str, set[str]] = {}
    for journey in after:
        texts = _keys(journey)
        count = Counter(own[text] for text in texts if text in own)
        if count:
            most = max(count, key=lambda journey_id: (count[journey_id], rank[journey_id]))
            found.update((text, {most}) for text in texts)
    return found


def _journeys(
    before: Sequence[Journey], going: Mapping[str, set[str]], past: Sequence[Activity], future: Sequence[Activity]
) -> Iterator[SplitJourney]:
    place = {text: journey.journey_id for journey in before for text in _keys(journey)}
    events: dict[str, list[Activity]] = {journey.journey_id: [] for journey in before}
    later: dict[str, list[Activity]] = {journey.journey_id: [] for journey in before}
    for event in past:
        if (found := place.get(normalize(event.text))) is not None:
            events[found].append(event)
    for event in future:
        for journey_id in going.get(normalize(event.text), ()):
            later[journey_id].append(event)
    for journey in before:
        yield SplitJourney(journey, tuple(events[journey.journey_id]), tuple(later[journey.journey_id]))
