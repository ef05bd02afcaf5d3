"""Whom an incremental run takes up, so that it gives what a full run would give."""

from collections.abc import Collection, Mapping
from datetime import datetime

from assistant.errors import LibraryError
from assistant.library import Library
from assistant.runs import RunParameters, UserState
from vectorstore.activity_log import ActivityLog, Extent, Seen
from vectorstore.parts import extents_in

_USERS_AT_ONCE = 1_000


def users_to_infer(
    log: ActivityLog, library: Library, parameters: RunParameters, among: Collection[str] | None = None
) -> set[str]:
    """For an incremental run: users whose last inference saw other activity than this run would.

    These are new users, those with activity that was read since, however old it is, and those with activity between
    the clock of their last inference and this run's; and those who fell silent so long ago that a journey may be over
    by now. For all others a full run would find the same events, kinds and stages. Also those of whom a person said
    something since, and those whom the last run set aside. Raises LibraryError where journeys were inferred in another
    way than this run would, since the two don't mix. among: only these, for which no other user is looked at.
    """
    states = {}
    ways = {run.run_id: run.parameters.settings for run in library.runs()}
    for state in library.states(among):
        _require_same_way(state, ways.get(state.run_id, parameters.settings), parameters)
        states[state.user_id] = state
    again = library.labelled_since() | library.failures().keys()
    if among is None:
        extents = log.extents(parameters.as_of, _seen_by_all(states.values(), parameters.as_of))
    else:
        extents = (
            (user_id, Extent(position, last, following))
            for rows in log.row_batches(_USERS_AT_ONCE, users=among)
            for user_id, position, last, following in extents_in(rows, parameters.as_of)
        )
    return {
        user_id
        for user_id, extent in extents
        if user_id not in states or user_id in again or _would_see_other(states[user_id], extent, parameters.as_of)
    }


def _require_same_way(state: UserState, settings: Mapping[str, object], parameters: RunParameters) -> None:
    before = (state.algorithm, state.embedding, state.granularity)
    now = (parameters.algorithm, parameters.embedding, parameters.granularity)
    if before != now:
        raise LibraryError(
            f"journeys were inferred with {', '.join(before)}; this run would use {', '.join(now)}: infer with --full"
        )
    own = parameters.settings
    changed = sorted(name for name in {*settings, *own} if settings.get(name) != own.get(name))
    if changed:
        raise LibraryError(
            f"journeys were inferred with another setting of {', '.join(changed)} than this run has: infer with --full"
        )


def _seen_by_all(states: Collection[UserState], as_of: datetime) -> Seen | None:
    """What no inference needs to be made again for: it was in the log for all of them, and on the same side of both
    clocks."""
    if not states:
        return None
    clocks = [as_of, *(state.as_of for state in states)]
    return Seen(min(state.log_position for state in states), min(clocks), max(clocks))


def _would_see_other(state: UserState, extent: Extent, as_of: datetime) -> bool:
    if extent.position > state.log_position:
        return True
    if state.next_change is not None and state.next_change < as_of:
        return True
    if as_of < state.as_of:
        return extent.following is not None and extent.following <= state.as_of
    return extent.last is not None and extent.last > state.as_of
