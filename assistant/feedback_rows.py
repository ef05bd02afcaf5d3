"""Files of what came of candidates, as events: CSV, JSONL or Parquet.

| column | what |
| --- | --- |
| `key` | of the candidate, as `journeys notify` wrote it |
| `kind` | `sent`, `opened`, `clicked`, `unsubscribed`, `complained` or `survey` |
| `timestamp` | when: ISO 8601, or a count since 1970 |
| `value` | of a survey only: 1 to 5, 5 the best, or yes or no |
| `event_id` | optional: what the sender calls the event |
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from enum import StrEnum
from hashlib import sha256
from pathlib import Path

from vectorstore.columns import PlainColumns
from vectorstore.readers import read_rows
from vectorstore.rows import EARLIEST, FUTURE_TOLERANCE, Reason, Rejected
from vectorstore.times import parse_time

FEEDBACK_COLUMNS = PlainColumns(("key", "kind", "timestamp"), ("value", "event_id"))
#: From this answer on a survey is positive; yes is 5, no is 1.
POSITIVE = 4
_WORST, _BEST = 1, 5
_WORDS = {"yes": _BEST, "true": _BEST, "no": _WORST, "false": _WORST}
_LONGEST = 500


class Outcome(StrEnum):
    """What came of a candidate."""

    SENT = "sent"
    OPENED = "opened"
    CLICKED = "clicked"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    SURVEY = "survey"


_KINDS = {kind.value: kind for kind in Outcome} | {
    "send": Outcome.SENT,
    "delivered": Outcome.SENT,
    "open": Outcome.OPENED,
    "click": Outcome.CLICKED,
    "unsubscribe": Outcome.UNSUBSCRIBED,
    "complaint": Outcome.COMPLAINED,
}


@dataclass(frozen=True, slots=True, order=True)
class FeedbackEvent:
    """answer: of a survey, 1 to 5. event_id: what makes it the same event when it is read again. Of two events with
    one id the lesser stays, so that the order of reading means nothing."""

    at: datetime
    key: str
    kind: Outcome
    answer: int
    event_id: str


def read_events(path: Path, zone: tzinfo = UTC, now: datetime | None = None) -> Iterator[FeedbackEvent | Rejected]:
    """Each row of one file, as an event or set aside with its line.

    zone: of times that name none. now: rows dated more than a day after it are set aside. Raises InputError, on the
    way, where the file as a whole can't be read.
    """
    latest = now + FUTURE_TOLERANCE if now else None
    for line, values in read_rows(path, FEEDBACK_COLUMNS):
        event = values if isinstance(values, str) else _event(values, zone, latest)
        yield Rejected(str(path), line, event) if isinstance(event, str) else event


def _event(values: tuple[object, ...], zone: tzinfo, latest: datetime | None) -> FeedbackEvent | str:
    key, kind, value, own_id = (_text(values[place]) for place in (0, 1, 3, 4))
    if not key:
        return "missing key"
    if len(key) > _LONGEST or len(own_id) > _LONGEST:
        return f"key or event_id over {_LONGEST} characters"
    if not (key + own_id).isprintable():
        return "key or event_id: not a text"
    known = _KINDS.get(kind.lower())
    if known is None:
        return Reason.UNKNOWN_KIND
    if not _text(values[2]):
        return Reason.MISSING_TIME
    moment = parse_time(values[2], zone)
    if moment is None:
        return Reason.UNREADABLE_TIME
    if moment < EARLIEST:
        return Reason.BEFORE_1990
    if latest and moment > latest:
        return Reason.FAR_FUTURE
    answer = _answer(value) if known is Outcome.SURVEY else 0
    if answer is None:
        return "survey without a value from 1 to 5, yes or no"
    return FeedbackEvent(moment, key, known, answer, _id(own_id, key, known, moment, answer))


def _id(own_id: str, key: str, kind: Outcome, moment: datetime, answer: int) -> str:
    """What the sender calls it, else a hash of all that it says; the two are never the same."""
    if own_id:
        return f"id:{own_id}"
    return sha256("\0".join((key, kind, moment.isoformat(), str(answer))).encode()).hexdigest()


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    return (value.decode(errors="replace") if isinstance(value, bytes) else str(value)).strip()


def _answer(value: str) -> int | None:
    if value.lower() in _WORDS:
        return _WORDS[value.lower()]
    try:
        number = float(value)
    except ValueError:
        return None
    return int(number) if number in range(_WORST, _BEST + 1) else None
