"""Users whom a run set aside since their data broke something, as the library keeps them."""

from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, insert, select

from assistant import tables
from assistant.database import chunks
from assistant.runs import Run


def put_failures(connection: Connection, run: Run, reasons: Mapping[str, str]) -> None:
    """Keeps for each of these users why he was set aside, in the place of what was kept before."""
    take_back(connection, list(reasons))
    rows = [
        {"user_id": user_id, "run_id": run.run_id, "as_of": run.parameters.as_of, "reason": reason}
        for user_id, reason in sorted(reasons.items())
    ]
    if rows:
        connection.execute(insert(tables.failed_users), rows)


def take_back(connection: Connection, users: Collection[str]) -> None:
    """Of users who have been inferred since."""
    for some in chunks(list(users)):
        connection.execute(delete(tables.failed_users).where(tables.failed_users.c.user_id.in_(some)))


def failures_in(connection: Connection, run_id: str | None) -> dict[str, str]:
    """The reason by user, in order of id: of those whom this run set aside, or any."""
    table = tables.failed_users
    asked = select(table.c.user_id, table.c.reason).order_by(table.c.user_id)
    if run_id is not None:
        asked = asked.where(table.c.run_id == run_id)
    return {row.user_id: row.reason for row in connection.execute(asked)}
