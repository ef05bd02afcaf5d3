"""The two things this layer knows: an activity, and a keyword of one user that carries its activity."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from operator import attrgetter


class ActivityKind(StrEnum):
    """What a user did. A save is a repin; a board is the making or naming of a collection."""

    SEARCH = "search"
    CLOSEUP = "closeup"
    SAVE = "save"
    CLICKTHROUGH = "clickthrough"
    BOARD = "board"


@dataclass(frozen=True, slots=True)
class Activity:
    """One event of one user.

    timestamp: aware, in UTC. text: 1 to 10,000 characters, personal data masked; the query, the title of the item, or
    the name of the board. board: where the item was saved to. annotations: short phrases that describe the item.
    """

    user_id: str
    timestamp: datetime
    kind: ActivityKind
    text: str
    item_id: str | None = None
    board: str | None = None
    annotations: tuple[str, ...] = ()

    @property
    def activity_id(self) -> str:
        """32 hexadecimal digits that are the same for the same event, in whichever file and however often it is read.

        Annotations describe the item and not the event, so they do not count.
        """
        parts = (self.user_id, self.timestamp.isoformat(), self.kind, self.text, self.item_id or "", self.board or "")
        return hashlib.blake2b("\x1f".join(parts).encode(), digest_size=16).hexdigest()


def in_order(events: Iterable[Activity]) -> list[Activity]:
    """By time, then by id; ids are asked only where times agree, since making them takes longer than all the rest."""
    ordered = sorted(events, key=attrgetter("timestamp"))
    if any(one.timestamp == other.timestamp for one, other in pairwise(ordered)):
        ordered.sort(key=lambda event: (event.timestamp, event.activity_id))
    return ordered


class KeywordSource(StrEnum):
    """Where a keyword comes from, the surest source first. A phrase is a part of a title that has no annotations."""

    QUERY = "query"
    BOARD = "board"
    TITLE = "title"
    ANNOTATION = "annotation"
    PHRASE = "phrase"


def normalize(text: str) -> str:
    """The form in which two texts are the same text: casefolded, runs of white space as one space."""
    return " ".join(text.casefold().split())


@dataclass(frozen=True)
class Keyword:
    """A short text of one user with the activity it stands in.

    A query, the name of a board and a title are keywords, and so are what describes an item: its annotations, or
    phrases of its title where it has none.

    text: as first written. events: at least one, in order of time. One user has one keyword for each normalized text.
    """

    user_id: str
    text: str
    source: KeywordSource
    events: tuple[Activity, ...]

    @cached_property
    def key(self) -> str:
        """What tells this keyword from the user's others: its normalized text."""
        return normalize(self.text)

    @property
    def first_seen(self) -> datetime:
        return self.events[0].timestamp

    @property
    def last_seen(self) -> datetime:
        return self.events[-1].timestamp

    @property
    def active_days(self) -> int:
        """Number of distinct UTC days with an event, at least 1."""
        return len(days_of(self.events))


def days_of(events: Iterable[Activity]) -> set[date]:
    """The distinct UTC days on which the events lie."""
    return {event.timestamp.date() for event in events}
