"""What the ranker looks at: quantities measured on one journey, against what its user did in all."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import fsum
from typing import Self

from vectorstore.activity import Activity, ActivityKind, days_of

#: What an event of each kind says of the effort behind it.
EFFORT = {
    ActivityKind.SEARCH: 1.0,
    ActivityKind.CLOSEUP: 0.5,
    ActivityKind.CLICKTHROUGH: 1.0,
    ActivityKind.SAVE: 2.0,
    ActivityKind.BOARD: 2.0,
}
#: Days after which activity counts half where recent activity counts more.
HALF_LIFE = 14.0
_WEEK = 7
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class History:
    """What one user did in all up to as_of. days: ordinals of the distinct UTC days, rising, at least one. fresh: the
    number of events, each counting half as much for every 14 days that it lies back."""

    days: tuple[int, ...]
    fresh: float
    as_of: datetime

    @classmethod
    def of(cls, events: Iterable[Activity], as_of: datetime) -> Self:
        """events: all of the user's up to as_of, at least one, in any order."""
        own = list(events)
        return cls(tuple(sorted(day.toordinal() for day in days_of(own))), _fresh(own, as_of), as_of)


@dataclass(frozen=True, slots=True)
class Measures:
    """Quantities of one journey as of a moment.

    silent: days since the last event, at least 0. passed_days: later days on which the user was active otherwise.
    active_days: distinct UTC days, at least 1. user_days: the user's active days since the journey began, at least
    active_days. fresh_days: active days, each counting half as much for every 14 days that it lies back. week_days:
    active days within the last 7 days. fresh_share: of the user's activity, counted the same way, in [0, 1]. counts:
    events by kind, of the kinds that occur.
    """

    silent: float
    passed_days: int
    active_days: int
    user_days: int
    fresh_days: float
    week_days: int
    fresh_share: float
    counts: tuple[tuple[ActivityKind, int], ...]

    @property
    def effort(self) -> float:
        """Events, each counting 0.5 to 2 by its kind."""
        return sum(EFFORT[kind] * count for kind, count in self.counts)

    @property
    def day_share(self) -> float:
        """Of the user's active days since the journey began, in (0, 1]."""
        return self.active_days / self.user_days


def measure(events: Sequence[Activity], history: History) -> Measures:
    """events: the journey's, at least one, in any order, all of them among those of the history."""
    today = history.as_of.astimezone(UTC).toordinal()
    days = sorted(day.toordinal() for day in days_of(events))
    counted = Counter(event.kind for event in events)
    last = max(event.timestamp for event in events)
    return Measures(
        silent=(history.as_of - last) / _DAY,
        passed_days=len(history.days) - bisect_right(history.days, days[-1]),
        active_days=len(days),
        user_days=len(history.days) - bisect_left(history.days, days[0]),
        fresh_days=fsum(0.5 ** ((today - day) / HALF_LIFE) for day in days),
        week_days=sum(day > today - _WEEK for day in days),
        fresh_share=min(_fresh(events, history.as_of) / history.fresh, 1.0),
        counts=tuple((kind, counted[kind]) for kind in ActivityKind if counted[kind]),
    )


def _fresh(events: Sequence[Activity], as_of: datetime) -> float:
    # The exact sum, so that the order of the events is nothing. Floored, so that years of silence divide no 0 by 0.
    return max(fsum(0.5 ** ((as_of - event.timestamp) / _DAY / HALF_LIFE) for event in events), 1e-300)
