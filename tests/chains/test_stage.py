"""Situational or evergreen, ongoing or ended: read from days that were chosen by hand."""

import random
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import START

from chains.journeys import Kind, Stage
from chains.stage import Staged, stage

ONGOING = (Kind.SITUATIONAL, Stage.ONGOING)
ENDED = (Kind.SITUATIONAL, Stage.ENDED)
EVERGREEN = (Kind.EVERGREEN, Stage.ONGOING)


def staged(days: Sequence[float], silent: float, *, called_off: bool = False) -> Staged:
    """Events on these days after the start, looked at so many days after the last."""
    times = [START + timedelta(days=day) for day in days]
    return stage(times, max(times) + timedelta(days=silent), called_off=called_off)


def what(days: Sequence[float], silent: float, *, called_off: bool = False) -> tuple[Kind, Stage]:
    found = staged(days, silent, called_off=called_off)
    return found.kind, found.stage


@pytest.mark.parametrize(
    ("days", "patience"),
    [
        ([0], 18),  # no rhythm: the least patience
        ([0, 0.1, 0.2], 18),
        ([0, 1, 2, 3], 18),  # daily: three pauses of a day are less than the least
        ([0, 10, 20, 30], 30),  # three of its pauses of ten days
        ([0, 4, 8, 12, 40], 30),  # pauses 4, 4, 4, 28: three quarters are at most 10
        ([0, 40, 80], 75),  # three pauses of 40 days are more than the most
    ],
)
def test_a_situational_journey_ends_after_three_of_its_usual_pauses(days: Sequence[float], patience: float) -> None:
    assert what(days, patience) == ONGOING
    assert what(days, patience + 0.01) == ENDED


STEADY = [0, 14, 28, 42, 56]  # touches parts 1, 2, 4, 5 and 6 of 56 days; no pause over 22.4


@pytest.mark.parametrize(
    ("days", "found"),
    [
        (STEADY, EVERGREEN),
        ([0, 14, 28, 42, 55], ONGOING),  # less than eight weeks
        ([0, 19, 38, 57], ONGOING),  # four active days
        ([0, 14, 28, 42, 42.1, 42.2, 56], EVERGREEN),
        ([0, 1, 23, 24, 46, 60], ONGOING),  # touches four of six parts
        ([0, 1, 23, 35, 46, 60], EVERGREEN),  # five of six
        ([0, 10, 20, 44, 52, 60], EVERGREEN),  # a pause of two fifths
        ([0, 10, 20, 45, 52, 60], ONGOING),  # of more
        (range(0, 180, 3), EVERGREEN),
    ],
)
def test_evergreen_is_steady_over_eight_weeks(days: Sequence[float], found: tuple[Kind, Stage]) -> None:
    assert what(days, 0) == found


def test_what_was_steady_and_has_fallen_silent_was_situational_and_is_over() -> None:
    assert what(STEADY, 42) == EVERGREEN
    assert what(STEADY, 42.01) == ENDED
    # every third day for half a year: two fifths of the whole, 70 days, are more than the 18 of its rhythm
    assert what(range(0, 178, 3), 70.8) == EVERGREEN
    assert what(range(0, 178, 3), 71) == ENDED


def test_what_was_called_off_is_over_at_once_however_steady() -> None:
    assert what([0, 1, 2], 0, called_off=True) == ENDED
    assert what(STEADY, 0, called_off=True) == ENDED


@pytest.mark.parametrize(
    ("days", "silent", "called_off", "reason"),
    [
        ([0], 0.2, False, "active on 5 January 2026, quiet for less than a day"),
        ([0, 0.1], 3, False, "active on 5 January 2026, quiet for 3 days"),
        ([0, 8], 1, False, "active from 5 January 2026 to 13 January 2026, quiet for 1 day"),
        ([0], 40, False, "quiet for 40 days, longer than its rhythm of activity explains (18 days)"),
        (STEADY, 0, False, "steady since 5 January 2026, about every 14 days"),
        (range(60), 0, False, "steady since 5 January 2026, about every day"),
        ([0, 8], 1, True, "called off; last activity 13 January 2026"),
    ],
)
def test_the_reason_has_the_figures(days: Sequence[float], silent: float, called_off: bool, reason: str) -> None:
    assert staged(days, silent, called_off=called_off).reason == reason


_DAYS = st.lists(st.integers(0, 200), min_size=1, max_size=25)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_DAYS, st.integers(0, 150), st.integers(0, 150), st.booleans())
def test_evergreen_is_ongoing_order_is_nothing_and_silence_alone_revives_nothing(
    days: list[int], silent: int, more: int, called_off: bool
) -> None:
    now = staged(days, silent, called_off=called_off)
    assert now.kind is Kind.SITUATIONAL or now.stage is Stage.ONGOING
    assert staged(random.Random(silent).sample(days, len(days)), silent, called_off=called_off) == now
    later = staged(days, silent + more, called_off=called_off)
    assert now.stage is Stage.ONGOING or later.stage is Stage.ENDED
    assert now.kind is Kind.EVERGREEN or later.kind is Kind.SITUATIONAL
