"""Users of whom nothing is new but the clock: their stored journeys are moved to it, which is less than to infer."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from assistant.library import Library
from assistant.user_work import UserFound, UserTask, UserWork, VectorsOf, tasks_of
from chains.journeys import Journey
from chains.texts import Floats
from vectorstore.parts import by_user, rows_of, users_of


class SilentUsers:
    """users: whom this is about. work: what would be done for them otherwise.

    `left` passes tables on without the users for whom their stored journeys are enough; `take` gives what was found for
    these. Users of whose journeys a person said something, or whose journeys don't tell, stay and are to be inferred.
    """

    def __init__(self, users: Collection[str], library: Library, work: UserWork, vectors_of: VectorsOf) -> None:
        self._users = set(users) if work.move else set[str]()
        self._library = library
        self._work = work
        self._vectors_of = vectors_of
        self._found: list[UserFound] = []

    def left(self, tables: Iterable[Any]) -> Iterator[Any]:
        """The tables of the activity log without the users who are done."""
        for table in tables:
            own = self._users.intersection(users_of(table)) if self._users else ()
            found = self._moved_of(rows_of(table, own)) if own else []
            self._found += found
            rest = rows_of(table, {one.user_id for one in found}, without=True) if found else table
            if len(rest):
                yield rest

    def take(self) -> list[UserFound]:
        """Those who are done, once."""
        taken, self._found = self._found, []
        return taken

    def _moved_of(self, table: Any) -> list[UserFound]:
        tasks, vectors = tasks_of(list(by_user(table)), self._vectors_of)
        users = [task.user_id for task in tasks]
        stored, labelled = self._library.journeys_of(users), self._library.held_labels(users)
        unlabelled = [task for task in tasks if task.user_id not in labelled]
        moved = [self._moved(task, vectors, stored[task.user_id]) for task in unlabelled]
        return [one for one in moved if one]

    def _moved(self, task: UserTask, vectors: Floats, stored: list[Journey]) -> UserFound | None:
        if self._work.move is None or not task.keywords:
            return None
        own = vectors[list(task.rows)]
        try:
            journeys = self._work.move(task.keywords, own, stored)
            if journeys is None:
                return None
            return UserFound(task.user_id, journeys, self._work.next_change(task.keywords, own, journeys))
        except Exception:  # noqa: BLE001 - whatever it is, inferring the user will meet it too, and set him aside
            return None
