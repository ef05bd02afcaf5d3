"""What the library tells of all users at once, by its indexes: what their journeys rest on, and whose clock is due."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, exists, func, select

from assistant.database import chunks
from assistant.runs import RunMode, RunParameters, RunState
from assistant.tables import runs, user_state


@dataclass(frozen=True, slots=True)
class AllSeen:
    """position: of the log, up to which everything was there for every inference that counts. clocks: the first and
    the last of them. complete: whether every user of the log at that position has an inference, or is set aside."""

    position: int
    clocks: tuple[datetime, datetime]
    complete: bool


def seen_by_all(connection: Connection) -> AllSeen | None:
    """From the last run that looked at all users on, or where there was none of all that is stored.

    Whoever such a run did not take up would have had the same journeys from it: so it counts for him too, and only the
    runs after it have to be asked. None where nothing was inferred yet.
    """
    finished = runs.c.whole & (runs.c.state == RunState.FINISHED.value)
    whole = connection.execute(select(runs).where(finished).order_by(runs.c.number.desc()).limit(1)).first()
    if whole is None:
        asked = select(func.min(user_state.c.log_position), func.min(user_state.c.as_of), func.max(user_state.c.as_of))
    else:
        asked = select(func.min(runs.c.log_position), func.min(runs.c.as_of), func.max(runs.c.as_of))
        asked = asked.where(runs.c.number >= whole.number)
    position, first, last = connection.execute(asked).one()
    return None if position is None else AllSeen(position, (first, last), whole is not None)


def ways_of(connection: Connection, users: Collection[str] | None) -> list[RunParameters]:
    """See `Library.ways`. Each is told with the clock and position of one of its runs."""
    columns = (runs.c.algorithm, runs.c.embedding, runs.c.granularity, runs.c.settings)
    asked = select(*columns, func.max(runs.c.as_of).label("as_of"), func.max(runs.c.log_position).label("position"))
    grouped = asked.group_by(*columns).order_by(*columns)
    own = user_state.c.run_id == runs.c.run_id
    if users is None:
        return [_parameters(row) for row in connection.execute(grouped.where(exists().where(own)))]
    found = {}
    for some in chunks(sorted(users)):
        of_some = grouped.where(exists().where(own & user_state.c.user_id.in_(some)))
        for parameters in map(_parameters, connection.execute(of_some)):
            found[parameters.fingerprint] = parameters
    return list(found.values())


def due_before(connection: Connection, moment: datetime) -> set[str]:
    return set(connection.execute(select(user_state.c.user_id).where(user_state.c.next_change < moment)).scalars())


def inferred_after(connection: Connection, moment: datetime) -> set[str]:
    later = (user_state.c.as_of > moment) & (user_state.c.journeys > 0)
    return set(connection.execute(select(user_state.c.user_id).where(later)).scalars())


def _parameters(row: Row[*tuple[Any, ...]]) -> RunParameters:
    return RunParameters(
        as_of=row.as_of,
        mode=RunMode.INCREMENTAL,
        algorithm=row.algorithm,
        embedding=row.embedding,
        granularity=row.granularity,
        log_position=row.position,
        settings=json.loads(row.settings),
    )
