"""All users' journeys at a glance, read once a run and kept in memory: what the page counts and searches.

Sensitive journeys have no part in it: nobody is found or counted by them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import islice
from threading import Lock, Thread
from typing import TYPE_CHECKING

import numpy as np

from chains.catalogue import Entry, may_enter
from chains.journeys import Journey, Kind, Stage
from chains.merging import unit
from chains.texts import Floats
from vectorstore.activity import Activity, normalize
from vectorstore.errors import JourneyError

if TYPE_CHECKING:
    from assistant.assistant import JourneyAssistant

_USERS_AT_ONCE = 200
_KEYWORDS = 8
# The name says what a journey is; the keywords say what else it may be called.
_NAME_WEIGHT = 2.0
_MONDAY = date(1970, 1, 5).toordinal()

OnProgress = Callable[[int, int], None]


def _silently(done: int, total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One journey. entry_id: of the catalogue, "" for none. weeks: those with activity, see `week_of`."""

    user_id: str
    journey_id: str
    name: str
    entry_id: str
    kind: Kind
    stage: Stage
    first_seen: datetime
    weeks: frozenset[int]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """glances: of all journeys that may be counted. meanings: (len(glances), d) unit length, of name and keywords.

    users: all with an inference, journeys or not. entries: of the catalogue, most users first, () without one.
    sensitive: how many journeys were left out. least_users: no group of fewer is told.
    """

    run_id: str
    as_of: datetime
    users: frozenset[str]
    glances: tuple[Glance, ...]
    meanings: Floats
    entries: tuple[Entry, ...]
    sensitive: int
    least_users: int


@dataclass(frozen=True, slots=True)
class BeingRead:
    """A snapshot that is not there yet. error: why it cannot be had, "" while it is being read."""

    done: int
    total: int
    error: str = ""


@dataclass
class Snapshots:
    """The snapshot of the last finished run, made anew, in a thread of its own, when there is another."""

    assistant: "JourneyAssistant"
    _lock: Lock = field(default_factory=Lock)
    _kept: tuple[object, Snapshot] | None = None
    _reading: tuple[object, BeingRead] | None = None

    def current(self) -> Snapshot | BeingRead:
        """The snapshot if it is there; else how far its reading has come, which begins with the first question."""
        key = self._key()
        with self._lock:
            if self._kept is not None and self._kept[0] == key:
                return self._kept[1]
            if self._reading is None or self._reading[0] != key:
                self._reading = (key, BeingRead(0, 0))
                Thread(target=self._read, args=(key,), daemon=True, name="snapshot").start()
            return self._reading[1]

    def read_now(self) -> Snapshot:
        """The same, read in this thread where it is not there yet."""
        key = self._key()
        with self._lock:
            if self._kept is not None and self._kept[0] == key:
                return self._kept[1]
        found = read_snapshot(self.assistant)
        with self._lock:
            self._kept = (key, found)
        return found

    def _key(self) -> object:
        newest = next((run.run_id for run in self.assistant.library.runs() if run.finished is not None), "")
        with self.assistant.expansions.reading() as built:
            about = built.about if built else None
        return newest, self.assistant.library.count().users, about and (about.as_of, about.users, about.journeys)

    def _read(self, key: object) -> None:
        try:
            found = read_snapshot(self.assistant, lambda done, total: self._tell(key, BeingRead(done, total)))
        except (JourneyError, OSError) as error:
            self._tell(key, BeingRead(0, 0, str(error)))
            return
        with self._lock:
            self._kept = (key, found)

    def _tell(self, key: object, told: BeingRead) -> None:
        with self._lock:
            self._reading = (key, told)


def week_of(moment: datetime) -> int:
    """Weeks begin on Monday, in UTC; 0 is that of 5 January 1970."""
    return (moment.date().toordinal() - _MONDAY) // 7


def monday_of(week: int) -> date:
    return date.fromordinal(_MONDAY + 7 * week)


def read_snapshot(assistant: "JourneyAssistant", on_progress: OnProgress = _silently) -> Snapshot:
    """Reads every user's journeys and activity once. on_progress: users done, of all."""
    library = assistant.library
    states = list(library.states())
    glances: list[Glance] = []
    meanings: list[Floats] = []
    sensitive = done = 0
    with assistant.expansions.reading() as built:
        entries = tuple(each.entry for each in built.expansions(built.centres.ids).values()) if built else ()
        for batch in _batches(assistant, {state.user_id for state in states}):
            on_progress(done, len(states))
            done += len(batch)
            found = [journey for own in library.journeys_of(list(batch)).values() for journey in own]
            shown = [journey for journey in found if may_enter(journey)]
            sensitive += len(found) - len(shown)
            if not shown:
                continue
            belonging = built.belonging([journey.journey_id for journey in shown]) if built else {}
            weeks = _weeks(shown, batch)
            glances += [
                Glance(
                    user_id=journey.user_id,
                    journey_id=journey.journey_id,
                    name=journey.name,
                    entry_id=belonging.get(journey.journey_id, ""),
                    kind=journey.kind,
                    stage=journey.stage,
                    first_seen=journey.first_seen,
                    weeks=frozenset(weeks[journey.user_id, journey.journey_id]),
                )
                for journey in shown
            ]
            meanings.append(_meanings(shown, assistant))
    finished = (run.run_id for run in library.runs() if run.finished is not None)
    return Snapshot(
        run_id=next(finished, ""),
        as_of=max((state.as_of for state in states), default=datetime.min.replace(tzinfo=UTC)),
        users=frozenset(state.user_id for state in states),
        glances=tuple(glances),
        meanings=np.concatenate(meanings) if meanings else np.zeros((0, assistant.embeddings.dimension), np.float32),
        entries=entries,
        sensitive=sensitive,
        least_users=assistant.settings.catalogue.min_users,
    )


def _batches(assistant: "JourneyAssistant", users: set[str]) -> Iterator[dict[str, list[Activity]]]:
    """The users with their activities, in the order of the log, and then those who are not in it."""
    stream = ((user_id, events) for user_id, events in assistant.log.stream() if user_id in users)
    missing = set(users)
    while batch := dict(islice(stream, _USERS_AT_ONCE)):
        missing -= batch.keys()
        yield batch
    if missing:
        yield {user_id: [] for user_id in sorted(missing)}


def _weeks(
    journeys: Sequence[Journey], activities: Mapping[str, Sequence[Activity]]
) -> dict[tuple[str, str], set[int]]:
    """By user and journey the weeks in which one of its texts stands."""
    weeks: dict[tuple[str, str], set[int]] = {(each.user_id, each.journey_id): set() for each in journeys}
    of_text = {(journey.user_id, normalize(text)): journey for journey in journeys for text in journey.texts}
    for user_id, events in activities.items():
        for event in events:
            journey = of_text.get((user_id, normalize(event.text)))
            if journey is not None and event.timestamp <= journey.last_seen:
                weeks[user_id, journey.journey_id].add(week_of(event.timestamp))
    return weeks


def _meanings(journeys: Sequence[Journey], assistant: "JourneyAssistant") -> Floats:
    """(n, d): the mean of the name's vector and those of the heaviest keywords."""
    told = [[journey.name, *(keyword.text for keyword in journey.keywords[:_KEYWORDS])] for journey in journeys]
    texts = sorted({normalize(text) for own in told for text in own})
    row = {text: place for place, text in enumerate(texts)}
    vectors = assistant.embeddings.embed(texts)
    means = np.zeros((len(journeys), vectors.shape[1]))
    for place, own in enumerate(told):
        rows = vectors[[row[normalize(text)] for text in own]].astype(np.float64)
        means[place] = (_NAME_WEIGHT * rows[0] + rows[1:].sum(axis=0)) / (_NAME_WEIGHT + len(own) - 1)
    return unit(means)
