"""Whether a journey is situational or evergreen, and whether it is over, read from its rhythm."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from chains.journeys import Kind, Stage
from chains.wording import date_text, days_text

_EVERGREEN_SPAN = 56.0  # days between first and last activity from which steadiness can be seen
_EVERGREEN_DAYS = 5  # active days that it takes
_PARTS = 6  # of the span, of which steady engagement touches most
_TOUCHED = 5
_LONGEST_PAUSE = 0.4  # of the span
_PATIENCE = 3.0  # usual pauses of silence after which a journey is over
_LEAST_PATIENCE = 18.0  # days
_MOST_PATIENCE = 75.0  # days


@dataclass(frozen=True, slots=True)
class Staged:
    """What a journey's rhythm says. reason: one sentence for people, with the figures behind it."""

    kind: Kind
    stage: Stage
    reason: str


def stage(times: Sequence[datetime], as_of: datetime, *, called_off: bool = False) -> Staged:
    """times: of the journey's events, at least one, none after as_of, in any order. called_off: a hard end.

    Evergreen is engagement that touches five of the six parts of at least eight weeks, without a pause of more than two
    fifths of the whole, and that still goes on. Anything else is situational, and over once it has been silent for
    three of its usual pauses (18 to 75 days).
    """
    days = sorted({moment.date() for moment in times})
    first, last = min(times), max(times)
    silent = (as_of - last) / timedelta(days=1)
    if called_off:
        return Staged(Kind.SITUATIONAL, Stage.ENDED, f"called off; last activity {date_text(last)}")
    pauses = np.diff([day.toordinal() for day in days])
    patience = _patience(pauses)
    quiet = f"quiet for {days_text(silent)}"
    if _steady(days, pauses) and silent <= max(patience, _LONGEST_PAUSE * (last - first).days):
        usual = days_text(float(np.median(pauses))).removeprefix("1 ")
        return Staged(Kind.EVERGREEN, Stage.ONGOING, f"steady since {date_text(first)}, about every {usual}")
    if silent > patience:
        return Staged(
            Kind.SITUATIONAL,
            Stage.ENDED,
            f"{quiet}, longer than its rhythm of activity explains ({days_text(patience)})",
        )
    active = f"on {date_text(first)}" if len(days) == 1 else f"from {date_text(first)} to {date_text(last)}"
    return Staged(Kind.SITUATIONAL, Stage.ONGOING, f"active {active}, {quiet}")


def _steady(days: Sequence[object], pauses: NDArray[np.int64]) -> bool:
    span = float(pauses.sum())
    if span < _EVERGREEN_SPAN or len(days) < _EVERGREEN_DAYS:
        return False
    offsets = np.concatenate([[0], np.cumsum(pauses)])
    touched = len(set(np.minimum(offsets / span * _PARTS, _PARTS - 1).astype(int)))
    return touched >= _TOUCHED and float(pauses.max()) <= _LONGEST_PAUSE * span


def _patience(pauses: NDArray[np.int64]) -> float:
    """Days of silence that the journey's own rhythm still explains."""
    usual = float(np.quantile(pauses, 0.75)) if len(pauses) else 0.0
    return float(np.clip(_PATIENCE * usual, _LEAST_PATIENCE, _MOST_PATIENCE))
