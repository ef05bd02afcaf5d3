"""When on a day a user may be sent something: outside of the quiet hours of his own time zone."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Slot:
    """Aware, in UTC; from `after` up to, and without, `before`."""

    after: datetime
    before: datetime


def slot_on(as_of: datetime, zone: tzinfo, quiet_from: time, quiet_until: time, least: timedelta) -> Slot | None:
    """The first stretch of at least `least` outside of quiet hours between as_of and the end of its UTC day, or None.

    quiet_from, quiet_until: on the clock of the zone; equal ones are no quiet hours. An hour that a change of clocks
    repeats is quiet if it is so either time; one that it skips is quiet for as long as it would have been.
    """
    start = as_of.astimezone(UTC)
    end = datetime.combine(start.date() + _DAY, time(), UTC)
    free = start
    for quiet in _quiet(start, end, zone, quiet_from, quiet_until):
        if quiet.before <= free:
            continue
        if quiet.after - free >= least and quiet.after > free:
            return Slot(free, min(quiet.after, end))
        free = max(free, quiet.before)
    return Slot(free, end) if end > free and end - free >= least else None


def _quiet(start: datetime, end: datetime, zone: tzinfo, quiet_from: time, quiet_until: time) -> list[Slot]:
    """The quiet stretches that touch the time from start to end, cut at the end, in order."""
    if quiet_from == quiet_until:
        return []
    first = start.astimezone(zone).date() - _DAY
    last = end.astimezone(zone).date()
    stretches = []
    for number in range((last - first).days + 1):
        day = first + number * _DAY
        until = day if quiet_from < quiet_until else day + _DAY
        after, before = _moment(day, quiet_from, zone, 0), _moment(until, quiet_until, zone, 1)
        if before > start and after < end:
            stretches.append(Slot(after, min(before, end)))
    return stretches


def _moment(day: date, clock: time, zone: tzinfo, fold: int) -> datetime:
    """fold: which of two equal times on the clock, where clocks go back."""
    local = datetime.combine(day, clock, zone)
    # Of a time that is skipped, the earlier offset gives the later moment: what it would have been.
    skipped = local.replace(fold=0).astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None)
    return local.replace(fold=0 if skipped else fold).astimezone(UTC)
