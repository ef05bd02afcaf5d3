"""Made experiments with a lift that is known: what the intervals are worth.

Users are as a mailer sees them: most are sent little, few very much (1 + a Pareto tail), and each has a taste of his
own, so that what one user is sent is alike and counting by message makes an interval too narrow.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assistant.experiment.cuped import Before, adjusted_lift
from assistant.experiment.lifts import Lift, lift_from, lift_of
from assistant.experiment.rates import Numbers, Rate, rate_of

_TAIL = 2.5  # of Pareto: the variance is finite, the third moment is not
_SCALE = 6
_MOST_SENT = 100
_BEST_TASTE = 0.6  # so that a taste with a lift stays below 1
_SHAPE = (0.5, 4.5)  # of Beta: many who hardly ever click; in the mean 0.06


class Arms(NamedTuple):
    """(users,) of one arm: what was sent and clicked, in the experiment and in as long a time before it."""

    sent: Numbers
    clicked: Numbers
    before: Before


@dataclass(frozen=True, slots=True)
class Coverage:
    """covered, by_message, adjusted: shares of the experiments in which the 95 % interval holds the true lift: by user,
    by message, by user and adjusted. clear: in which the interval by user does not hold 0. reduction: the mean part of
    the variance that the adjustment took.
    """

    lift: float
    experiments: int
    users: int
    covered: float
    by_message: float
    adjusted: float
    clear: float
    reduction: float


def made_arm(users: int, lift: float, random: np.random.Generator) -> Arms:
    """lift: what the taste of every user is multiplied by, less 1; so it is the lift of the rate."""
    taste = _BEST_TASTE * random.beta(*_SHAPE, users)
    sent, earlier = (_sent(users, random) for _ in range(2))
    clicked, clicked_earlier = random.binomial(sent, taste * (1 + lift)), random.binomial(earlier, taste)
    return Arms(
        sent.astype(np.float64),
        clicked.astype(np.float64),
        Before(clicked_earlier.astype(np.float64), earlier.astype(np.float64)),
    )


def _sent(users: int, random: np.random.Generator) -> NDArray[np.int64]:
    sent: NDArray[np.int64] = np.minimum(1 + np.floor(random.pareto(_TAIL, users) * _SCALE), _MOST_SENT).astype(
        np.int64
    )
    return sent


def lift_by_message(treated: Rate, control: Rate) -> Lift:
    """What it must not be done by: each message as if it were independent of the others."""
    variance = sum((1 - rate.value) / rate.events for rate in (treated, control))
    return lift_from(log(treated.value / control.value), variance)


def coverage(lift: float, experiments: int, users: int, seed: int = 0) -> Coverage:
    """Of so many made experiments with so many users in each of two arms."""
    tried = list(_tried(lift, experiments, users, seed))
    plain, naive, adjusted = ([one[place] for one in tried] for place in range(3))
    held = [float(np.mean([own.low <= lift <= own.high for own in each])) for each in (plain, naive, adjusted)]
    clear = float(np.mean([own.clear for own in plain]))
    left = [(own.error / other.error) ** 2 for own, other in zip(adjusted, plain, strict=True)]
    return Coverage(lift, experiments, users, held[0], held[1], held[2], clear, 1 - float(np.mean(left)))


def _tried(lift: float, experiments: int, users: int, seed: int) -> Iterator[tuple[Lift, Lift, Lift]]:
    random = np.random.default_rng(seed)
    for _ in range(experiments):
        control, treated = made_arm(users, 0.0, random), made_arm(users, lift, random)
        rates = [rate_of(arm.clicked, arm.sent) for arm in (treated, control)]
        if rates[0] is None or rates[1] is None:
            raise ValueError("an arm without a message")
        plain = lift_of(rates[0], rates[1])
        adjusted = adjusted_lift(rates[0], rates[1], treated.before, control.before)
        if plain is None or adjusted is None:
            raise ValueError("too few users to simulate: give more")
        yield plain, lift_by_message(rates[0], rates[1]), adjusted.lift
