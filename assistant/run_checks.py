"""What must hold before a run writes: it still runs, and what it gives is of one user each."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from assistant import tables
from assistant.errors import LibraryError
from assistant.runs import Run, RunState, UserResult


def require_running(connection: Connection, run: Run) -> None:
    statement = select(tables.runs.c.state).where(tables.runs.c.run_id == run.run_id)
    state = connection.execute(statement).scalar_one_or_none()
    if state != RunState.RUNNING:
        raise LibraryError(
            f"{run.run_id} is {state or 'unknown'} and can write no more: another run has begun since, "
            "so wait until that has ended, then start this one again"
        )


def require_sound(results: Sequence[UserResult]) -> None:
    if len({result.user_id for result in results}) < len(results):
        raise ValueError("a batch has the same user twice")
    for result in results:
        owners = {journey.user_id for journey in result.journeys} | {change.user_id for change in result.changes}
        if owners - {result.user_id}:
            raise ValueError(f"a journey or change given for user {result.user_id!r} is of another user")
        for name in ("rank", "journey_id"):
            if len({getattr(journey, name) for journey in result.journeys}) < len(result.journeys):
                raise ValueError(f"user {result.user_id!r} has the same {name} twice")
