"""The rhythm of a journey and of the user it belongs to, as numbers: what return, kind and stage are told from."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log, log1p, sqrt

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


@dataclass(frozen=True, slots=True)
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
        return cls(now, float(times[0]), float(times[-1]), distinct_days(times), len(times), _kinds(events))

    @property
    def features(self) -> Numbers:
        """(len(USER_FEATURES),)"""
        rate = log(len(self.days) / max(self.now - self.first, _LEAST_AGE))
        return np.array([*self.kinds, rate, log(self.events / len(self.days))])

    def just_after(self, moment: float) -> "UserRhythm":
        """The same right after one of his events, with nothing later."""
        days = self.days[: np.searchsorted(self.days, moment, side="right")]
        return UserRhythm(moment, self.first, moment, days, self.events, self.kinds)


def rhythm_features(events: Sequence[Activity], texts: int, user: UserRhythm) -> Numbers:
    """(len(FEATURES),) of one journey at the user's moment. events: its own, at least one. texts: distinct ones."""
    times = epoch_days(events)
    now, first, last = user.now, float(times[0]), float(times[-1])
    days = distinct_days(times)
    count, gap, age, span = len(days), now - last, now - first, float(days[-1] - days[0])
    usual = long = longest = burst = ratio = 0.0
    if count > 1:
        pauses = np.sort(np.diff(days)).tolist()
        mean = span / len(pauses)
        spread = sqrt(sum((pause - mean) ** 2 for pause in pauses) / len(pauses))
        usual, long = _log(_quantile(pauses, 0.5)), _log(_quantile(pauses, 0.75))
        burst, ratio, longest = (spread - mean) / (spread + mean), _log(gap) - usual, pauses[-1] / span
    offsets = (days - days[0]).tolist()
    touched = len({min(int(offset / span * _PARTS), _PARTS - 1) for offset in offsets}) if span else 1
    weeks = len(set(((now - times) // _WEEK).tolist())) / (age // _WEEK + 1)
    month, user_month = _faded(days, now, _MONTH), _faded(user.days, now, _MONTH)
    begin, end = np.searchsorted(user.days, (days[0], days[-1] + 1))
    user_pauses = np.sort(np.diff(user.days)).tolist()
    user_usual = _quantile(user_pauses, 0.5) if user_pauses else max(now - user.first, 1.0)
    kinds = _kinds(events)
    return np.array(
        (
            _log(gap),
            _log(age),
            log(count),
            log(len(times)),
            log(texts),
            float(count == 1),
            usual,
            long,
            ratio,
            burst,
            log(_faded(days, now, _WEEK) + _FADED),
            log(month + _FADED),
            log(_faded(days, now, _SEASON) + _FADED),
            log(count / max(age, _LEAST_AGE)),
            month / max(user_month, 1e-9),
            log1p(len(user.days) - int(end)),
            count / max(int(end - begin), 1),
            log(user_month + _FADED),
            _log(now - user.last),
            _log(now - user.first),
            _log(now - user.last) - _log(user_usual),
            weeks,
            touched / _PARTS,
            longest,
            _log(span),
            age / max(now - user.first, _LITTLE),
            float((days > now - age / 2).mean()),
            kinds[0],
            kinds[2],
            log(len(times) / count),
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


def _faded(days: Numbers, now: float, lasting: float) -> float:
    return float(np.exp((days - now) / lasting).sum()) if len(days) > 1 else exp((float(days[0]) - now) / lasting)


def _kinds(events: Sequence[Activity]) -> tuple[float, ...]:
    kinds = Counter(event.kind for event in events)
    searches, closeups, clicks = (
        kinds[kind] for kind in (ActivityKind.SEARCH, ActivityKind.CLOSEUP, ActivityKind.CLICKTHROUGH)
    )
    saves = len(events) - searches - closeups - clicks
    return tuple(part / len(events) for part in (searches, closeups, saves, clicks))
