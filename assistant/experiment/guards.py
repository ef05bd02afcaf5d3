"""Whether an arm does harm: more people who unsubscribe or complain."""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from assistant.experiment.lifts import lift_of
from assistant.experiment.rates import Rate


class Harm(StrEnum):
    """done: the rate rose. excluded: it rose by less than what may be. open: neither can be told yet."""

    DONE = "done"
    EXCLUDED = "excluded"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class Guarded:
    """low, high: the 95 % interval of the relative rise; high is infinite where the control has no event."""

    low: float
    high: float
    harm: Harm


def guard(treated: Rate, control: Rate, most: float) -> Guarded:
    """most: the relative rise that may be, above 0: harm is excluded where the whole interval lies below it."""
    lift = lift_of(treated, control)
    low, high = (lift.low, lift.high) if lift else _exactly(treated, control)
    harm = Harm.DONE if low > 0 else Harm.EXCLUDED if high < most else Harm.OPEN
    return Guarded(low, high, harm)


def _exactly(treated: Rate, control: Rate) -> tuple[float, float]:
    """Of events too rare for a normal: given how many there are in both arms, how many fall in one of them is binomial
    (Clopper and Pearson 1934, for the ratio of two Poisson rates). A user who does it twice counts as two.
    """
    # Imported here, since SciPy takes long to import and rare events are rare.
    from scipy.special import betaincinv  # noqa: PLC0415

    own, other = treated.events, control.events
    ratio = control.base / treated.base
    least = float(betaincinv(own, other + 1, 0.025)) if own else 0.0
    most = float(betaincinv(own + 1, other, 0.975)) if other else 1.0
    low = least / (1 - least) * ratio - 1
    return low, most / (1 - most) * ratio - 1 if most < 1 else inf
