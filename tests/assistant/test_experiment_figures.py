"""Rates, lifts, guards, CUPED, the sample ratio and the days to run, against values worked out by hand."""

from math import exp, inf, log, sqrt

import numpy as np
import pytest
from scipy import stats

from assistant.experiment.cuped import Before, adjusted_lift
from assistant.experiment.guards import Harm, guard
from assistant.experiment.lifts import Lift, lift_from, lift_of
from assistant.experiment.power import plan, users_needed
from assistant.experiment.rates import Rate, rate_of
from assistant.experiment.ratio_check import check_ratio
from chains.experiment_arms import Arm


def rate(top: list[float], bottom: list[float]) -> Rate:
    found = rate_of(np.array(top), np.array(bottom))
    assert found is not None
    return found


def binary(events: int, users: int) -> Rate:
    """One message a user, one event or none."""
    return rate([1.0] * events + [0.0] * (users - events), [1.0] * users)


def test_a_rate_by_hand() -> None:
    """Clicks 3, 1, 2, 0 of 4, 4, 2, 2 sent: R = 6 / 12. What each user adds: 4 (y/6 - x/12) = 2/3, -2/3, 2/3, -2/3; the
    variance with n - 1 is 4 * 4/9 / 3 = 16/27, that of the mean 4/27."""
    found = rate([3, 1, 2, 0], [4, 4, 2, 2])
    assert (found.value, found.events, found.base, found.users) == (0.5, 6, 12, 4)
    assert found.influence.tolist() == pytest.approx([2 / 3, -2 / 3, 2 / 3, -2 / 3])
    assert found.variance == pytest.approx(4 / 27)
    wide = 1.959964 * sqrt(4 / 27)
    assert found.low == pytest.approx(0.5 * exp(-wide))
    assert found.high == pytest.approx(0.5 * exp(wide))


def test_no_rate_where_nothing_was_sent_and_no_interval_for_four_events() -> None:
    assert rate_of(np.zeros(3), np.zeros(3)) is None
    few = binary(4, 1_000)
    assert (few.value, few.low, few.high, few.telling) == (0.004, None, None, False)
    assert lift_of(binary(50, 1_000), few) is None


def test_with_one_message_a_user_the_lift_is_the_textbook_ratio_of_proportions() -> None:
    """Katz et al. 1978: the variance of the logarithm is 1/a - 1/n + 1/c - 1/m, here with n - 1 for n."""
    found = lift_of(binary(120, 1_000), binary(100, 1_000))
    assert found is not None
    variance = (1 / 120 - 1 / 1_000) * 1_000 / 999 + (1 / 100 - 1 / 1_000) * 1_000 / 999
    assert found.value == pytest.approx(0.2)
    assert found.error == pytest.approx(sqrt(variance))
    assert found.low == pytest.approx(1.2 * exp(-1.959964 * sqrt(variance)) - 1)
    assert found.p == pytest.approx(2 * stats.norm.sf(log(1.2) / sqrt(variance)))
    assert not found.clear


def test_the_same_user_twice_is_half_as_sure_as_two_users() -> None:
    alone, doubled = rate([1.0, 0] * 50, [1.0] * 100), rate([2.0, 0] * 50, [2.0] * 100)
    assert doubled.value == alone.value
    assert doubled.variance == pytest.approx(alone.variance)


def test_the_interval_of_a_lift_agrees_with_a_bootstrap_over_users() -> None:
    random = np.random.default_rng(4)
    sent = 1 + random.poisson(3, (2, 800))
    clicked = random.binomial(sent, random.beta(1, 6, (2, 800)))
    found = lift_of(rate_of(clicked[0] * 1.0, sent[0] * 1.0), rate_of(clicked[1] * 1.0, sent[1] * 1.0))  # type: ignore[arg-type]
    assert found is not None
    drawn = random.integers(0, 800, (2, 4_000, 800))
    ratios = [clicked[arm][drawn[arm]].sum(axis=1) / sent[arm][drawn[arm]].sum(axis=1) for arm in (0, 1)]
    low, high = np.quantile(ratios[0] / ratios[1] - 1, [0.025, 0.975])
    assert found.low == pytest.approx(low, abs=0.012)
    assert found.high == pytest.approx(high, abs=0.012)


def test_the_interval_for_every_look_by_hand() -> None:
    """V = 0.01, tau = log 1.1: wide^2 = 2 V (V + tau^2) / tau^2 (log 20 + log((V + tau^2) / V) / 2)."""
    tau = log(1.1) ** 2
    wide = sqrt(2 * 0.01 * (0.01 + tau) / tau * (log(20) + log((0.01 + tau) / 0.01) / 2))
    one, every = lift_from(0.0, 0.01), lift_from(0.0, 0.01).always(0.1)
    assert every == pytest.approx((exp(-wide) - 1, exp(wide) - 1))
    assert every.low < one.low < one.high < every.high


def test_cuped_by_hand() -> None:
    """Now and before are the same counts: the correlation is 1, nothing of the variance is left, and since the arms'
    means before differ just as now, nothing of the lift is left either."""
    sent = np.ones(8)
    treated, control = np.array([3.0, 1, 2, 2, 0, 4, 1, 3]), np.array([1.0, 1, 2, 0, 3, 2, 2, 1])
    found = adjusted_lift(
        rate(treated.tolist(), sent.tolist()),
        rate(treated.tolist(), sent.tolist()),
        Before(treated, sent),
        Before(treated, sent),
    )
    assert found is not None
    assert found.lift.value == pytest.approx(0)
    assert found.reduction == pytest.approx(1)
    unlike = adjusted_lift(
        rate(treated.tolist(), sent.tolist()),
        rate(control.tolist(), sent.tolist()),
        Before(np.tile([1.0, 0], 4), sent),
        Before(np.tile([1.0, 0], 4), sent),
    )
    assert unlike is not None
    assert unlike.lift.value == pytest.approx(16 / 12 - 1)  # the arms were alike before: the lift stays
    assert 0 <= unlike.reduction < 1


def test_cuped_takes_the_squared_correlation_of_the_variance() -> None:
    random = np.random.default_rng(1)
    for wanted in (0.3, 0.6, 0.9):
        shared, own, earlier = random.normal(size=(3, 2, 20_000))
        now = 10 + np.sqrt(wanted) * shared + np.sqrt(1 - wanted) * own
        before = 10 + np.sqrt(wanted) * shared + np.sqrt(1 - wanted) * earlier
        ones = np.ones(20_000)
        rates = [rate_of(arm, ones) for arm in now]
        assert rates[0] and rates[1]
        found = adjusted_lift(rates[0], rates[1], Before(before[0], ones), Before(before[1], ones))
        assert found is not None
        assert found.reduction == pytest.approx(wanted**2, abs=0.02)


def test_cuped_says_nothing_where_before_is_empty() -> None:
    some, nothing = binary(50, 100), Before(np.zeros(100), np.zeros(100))
    assert adjusted_lift(some, some, nothing, nothing) is None


def test_the_sample_ratio_by_hand() -> None:
    """520 and 480 where 500 each should be: chi-square 2 * 20^2 / 500 = 1.6 with one degree of freedom, p 0.2059."""
    halves = {Arm.INTEREST: 0.45, Arm.JOURNEY: 0.45, Arm.HOLDOUT: 0.1}
    found = check_ratio({Arm.INTEREST: 520, Arm.JOURNEY: 480}, halves)
    assert found.expected == pytest.approx({Arm.INTEREST: 500, Arm.JOURNEY: 500})
    assert found.p == pytest.approx(0.20590, abs=1e-5)
    assert found.passes
    three = check_ratio({Arm.INTEREST: 460, Arm.JOURNEY: 430, Arm.HOLDOUT: 110}, halves)
    assert three.p == pytest.approx(stats.chisquare([460, 430, 110], [450, 450, 100]).pvalue)
    assert not check_ratio({Arm.INTEREST: 5_300, Arm.JOURNEY: 4_700}, halves).passes
    assert check_ratio({Arm.JOURNEY: 7}, halves).p == 1
    assert check_ratio({Arm.JOURNEY: 700, Arm.HOLDOUT: 1}, {Arm.JOURNEY: 1.0}).p == 0


def test_harm_is_done_excluded_or_open() -> None:
    many, fewer, same = binary(900, 100_000), binary(600, 100_000), binary(610, 100_000)
    assert guard(many, fewer, 0.25).harm is Harm.DONE
    assert guard(same, fewer, 0.25).harm is Harm.EXCLUDED
    assert guard(same, fewer, 0.05).harm is Harm.OPEN


def test_harm_of_rare_events_is_exact() -> None:
    """None of 10,000 against 20 of 10,000: at most 1 - 0.025^(1/20) of all events are the arm's, a ratio of 0.2025."""
    found = guard(binary(0, 10_000), binary(20, 10_000), 0.25)
    share = 1 - 0.025 ** (1 / 20)
    assert found.low == -1
    assert found.high == pytest.approx(share / (1 - share) - 1)
    assert found.harm is Harm.EXCLUDED
    nothing = guard(binary(0, 10_000), binary(0, 10_000), 0.25)
    assert (nothing.low, nothing.high, nothing.harm) == (-1, inf, Harm.OPEN)
    ten = guard(binary(10, 10_000), binary(0, 10_000), 0.25)
    assert (ten.harm, ten.high) == (Harm.DONE, inf)


def test_days_to_run_by_hand() -> None:
    """For a lift of 10 % the error must be log 1.1 / 2.8016 = 0.03402. With twice that after 7 days, 4 times as much is
    needed: 28 days, 21 more."""
    found = plan(2 * log(1.1) / 2.8015854, 0.1, 7)
    assert found.times == pytest.approx(4)
    assert (found.days, found.more) == (28, 21)
    assert found.smallest == pytest.approx(1.1**2 - 1)
    assert (plan(0.1, 0.1).days, plan(0.1, 0.1).more) == (None, None)


def test_users_needed_find_the_effect_in_four_of_five_tests() -> None:
    """From 10 to 12 %: (0.9/0.1 + 0.88/0.12) (2.8016 / log 1.2)^2 = 3,857 in each arm."""
    needed = users_needed(0.10, 0.2)
    assert needed == pytest.approx(2 * 3_857, abs=2)
    random = np.random.default_rng(5)
    treated, control = random.binomial(needed // 2, [[0.12]] * 4_000), random.binomial(needed // 2, [[0.10]] * 4_000)
    error = np.sqrt(1 / treated + 1 / control - 4 / needed)
    assert float(np.mean(np.log(treated / control) / error > 1.959964)) == pytest.approx(0.8, abs=0.02)


def test_a_lift_without_any_noise_is_sure() -> None:
    assert lift_from(0.0, 0.0) == Lift(0, 0, 0, 0, 1)
    assert lift_from(log(2), 0.0).p == 0
