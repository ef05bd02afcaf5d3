"""Qdrant as a server or in its cloud, by URL.

Tested against the client's local mode, which answers the same calls; not against a running server.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast
from urllib.parse import urlsplit
from uuid import UUID

from qdrant_client import QdrantClient, models
from qdrant_client.common.client_exceptions import QdrantException
from qdrant_client.http.exceptions import ApiException

from vectorstore.errors import StoreError
from vectorstore.origin import Origin
from vectorstore.qdrant import KEY, KEYWORD, USER, Hit, Point, QdrantStore, Stored
from vectorstore.store import Vectors

COLLECTION = "journey_keywords"

_PAGE = 1_000
_EVERY_USER = 2**31 - 1


def open_server(
    server: str | QdrantClient, *, model: str, dimension: int, api_key: str | None = None, collection: str = COLLECTION
) -> QdrantStore:
    """Opens the store in a collection of a Qdrant server, or makes it there.

    server: a URL such as "http://localhost:6333" (no port means 6333), or a client of one's own, which stays open.
    Raises StoreError where no server answers, or the collection was made with another model or dimension, or by
    another program. Needs a server of 1.16 or newer, the first that keeps metadata with a collection.
    """
    origin = Origin(model, dimension)
    if isinstance(server, str):
        client = QdrantClient(url=server, api_key=api_key, timeout=60, check_compatibility=False)
        points = ServerPoints(client, collection, f"Qdrant at {_host(server)}", close=client.close)
    else:
        points = ServerPoints(server, collection, "Qdrant")
    try:
        points.make(origin)
    except BaseException:
        points.close()
        raise
    return QdrantStore(points, origin)


def _host(url: str) -> str:
    """The URL without what may be a password in it."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


class ServerPoints:
    """QdrantPoints on a collection of a server, which answers a write when it is in its write-ahead log."""

    def __init__(
        self, client: QdrantClient, collection: str, where: str, close: Callable[[], None] = lambda: None
    ) -> None:
        self._client = client
        self._collection = collection
        self._where = where
        self._close = close
        self._closed = False

    def make(self, origin: Origin) -> None:
        """Makes the collection where it is missing, and raises StoreError unless it is of this origin."""
        with self._server_errors():
            if not self._client.collection_exists(self._collection):
                self._client.create_collection(
                    self._collection,
                    vectors_config=models.VectorParams(size=origin.dimension, distance=models.Distance.COSINE),
                    metadata=origin.as_metadata(),
                )
            found = self._client.get_collection(self._collection).config.metadata
            origin.refuse_other(found, f"collection {self._collection!r} of {self._where}")
            # Also where the collection was there: one that was killed before this line has no index yet.
            self._client.create_payload_index(
                self._collection, USER, models.KeywordIndexParams(type=models.KeywordIndexType.KEYWORD, is_tenant=True)
            )

    def upsert(self, points: Sequence[Point]) -> None:
        made = [
            models.PointStruct(id=str(point.id), vector=point.vector.tolist(), payload=point.payload)
            for point in points
        ]
        with self._server_errors():
            self._client.upsert(self._collection, made, wait=True)

    def flush(self) -> None:
        """Nothing to do: the server has answered each write."""

    def of_user(self, user_id: str) -> Iterator[Stored]:
        offset: Any = None
        while True:
            with self._server_errors():
                records, offset = self._client.scroll(
                    self._collection, _of(user_id), limit=_PAGE, offset=offset, with_payload=True, with_vectors=True
                )
            yield from map(_stored, records)
            if offset is None:
                return

    def query(self, vector: Vectors, user_id: str | None, limit: int) -> list[Hit]:
        with self._server_errors():
            found = self._client.query_points(
                self._collection,
                query=vector.tolist(),
                query_filter=None if user_id is None else _of(user_id),
                search_params=models.SearchParams(exact=user_id is not None),
                limit=limit,
                with_payload=[USER, KEY],
            ).points
        payloads = [point.payload or {} for point in found]
        return [
            Hit(UUID(str(point.id)), point.score, payload[USER], payload[KEY])
            for point, payload in zip(found, payloads, strict=True)
        ]

    def whole(self, ids: Sequence[UUID]) -> list[Stored]:
        with self._server_errors():
            chosen = [str(id_) for id_ in ids]
            records = self._client.retrieve(self._collection, chosen, with_payload=True, with_vectors=True)
        return list(map(_stored, records))

    def users(self) -> list[str]:
        with self._server_errors():
            hits = self._client.facet(self._collection, USER, limit=_EVERY_USER, exact=True).hits
        return [str(hit.value) for hit in hits if hit.count > 0]

    def forget(self, user_id: str) -> None:
        with self._server_errors():
            self._client.delete(self._collection, models.FilterSelector(filter=_of(user_id)), wait=True)

    def scrub(self) -> None:
        """Nothing to do: the server rewrites its segments and cuts its log by itself, in its own time."""

    def count(self, user_id: str | None) -> int:
        with self._server_errors():
            chosen = None if user_id is None else _of(user_id)
            return self._client.count(self._collection, chosen, exact=True).count

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._close()

    @contextmanager
    def _server_errors(self) -> Iterator[None]:
        if self._closed:
            raise StoreError(f"{self._where} is closed: open it again")
        try:
            yield
        except (ApiException, QdrantException) as error:
            reason = " ".join(str(error).split())[:200]
            raise StoreError(
                f"{self._where} does not answer as it should ({reason}): "
                "check that it runs and that URL and key are right, or use the default store"
            ) from error


def _stored(record: models.Record) -> Stored:
    payload = record.payload or {}
    return Stored(payload[USER], payload[KEY], payload[KEYWORD], cast("list[float]", record.vector))


def _of(user_id: str) -> models.Filter:
    return models.Filter(must=[models.FieldCondition(key=USER, match=models.MatchValue(value=user_id))])
