"""The rhythm of journeys and users, on days chosen by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import exp, log, log1p

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.rhythm import FEATURES, USER_FEATURES, JourneyRhythm, UserRhythm, epoch_days, rhythm_features
from vectorstore.activity import Activity, ActivityKind

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
SEARCH, SAVE = ActivityKind.SEARCH, ActivityKind.SAVE


def act(day: float, kind: ActivityKind = SEARCH, text: str = "a") -> Activity:
    return Activity("ann", EPOCH + timedelta(days=day), kind, text)


def measured(days: Sequence[float], others: Sequence[float], now: float, texts: int = 1) -> dict[str, float]:
    """Of a journey with events on these days, of a user who did other things on the others."""
    own = [act(day) for day in days]
    user = UserRhythm.of([*own, *(act(day, SAVE) for day in others)], now)
    return dict(zip(FEATURES, rhythm_features(own, texts, user).tolist(), strict=True))


def of(days: float) -> float:
    return log(days + 0.25)


def test_a_journey_with_pauses_by_hand() -> None:
    # Active on days 10, 12, 16, 22: pauses 2, 4, 6. The user also on 14, 24, 26. It is day 30.
    found = measured([10, 12, 16, 22], [14, 24, 26], 30, texts=3)
    assert found["gap"] == pytest.approx(of(8))
    assert found["age"] == pytest.approx(of(20))
    assert found["span"] == pytest.approx(of(12))
    assert (found["days"], found["events"], found["texts"]) == pytest.approx((log(4), log(4), log(3)))
    assert (found["once"], found["bulk"]) == (0, 0)
    assert found["usual_pause"] == pytest.approx(of(4))
    assert found["long_pause"] == pytest.approx(of(5))
    assert found["gap_to_pause"] == pytest.approx(of(8) - of(4))
    spread = (8 / 3) ** 0.5
    assert found["burstiness"] == pytest.approx((spread - 4) / (spread + 4))
    faded = [sum(exp(-ago / lasting) for ago in (20, 18, 14, 8)) for lasting in (7, 28, 90)]
    assert [found[name] for name in ("week", "month", "season")] == pytest.approx([log(each + 0.02) for each in faded])
    whole = faded[1] + sum(exp(-ago / 28) for ago in (16, 6, 4))
    assert found["share"] == pytest.approx(faded[1] / whole)
    assert found["user_month"] == pytest.approx(log(whole + 0.02))
    assert found["rate"] == pytest.approx(log(4 / 20))
    assert found["passed_over"] == pytest.approx(log1p(2))  # days 24 and 26
    assert found["presence"] == pytest.approx(4 / 5)  # day 14 was another's
    assert found["user_gap"] == pytest.approx(of(4))
    assert found["user_age"] == pytest.approx(of(20))
    assert found["user_gap_to_pause"] == pytest.approx(of(4) - of(2))  # pauses 2, 2, 2, 6, 2, 2
    assert found["weeks"] == pytest.approx(2 / 3)  # 20, 18, 14 and 8 days ago: the second and the third week back
    assert found["parts"] == pytest.approx(4 / 6)  # 0, 2, 6 and 12 of 12 days
    assert found["longest_pause"] == pytest.approx(6 / 12)
    assert found["span_of_user"] == pytest.approx(1)
    assert found["late"] == pytest.approx(1 / 4)  # after day 20
    assert (found["searches"], found["saves"]) == (1, 0)


def test_a_single_day_has_no_pauses() -> None:
    found = measured([10, 10.4], [], 12)
    assert found["once"] == 1
    assert found["gap"] == pytest.approx(of(1.6))
    assert (found["bulk"], found["days"]) == pytest.approx((log(2), 0))
    names = ("usual_pause", "long_pause", "gap_to_pause", "burstiness", "longest_pause")
    assert [found[name] for name in names] == [0] * 5


def test_what_the_user_does_tells_the_kind_of_log() -> None:
    user = UserRhythm.of([act(0), act(1, SAVE), act(1.1, ActivityKind.BOARD), act(3, ActivityKind.CLOSEUP)], 14)
    features = dict(zip(USER_FEATURES, user.features.tolist(), strict=True))
    assert features == pytest.approx(
        {"searches": 0.25, "closeups": 0.25, "saves": 0.5, "clickthroughs": 0, "rate": log(3 / 14), "bulk": log(4 / 3)}
    )


def test_right_after_an_event_nothing_later_is_known() -> None:
    user = UserRhythm.of([act(0), act(2), act(5.5), act(9)], 20)
    then = user.just_after(5.5)
    assert (then.now, then.last, then.first) == (5.5, 5.5, 0)
    assert then.days.tolist() == [0, 2, 5]
    own = [act(0), act(5.5)]
    assert rhythm_features(own, 1, then)[FEATURES.index("gap")] == pytest.approx(log(0.25))
    assert rhythm_features(own, 1, then)[FEATURES.index("passed_over")] == 0


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    st.lists(st.floats(0, 400), min_size=1, max_size=30), st.lists(st.floats(0, 400), max_size=30), st.floats(0, 500)
)
def test_features_are_finite_shares_are_shares_and_order_is_nothing(
    days: list[float], others: list[float], wait: float
) -> None:
    now = max([*days, *others]) + wait
    found = measured(days, others, now)
    assert all(np.isfinite(list(found.values())))
    for name in ("once", "share", "presence", "parts", "longest_pause", "late", "searches", "saves"):
        assert 0 <= found[name] <= 1 + 1e-9, name
    assert -1 <= found["burstiness"] <= 1
    assert measured(days[::-1], others[::-1], now) == pytest.approx(found)


def test_times_come_in_order() -> None:
    assert epoch_days([act(3), act(1.5)]).tolist() == [1.5, 3]


def test_what_is_worked_out_once_serves_every_moment() -> None:
    own, user = [act(0), act(2), act(5.5)], UserRhythm.of([act(0), act(2), act(5.5), act(9)], 20)
    rhythm = JourneyRhythm(own, 2)
    assert rhythm.last == 5.5
    for moment in (user, user.just_after(rhythm.last), user):
        assert rhythm.features(moment).tolist() == rhythm_features(own, 2, moment).tolist()


def test_a_users_usual_pause_and_month_by_hand() -> None:
    user = UserRhythm.of([act(0), act(2), act(5), act(9)], 20)
    assert user.usual_pause == 3  # of 2, 3 and 4
    assert user.month == pytest.approx(sum(exp(-ago / 28) for ago in (20, 18, 15, 11)))
    assert UserRhythm.of([act(3)], 20).usual_pause == 17
