"""One row of a log file becomes an activity, or the reason why it can't."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Never

from vectorstore.activity import Activity, ActivityKind
from vectorstore.masking import mask
from vectorstore.times import parse_time

MAX_CHARACTERS = 10_000
EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
FUTURE_TOLERANCE = timedelta(days=1)

# The seven values in the order of ColumnMap: user_id, timestamp, kind, text, item_id, board, annotations.
Row = tuple[object, ...]

_KINDS = {kind.value: kind for kind in ActivityKind} | {"repin": ActivityKind.SAVE}
# What exports write where there was nothing. One user called "nan" would be a crowd of strangers.
_NOTHING = {"", "nan", "null", "none", "<na>", "\\n"}
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_WHITE = re.compile(r"[\t-\r\x85\u2028\u2029]+")
# Control characters, and invisible ones that reorder or hide what is shown. Joiners stay: scripts and emoji need them.
_UNSEEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_REMEMBERED = 20_000
_REMEMBERED_CHARACTERS = 200


class Reason(StrEnum):
    """Why a row was set aside. A value that can't be taken is named by its field: "board: not a text"."""

    MISSING_USER = "missing user"
    MISSING_TIME = "missing time"
    UNREADABLE_TIME = "unreadable time"
    FAR_FUTURE = "time in the far future"
    BEFORE_1990 = "time before 1990"
    UNKNOWN_KIND = "unknown kind"
    EMPTY_TEXT = "empty text"
    BROKEN_UTF8 = "broken UTF-8"
    BROKEN_JSON = "broken JSON"
    NOT_AN_OBJECT = "not a JSON object"
    BROKEN_QUOTES = "broken quotes"
    LONG_LINE = "line too long"
    EXTRA_FIELDS = "more fields than the header"


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that was set aside. source: the file as it was given. line: from 1; in Parquet, the number of the row.

    The reason holds nothing of the row but the name of a field.
    """

    source: str
    line: int
    reason: str


class _RefusedError(Exception):
    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class RowReader:
    """Turns raw rows into activities: cleaned, masked, in UTC.

    zone: of times that name none. now: rows dated more than a day after it are refused; None accepts any date.
    It remembers the texts that it has cleaned, as most come more than once; at most some 20 MB.
    """

    def __init__(self, *, zone: tzinfo = UTC, now: datetime | None = None) -> None:
        self._zone = zone
        self._latest = now + FUTURE_TOLERANCE if now else None
        self._phrases: dict[str, str] = {}
        self._lists: dict[str, tuple[str, ...]] = {}

    def read(self, row: Row) -> Activity | str:
        """The activity, or the reason why there is none: the first that applies, in the order of the columns."""
        user_id, timestamp, kind, text, item_id, board, annotations = row
        try:
            user = _identifier(user_id, "user_id")
            if user is None:
                return Reason.MISSING_USER
            moment = self._moment(timestamp)
            known = _KINDS.get(kind) if isinstance(kind, str) else None
            return Activity(
                user,
                moment,
                known or _kind(kind),
                self._phrase(text, "text") or _refuse(Reason.EMPTY_TEXT),
                _identifier(item_id, "item_id"),
                (self._phrase(board, "board") or None) if board else None,
                self._annotations(annotations) if annotations else (),
            )
        except _RefusedError as refused:
            return refused.reason

    def _moment(self, value: object) -> datetime:
        if value is None or value == "" or value != value:
            raise _RefusedError(Reason.MISSING_TIME)
        moment = parse_time(_decoded(value) if isinstance(value, bytes) else value, self._zone)
        if moment is None:
            raise _RefusedError(Reason.MISSING_TIME if str(value).isspace() else Reason.UNREADABLE_TIME)
        if moment < EARLIEST:
            raise _RefusedError(Reason.BEFORE_1990)
        if self._latest and moment > self._latest:
            raise _RefusedError(Reason.FAR_FUTURE)
        return moment

    def _phrase(self, value: object, field: str) -> str:
        """Cleaned, in NFC, masked; empty if there was nothing."""
        raw = value if isinstance(value, str) else _text(value, field)
        phrase = self._phrases.get(raw)
        if phrase is None:
            phrase = _bounded(unicodedata.normalize("NFC", clean(_bounded(raw.strip(), field))), field)
            phrase = _bounded(mask(phrase), field)
            if len(raw) <= _REMEMBERED_CHARACTERS:
                if len(self._phrases) >= _REMEMBERED:
                    self._phrases.clear()
                self._phrases[raw] = phrase
        return phrase

    def _annotations(self, value: object) -> tuple[str, ...]:
        if isinstance(value, bytes):
            value = _decoded(value)
        if isinstance(value, list | tuple):
            return self._listed(value)
        if not isinstance(value, str):
            raise _RefusedError("annotations: not a list")
        listed = self._lists.get(value)
        if listed is None:
            listed = self._listed(value.split("|"))
            if len(value) <= _REMEMBERED_CHARACTERS:
                if len(self._lists) >= _REMEMBERED:
                    self._lists.clear()
                self._lists[value] = listed
        return listed

    def _listed(self, values: list[object] | list[str] | tuple[object, ...]) -> tuple[str, ...]:
        phrases = tuple(dict.fromkeys(phrase for value in values if (phrase := self._phrase(value, "annotations"))))
        if sum(map(len, phrases)) > MAX_CHARACTERS:
            raise _RefusedError(f"annotations over {MAX_CHARACTERS:,} characters")
        return phrases


def clean(text: str) -> str:
    """Without control characters and outer white space; tabs and line breaks inside become a space."""
    if not (text.isascii() and text.isprintable()):
        if _SURROGATE.search(text):
            raise _RefusedError(Reason.BROKEN_UTF8)
        text = _UNSEEN.sub("", _WHITE.sub(" ", text))
    return text.strip()


def _identifier(value: object, field: str) -> str | None:
    """A user or an item. A number that went through a float column comes back without its ".0"."""
    if value is None:
        return None
    identifier = clean(value if isinstance(value, str) else _text(value, field))
    if len(identifier) <= 4 and identifier.casefold() in _NOTHING:
        return None
    if identifier.endswith(".0") and identifier[:-2].isdecimal():
        return identifier[:-2]
    return _bounded(identifier, field)


def _kind(value: object) -> ActivityKind:
    if isinstance(value, bytes):
        value = _decoded(value)
    kind = _KINDS.get(value.strip().lower()) if isinstance(value, str) else None
    return kind or _refuse(Reason.UNKNOWN_KIND)


def _text(value: object, field: str) -> str:
    """A value that is not a text, as one; numbers only."""
    if value is None or value != value:
        return ""
    if isinstance(value, bytes):
        return _decoded(value)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        try:
            return str(int(value)) if value == int(value) else str(value)
        except (ArithmeticError, ValueError):
            pass
    raise _RefusedError(f"{field}: not a text")


def _decoded(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise _RefusedError(Reason.BROKEN_UTF8) from None


def _bounded(text: str, field: str) -> str:
    return text if len(text) <= MAX_CHARACTERS else _refuse(f"{field} over {MAX_CHARACTERS:,} characters")


def _refuse(reason: str) -> Never:
    raise _RefusedError(reason)
