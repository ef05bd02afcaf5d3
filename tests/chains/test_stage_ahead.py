"""Looking ahead gives, moment by moment, what looking at that moment gives; and nothing changes before its bound."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.journeys import Stage
from chains.rhythm import DAY, JourneyRhythm, UserRhythm, rhythm_features
from chains.rhythm_ahead import features_ahead, jumps_ahead, users_ahead
from chains.stage import Staging, stage
from chains.stage_ahead import days_ahead, may_come_back, unchanged_for
from chains.stage_model import default_stage
from vectorstore.activity import Activity, ActivityKind

START = datetime(2026, 3, 2, tzinfo=UTC)
HOURS = st.lists(st.integers(0, 24 * 200), min_size=1, max_size=12)
CENTRE = np.full(8, 8**-0.5, dtype=np.float32)


def events(hours: list[int]) -> list[Activity]:
    moments = sorted(START + timedelta(hours=hour) for hour in hours)
    return [Activity("u", moment, ActivityKind.SEARCH, f"text {place}") for place, moment in enumerate(moments)]


def user_at(own: list[Activity], others: list[Activity], days: float) -> UserRhythm:
    every = [*own, *others]
    return UserRhythm.of(every, max(each.timestamp for each in every).timestamp() / DAY + days)


def test_moments_rise_from_now_by_no_more_than_a_quarter_and_half_a_day() -> None:
    days = days_ahead()
    assert days[0] == 0
    assert days[-1] >= 730
    assert (np.diff(days) > 0).all()
    assert (days[1:] <= np.maximum(days[:-1] * 1.25, days[:-1] + 0.5)).all()


@settings(max_examples=50, deadline=None, derandomize=True)
@given(HOURS, HOURS, st.floats(0, 30))
def test_features_ahead_are_those_of_each_moment(hours: list[int], others: list[int], since: float) -> None:
    own, rest = events(hours), events(others)
    now = user_at(own, rest, since)
    ahead = np.array([0.0, 0.5, 3.2, 7.0, 55.5, 400.0])
    rhythm = JourneyRhythm(own, 4)
    found, users = features_ahead(rhythm, now, now.now + ahead), users_ahead(now, now.now + ahead)
    for row, of_user, days in zip(found, users, ahead, strict=True):
        then = UserRhythm.of([*own, *rest], now.now + days)
        np.testing.assert_allclose(row, rhythm_features(own, 4, then), rtol=0, atol=1e-9)
        np.testing.assert_allclose(of_user, then.features, rtol=0, atol=1e-9)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.lists(HOURS, min_size=1, max_size=3))
def test_up_to_the_bound_nothing_changes(several: list[list[int]]) -> None:
    model, journeys = default_stage(), [events(hours) for hours in several]
    every = [event for own in journeys for event in own]
    now = user_at(every, [], 0)
    asked = [Staging(own, len(own), CENTRE) for own in journeys]

    def states(days: float) -> list[tuple[object, object]]:
        return [(each.kind, each.stage) for each in stage(asked, user_at(every, [], days), model, "other")]

    first = states(0)
    ongoing = [each for each, (_, state) in zip(asked, first, strict=True) if state is Stage.ONGOING]
    bound = unchanged_for(ongoing, now, model, "other")
    if bound is None:
        assert not ongoing
        bound = 1_000.0
    for share in np.linspace(0, 1, 60).tolist():
        assert states(bound * share) == first


def test_a_bound_is_less_than_half_an_hour_before_the_change() -> None:
    model, own = default_stage(), events([0, 5, 30, 60])
    asked, now = [Staging(own, 4, CENTRE)], user_at(own, [], 0)
    bound = unchanged_for(asked, now, model, "other")
    assert bound is not None
    assert not over_in(asked, own, bound)
    assert over_in(asked, own, bound + 0.5 / 24)
    assert unchanged_for([], now, model, "other") is None


def test_features_jump_where_an_event_grows_a_week_older_and_where_half_the_age_reaches_an_active_day() -> None:
    own = events([0, 24 * 10 + 12])
    now = user_at(own, [], 1)  # of age 11.5 days
    rhythm = JourneyRhythm(own, 2)
    # The first event is 14 and 21 days old in 2.5 and 9.5 days, the second 7 in 6; half of the age is day 10 in 8.5.
    np.testing.assert_allclose(jumps_ahead(rhythm, now, 9.9), [2.5, 6.0, 8.5, 9.5], atol=1e-6)
    assert jumps_ahead(rhythm, now, 2.0).size == 0
    for jump in (2.5, 8.5, 9.5):
        before, after = features_ahead(rhythm, now, now.now + jump + np.array([-1e-5, 1e-5]))
        assert np.abs(after - before).max() > 0.1
    # Between two of them all changes smoothly.
    between = np.arange(2.5, 6.0, 0.01)[1:]
    assert np.abs(np.diff(features_ahead(rhythm, now, now.now + between), axis=0)).max() < 0.02


@settings(max_examples=15, deadline=None, derandomize=True)
@given(HOURS, st.floats(0, 90))
def test_what_has_ended_stays_so_but_for_what_may_look_like_a_habit_again(hours: list[int], since: float) -> None:
    model, own = default_stage(), events(hours)
    asked, days = [Staging(own, len(own), CENTRE)], np.arange(since, since + 200, 1.7).tolist()
    ended = [day for day in days if over_in(asked, own, day)]
    if ended and not may_come_back(asked[0], user_at(own, [], ended[0]), model):
        assert ended == [day for day in days if day >= ended[0]]
    assert not may_come_back(replace(asked[0], called_off=True), user_at(own, [], since), model)


def over_in(asked: list[Staging], own: list[Activity], days: float) -> bool:
    return stage(asked, user_at(own, [], days), default_stage(), "other")[0].stage is Stage.ENDED
