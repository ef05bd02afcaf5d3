"""How long a test must run until it finds an effect that is there."""

from dataclasses import dataclass
from math import ceil, exp, log
from statistics import NormalDist

from assistant.experiment.rates import Z

_POWER = 0.8
#: How many standard errors the wanted effect must be wide: 80 % power at 5 %, two-sided.
NEEDED = Z + NormalDist().inv_cdf(_POWER)


@dataclass(frozen=True, slots=True)
class Plan:
    """wanted: the relative lift to be found in 80 of 100 tests. smallest: the one that these results would find so.

    days: in all, with as much on each day as so far; None where the days so far are not known. more: of these not yet
    run. times: how many times as much is needed as there is.
    """

    wanted: float
    smallest: float
    times: float
    days: int | None
    more: int | None


def plan(error: float, wanted: float, days: float | None = None) -> Plan:
    """error: standard error of the logarithm of the ratio so far. wanted: above 0. days: how long it has run.

    The information of a test, 1 / error^2, grows with the users, and so with the days as long as each brings as many
    new ones. Where the same users come again on later days it grows more slowly, and the days told are too few.
    """
    needed = log(1 + wanted) / NEEDED
    times = (error / needed) ** 2
    # Rounded first, since a test that has just enough should not be told to run a day more for the last bit.
    total = None if days is None else ceil(round(times * days, 6))
    more = None if total is None or days is None else max(0, ceil(total - days))
    return Plan(wanted, exp(error * NEEDED) - 1, times, total, more)


def users_needed(rate: float, wanted: float, share: float = 0.5) -> int:
    """Users in both arms together for one event or none a user. share: of them in the treated arm, in (0, 1).

    The variance of the logarithm of a rate p of n users is (1 - p) / (p n).
    """
    lifted = rate * (1 + wanted)
    single = (1 - lifted) / lifted / share + (1 - rate) / rate / (1 - share)
    return ceil(single * (NEEDED / log(1 + wanted)) ** 2)
