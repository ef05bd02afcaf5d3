"""What models used in each run, as the library keeps it."""

from collections.abc import Mapping
from dataclasses import asdict, fields

from sqlalchemy import Connection, delete, insert, select

from assistant import tables
from chains.metering import Usage

#: By step and model.
UsageByStep = Mapping[tuple[str, str], Usage]


def add_usage(connection: Connection, run_id: str, used: UsageByStep) -> None:
    """See `Library.add_usage`."""
    table = tables.run_usage
    before = usage_of(connection, run_id)
    for (step, model), usage in used.items():
        key = {"run_id": run_id, "step": step, "model": model}
        connection.execute(delete(table).where(*(table.c[name] == value for name, value in key.items())))
        connection.execute(insert(table).values(key | asdict(before.get((step, model), Usage()) + usage)))


def usage_of(connection: Connection, run_id: str) -> dict[tuple[str, str], Usage]:
    """See `Library.usage`."""
    table = tables.run_usage
    names = [each.name for each in fields(Usage)]
    rows = connection.execute(select(table).where(table.c.run_id == run_id).order_by(table.c.step, table.c.model))
    return {(row.step, row.model): Usage(**{name: getattr(row, name) for name in names}) for row in rows}


def used_since(before: UsageByStep, now: UsageByStep) -> dict[tuple[str, str], Usage]:
    """What was used between two readings of one meter."""
    return {key: usage - before.get(key, Usage()) for key, usage in now.items() if usage != before.get(key)}
