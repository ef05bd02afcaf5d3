"""Arms: stable, uniform, independent of another salt, and moved no more than needed."""

import math
from collections import Counter
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.experiment_arms import Arm, assign, fault_of, place_of
from vectorstore.errors import InputError

HALVES = {Arm.INTEREST: 0.45, Arm.JOURNEY: 0.45, Arm.HOLDOUT: 0.1}
USERS = [f"user-{number}" for number in range(20_000)]


def test_a_place_is_the_first_53_bits_of_the_hash_of_salt_and_user() -> None:
    bits = int(sha256(b"5:saltyu1").hexdigest()[:16], 16) >> 11
    assert place_of("u1", "salty") == bits / 2**53


def test_places_are_as_first_computed() -> None:
    """Literals: another machine or version of Python must not deal users anew in a test that runs."""
    arms = "".join(assign(f"u{number}", "autumn", HALVES)[0] for number in range(40))
    assert arms == "jjjhjiijiiijiiihjjijjjjjjijijjjijjihhiii"


def test_salt_and_user_are_not_run_together() -> None:
    assert place_of("b", "1a") != place_of("ab", "1")
    assert place_of("c", "a:b") != place_of("b:c", "a")


def test_each_arm_gets_its_share_within_four_standard_errors() -> None:
    counts = Counter(assign(user, "s", HALVES) for user in USERS)
    for arm, share in HALVES.items():
        error = math.sqrt(share * (1 - share) * len(USERS))
        assert abs(counts[arm] - share * len(USERS)) < 4 * error


def test_places_are_uniform_by_chi_square_over_a_hundred_bins() -> None:
    counts = Counter(int(place_of(user, "s") * 100) for user in USERS)
    expected = len(USERS) / 100
    assert sum((counts[bin_] - expected) ** 2 / expected for bin_ in range(100)) < 149  # 0.999 of chi-square, 99 df


def test_another_salt_deals_independently() -> None:
    both = Counter((assign(user, "one", HALVES), assign(user, "two", HALVES)) for user in USERS)
    for first, one in HALVES.items():
        for second, other in HALVES.items():
            expected = one * other * len(USERS)
            assert abs(both[first, second] - expected) < 4 * math.sqrt(expected)


@pytest.mark.parametrize(
    "after",
    [
        {Arm.INTEREST: 0.35, Arm.JOURNEY: 0.55, Arm.HOLDOUT: 0.1},
        {Arm.INTEREST: 0.45, Arm.JOURNEY: 0.40, Arm.HOLDOUT: 0.15},
        {Arm.INTEREST: 0.40, Arm.JOURNEY: 0.55, Arm.HOLDOUT: 0.05},
    ],
)
def test_an_arm_that_grows_takes_no_more_users_than_it_grows_by(after: dict[Arm, float]) -> None:
    grown = next(arm for arm in Arm if after[arm] > HALVES[arm])
    moved = [(assign(user, "s", HALVES), assign(user, "s", after)) for user in USERS]
    assert {new for old, new in moved if old is not new} == {grown}
    gained = (after[grown] - HALVES[grown]) * len(USERS)
    assert abs(sum(old is not new for old, new in moved) - gained) < 4 * math.sqrt(gained)


def test_nobody_leaves_holdout_or_interest_when_these_grow() -> None:
    after = {Arm.INTEREST: 0.3, Arm.JOURNEY: 0.45, Arm.HOLDOUT: 0.25}
    for user in USERS[:2_000]:
        old, new = assign(user, "s", HALVES), assign(user, "s", after)
        if old is Arm.HOLDOUT:
            assert new is Arm.HOLDOUT
        if new is Arm.INTEREST:
            assert old is Arm.INTEREST


@given(user=st.text(), salt=st.text(), cuts=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_everyone_is_in_an_arm_that_has_a_share(user: str, salt: str, cuts: tuple[float, float]) -> None:
    low, high = sorted(cuts)
    shares = {Arm.HOLDOUT: 1 - high, Arm.INTEREST: low, Arm.JOURNEY: high - low}
    arm = assign(user, salt, shares)
    assert shares[arm] > 0
    assert arm is assign(user, salt, dict(reversed(shares.items())))


@pytest.mark.parametrize("arm", list(Arm))
def test_one_arm_alone_takes_all(arm: Arm) -> None:
    assert {assign(user, "s", {arm: 1.0}) for user in USERS[:500]} == {arm}


@pytest.mark.parametrize(
    ("shares", "fault"),
    [
        ({}, "0 in sum"),
        ({Arm.INTEREST: 0.5, Arm.JOURNEY: 0.4}, "0.9 in sum: give shares whose sum is 1"),
        ({Arm.INTEREST: -0.5, Arm.JOURNEY: 1.5}, "the share of interest is -0.5: give one from 0 to 1"),
        ({Arm.INTEREST: math.nan, Arm.JOURNEY: 1.0}, "the share of interest is nan"),
        ({"control": 0.5, Arm.JOURNEY: 0.5}, "no arm is called 'control': there are interest, journey, holdout"),
    ],
)
def test_other_shares_are_refused_in_one_line(shares: dict[Arm, float], fault: str) -> None:
    assert fault in fault_of(shares)
    with pytest.raises(InputError, match=r"^experiment\.shares: [^\n]+$"):
        assign("u", "s", shares)


def test_tenths_count_as_a_sum_of_one() -> None:
    assert fault_of({Arm.INTEREST: 0.1 + 0.2, Arm.JOURNEY: 0.6, Arm.HOLDOUT: 0.1}) == ""
