"""Labels as the library keeps them, and the journeys that they change at once."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from assistant import tables
from assistant.changes import Change
from assistant.errors import LibraryError
from assistant.rows import Values, journey_row
from assistant.runs import UserState
from chains.journeys import Journey
from chains.labels import Label

_COLUMNS = ("label_id", "user_id", "journey_id", "by", "at", "name", "other", "score", "note", "withdrawn_at")
_LISTS = ("keywords", "apart", "was", "other_was")


def put_label(connection: Connection, label: Label) -> None:
    told = label.model_dump(mode="json")
    row: Values = {name: getattr(label, name) for name in _COLUMNS}
    row |= {name: json.dumps(told[name], ensure_ascii=False) for name in _LISTS}
    connection.execute(insert(tables.labels).values(**row, kind=label.kind.value))


def label_holds(connection: Connection, label_id: str) -> bool:
    """Whether there is such a label and nobody took it back."""
    table = tables.labels
    held = select(table.c.label_id).where(table.c.label_id == label_id, table.c.withdrawn_at.is_(None))
    return connection.execute(held).first() is not None


def end_label(connection: Connection, label_id: str, at: datetime) -> None:
    connection.execute(update(tables.labels).where(tables.labels.c.label_id == label_id).values(withdrawn_at=at))


def labels_in(connection: Connection, user_id: str | None = None, label_id: str | None = None) -> list[Label]:
    """Also those that were withdrawn, the oldest first."""
    asked = select(tables.labels)
    if user_id is not None:
        asked = asked.where(tables.labels.c.user_id == user_id)
    if label_id is not None:
        asked = asked.where(tables.labels.c.label_id == label_id)
    return _labels(connection, asked)


def held_labels(connection: Connection, user_ids: Sequence[str]) -> dict[str, list[Label]]:
    """Those that hold, the oldest first, of each of these users who has any."""
    table = tables.labels
    found: dict[str, list[Label]] = {}
    asked = select(table).where(table.c.user_id.in_(user_ids), table.c.withdrawn_at.is_(None))
    for label in _labels(connection, asked):
        found.setdefault(label.user_id, []).append(label)
    return found


def labelled_since(connection: Connection) -> set[str]:
    """The users of whom something was said, or taken back, after the run had begun that their journeys are from."""
    label, state, run = tables.labels, tables.user_state, tables.runs
    joined = select(label.c.user_id).join(state, state.c.user_id == label.c.user_id)
    joined = joined.join(run, run.c.run_id == state.c.run_id)
    later = (label.c.at >= run.c.started) | (label.c.withdrawn_at >= run.c.started)
    return set(connection.execute(joined.where(later).distinct()).scalars())


def relabel(
    connection: Connection,
    state: UserState,
    before: Sequence[str],
    journeys: Sequence[Journey],
    changes: Sequence[Change],
    at: datetime,
) -> bool:
    """Puts the user's journeys in the place of those before, and adds the changes to those of the user's last run.

    before: the bodies that were read. False, and nothing is done, where others are stored meanwhile.
    """
    table, kept, log = tables.journeys, tables.user_state, tables.changes
    own = kept.c.user_id == state.user_id
    run_id = connection.execute(select(kept.c.run_id).where(own)).scalar_one_or_none()
    if run_id != state.run_id or bodies_of(connection, state.user_id) != list(before):
        return False
    connection.execute(delete(table).where(table.c.user_id == state.user_id))
    if journeys:
        connection.execute(insert(table), [journey_row(journey, run_id) for journey in journeys])
    connection.execute(update(kept).where(own).values(journeys=len(journeys)))
    last = select(func.coalesce(func.max(log.c.position), -1))
    first = 1 + connection.execute(last.where(log.c.user_id == state.user_id, log.c.run_id == run_id)).scalar_one()
    rows = [
        {
            "user_id": state.user_id,
            "run_id": run_id,
            "position": position,
            "journey_id": change.journey_id,
            "kind": change.kind.value,
            "as_of": at,
            "body": change.model_dump_json(),
        }
        for position, change in enumerate(changes, first)
    ]
    if rows:
        connection.execute(insert(log), rows)
    return True


def bodies_of(connection: Connection, user_id: str) -> list[str]:
    table = tables.journeys
    return list(
        connection.execute(select(table.c.body).where(table.c.user_id == user_id).order_by(table.c.rank)).scalars()
    )


def _labels(connection: Connection, asked: Select[Any]) -> list[Label]:
    ordered = asked.order_by(tables.labels.c.at, tables.labels.c.label_id)
    return [_label_of(row) for row in connection.execute(ordered)]


def _label_of(row: Row[Any]) -> Label:
    values = dict(row._mapping)
    try:
        return Label.model_validate(values | {name: json.loads(values[name]) for name in _LISTS})
    except ValidationError as error:
        raise LibraryError(
            "the library holds a label of another version: pip install --upgrade journey-assistant"
        ) from error
