"""How sure a figure is: the same users drawn again and again, with replacement."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_RESAMPLES = 1000


class Interval(NamedTuple):
    """The middle 95 % of a figure over resampled users."""

    low: float
    high: float


def over_users(
    figure: Callable[[NDArray[np.intp]], float], users: int, seed: int = 0, resamples: int = _RESAMPLES
) -> Interval:
    """Bootstrap over users (Efron 1979). figure: places of the users drawn, with repeats -> the figure.

    users: how many there are, at least one. A draw for which the figure is not a number is left out.
    """
    drawn = np.random.default_rng(seed).integers(0, users, (resamples, users))
    figures = np.array([figure(places) for places in drawn])
    known = figures[~np.isnan(figures)]
    if not len(known):
        return Interval(float("nan"), float("nan"))
    low, high = np.quantile(known, [0.025, 0.975])
    return Interval(float(low), float(high))
