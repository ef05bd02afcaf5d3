"""The library's schema version, and the steps that bring an older library up to it."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, insert, inspect, select, text, update

from assistant.database import Database
from assistant.errors import LibraryError
from assistant.tables import (
    METADATA,
    TOLD,
    calls,
    failed_users,
    feedback,
    judgements,
    labels,
    notify_runs,
    run_usage,
    runs,
    schema_version,
    user_state,
    validations,
)

Step = Callable[[Connection], None]


def _add_calls(connection: Connection) -> None:
    calls.create(connection)


def _add_judgements(connection: Connection) -> None:
    judgements.create(connection)
    validations.create(connection)


def _add_run_usage(connection: Connection) -> None:
    run_usage.create(connection)


def _add_labels(connection: Connection) -> None:
    labels.create(connection)


def _add_feedback(connection: Connection) -> None:
    feedback.create(connection)


def _add_notifications(connection: Connection) -> None:
    for table in (notify_runs, *TOLD):
        table.create(connection)


def _add_failed_users(connection: Connection) -> None:
    failed_users.create(connection)


def _add_next_change(connection: Connection) -> None:
    kind = user_state.c.next_change.type.compile(connection.dialect)
    connection.execute(text(f"ALTER TABLE user_state ADD COLUMN next_change {kind}"))
    # When that is, was not worked out before: the next incremental run does.
    due = user_state.c.journeys > 0
    connection.execute(update(user_state).where(due).values(next_change=user_state.c.as_of))


def _add_whole(connection: Connection) -> None:
    kind = runs.c.whole.type.compile(connection.dialect)
    connection.execute(text(f"ALTER TABLE runs ADD COLUMN whole {kind}"))
    next(index for index in user_state.indexes if index.name == "user_state_by_next_change").create(connection)


#: The step at position i takes a library from version i + 1 to i + 2. Steps are added, never changed.
STEPS: tuple[Step, ...] = (
    _add_calls,
    _add_judgements,
    _add_run_usage,
    _add_labels,
    _add_feedback,
    _add_notifications,
    _add_failed_users,
    _add_next_change,
    _add_whole,
)

# Any number, as long as it stays the same: two processes that make one library at once take turns on it.
_TURN = 1_785_302_117


def upgrade(database: Database, steps: Sequence[Step] = STEPS) -> int:
    """Makes the tables of a new library, or takes an older one through the steps that it lacks, all or nothing.

    Returns the version. Raises LibraryError where the library is newer than this program, or holds tables of others.
    """
    newest = len(steps) + 1
    with database.reading() as connection:
        if _version(connection) == newest:
            return newest
    with database.writing() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
        found = _version(connection)
        if found is None:
            _make(connection, database.location)
            connection.execute(insert(schema_version).values(version=newest))
            return newest
        if found > newest:
            raise LibraryError(
                f"{database.location} was written by a newer version (schema {found}, this one knows {newest}): "
                "pip install --upgrade journey-assistant"
            )
        for step in steps[found - 1 :]:
            step(connection)
        connection.execute(update(schema_version).values(version=newest))
    return newest


def _version(connection: Connection) -> int | None:
    if not inspect(connection).has_table(schema_version.name):
        return None
    version: int = connection.execute(select(schema_version.c.version)).scalar_one()
    return version


def _make(connection: Connection, location: str) -> None:
    foreign = sorted(set(METADATA.tables) & set(inspect(connection).get_table_names()))
    if foreign:
        raise LibraryError(
            f"{location} has a table {foreign[0]!r} of another program: give the library a database of its own"
        )
    METADATA.create_all(connection)
