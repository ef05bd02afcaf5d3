"""The rate of an arm, a ratio of two sums over its users, and how sure it is."""

from dataclasses import dataclass
from math import exp, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
#: Half of the middle 95 % of a normal, in standard deviations.
Z = NormalDist().inv_cdf(0.975)
#: With fewer events no interval is told: the normal does not hold.
FEWEST = 5


@dataclass(frozen=True, eq=False)
class Rate:
    """value: events / base. low, high: its 95 % interval, None where there are too few events.

    influence: (users,) what each user adds to the logarithm of the rate, times the number of users; its mean is 0.
    """

    value: float
    low: float | None
    high: float | None
    events: float
    base: float
    users: int
    influence: Numbers

    @property
    def telling(self) -> bool:
        """Whether it can be compared."""
        return self.low is not None

    @property
    def variance(self) -> float:
        """Of the logarithm of the rate."""
        return float(np.var(self.influence, ddof=1)) / self.users


def rate_of(top: Numbers, bottom: Numbers) -> Rate | None:
    """top, bottom: (users,) counts of each user, not below 0. None where the bottom is nothing: there is no rate.

    Users are independent, what one user is sent is not: so a user is the unit. By the delta method (Deng, Knoblich and
    Lu 2018, "Applying the delta method in metric analytics") the logarithm of R = sum(top) / sum(bottom) has about the
    variance of the mean of users * (top / sum(top) - bottom / sum(bottom)). The interval is made on the logarithm,
    where a rate of rare events is nearer to a normal, so it never holds 0.
    """
    events, base, users = float(top.sum()), float(bottom.sum()), len(top)
    if not base:
        return None
    value = events / base
    if events < FEWEST or users < 2:
        return Rate(value, None, None, events, base, users, np.zeros(users))
    influence: Numbers = users * (top / events - bottom / base)
    wide = Z * sqrt(float(np.var(influence, ddof=1)) / users)
    return Rate(value, value * exp(-wide), value * exp(wide), events, base, users, influence)
