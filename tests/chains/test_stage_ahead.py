"""Looking ahead gives, moment by moment, what looking at that moment gives; and nothing changes before its bound."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.journeys import Stage
from chains.rhythm import DAY, JourneyRhythm, UserRhythm, rhythm_features
from chains.rhythm_ahead import features_ahead, users_ahead
from chains.stage import Staging, stage
from chains.stage_ahead import days_ahead, unchanged_for
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
    for share in (0.0, 0.3, 0.6, 0.9, 1.0):
        assert states(bound * share) == first


def test_a_bound_is_not_far_before_the_change() -> None:
    model, own = default_stage(), events([0, 5, 30, 60])
    asked, now = [Staging(own, 4, CENTRE)], user_at(own, [], 0)
    bound = unchanged_for(asked, now, model, "other")
    assert bound is not None

    def over(days: float) -> bool:
        return stage(asked, user_at(own, [], days), model, "other")[0].stage is Stage.ENDED

    ends = next(days for days in np.arange(0, 730, 0.5) if over(days))
    assert bound < ends <= max(bound * 1.25, bound + 0.5)
    assert unchanged_for([], now, model, "other") is None
