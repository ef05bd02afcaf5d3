"""The store on Qdrant: what the engine in the process and a server have in common.

`qdrant_embedded` and `qdrant_server` each say how their engine does the few things of `QdrantPoints`; payload, order,
ties and batches are the same for both and stand here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

import numpy as np

from vectorstore.activity import Keyword
from vectorstore.closing import Closing
from vectorstore.nearest import distinct, nearest, rank, unit_vector
from vectorstore.origin import Origin
from vectorstore.payload import chunks, from_json, point_id, to_json
from vectorstore.store import Match, Vectors

USER, KEY, KEYWORD = "user_id", "key", "keyword"
"""Fields of a point's payload: the two that a search filters and orders by, and the keyword as JSON."""

# A server takes requests of up to 32 MB; a number of a vector takes up to 22 bytes of JSON.
_MOST_POINTS = 1_000
_MOST_BYTES = 16_000_000
_NUMBER_BYTES = 22
_SPARE = 16


@dataclass(frozen=True, slots=True)
class Point:
    """A keyword on its way into Qdrant. vector: (d,) float32, unit length."""

    id: UUID
    vector: Vectors
    payload: dict[str, str]


@dataclass(frozen=True, slots=True)
class Hit:
    """What a search finds first: enough to order by. score: Qdrant's cosine, in [-1, 1]."""

    id: UUID
    score: float
    user_id: str
    key: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A point as it comes back. keyword: JSON. vector: d numbers."""

    user_id: str
    key: str
    keyword: str
    vector: Sequence[float]


class QdrantPoints(Protocol):
    """What the store asks of an engine."""

    def upsert(self, points: Sequence[Point]) -> None: ...

    def flush(self) -> None:
        """Returns when all that was written before is durable."""
        ...

    def of_user(self, user_id: str) -> Iterator[Stored]:
        """All points of the user, in any order."""
        ...

    def query(self, vector: Vectors, user_id: str | None, limit: int) -> list[Hit]:
        """The best `limit` points, best first; exact within a user."""
        ...

    def whole(self, ids: Sequence[UUID]) -> list[Stored]:
        """Those of these points that are still there, in any order."""
        ...

    def users(self) -> Iterable[str]:
        """Every user once, in any order."""
        ...

    def forget(self, user_id: str) -> None:
        """Durable when it returns."""
        ...

    def scrub(self) -> None:
        """As of a KeywordStore."""
        ...

    def count(self, user_id: str | None) -> int: ...

    def close(self) -> None: ...


class QdrantStore(Closing):
    """A KeywordStore on Qdrant.

    Within a user a search is exact, and so are its ties. Across users it is exact with the engine in the process, which
    compares every vector, and as good as the server's HNSW index on a server.
    """

    def __init__(self, points: QdrantPoints, origin: Origin) -> None:
        self._points = points
        self._origin = origin

    @property
    def model(self) -> str:
        return self._origin.model

    @property
    def dimension(self) -> int:
        return self._origin.dimension

    def add(self, keywords: Sequence[Keyword], vectors: Vectors) -> None:
        kept, rows = distinct(keywords, vectors, self.dimension)
        texts = [to_json(keyword) for keyword in kept]
        sizes = [len(text.encode()) + _NUMBER_BYTES * self.dimension for text in texts]
        for part in chunks(sizes, most=_MOST_POINTS, weight=_MOST_BYTES):
            self._points.upsert(
                [
                    Point(
                        point_id(keyword.user_id, keyword.key),
                        row,
                        {USER: keyword.user_id, KEY: keyword.key, KEYWORD: text},
                    )
                    for keyword, row, text in zip(kept[part], rows[part], texts[part], strict=True)
                ]
            )
        self._points.flush()

    def users(self) -> Iterator[str]:
        return iter(sorted(self._points.users()))

    def keywords(self, user_id: str) -> tuple[list[Keyword], Vectors]:
        return self._read(sorted(self._points.of_user(user_id), key=lambda stored: stored.key))

    def search(self, vector: Vectors, *, user_id: str | None = None, limit: int = 10) -> list[Match]:
        query = unit_vector(vector, self.dimension)
        if limit < 1:
            return []
        hits = sorted(self._with_ties(query, user_id, limit), key=lambda hit: rank(hit.score, hit.user_id, hit.key))
        # Qdrant's scores choose; the similarities come from the vectors, in float64 as in every other store.
        return nearest(*self._read(self._points.whole([hit.id for hit in hits[:limit]])), query, limit)

    def forget(self, user_id: str) -> int:
        gone = self._points.count(user_id)
        if gone:
            self._points.forget(user_id)
        return gone

    def scrub(self) -> None:
        self._points.scrub()

    def count(self) -> int:
        return self._points.count(None)

    def close(self) -> None:
        self._points.close()

    def _with_ties(self, query: Vectors, user_id: str | None, limit: int) -> list[Hit]:
        """The best hits and all that tie with the last of them: which of those comes first, the engine does not say."""
        ask = limit + _SPARE
        while True:
            hits = self._points.query(query, user_id, ask)
            if len(hits) < ask or rank(hits[-1].score, "", "") > rank(hits[limit - 1].score, "", ""):
                return hits
            ask *= 4

    def _read(self, found: Sequence[Stored]) -> tuple[list[Keyword], Vectors]:
        if not found:
            return [], np.empty((0, self.dimension), dtype=np.float32)
        keywords = [from_json(stored.user_id, stored.keyword) for stored in found]
        return keywords, np.array([stored.vector for stored in found], dtype=np.float32)
