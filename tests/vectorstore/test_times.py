"""Times in the forms that logs have."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vectorstore.times import parse_time

MOMENT = datetime(2026, 1, 4, 3, 46, tzinfo=UTC)
# Seconds from 1970-01-01 to it: 56 years, of which 14 are leap years, 3 days, 3:46.
SECONDS = ((56 * 365 + 14 + 3) * 24 * 60 + 3 * 60 + 46) * 60


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-04T03:46:00Z",
        "2026-01-04T03:46:00z",
        "2026-01-04 03:46:00",
        "2026-01-04T03:46",
        "  2026-01-04T03:46:00Z ",
        "2026-01-04T05:46:00+02:00",
        "2026-01-03T22:16:00-0530",
        "2026-01-04 03:46:00+00",
        "2026-01-04 03:46:00 UTC",
        "2026-01-04T03:46:00.000000000Z",
        "20260104T034600Z",
        SECONDS,
        float(SECONDS),
        Decimal(SECONDS),
        str(SECONDS),
        f"{SECONDS}.0",
        f"{SECONDS:.9e}",
        SECONDS * 10**3,
        str(SECONDS * 10**3),
        float(SECONDS * 10**3),
        SECONDS * 10**6,
        SECONDS * 10**9,
        str(SECONDS * 10**9),
        MOMENT,
        MOMENT.replace(tzinfo=None),
        MOMENT.astimezone(timezone(timedelta(hours=9))),
    ],
)
def test_one_moment_in_every_form(value: object) -> None:
    parsed = parse_time(value)
    assert parsed == MOMENT
    assert parsed is not None
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize("value", ["2026-01-04", "20260104", date(2026, 1, 4), "2026-01-04T00:00:00Z"])
def test_a_day_is_its_midnight(value: object) -> None:
    assert parse_time(value) == datetime(2026, 1, 4, tzinfo=UTC)


@pytest.mark.parametrize("value", ["2026-07-01T08:00:00", datetime(2026, 7, 1, 8)])  # noqa: DTZ001
def test_without_a_zone_it_is_the_given_one(value: object) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert parse_time(value, berlin) == datetime(2026, 7, 1, 6, tzinfo=UTC)
    assert parse_time("2026-07-01T08:00:00 UTC", berlin) == datetime(2026, 7, 1, 8, tzinfo=UTC)
    assert parse_time("2026-07-01T08:00:00Z", berlin) == datetime(2026, 7, 1, 8, tzinfo=UTC)


def test_fractions_stay_to_the_microsecond() -> None:
    assert parse_time(f"{SECONDS}.25") == MOMENT + timedelta(milliseconds=250)
    assert parse_time(SECONDS * 10**3 + 7) == MOMENT + timedelta(milliseconds=7)
    assert parse_time("2026-01-04T03:46:00.123456789Z") == MOMENT + timedelta(microseconds=123456)


@pytest.mark.parametrize(
    "value",
    [
        *("", "yesterday", "4/1/2026", "2026-13-01", "2026-01-04T24:30", "2026-1-4", "1e400", "inf", "nan", "--5"),
        *("9999-12-31T23:59:59-05:00", "0001-01-01T00:00:00+05:00"),
        *(float("nan"), float("inf"), Decimal("nan"), 10**21, True, None, [], {}, b"2026-01-04"),
    ],
)
def test_what_is_no_time(value: object) -> None:
    assert parse_time(value) is None


@given(st.one_of(st.text(max_size=30), st.floats(), st.integers(), st.decimals(), st.datetimes()))
def test_nothing_raises(value: object) -> None:
    parsed = parse_time(value)
    assert parsed is None or parsed.tzinfo is UTC


@given(st.datetimes(min_value=datetime(1990, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_what_isoformat_writes_is_read(moment: datetime) -> None:
    assert parse_time(moment.isoformat()) == moment
