"""What the ranker looks at: one journey as of a moment, against what its user did in all."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Self

from chains.rhythm import DAY, FEATURES, UserRhythm, rhythm_features
from vectorstore.activity import Activity, ActivityKind, days_of

_WEEK, _MONTH = 7, 28
_SHARE = FEATURES.index("share")


@dataclass(frozen=True, slots=True)
class History:
    """What one user did in all up to as_of. days: ordinals of the distinct UTC days, rising, at least one. of_user: of
    chains.rhythm's USER_FEATURES."""

    days: tuple[int, ...]
    rhythm: UserRhythm
    of_user: tuple[float, ...]
    as_of: datetime

    @classmethod
    def of(cls, events: Iterable[Activity], as_of: datetime) -> Self:
        """events: all of the user's up to as_of, at least one, in any order."""
        own = list(events)
        rhythm = UserRhythm.of(own, as_of.timestamp() / DAY)
        days = tuple(sorted(day.toordinal() for day in days_of(own)))
        return cls(days, rhythm, tuple(rhythm.features.tolist()), as_of)


@dataclass(frozen=True, slots=True)
class Measures:
    """Quantities of one journey as of a moment.

    features: of chains.rhythm's FEATURES; of_user: of its USER_FEATURES. From these the score is made; the others tell
    a person what lies behind them. silent: days since the last event, at least 0. passed_days: later days on which the
    user was active otherwise. active_days: distinct UTC days, at least 1. user_days: the user's active days since the
    journey began, at least active_days. usual_pause: the median of the days between active days, None where there is
    one only. week_days, month_days: active days within the last 7 and 28 days. texts: distinct ones, at least 1.
    counts: events by kind, of the kinds that occur.
    """

    features: tuple[float, ...]
    of_user: tuple[float, ...]
    silent: float
    passed_days: int
    active_days: int
    user_days: int
    usual_pause: float | None
    week_days: int
    month_days: int
    texts: int
    counts: tuple[tuple[ActivityKind, int], ...]

    @property
    def share(self) -> float:
        """Of the user's active days, recent ones counting more, in [0, 1]."""
        return self.features[_SHARE]


def measure(events: Sequence[Activity], texts: int, history: History) -> Measures:
    """events: the journey's, at least one, in any order, all of them among those of the history. texts: how many are
    distinct, at least 1."""
    today = history.as_of.astimezone(UTC).toordinal()
    days = sorted(day.toordinal() for day in days_of(events))
    counted = Counter(event.kind for event in events)
    last = max(event.timestamp for event in events)
    pauses = [later - day for day, later in pairwise(days)]
    return Measures(
        features=tuple(rhythm_features(events, texts, history.rhythm).tolist()),
        of_user=history.of_user,
        silent=(history.as_of - last) / timedelta(days=1),
        passed_days=len(history.days) - bisect_right(history.days, days[-1]),
        active_days=len(days),
        user_days=len(history.days) - bisect_left(history.days, days[0]),
        usual_pause=median(pauses) if pauses else None,
        week_days=sum(day > today - _WEEK for day in days),
        month_days=sum(day > today - _MONTH for day in days),
        texts=texts,
        counts=tuple((kind, counted[kind]) for kind in ActivityKind if counted[kind]),
    )
