"""Vectors on disk, so that a text is embedded once, ever, for one model."""

import hashlib
import re
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from vectorstore.errors import EmbeddingError
from vectorstore.store import Vectors

# Well below the number of variables that any SQLite allows in one statement (999).
CHUNK = 500
# Another process writes for some milliseconds; more than this means that it hangs.
BUSY_SECONDS = 60.0

Places = NDArray[np.int64]


class EmbeddingCache:
    """A SQLite file of vectors for one model, keyed by a hash of model and text. It holds no text.

    Any number of threads and processes may read and write at once. A connection lives for one call only, so there is
    nothing to close and nothing that a fork could share. What was added stays whole when the process is killed.
    """

    def __init__(self, path: Path, model: str) -> None:
        self.path = path
        self.model = model

    @property
    def dimension(self) -> int | None:
        """The length of a vector; None as long as there was none."""
        with self._open() as database:
            return _dimension(database)

    def __len__(self) -> int:
        with self._open() as database:
            return int(database.execute("SELECT count(*) FROM vectors").fetchone()[0])

    def find(self, texts: Sequence[str]) -> Iterator[tuple[Places, Vectors]]:
        """What is known, in chunks: places in `texts`, and their vectors (k, dimension) float32, unit length.

        texts: distinct. Raises EmbeddingError where a row is damaged.
        """
        with self._open() as database:
            dimension = _dimension(database)
            for start in range(0, len(texts), CHUNK):
                places = {self._key(text): start + i for i, text in enumerate(texts[start : start + CHUNK])}
                marks = ",".join("?" * len(places))
                found = database.execute(
                    f"SELECT key, vector FROM vectors WHERE key IN ({marks})",  # noqa: S608 - marks are question marks
                    list(places),
                ).fetchall()
                if found:
                    rows = self._rows([blob for _, blob in found], dimension)
                    yield np.array([places[key] for key, _ in found], dtype=np.int64), rows

    def add(self, texts: Sequence[str], vectors: Vectors) -> None:
        """Keeps the vectors, all or none. A text that is there already keeps the vector it has.

        vectors: (len(texts), dimension) float32, unit length. Raises EmbeddingError where the dimension differs from
        what the file holds.
        """
        rows = [(self._key(text), row.astype("<f4").tobytes()) for text, row in zip(texts, vectors, strict=True)]
        with self._open() as database, _transaction(database):
            known, given = _dimension(database), vectors.shape[1]
            if known not in (None, given):
                raise EmbeddingError(
                    f"{self.model} gives {given} dimensions, but {self.path} holds {known}: name the model that made "
                    "it, or delete the file to embed all texts anew"
                )
            database.execute("UPDATE origin SET dimension = ?", (given,))
            database.executemany("INSERT OR IGNORE INTO vectors (key, vector) VALUES (?, ?)", rows)

    def forget(self, texts: Sequence[str]) -> int:
        """Removes the vectors of the texts, from the disk too; returns how many went."""
        with self._open() as database:
            database.execute("PRAGMA secure_delete = ON")
            with _transaction(database):
                before = database.total_changes
                database.executemany("DELETE FROM vectors WHERE key = ?", [(self._key(text),) for text in texts])
                gone = database.total_changes - before
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def _key(self, text: str) -> bytes:
        return hashlib.blake2b(f"{self.model}\0{text}".encode(), digest_size=16).digest()

    def _rows(self, blobs: list[bytes], dimension: int | None) -> Vectors:
        if dimension is None or any(len(blob) != 4 * dimension for blob in blobs):
            raise self._damaged("a vector of another length than the rest")
        rows = np.frombuffer(b"".join(blobs), dtype="<f4").reshape(len(blobs), dimension).astype(np.float32, copy=False)
        if not (np.abs(np.einsum("ij,ij->i", rows, rows) - 1) < 1e-3).all():
            raise self._damaged("a vector that is not of unit length")
        return rows

    def _damaged(self, what: str) -> EmbeddingError:
        return EmbeddingError(f"{self.path} is damaged ({what}): delete the file, its texts are embedded again")

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            if not self.path.exists():
                _create(self.path, self.model)
            with closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS, isolation_level=None)) as database:
                # In WAL mode this is safe against a killed process; only a power cut may cost the last vectors.
                database.execute("PRAGMA synchronous = NORMAL")
                (model,) = database.execute("SELECT model FROM origin").fetchone() or ("nothing",)
                if model != self.model:
                    raise EmbeddingError(
                        f"{self.path} holds vectors of {model}, not of {self.model}: delete it or name the other model"
                    )
                yield database
        except sqlite3.Error as error:
            raise self._explain(error) from error
        except OSError as error:
            raise EmbeddingError(
                f"{self.path} cannot be made ({error.strerror}): check the folder and its rights"
            ) from error

    def _explain(self, error: sqlite3.Error) -> EmbeddingError:
        # The low byte is the primary code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return EmbeddingError(f"another process holds {self.path}: wait until it ends, or stop it and try again")
        if code in (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            return self._damaged(str(error))
        return EmbeddingError(f"{self.path} cannot be used ({error}): check the folder, its rights and its free space")


def caches_in(folder: Path) -> list[EmbeddingCache]:
    """The caches of all models in the folder, in order of file name. Raises EmbeddingError where one is damaged."""
    found = []
    for path in sorted(folder.glob("*.sqlite")):
        try:
            with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as database:
                (model,) = database.execute("SELECT model FROM origin").fetchone()
        except (sqlite3.Error, TypeError) as error:
            raise EmbeddingError(
                f"{path} is damaged ({error}): delete the file, its texts are embedded again"
            ) from error
        found.append(EmbeddingCache(path, model))
    return found


def cache_path(folder: Path, model: str) -> Path:
    """The file for a model: its name in letters that any file system takes, and a hash where that changed it."""
    name = re.sub(r"[^a-z0-9.]+", "-", model.lower())
    if name != model:
        name += "-" + hashlib.blake2b(model.encode(), digest_size=4).hexdigest()
    return folder / f"{name}.sqlite"


def _create(path: Path, model: str) -> None:
    """An empty cache, put in its place when it is whole, so that nobody ever opens half of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        if path.exists():
            return
        part = path.with_name(f"{path.name}.part")
        # A log left by a killed process, or by a file that was deleted by hand, would be played into the new file.
        for left in (part, path):
            for suffix in ("", "-wal", "-shm"):
                left.with_name(left.name + suffix).unlink(missing_ok=True)
        with closing(sqlite3.connect(part, isolation_level=None)) as database:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("CREATE TABLE origin (model TEXT NOT NULL, dimension INTEGER)")
            database.execute("INSERT INTO origin (model) VALUES (?)", (model,))
            database.execute("CREATE TABLE vectors (key BLOB PRIMARY KEY, vector BLOB NOT NULL)")
        part.replace(path)


def _dimension(database: sqlite3.Connection) -> int | None:
    row = database.execute("SELECT dimension FROM origin").fetchone()
    return row[0] if row else None


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    # Immediate: a transaction that begins by reading and then writes would fail at once where another one writes.
    database.execute("BEGIN IMMEDIATE")
    with database:
        yield
