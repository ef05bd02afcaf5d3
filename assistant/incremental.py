"""Whom an incremental run takes up, so that it gives what a full run would give."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from assistant.errors import LibraryError
from assistant.library import Library
from assistant.runs import RunParameters, UserState
from vectorstore.activity_log import ActivityLog, Seen

_NOTHING = -1


@dataclass(frozen=True, slots=True)
class Taken:
    """touched: users whose last inference saw other activity than this run would, and those of whom a person said
    something since, or whom the last run set aside. silent: of whose journeys the clock alone may have changed one."""

    touched: set[str]
    silent: set[str]

    @property
    def all(self) -> set[str]:
        return self.touched | self.silent


def users_to_infer(
    log: ActivityLog, library: Library, parameters: RunParameters, among: Collection[str] | None = None
) -> Taken:
    """For an incremental run: those for whom a full run would find other events, kinds or stages than are stored.

    They are new users, those with activity that was read since, however old it is, and those with activity between the
    clock of their last inference and this run's; and those who fell silent so long ago that a journey may be over by
    now. The log is asked for what came since, and the library by index: once a run has looked at all users, nobody else
    is looked at. Raises LibraryError where journeys were inferred in another way than this run would, since the two
    don't mix. among: only these.
    """
    for way in library.ways(among):
        _require_same_way(way, parameters)
    as_of, sightings = parameters.as_of, defaultdict[str, list[tuple[int, datetime]]](list)
    missing, back = set[str](), among is not None
    if among is not None:
        for user_id, position, time in log.unseen(Seen(_NOTHING, as_of, as_of), among):
            sightings[user_id].append((position, time))
    elif all_seen := library.seen_by_all():
        clocks = as_of, *all_seen.clocks
        back = as_of < max(clocks)
        for user_id, position, time in log.unseen(Seen(all_seen.position, min(clocks), max(clocks))):
            sightings[user_id].append((position, time))
        # A log that was begun again says nothing of who was in the one before.
        if not all_seen.complete or all_seen.position > parameters.log_position:
            missing = set(log.users()).difference(library.users())
    else:
        missing = set(log.users())
    states = {state.user_id: state for state in library.states(sightings)}
    touched = missing.union(
        user_id
        for user_id, own in sightings.items()
        if user_id not in states or any(_is_news(states[user_id], *each, as_of) for each in own)
    )
    again = library.labelled_since() | library.failures().keys()
    # What the clock has done by a moment it may not have done by an earlier one.
    due = library.due(as_of) | (library.inferred_after(as_of) if back else set())
    others = (again | due) - touched
    others = log.known(others if among is None else others.intersection(among))
    return Taken(touched | (others & again), others - again)


def _require_same_way(stored: RunParameters, parameters: RunParameters) -> None:
    before = (stored.algorithm, stored.embedding, stored.granularity)
    now = (parameters.algorithm, parameters.embedding, parameters.granularity)
    if before != now:
        raise LibraryError(
            f"journeys were inferred with {', '.join(before)}; this run would use {', '.join(now)}: infer with --full"
        )
    settings, own = stored.settings, parameters.settings
    changed = sorted(name for name in {*settings, *own} if settings.get(name) != own.get(name))
    if changed:
        raise LibraryError(
            f"journeys were inferred with another setting of {', '.join(changed)} than this run has: infer with --full"
        )


def _is_news(state: UserState, position: int, time: datetime, as_of: datetime) -> bool:
    """Whether an activity was not there for the last inference of its user, or is on the other side of the clock."""
    return position > state.log_position or min(state.as_of, as_of) < time <= max(state.as_of, as_of)
