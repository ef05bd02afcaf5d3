"""The rhythm of a journey and of the user it belongs to, as numbers: what return, kind and stage are told from."""

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import exp, floor, log, log1p, sqrt

import numpy as np
from numpy.typing import NDArray

from vectorstore.activity import Activity, ActivityKind

Numbers = NDArray[np.float64]

#: What is measured of a journey at a moment. Lengths of time are logs of days, so that a week is to a day what a year
#: is to two months; shares and ratios need no unit. The comments say what each is.
FEATURES = (
    "gap",  # log of the days since the last event
    "age",  # log of the days since the first event
    "days",  # log of the active days
    "events",  # log of the events
    "texts",  # log of the distinct texts
    "once",  # 1 where there is one active day only, so that there are no pauses
    "usual_pause",  # log of the median pause between active days
    "long_pause",  # log of the upper quartile of the pauses
    "gap_to_pause",  # log of the last gap over the usual pause
    "burstiness",  # of the pauses: -1 like a clock, 0 by chance, near 1 in bursts
    "week",  # log of the active days, each worth less by e in 7 days
    "month",  # the same in 28 days
    "season",  # the same in 90 days
    "rate",  # log of the active days over the days since the first
    "share",  # of the user's active days, weighed as in month
    "passed_over",  # log of the user's active days since the last event
    "presence",  # of the user's active days between first and last event, the part that touch this journey
    "user_month",  # month, of all that the user does
    "user_gap",  # gap, of all that the user does
    "user_age",  # age, of all that the user does
    "user_gap_to_pause",  # gap_to_pause, of all that the user does
    "weeks",  # of the weeks since the first event, the part with activity
    "parts",  # of six parts of the time from first to last event, those with activity
    "longest_pause",  # as a part of the time from first to last event
    "span",  # log of the days from first to last event
    "span_of_user",  # the journey's age over the user's
    "late",  # of the active days, the part in the second half of the journey's age
    "searches",  # part of the events that are searches
    "saves",  # part of the events that are saves or boards
    "bulk",  # log of the events an active day
)

#: What tells one kind of log from another: of all that the user does.
USER_FEATURES = (
    "searches",  # part of the events that are searches
    "closeups",  # part that are closeups
    "saves",  # part that are saves or boards
    "clickthroughs",  # part that are clickthroughs
    "rate",  # log of the active days over the days since the first event
    "bulk",  # log of the events an active day
)

DAY = 86_400.0  # seconds
_LITTLE = 0.25  # days: shorter is as good as nothing
_FADED = 0.02
_LEAST_AGE = 7.0
_PARTS = 6
_WEEK, _MONTH, _SEASON = 7.0, 28.0, 90.0


def epoch_days(events: Sequence[Activity]) -> Numbers:
    """(n,) days since 1970 in UTC, with fractions, in order."""
    return np.sort(np.array([event.timestamp.timestamp() for event in events])) / DAY


def distinct_days(times: Numbers) -> Numbers:
    """(n,) times in order -> the distinct days among them, in order."""
    days = np.floor(times)
    found: Numbers = days[np.flatnonzero(np.diff(days, prepend=-np.inf))]
    return found


@dataclass(frozen=True)
class UserRhythm:
    """All that one user did up to a moment; made once a user. now: the moment. days: (n,) his distinct active days in
    order, both in days since 1970. last: his last event. kinds: (4,) the parts of searches, closeups, saves and boards,
    clickthroughs."""

    now: float
    first: float
    last: float
    days: Numbers
    events: int
    kinds: tuple[float, ...]

    @classmethod
    def of(cls, events: Sequence[Activity], now: float) -> "UserRhythm":
        """events: at least one, none after now (days since 1970), in any order."""
        times = epoch_days(events)
        # A moment that is the last event's own may come out before it by rounding.
        now = max(now, float(times[-1]))
        return cls(now, float(times[0]), float(times[-1]), distinct_days(times), len(times), _kinds(events))

    @property
    def features(self) -> Numbers:
        """(len(USER_FEATURES),)"""
        rate = log(len(self.days) / max(self.now - self.first, _LEAST_AGE))
        return np.array([*self.kinds, rate, log(self.events / len(self.days))])

    @cached_property
    def month(self) -> float:
        """The active days, each worth less by e in 28 days."""
        return float(np.exp((self.days - self.now) / _MONTH).sum())

    @cached_property
    def usual_pause(self) -> float:
        """The median pause between active days; where there is one day only, all the time since."""
        pauses = np.sort(self.days[1:] - self.days[:-1]).tolist()
        return _quantile(pauses, 0.5) if pauses else max(self.now - self.first, 1.0)

    def just_after(self, moment: float) -> "UserRhythm":
        """The same right after one of his events, with nothing later."""
        days = self.days[: self.days.searchsorted(moment, side="right")]
        return UserRhythm(moment, self.first, moment, days, self.events, self.kinds)


def rhythm_features(events: Sequence[Activity], texts: int, user: UserRhythm) -> Numbers:
    """(len(FEATURES),) of one journey at the user's moment. events: its own, at least one. texts: distinct ones."""
    return JourneyRhythm(events, texts).features(user)


class JourneyRhythm:
    """What one journey is whatever the moment, so that it is worked out once for several. events: its own, at least
    one, in any order. texts: how many are distinct.

    Journeys have few events: numbers one by one cost a fraction of arrays of so few.
    """

    def __init__(self, events: Sequence[Activity], texts: int) -> None:
        self.times = sorted(event.timestamp.timestamp() / DAY for event in events)
        self.days = list(dict.fromkeys(map(floor, self.times)))
        self.texts = texts
        self.kinds = _kinds(events)
        self.span = float(self.days[-1] - self.days[0])
        self.usual = self.long = self.longest = self.burst = 0.0
        if len(self.days) > 1:
            pauses = sorted(later - earlier for earlier, later in pairwise(self.days))
            mean = self.span / len(pauses)
            spread = sqrt(sum((pause - mean) ** 2 for pause in pauses) / len(pauses))
            self.usual, self.long = _log(_quantile(pauses, 0.5)), _log(_quantile(pauses, 0.75))
            self.burst, self.longest = (spread - mean) / (spread + mean), pauses[-1] / self.span

    @property
    def last(self) -> float:
        """Its last event, in days since 1970."""
        return self.times[-1]

    @cached_property
    def _parts(self) -> int:
        """Of six parts of the time from first to last day, those with activity."""
        if not self.span:
            return 1
        return len({min(int((day - self.days[0]) / self.span * _PARTS), _PARTS - 1) for day in self.days})

    def features(self, user: UserRhythm) -> Numbers:
        """(len(FEATURES),) at the user's moment, which is not before the last event."""
        now, days, count, events = user.now, self.days, len(self.days), len(self.times)
        gap, age = now - self.last, now - self.times[0]
        weeks = len({(now - time) // _WEEK for time in self.times}) / (age // _WEEK + 1)
        week, month, season = (sum(exp((day - now) / fades) for day in days) for fades in (_WEEK, _MONTH, _SEASON))
        begin, end = user.days.searchsorted((days[0], days[-1] + 1)).tolist()
        user_gap = _log(now - user.last)
        return np.array(
            (
                _log(gap),
                _log(age),
                log(count),
                log(events),
                log(self.texts),
                float(count == 1),
                self.usual,
                self.long,
                _log(gap) - self.usual if count > 1 else 0.0,
                self.burst,
                log(week + _FADED),
                log(month + _FADED),
                log(season + _FADED),
                log(count / max(age, _LEAST_AGE)),
                month / max(user.month, 1e-9),
                log1p(len(user.days) - end),
                count / max(end - begin, 1),
                log(user.month + _FADED),
                user_gap,
                _log(now - user.first),
                user_gap - _log(user.usual_pause),
                weeks,
                self._parts / _PARTS,
                self.longest,
                _log(self.span),
                age / max(now - user.first, _LITTLE),
                (count - bisect_right(days, now - age / 2)) / count,
                self.kinds[0],
                self.kinds[2],
                log(events / count),
            )
        )


def _log(days: float) -> float:
    return log(max(days, 0.0) + _LITTLE)


def _quantile(values: Sequence[float], share: float) -> float:
    """Of values in order, at least one, between the two nearest. NumPy's own costs ten times more for so few."""
    place = share * (len(values) - 1)
    below = int(place)
    above = min(below + 1, len(values) - 1)
    return values[below] + (place - below) * (values[above] - values[below])


def _kinds(events: Sequence[Activity]) -> tuple[float, ...]:
    kinds = Counter(event.kind for event in events)
    searches, closeups, clicks = (
        kinds[kind] for kind in (ActivityKind.SEARCH, ActivityKind.CLOSEUP, ActivityKind.CLICKTHROUGH)
    )
    saves = len(events) - searches - closeups - clicks
    return tuple(part / len(events) for part in (searches, closeups, saves, clicks))
