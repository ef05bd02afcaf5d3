"""The same lift with less noise, where it is known what users did before the experiment (CUPED)."""

from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np

from assistant.experiment.lifts import Lift, lift_from
from assistant.experiment.rates import Numbers, Rate


class Before(NamedTuple):
    """(users,) what each user of an arm did in the period before, in the order of the arm's rate; 0 if he was not there
    yet."""

    top: Numbers
    bottom: Numbers


@dataclass(frozen=True, slots=True)
class Adjusted:
    """reduction: the part of the variance that went, in [0, 1]: the squared correlation of now and before."""

    lift: Lift
    reduction: float


def adjusted_lift(treated: Rate, control: Rate, treated_before: Before, control_before: Before) -> Adjusted | None:
    """None where a rate has too few events, or the period before tells nothing.

    Deng, Xu, Kohavi and Walker 2013, on the logarithm of the rates. What each user adds to it, Z, is held against what
    he did before, W = (top - R bottom) / mean(bottom) with the R of all users before: who was not there has 0. The
    arms' means of W differ by chance alone, so theta times their difference is taken from the lift; theta is what
    leaves least variance, which is then 1 - rho^2 of what it was.
    """
    if not treated.telling or not control.telling:
        return None
    tops, bottoms = (sum(float(each[place].sum()) for each in (treated_before, control_before)) for place in (0, 1))
    if not tops or not bottoms:
        return None
    mean = bottoms / (treated.users + control.users)
    before = [(each.top - tops / bottoms * each.bottom) / mean for each in (treated_before, control_before)]
    arms = list(zip((treated, control), before, strict=True))
    spread = sum(float(np.var(own, ddof=1)) / arm.users for arm, own in arms)
    if not spread:
        return None
    shared = sum(float(np.cov(arm.influence, own)[0, 1]) / arm.users for arm, own in arms)
    theta = shared / spread
    plain = treated.variance + control.variance
    left = max(plain - theta * shared, 0.0)
    difference = log(treated.value / control.value) - theta * float(before[0].mean() - before[1].mean())
    return Adjusted(lift_from(difference, left), 1 - left / plain if plain else 0.0)
