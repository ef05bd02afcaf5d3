"""Conversations with the agent, in one SQLite file: whose they are, which users they tell of, and how they are erased.

What was said lies in the tables of LangGraph's saver (`checkpoints.py`); this module knows only their names, so that
forgetting a user doesn't import LangGraph.
"""

import re
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from vectorstore.errors import InputError, StoreError

FILE_NAME = "conversations.sqlite"
BUSY_SECONDS = 60.0
_SAID = {"checkpoints": ("checkpoint", "metadata"), "writes": ("value",)}
_LONGEST_ID = 100


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation. by: whose it is. begun, last: when it was asked the first and the last question."""

    thread_id: str
    by: str
    begun: datetime
    last: datetime


class Conversations:
    """The file is made with the first question. A connection lives for one call, so nothing has to be closed."""

    def __init__(self, home: Path) -> None:
        self.path = home / FILE_NAME
        self._busy: set[str] = set()
        self._lock = Lock()

    @contextmanager
    def alone(self, thread_id: str) -> Iterator[None]:
        """For one question to a thread at a time. Raises StoreError where another is being answered."""
        with self._lock:
            if thread_id in self._busy:
                raise StoreError("this conversation is being answered: wait until that is done, or begin another one")
            self._busy.add(thread_id)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard(thread_id)

    def begin(self, thread_id: str, by: str) -> None:
        """Makes the thread, or notes that it goes on. Raises InputError for an id that is none, or another's."""
        if not thread_id.strip() or len(thread_id) > _LONGEST_ID:
            raise InputError(f"a conversation's name has 1 to {_LONGEST_ID} characters")
        now = datetime.now(UTC).isoformat()
        with self._open() as database:
            database.execute("INSERT OR IGNORE INTO threads VALUES (?, ?, ?, ?)", (thread_id, by, now, now))
            (owner,) = database.execute("SELECT by FROM threads WHERE thread_id = ?", (thread_id,)).fetchone()
            if owner != by:
                raise InputError("this conversation cannot be opened: begin one with another name")
            database.execute("UPDATE threads SET last = ? WHERE thread_id = ?", (now, thread_id))

    def threads(self, by: str) -> list[Thread]:
        """Those of one person, the last one first."""
        if not self.path.exists():
            return []
        with self._open() as database:
            asked = "SELECT thread_id, by, begun, last FROM threads WHERE by = ? ORDER BY last DESC, thread_id"
            return [
                Thread(thread_id, whose, datetime.fromisoformat(begun), datetime.fromisoformat(last))
                for thread_id, whose, begun, last in database.execute(asked, (by,))
            ]

    def tell(self, thread_id: str, user_id: str) -> None:
        """Notes that a thread is about to tell of a user; lasts when it returns."""
        with self._open() as database:
            database.execute("INSERT OR IGNORE INTO told VALUES (?, ?)", (thread_id, user_id))

    def told(self, thread_id: str) -> set[str]:
        """The users that a thread tells of."""
        if not self.path.exists():
            return set()
        with self._open() as database:
            return {user for (user,) in database.execute("SELECT user_id FROM told WHERE thread_id = ?", (thread_id,))}

    def delete(self, thread_id: str, by: str) -> bool:
        """Removes a thread of this person, down to the last byte; False where there is none."""
        if thread_id not in {thread.thread_id for thread in self.threads(by)}:
            return False
        self.erase({thread_id})
        return True

    def forget(self, user_id: str) -> int:
        """Removes whole every thread that tells of a user, or in which his id stands; returns how many."""
        found = self.about(user_id)
        if found:
            self.erase(found)
        return len(found)

    def about(self, user_id: str) -> set[str]:
        """The threads that `forget` would remove."""
        if not self.path.exists():
            return set()
        with self._open() as database:
            told = {each for (each,) in database.execute("SELECT thread_id FROM told WHERE user_id = ?", (user_id,))}
            return told | set(self._naming(database, user_id))

    def _naming(self, database: sqlite3.Connection, user_id: str) -> Iterator[str]:
        # Behind \xd9 stands a text's length, which may look like a letter.
        own = re.escape(user_id.encode())
        stands = re.compile(rb"(?:(?<![0-9A-Za-z])|(?<=\xd9.))" + own + rb"(?![0-9A-Za-z])", re.DOTALL)
        for (thread_id,) in database.execute("SELECT thread_id FROM threads"):
            if stands.search(thread_id.encode()):
                yield thread_id
        for table, columns in self._said(database):
            for thread_id, *blobs in database.execute(f"SELECT thread_id, {', '.join(columns)} FROM {table}"):  # noqa: S608 - constants
                if any(stands.search(blob) for blob in blobs if blob):
                    yield thread_id

    def _said(self, database: sqlite3.Connection) -> list[tuple[str, tuple[str, ...]]]:
        there = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        return [(table, columns) for table, columns in _SAID.items() if table in there]

    def erase(self, thread_ids: Collection[str]) -> None:
        """Removes threads, whosever they are, down to the last byte."""
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            for table in (*(table for table, _ in self._said(database)), "told", "threads"):
                for thread_id in sorted(thread_ids):
                    database.execute(f"DELETE FROM {table} WHERE thread_id = ?", (thread_id,))  # noqa: S608 - constants
            database.execute("COMMIT")
            database.execute("VACUUM")
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(connect(self.path)) as database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS threads (thread_id TEXT PRIMARY KEY, by TEXT NOT NULL, "
                    "begun TEXT NOT NULL, last TEXT NOT NULL)"
                )
                database.execute(
                    "CREATE TABLE IF NOT EXISTS told (thread_id TEXT NOT NULL, user_id TEXT NOT NULL, "
                    "PRIMARY KEY (thread_id, user_id))"
                )
                yield database
        except sqlite3.Error as error:
            raise told_as(error, self.path) from error


def connect(path: Path) -> sqlite3.Connection:
    """A connection that any thread may use in turn, and that leaves no byte of what it deletes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
    database.execute("PRAGMA secure_delete = ON")
    return database


def told_as(error: sqlite3.Error, path: Path) -> StoreError:
    """What an error of SQLite means to a person."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreError(f"another process holds {path}: wait until it ends, or stop it and try again")
    return StoreError(f"{path} cannot be used ({error}): check the folder, or delete the file to begin anew")
