"""The part of the library that holds what people said of journeys."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from assistant import tables
from assistant.changes import Change
from assistant.database import Database, chunks
from assistant.kept_labels import (
    bodies_of,
    end_label,
    held_labels,
    label_holds,
    labelled_since,
    labels_in,
    put_label,
    relabel,
)
from assistant.rows import state_of
from assistant.runs import UserState
from chains.journeys import Journey
from chains.labels import Label, LabelKind


class LibraryLabels:
    """See `Library`."""

    _database: Database

    def labels(self, user_id: str | None = None, label_id: str | None = None) -> list[Label]:
        """What people said, of one user or of all, also what they took back; the oldest first."""
        with self._database.reading() as connection:
            return labels_in(connection, user_id, label_id)

    def held_labels(self, user_ids: Sequence[str]) -> dict[str, list[Label]]:
        """The labels that hold, the oldest first, of each of these users who has any: one statement for many users."""
        found: dict[str, list[Label]] = {}
        with self._database.reading() as connection:
            for some in chunks(user_ids):
                found |= held_labels(connection, some)
        return found

    def corrected(self) -> tuple[int, int]:
        """How many labels other than verdicts there are, and how many of them were taken back: other numbers, other
        journeys."""
        table = tables.labels
        counted = select(func.count(table.c.label_id), func.count(table.c.withdrawn_at))
        with self._database.reading() as connection:
            said, withdrawn = connection.execute(counted.where(table.c.kind != LabelKind.VERDICT.value)).one()
        return said, withdrawn

    def labelled_since(self) -> set[str]:
        """The users with a label, or one taken back, since the run began that their journeys are from."""
        with self._database.reading() as connection:
            return labelled_since(connection)

    def as_stored(self, user_id: str) -> tuple[UserState | None, list[str]]:
        """The user's state and the bodies of his journeys, from one moment: what `put_labelled` takes."""
        with self._database.reading() as connection:
            row = connection.execute(select(tables.user_state).where(tables.user_state.c.user_id == user_id)).first()
            return None if row is None else state_of(row), bodies_of(connection, user_id)

    def put_labelled(
        self,
        state: UserState,
        before: Sequence[str],
        journeys: Sequence[Journey],
        changes: Sequence[Change],
        *,
        added: Label | None = None,
        withdrawn: Label | None = None,
        at: datetime,
    ) -> bool:
        """Adds a label or takes one back, and stores what the user's journeys are with it: all of it or nothing.

        state, before: see `as_stored`. False where others are stored meanwhile, or the label was taken back already.
        """
        with self._database.writing() as connection:
            if withdrawn is not None and not label_holds(connection, withdrawn.label_id):
                return False
            if not relabel(connection, state, before, journeys, changes, at):
                return False
            if withdrawn is not None:
                end_label(connection, withdrawn.label_id, at)
            if added is not None:
                put_label(connection, added)
        return True
