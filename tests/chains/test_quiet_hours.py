"""Slots worked out by hand, with changes of clocks, and what must always hold."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from chains.quiet_hours import Slot, slot_on

LEAST = timedelta(minutes=30)
NIGHT = (time(21), time(8))
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Los_Angeles",
    "Asia/Tokyo",
    "Asia/Kolkata",
    "Pacific/Kiritimati",
    "Pacific/Apia",
)


def at(day: int, hour: int, minute: int = 0, month: int = 6) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def slot(as_of: datetime, zone: str, quiet: tuple[time, time] = NIGHT) -> Slot | None:
    return slot_on(as_of, ZoneInfo(zone), *quiet, LEAST)


def test_in_utc_the_day_lies_between_the_quiet_hours() -> None:
    assert slot(at(10, 0), "UTC") == Slot(at(10, 8), at(10, 21))


def test_in_summer_berlin_is_two_hours_ahead() -> None:
    assert slot(at(10, 0), "Europe/Berlin") == Slot(at(10, 6), at(10, 19))


def test_in_tokyo_it_is_morning_when_the_day_begins() -> None:
    assert slot(at(10, 0), "Asia/Tokyo") == Slot(at(10, 0), at(10, 12))


def test_in_los_angeles_it_is_still_the_evening_before() -> None:
    # 17:00 on the clock; quiet from 21:00, which is 04:00 in UTC.
    assert slot(at(10, 0), "America/Los_Angeles") == Slot(at(10, 0), at(10, 4))
    # After that it is quiet until 08:00, which is 15:00 in UTC, and the day of sending ends at midnight in UTC.
    assert slot(at(10, 5), "America/Los_Angeles") == Slot(at(10, 15), at(11, 0))


def test_a_run_late_on_the_day_finds_no_slot() -> None:
    assert slot(at(10, 20), "Europe/Berlin") is None


def test_a_stretch_that_is_too_short_is_none() -> None:
    assert slot(at(10, 18, 31), "Europe/Berlin") is None
    assert slot(at(10, 18, 30), "Europe/Berlin") == Slot(at(10, 18, 30), at(10, 19))


def test_quiet_hours_inside_of_one_day() -> None:
    siesta = (time(13), time(16))
    assert slot(at(10, 13, 10), "UTC", siesta) == Slot(at(10, 16), at(11, 0))
    assert slot(at(10, 0), "UTC", siesta) == Slot(at(10, 0), at(10, 13))


def test_equal_hours_are_no_quiet_hours() -> None:
    assert slot(at(10, 3), "UTC", (time(9), time(9))) == Slot(at(10, 3), at(11, 0))


def test_where_clocks_go_forward_the_morning_comes_an_hour_sooner() -> None:
    # Berlin, 29 March 2026, 02:00 becomes 03:00: 08:00 is 06:00 in UTC, the day before it was 07:00.
    assert slot(at(28, 0, month=3), "Europe/Berlin") == Slot(at(28, 7, month=3), at(28, 20, month=3))
    assert slot(at(29, 0, month=3), "Europe/Berlin") == Slot(at(29, 6, month=3), at(29, 19, month=3))


def test_quiet_hours_that_end_in_the_skipped_hour_end_when_they_would_have() -> None:
    # 02:30 is skipped; by the clock of before it would be 01:30 in UTC, when the clock says 03:30.
    found = slot(at(29, 0, month=3), "Europe/Berlin", (time(21), time(2, 30)))
    assert found == Slot(at(29, 1, 30, month=3), at(29, 19, month=3))


def test_an_hour_that_comes_twice_is_quiet_if_it_is_so_once() -> None:
    # Berlin, 25 October 2026: 02:00 to 03:00 comes twice, at 00:00 and at 01:00 in UTC.
    ends_in_it = slot(at(25, 0, month=10), "Europe/Berlin", (time(21), time(2, 30)))
    assert ends_in_it == Slot(at(25, 1, 30, month=10), at(25, 20, month=10))
    begins_in_it = slot_on(at(24, 22, month=10), ZoneInfo("Europe/Berlin"), time(2, 30), time(8), LEAST)
    assert begins_in_it == Slot(at(24, 22, month=10), at(25, 0, month=10))
    assert slot(at(25, 0, month=10), "Europe/Berlin", (time(2, 30), time(8))) == Slot(
        at(25, 0, month=10), at(25, 0, 30, month=10)
    )


@given(
    seconds=st.integers(0, 4 * 365 * 86_400),
    zone=st.sampled_from(ZONES),
    begins=st.times(),
    ends=st.times(),
)
def test_a_slot_lies_on_the_day_and_outside_of_the_quiet_hours(
    seconds: int, zone: str, begins: time, ends: time
) -> None:
    moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    begins, ends = begins.replace(microsecond=0), ends.replace(microsecond=0)
    found = slot_on(moment, ZoneInfo(zone), begins, ends, LEAST)
    if found is None:
        return
    assert moment <= found.after < found.before
    assert found.before - found.after >= LEAST
    assert (found.before - timedelta(microseconds=1)).date() == moment.date()
    for share in (0.0, 0.5, 0.999):
        clock = (found.after + share * (found.before - found.after)).astimezone(ZoneInfo(zone)).time()
        quiet = begins <= clock < ends if begins <= ends else clock >= begins or clock < ends
        assert not quiet
