"""How much higher the rate of one arm is than that of another, and how sure that is."""

from dataclasses import dataclass
from math import erfc, exp, log, sqrt
from typing import NamedTuple

from assistant.experiment.rates import Rate, Z

_ALPHA = 0.05


class Always(NamedTuple):
    """An interval that holds the truth with 95 % at every look at once, however often one looks."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Lift:
    """Relative: 0.1 is a rate a tenth higher. low, high: the 95 % interval for one look that was fixed beforehand.

    error: the standard error of the logarithm of the ratio. p: of no lift, two-sided.
    """

    value: float
    low: float
    high: float
    error: float
    p: float

    @property
    def clear(self) -> bool:
        """Whether 0 lies outside of the interval."""
        return self.low > 0 or self.high < 0

    def always(self, wanted: float) -> Always:
        """wanted: the relative lift one hopes for, above 0; it must be fixed beforehand. The interval is narrowest near
        it.

        The mixture sequential probability ratio test, with normal lifts around 0 whose standard deviation is the wanted
        one, all on the logarithm (Robbins 1970; Johari, Koomen, Pekelis and Walsh 2017, "Peeking at A/B tests").
        """
        variance, mixing = self.error**2, log(1 + wanted) ** 2
        both = variance + mixing
        wide = sqrt(2 * variance * both / mixing * (log(1 / _ALPHA) + log(both / variance) / 2)) if variance else 0.0
        middle = log(1 + self.value)
        return Always(exp(middle - wide) - 1, exp(middle + wide) - 1)


def lift_of(treated: Rate, control: Rate) -> Lift | None:
    """The rate of the treated arm over that of the control, less 1. None where either has too few events."""
    if not treated.telling or not control.telling:
        return None
    return lift_from(log(treated.value / control.value), treated.variance + control.variance)


def lift_from(log_ratio: float, variance: float) -> Lift:
    """log_ratio: of the two rates. variance: its own."""
    error = sqrt(variance)
    p = erfc(abs(log_ratio) / error / sqrt(2)) if error else float(not log_ratio)
    return Lift(exp(log_ratio) - 1, exp(log_ratio - Z * error) - 1, exp(log_ratio + Z * error) - 1, error, p)
