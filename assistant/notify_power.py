"""What an experiment with so many messages could find, and how long it would have to run."""

from dataclasses import dataclass
from math import ceil, inf

from assistant.experiment.power import users_needed
from chains.notify_simulation import Simulated

_LARGEST = 10.0
_STEPS = 40


@dataclass(frozen=True, slots=True)
class Power:
    """detectable: the smallest relative lift that the reached users would show in 80 of 100 tests, infinite where not
    even ten times as much would. users: needed for the wanted lift. days: until so many are reached at the simulated
    pace, None where nobody is."""

    detectable: float
    users: int
    days: int | None


def power_of(simulated: Simulated, rate: float, wanted: float, share: float = 0.5) -> Power:
    """rate: of clicking users without the lift, in (0, 1). wanted: relative lift, above 0. share: of the treated arm.

    Users are taken to be reached at an even pace, and each counts once.
    """
    needed = users_needed(rate, wanted, share)
    days, reached = len(simulated.a_day), simulated.reached
    paced = ceil(needed * days / reached) if reached else None
    return Power(detectable_lift(reached, rate, share), needed, paced)


def detectable_lift(users: int, rate: float, share: float = 0.5) -> float:
    """The inverse of `users_needed`, by halving."""
    low, high = 1e-6, min(_LARGEST, 0.999 / rate - 1)
    if high <= low or users < users_needed(rate, high, share):
        return inf
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if users >= users_needed(rate, middle, share) else (middle, high)
    return high
