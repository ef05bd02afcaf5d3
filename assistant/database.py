"""The door to SQLite and PostgreSQL: opening, transactions, and errors that say what to do next."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from assistant.errors import LibraryError
from vectorstore.errors import MissingExtra

#: Ids in one statement, and rows fetched at a time; both databases take more, but gain nothing from it.
CHUNK = 500

Row = TypeVar("Row")

_POSTGRES_NAMES = ("postgresql", "postgres")


class Database:
    """One database, and the two ways to use it: `reading`, which waits for nobody, and `writing`, one at a time.

    url: `sqlite:///path/to/file.sqlite` or `postgresql://user:password@host/name`. patience: seconds that a writer
    waits for another one. Raises LibraryError where the URL is of another kind, MissingExtra without the driver.
    """

    def __init__(self, url: str, *, patience: float = 30.0) -> None:
        self._patience = patience
        self._url = _parse(url)
        self.is_sqlite = self._url.get_backend_name() == "sqlite"
        #: Where the library lies, without a password.
        self.location = (self._url.database or "") if self.is_sqlite else _without_driver(self._url)
        self._engine = self._open_sqlite() if self.is_sqlite else self._open_postgres()
        self._writer = self._engine.execution_options(begin="IMMEDIATE")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """What is read inside comes from one moment in SQLite, whatever a run writes meanwhile."""
        with self._plainly(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it is kept, or on any error nothing."""
        with self._plainly(), self._writer.begin() as connection:
            yield connection

    def scrub(self) -> None:
        """Writes SQLite's file anew from what is in it, so that no deleted text stays behind in a gap.

        Takes as long as copying the file. PostgreSQL does this by itself, in its own time. Raises LibraryError where
        another process has the library in use for longer than the patience.
        """
        if not self.is_sqlite:
            return
        with self._plainly(), closing(self._engine.raw_connection()) as raw:
            cursor = raw.cursor()
            cursor.execute("VACUUM")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            kept_back = [busy for busy, *_ in cursor.fetchall() if busy]
        if kept_back:
            raise LibraryError(
                f"deleted, but {self.location}-wal keeps it while another process reads: "
                "close that one, then run the same command again"
            )

    def close(self) -> None:
        self._engine.dispose()

    def _open_sqlite(self) -> Engine:
        path = Path(self._url.database or "")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"cannot make the folder {path.parent}: {error.strerror}: choose another with --home"
            raise LibraryError(message) from error
        engine = create_engine(self._url, connect_args={"timeout": self._patience})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        with self._plainly():
            self._share(engine)
        return engine

    def _share(self, engine: Engine) -> None:
        """Write-ahead logging, which lets others read while one writes. The file remembers it.

        SQLite does not wait for a lock here, so two processes that make one library at once would fail.
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                with closing(engine.raw_connection()) as raw:
                    raw.cursor().execute("PRAGMA journal_mode=WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.02)

    def _open_postgres(self) -> Engine:
        try:
            return create_engine(self._url, pool_pre_ping=True, connect_args={"connect_timeout": 10})
        except ImportError as error:
            raise MissingExtra("PostgreSQL", "postgres") from error

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise LibraryError(self._explain(str(error.orig))) from error
        except sqlite3.Error as error:
            raise LibraryError(self._explain(str(error))) from error

    def _explain(self, reason: str) -> str:
        where, first = self.location, next(iter(reason.strip().splitlines()), "no reason given")
        if not self.is_sqlite:
            return f"the library at {where} does not answer as it should: {first}: check the URL and the server"
        if "locked" in reason:
            return f"another process keeps writing to {where}: wait until its run has ended, then try again"
        if "unable to open" in reason or "readonly" in reason:
            return f"cannot open {where}: check that the folder is there and that you may write to it"
        if "not a database" in reason or "malformed" in reason:
            return f"{where} is no library or is damaged: move it away, then run: journeys infer --full"
        if "full" in reason or "disk I/O" in reason:
            return f"cannot write to {where}: {first}: make room on the disk, then run the same command again"
        return f"cannot use {where}: {first}"


def chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """The rows or ids in order, so many at a time as one statement takes."""
    for start in range(0, len(rows), CHUNK):
        yield rows[start : start + CHUNK]


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise LibraryError(
            "library_url is no database URL: give it as sqlite:///FILE or postgresql://HOST/NAME"
        ) from error
    backend = parsed.get_backend_name()
    if backend in _POSTGRES_NAMES:
        return parsed.set(drivername="postgresql+psycopg")
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        return parsed
    raise LibraryError(
        f"the library lies in sqlite:///FILE or postgresql://HOST/NAME, not in {_without_driver(parsed)}"
    )


def _without_driver(url: URL) -> str:
    return url.set(drivername=url.get_backend_name()).render_as_string(hide_password=True)


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    # The driver would begin transactions by itself, and not for every statement; `_begin_sqlite` does it instead.
    connection.isolation_level = None
    cursor = connection.cursor()
    # A killed process loses nothing; a power cut may lose the last batches, which the next run writes again.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that read first and writes later fails where another wrote in between.
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")
