"""All users' journeys at a glance: what the page counts and searches. `snapshots.py` keeps it.

Sensitive journeys have no part in it: nobody is found or counted by them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from chains.catalogue import Entry, may_enter
from chains.journeys import Journey, Kind, Stage
from chains.merging import unit
from chains.texts import Floats
from vectorstore.activity import normalize
from vectorstore.parts import users_of

if TYPE_CHECKING:
    from assistant.assistant import JourneyAssistant

_USERS_AT_ONCE = 200
_KEYWORDS = 8
# The name says what a journey is; the keywords say what else it may be called.
_NAME_WEIGHT = 2.0
_MONDAY = date(1970, 1, 5).toordinal()
# Of the activity log, which counts microseconds from a Thursday on.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY, _DAYS_TO_MONDAY = 86_400_000_000, 4

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
        for users, rows in _batches(assistant, {state.user_id for state in states}):
            on_progress(done, len(states))
            done += len(users)
            shown: list[_Told] = []
            # One at a time: kept together, they cost Python's collector more than reading them.
            for journey in library.all_journeys(users):
                if may_enter(journey):
                    shown.append(_Told.of(journey))
                else:
                    sensitive += 1
            if not shown:
                continue
            belonging = built.belonging([told.journey_id for told in shown]) if built else {}
            weeks = _weeks(shown, rows)
            glances += [told.glance(belonging.get(told.journey_id, ""), weeks) for told in shown]
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


@dataclass(frozen=True, slots=True)
class _Told:
    """What of a journey is needed while it is read. texts, words: normalized; words: its name and heaviest keywords."""

    user_id: str
    journey_id: str
    name: str
    kind: Kind
    stage: Stage
    first_seen: datetime
    until: int
    texts: tuple[str, ...]
    words: tuple[str, ...]

    @classmethod
    def of(cls, journey: Journey) -> "_Told":
        words = (journey.name, *(keyword.text for keyword in journey.keywords[:_KEYWORDS]))
        return cls(
            journey.user_id,
            journey.journey_id,
            journey.name,
            journey.kind,
            journey.stage,
            journey.first_seen,
            _microseconds(journey.last_seen),
            tuple(normalize(text) for text in journey.texts),
            tuple(normalize(text) for text in words),
        )

    @property
    def which(self) -> tuple[str, str]:
        return self.user_id, self.journey_id

    def glance(self, entry_id: str, weeks: Mapping[tuple[str, str], set[int]]) -> Glance:
        own = frozenset(weeks[self.which])
        return Glance(self.user_id, self.journey_id, self.name, entry_id, self.kind, self.stage, self.first_seen, own)


def _batches(assistant: "JourneyAssistant", users: set[str]) -> Iterator[tuple[set[str], Any]]:
    """The users with the rows of their activity, in the order of the log, and then those who are not in it: None."""
    missing = set(users)
    for rows in assistant.log.row_batches(_USERS_AT_ONCE):
        if here := users_of(rows) & users:
            missing -= here
            yield here, rows
    if missing:
        yield missing, None


def _weeks(told: Sequence[_Told], rows: Any) -> dict[tuple[str, str], set[int]]:
    """By user and journey the weeks in which one of its texts stands. rows: of the activity log, None for none."""
    weeks: dict[tuple[str, str], set[int]] = {each.which: set() for each in told}
    if rows is None:
        return weeks
    of_text = {(each.user_id, text): each for each in told for text in each.texts}
    times = rows["timestamp"].cast("int64").to_pylist()
    for user_id, text, time in zip(rows["user_id"].to_pylist(), rows["text"].to_pylist(), times, strict=True):
        each = of_text.get((user_id, normalize(text)))
        if each is not None and time <= each.until:
            weeks[each.which].add((time // _DAY - _DAYS_TO_MONDAY) // 7)
    return weeks


def _microseconds(moment: datetime) -> int:
    """Since 1970, as the log keeps them."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _meanings(told: Sequence[_Told], assistant: "JourneyAssistant") -> Floats:
    """(n, d): the mean of the name's vector and those of the heaviest keywords."""
    texts = sorted({text for each in told for text in each.words})
    row = {text: place for place, text in enumerate(texts)}
    vectors = assistant.embeddings.embed(texts)
    means = np.zeros((len(told), vectors.shape[1]))
    for place, each in enumerate(told):
        rows = vectors[[row[text] for text in each.words]].astype(np.float64)
        means[place] = (_NAME_WEIGHT * rows[0] + rows[1:].sum(axis=0)) / (_NAME_WEIGHT + len(each.words) - 1)
    return unit(means)
