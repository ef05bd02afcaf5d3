"""Key-value builds in one SQLite file: a build is one transaction, so that readers see all of it or nothing."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from vectorstore.errors import StoreError
from vectorstore.key_values import Build, KeyValues, OneBuild

# Well below the number of variables that any SQLite allows in one statement (999).
_CHUNK = 500
_BUSY_SECONDS = 60.0


class SqliteKeyValues(KeyValues):
    """A file of its own, made when needed. A connection lives for one call or block, so nothing has to be closed.

    One process writes at a time; any number read meanwhile, without waiting.
    """

    def __init__(self, path: Path, *, mend: str = "then run: journeys expand") -> None:
        """mend: what brings back what stood in it, once a damaged file is deleted."""
        self._path, self._mend = path, mend
        self.location = str(path)

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        with self.reading() as build:
            return build.mget(keys)

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        with self._writing() as database:
            _Rows(database).mset(key_value_pairs)

    def mdelete(self, keys: Sequence[str]) -> None:
        with self._writing() as database:
            _Rows(database).mdelete(keys)

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        with self.reading() as build:
            yield from build.yield_keys(prefix=prefix)

    @contextmanager
    def building(self) -> Iterator[Build]:
        with self._writing() as database:
            database.execute("DELETE FROM pairs")
            yield _Rows(database)

    @contextmanager
    def reading(self) -> Iterator[OneBuild]:
        with self._open() as database:
            # What the first statement sees, the rest of the transaction sees too.
            database.execute("BEGIN")
            (number,) = database.execute("SELECT number FROM generation").fetchone()
            yield _Rows(database, str(number) if number else "")

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._open() as database:
            # What is replaced may tell of a user who was forgotten since: no byte of it stays.
            database.execute("PRAGMA secure_delete = ON")
            database.execute("BEGIN IMMEDIATE")
            try:
                yield database
                database.execute("UPDATE generation SET number = number + 1")
                database.execute("COMMIT")
            except BaseException:
                database.execute("ROLLBACK")
                raise
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)) as database:
                self._prepare(database)
                yield database
        except sqlite3.Error as error:
            raise self._explain(error) from error
        except OSError as error:
            raise StoreError(
                f"{self._path} cannot be made ({error.strerror}): check the folder and its rights"
            ) from error

    def _prepare(self, database: sqlite3.Connection) -> None:
        database.execute("PRAGMA synchronous = NORMAL")
        if database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            return
        deadline = time.monotonic() + _BUSY_SECONDS
        while True:
            try:
                # SQLite does not wait for a lock here, so two processes that make one file at once would fail.
                database.execute("PRAGMA journal_mode = WAL")
                break
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        database.execute("BEGIN IMMEDIATE")
        if not database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            database.execute("CREATE TABLE pairs (key TEXT PRIMARY KEY, value BLOB NOT NULL)")
            database.execute("CREATE TABLE generation (number INTEGER NOT NULL)")
            database.execute("INSERT INTO generation VALUES (0)")
        database.execute("COMMIT")

    def _explain(self, error: sqlite3.Error) -> StoreError:
        # The low byte is the primary code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return StoreError(f"another process holds {self._path}: wait until it ends, or stop it and try again")
        if code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return StoreError(f"{self._path} is damaged ({error}): delete it, {self._mend}")
        return StoreError(f"{self._path} cannot be used ({error}): check the folder, its rights and its free space")


class _Rows(OneBuild):
    """The pairs as one transaction sees them."""

    def __init__(self, database: sqlite3.Connection, generation: str = "") -> None:
        self._database = database
        self.generation = generation

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        found: dict[str, bytes] = {}
        for start in range(0, len(keys), _CHUNK):
            some = list(keys[start : start + _CHUNK])
            marks = ",".join("?" * len(some))
            statement = f"SELECT key, value FROM pairs WHERE key IN ({marks})"  # noqa: S608 - marks are question marks
            found.update(self._database.execute(statement, some))
        return [found.get(key) for key in keys]

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        self._database.executemany("INSERT OR REPLACE INTO pairs VALUES (?, ?)", key_value_pairs)

    def mdelete(self, keys: Sequence[str]) -> None:
        self._database.executemany("DELETE FROM pairs WHERE key = ?", [(key,) for key in keys])

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        start = prefix or ""
        statement = "SELECT key FROM pairs WHERE substr(key, 1, ?) = ? ORDER BY key"
        for (key,) in self._database.execute(statement, (len(start), start)).fetchall():
            yield key
