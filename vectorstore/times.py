"""Times as people and programs write them, as aware datetimes in UTC."""

import re
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import Decimal

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", re.ASCII)
_CALENDAR_DIGITS = 8

# A count since 1970 tells its own unit: between 1990 and the year 5138 seconds have at most 11 digits before the
# point, milliseconds 12 to 14, microseconds 15 to 17 and nanoseconds 18 to 20. The four ranges do not touch.
_SECONDS, _MILLISECONDS, _MICROSECONDS, _NANOSECONDS = 10**11, 10**14, 10**17, 10**20


def parse_time(value: object, zone: tzinfo = UTC) -> datetime | None:
    """The moment that `value` stands for, in UTC, to the microsecond; None if it can't be read.

    value: ISO 8601 text (with Z, an offset, " UTC", or nothing: then it is local time in `zone`; a date alone is its
    midnight); a number, or a text of digits, since 1970-01-01 UTC, in seconds, milliseconds, microseconds or
    nanoseconds, told apart by size; a datetime or a date. Eight digits in a text are a date: 20260104.
    """
    if isinstance(value, str):
        return _from_text(value, zone)
    if isinstance(value, datetime):
        return _in_utc(value, zone)
    if isinstance(value, date):
        return _in_utc(datetime.combine(value, time()), zone)
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _from_epoch(value)
    return None


def _from_text(text: str, zone: tzinfo) -> datetime | None:
    if text[4:5] != "-":
        text = text.strip()
        if len(text) != _CALENDAR_DIGITS and _NUMBER.fullmatch(text):
            return _from_epoch(int(text) if text.isdigit() and len(text) <= 20 else float(text))
    try:
        return _in_utc(datetime.fromisoformat(text), zone)
    except ValueError:
        pass
    plain = text.strip().upper().removesuffix("UTC").rstrip()
    if plain == text:
        return None
    try:
        return _in_utc(datetime.fromisoformat(plain), UTC if text.rstrip()[-3:].upper() == "UTC" else zone)
    except ValueError:
        return None


def _in_utc(moment: datetime, zone: tzinfo) -> datetime | None:
    if moment.tzinfo is UTC:
        return moment
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        return None


def _from_epoch(number: float | Decimal) -> datetime | None:
    try:
        size = abs(float(number))
        if size < _SECONDS:
            microseconds = number * 10**6
        elif size < _MILLISECONDS:
            microseconds = number * 10**3
        elif size < _MICROSECONDS:
            microseconds = number
        elif size < _NANOSECONDS:
            microseconds = number // 10**3
        else:
            return None
        return _EPOCH + timedelta(microseconds=round(microseconds))
    except (ArithmeticError, ValueError):
        return None
