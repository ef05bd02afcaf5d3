"""What policies come to, worked out by hand."""

from dataclasses import replace
from datetime import UTC, datetime
from math import inf

import pytest

from assistant.notify_power import detectable_lift, power_of
from chains.notification import Reason
from chains.notification_rules import NotifyPolicy
from chains.notify_simulation import Simulated, SimulatedTarget, SimulatedUser, simulate

START = datetime(2026, 6, 1, 6, tzinfo=UTC)
POLICY = NotifyPolicy(a_week=2, cool_down_days=5, repeat_days=0)
GARDEN = SimulatedTarget("g", "Garden paths", 0.9)
SEWING = SimulatedTarget("s", "Sewing patterns", 0.5)


def user(*targets: SimulatedTarget, zone: str = "") -> SimulatedUser:
    return SimulatedUser("ann", targets, zone)


def test_caps_and_cool_downs_day_by_day() -> None:
    # Day 1 garden, day 2 sewing, then two in seven days; day 8 garden again, day 9 sewing.
    found = simulate([user(GARDEN, SEWING)], POLICY, START, 9)
    assert found == Simulated((1, 1, 0, 0, 0, 0, 0, 1, 1), 1, 1, 4, {Reason.WEEK_CAP: 5})
    assert found.mean_a_day == pytest.approx(4 / 9)


def test_without_a_cap_the_cool_down_holds_back() -> None:
    found = simulate([user(GARDEN)], replace(POLICY, a_week=7), START, 6)
    assert found == Simulated((1, 0, 0, 0, 0, 1), 1, 1, 2, {Reason.COOL_DOWN: 4})


def test_floor_zone_and_those_without_a_target() -> None:
    users = [user(SEWING), user(), user(GARDEN, zone="Mars/Olympus")]
    found = simulate(users, replace(POLICY, score_floor=0.6), START, 1)
    assert found == Simulated((0,), 3, 0, 0, {Reason.LOW_SCORE: 1, Reason.NO_JOURNEY: 1, Reason.UNKNOWN_ZONE: 1})


def test_a_late_run_falls_into_quiet_hours() -> None:
    found = simulate([user(GARDEN)], POLICY, START.replace(hour=22), 1)
    assert found.crowded_out == {Reason.QUIET_HOURS: 1}


def test_what_an_experiment_could_find() -> None:
    simulated = Simulated((500,) * 10, 8_000, 4_000, 5_000, {})
    found = power_of(simulated, 0.05, 0.2)
    # By the usual formula for two proportions, 8,100 to 8,200 an arm for 5 % against 6 %.
    assert 16_000 < found.users < 16_500
    assert found.days == -(-found.users * 10 // 4_000)
    assert detectable_lift(found.users, 0.05) == pytest.approx(0.2, rel=1e-3)
    assert found.detectable > 0.2
    assert power_of(Simulated((0,), 10, 0, 0, {}), 0.05, 0.2).days is None
    assert detectable_lift(3, 0.05) == inf
