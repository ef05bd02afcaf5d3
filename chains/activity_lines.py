"""A user's activity as a model reads it: a line for each distinct text, in order of time."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice

from pydantic import JsonValue

from chains.showable import gives_orders
from chains.texts import Texts
from chains.wording import shortened
from vectorstore.activity import Activity, ActivityKind, days_of, in_order, normalize

LONGEST_TEXT = 120
_LONGEST_LABEL = 30
_LABELS, _BOARDS = 4, 2
#: What an event says of an interest: who searches, saves or makes a board means it more than who looks.
_SAYS = {
    ActivityKind.BOARD: 3.0,
    ActivityKind.SAVE: 2.0,
    ActivityKind.SEARCH: 2.0,
    ActivityKind.CLICKTHROUGH: 1.5,
    ActivityKind.CLOSEUP: 1.0,
}


@dataclass(frozen=True, slots=True)
class Line:
    """places: of the texts that it stands for; the first is the one that is shown. events: all of theirs, in order."""

    places: tuple[int, ...]
    events: tuple[Activity, ...]

    @property
    def telling(self) -> float:
        """How much is lost without it: its events by their kinds, and as much again for each further day."""
        return sum(_SAYS[event.kind] for event in self.events) + 2.0 * (len(days_of(self.events)) - 1)


def line_of(texts: Texts, places: Sequence[int]) -> Line:
    """One line for these texts; the one with most events is shown, of equals the first."""
    first = max(places, key=lambda place: (len(texts.events[place]), -place))
    others = tuple(place for place in places if place != first)
    return Line((first, *others), tuple(in_order(event for place in places for event in texts.events[place])))


def line_data(number: int, line: Line, texts: Texts) -> dict[str, JsonValue]:
    """What is told of it; what there is nothing to say of is left out."""
    begun, last = line.events[0].timestamp, line.events[-1].timestamp
    data: dict[str, JsonValue] = {
        "n": number,
        "text": shortened(texts.keywords[line.places[0]].text, LONGEST_TEXT),
        "did": _did(line.events),
        "on": f"{begun:%Y-%m-%d %H:%M}",
    }
    if last.date() != begun.date():
        data["until"] = f"{last:%Y-%m-%d}"
    made = {event.board for event in line.events if event.kind is ActivityKind.BOARD}
    if boards := common((event.board for event in line.events if event.board and event.board not in made), _BOARDS):
        data["board"] = [*boards]
    if about := common((label for event in line.events for label in event.annotations), _LABELS):
        data["about"] = [*about]
    if len(line.places) > 1:
        data["alike"] = len(line.places) - 1
    return data


def common(words: Iterable[str], most: int) -> list[str]:
    """The commonest of them, shortened, the earlier first among equals; what gives orders to a model is left out."""
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    for word in words:
        counts[normalize(word)] += 1
        written.setdefault(normalize(word), word)
    ranked = sorted(counts, key=lambda key: -counts[key])
    return list(islice((shortened(written[key], _LONGEST_LABEL) for key in ranked if not gives_orders(key)), most))


def day_text(moment: datetime, today: date) -> str:
    """4 Jan, or of another year 4 Jan 2025."""
    return f"{moment.day} {moment:%b}" + (f" {moment.year}" if moment.year != today.year else "")


def _did(events: Sequence[Activity]) -> str:
    """search, 3 save: what was done, and how often where it was more than once."""
    counts = {kind: sum(event.kind is kind for event in events) for kind in ActivityKind}
    return ", ".join(f"{count} {kind}" if count > 1 else str(kind) for kind, count in counts.items() if count)
