"""Whether the arms hold as many users as they should: if not, something else than chance sorted them."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import erfc, exp, sqrt

from chains.experiment_arms import Arm

#: Below this no verdict is given (Fabijan et al. 2019, "Diagnosing sample ratio mismatch").
REFUSED_BELOW = 0.001


@dataclass(frozen=True, slots=True)
class RatioCheck:
    """users, expected: by arm. p: of a difference as large by chance, by chi-square; 1 where there is but one arm."""

    users: Mapping[Arm, int]
    expected: Mapping[Arm, float]
    p: float

    @property
    def passes(self) -> bool:
        return self.p >= REFUSED_BELOW


def check_ratio(users: Mapping[Arm, int], shares: Mapping[Arm, float]) -> RatioCheck:
    """users: how many each arm has; an arm that is not named was not recorded, and is left out of the comparison.

    shares: as users were assigned; a user in an arm that has no share makes p 0.
    """
    named = [arm for arm in Arm if arm in users]
    count, share = sum(users.values()), sum(shares.get(arm, 0.0) for arm in named)
    expected = {arm: count * shares.get(arm, 0.0) / share if share else 0.0 for arm in named}
    if any(users[arm] and not expected[arm] for arm in named):
        return RatioCheck(dict(users), expected, 0.0)
    told = [arm for arm in named if expected[arm]]
    statistic = sum((users[arm] - expected[arm]) ** 2 / expected[arm] for arm in told)
    return RatioCheck(dict(users), expected, _beyond(statistic, len(told)))


def _beyond(statistic: float, arms: int) -> float:
    """The upper tail of chi-square with arms - 1 degrees of freedom; there are three arms at most."""
    if arms <= 1:
        return 1.0
    return erfc(sqrt(statistic / 2)) if arms == 2 else exp(-statistic / 2)
