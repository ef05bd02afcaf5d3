"""Qdrant's own engine inside this process, on a folder: the default store.

No HNSW index is ever built: within a user, comparing every vector takes a fraction of a millisecond, and less than the
index does.
"""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import qdrant_edge as edge
from filelock import FileLock

from vectorstore.errors import StoreError
from vectorstore.folder_lock import hold
from vectorstore.origin import Origin, read_metadata
from vectorstore.qdrant import KEY, KEYWORD, USER, Hit, Point, QdrantStore, Stored
from vectorstore.store import Vectors

_PAGE = 2_048
_EVERY_USER = 2**31 - 1

# The engine deletes in its index only: the words stay in its payload file and its write-ahead log, and nothing but
# writing a new shard gets them out. The mark says that this is yet to be done.
_MARK = "forgotten"
_SHARD, _PART, _OLD = "shard", "shard.part", "shard.old"


def open_embedded(folder: Path, *, model: str, dimension: int) -> QdrantStore:
    """Opens the store in `folder`, or makes it there.

    Raises StoreError where another process holds the folder, the store was made with another model or dimension, or
    its files cannot be read.
    """
    origin = Origin(model, dimension)
    lock = hold(folder)
    try:
        return QdrantStore(EmbeddedPoints(_shard(folder, origin), folder, lock, dimension), origin)
    except BaseException:
        lock.release()
        raise


def _shard(folder: Path, origin: Origin) -> Any:
    """The engine on the folder. Killed anywhere in here, the next opening goes on: a shard gets its name when whole."""
    about, shard = folder / "store.json", folder / _SHARD
    found = read_metadata(about)
    if found is not None or shard.exists():
        origin.refuse_other(found, f"the keyword store in {folder}")
    else:
        origin.write(about)
    if not shard.exists() and (folder / _OLD).exists():
        # Killed between the two renames of `_put_in_place`, which come after the part is whole.
        (folder / _PART).rename(shard)
    with _engine_errors(folder):
        if not shard.exists():
            _create(folder / _PART, origin.dimension)
            (folder / _PART).rename(shard)
        for left in (_OLD, _PART):
            shutil.rmtree(folder / left, ignore_errors=True)
        return edge.EdgeShard.load(str(shard))


def _put_in_place(folder: Path) -> None:
    """The shard that was written anew in the place of the old one. Killed in here, `_shard` goes on."""
    (folder / _SHARD).rename(folder / _OLD)
    (folder / _PART).rename(folder / _SHARD)
    shutil.rmtree(folder / _OLD)


def _create(path: Path, dimension: int) -> None:
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    vectors = edge.EdgeVectorParams(size=dimension, distance=edge.Distance.Cosine)
    made = edge.EdgeShard.create(str(path), edge.EdgeConfig(vectors=vectors))
    made.update(edge.UpdateOperation.create_field_index(USER, edge.PayloadSchemaType.Keyword))
    made.flush()
    made.close()


@contextmanager
def _engine_errors(folder: Path) -> Iterator[None]:
    """The engine raises bare Exception and nothing else; whatever has a type of its own is not the engine's."""
    try:
        yield
    except Exception as error:
        if type(error) is not Exception:
            raise
        reason = " ".join(str(error).split())
        raise StoreError(
            f"the keyword store in {folder} failed ({reason}): check the disk, "
            "or move the folder away and run `journeys ingest` again"
        ) from error


class EmbeddedPoints:
    """QdrantPoints on an EdgeShard, which keeps a write-ahead log and syncs it with the data in `flush`."""

    def __init__(self, shard: Any, folder: Path, lock: FileLock, dimension: int) -> None:
        self._open: Any | None = shard
        self._folder = folder
        self._lock = lock
        self._dimension = dimension

    def upsert(self, points: Sequence[Point]) -> None:
        # The engine takes an array as it is, though its stubs ask for a list.
        made = [edge.Point(point.id, cast("Any", point.vector), point.payload) for point in points]
        with self._shard() as shard:
            shard.update(edge.UpdateOperation.upsert_points(made))

    def flush(self) -> None:
        with self._shard() as shard:
            shard.flush()

    def of_user(self, user_id: str) -> Iterator[Stored]:
        offset: UUID | None = None
        while True:
            request = edge.ScrollRequest(
                offset=offset, limit=_PAGE, filter=_of(user_id), with_payload=True, with_vector=True
            )
            with self._shard() as shard:
                records, offset = shard.scroll(request)
            yield from map(_stored, records)
            if offset is None:
                return

    def query(self, vector: Vectors, user_id: str | None, limit: int) -> list[Hit]:
        request = edge.QueryRequest(
            limit=limit,
            query=edge.Query.Nearest(cast("Any", vector)),
            filter=None if user_id is None else _of(user_id),
            params=edge.SearchParams(exact=True),
            with_payload=[USER, KEY],
        )
        with self._shard() as shard:
            found = shard.query(request)
        return [Hit(point.id, point.score, point.payload[USER], point.payload[KEY]) for point in found]

    def whole(self, ids: Sequence[UUID]) -> list[Stored]:
        with self._shard() as shard:
            return [_stored(record) for record in shard.retrieve(list(ids), True, True)]

    def users(self) -> list[str]:
        with self._shard() as shard:
            hits = shard.facet(edge.FacetRequest(USER, limit=_EVERY_USER, exact=True)).hits
        # A user who was forgotten stays in the engine's index for a while, with nothing to count.
        return [hit.value for hit in hits if hit.count > 0]

    def forget(self, user_id: str) -> None:
        with self._shard() as shard:
            (self._folder / _MARK).touch()
            shard.update(edge.UpdateOperation.delete_points_by_filter(_of(user_id)))
            shard.flush()

    def scrub(self) -> None:
        mark = self._folder / _MARK
        if not mark.exists():
            return
        with self._shard() as shard:
            _create(self._folder / _PART, self._dimension)
            _copy(shard, self._folder / _PART)
            shard.close()
            _put_in_place(self._folder)
            self._open = edge.EdgeShard.load(str(self._folder / _SHARD))
        mark.unlink()

    def count(self, user_id: str | None) -> int:
        request = edge.CountRequest(exact=True, filter=None if user_id is None else _of(user_id))
        with self._shard() as shard:
            return int(shard.count(request))

    def close(self) -> None:
        if self._open is None:
            return
        try:
            with self._shard() as shard:
                shard.flush()
                shard.close()
        finally:
            self._open = None
            self._lock.release()

    @contextmanager
    def _shard(self) -> Iterator[Any]:
        if self._open is None:
            raise StoreError(f"the keyword store in {self._folder} is closed: open it again")
        with _engine_errors(self._folder):
            yield self._open


def _copy(shard: Any, path: Path) -> None:
    """All points of the shard into the empty one in `path`."""
    offset: UUID | None = None
    copy = edge.EdgeShard.load(str(path))
    while True:
        records, offset = shard.scroll(
            edge.ScrollRequest(offset=offset, limit=_PAGE, with_payload=True, with_vector=True)
        )
        points = [edge.Point(record.id, record.vector, record.payload) for record in records]
        copy.update(edge.UpdateOperation.upsert_points(points))
        if offset is None:
            break
    copy.flush()
    copy.close()


def _stored(record: Any) -> Stored:
    return Stored(record.payload[USER], record.payload[KEY], record.payload[KEYWORD], record.vector)


def _of(user_id: str) -> Any:
    return edge.Filter(must=[edge.FieldCondition(USER, match=edge.MatchValue(user_id))])
