"""The exact store in memory: the oracle in tests, and the store inside a batch worker."""

from collections.abc import Iterator, Sequence

import numpy as np

from vectorstore.activity import Keyword
from vectorstore.closing import Closing
from vectorstore.nearest import distinct, nearest, unit_vector
from vectorstore.origin import Origin
from vectorstore.store import Match, Vectors


class MemoryStore(Closing):
    """A KeywordStore that lasts as long as the process. Every search is exact."""

    def __init__(self, *, model: str, dimension: int) -> None:
        self._origin = Origin(model, dimension)
        self._users: dict[str, dict[str, tuple[Keyword, Vectors]]] = {}

    @property
    def model(self) -> str:
        return self._origin.model

    @property
    def dimension(self) -> int:
        return self._origin.dimension

    def add(self, keywords: Sequence[Keyword], vectors: Vectors) -> None:
        kept, rows = distinct(keywords, vectors, self.dimension)
        for keyword, row in zip(kept, rows, strict=True):
            # A copy: the caller's array may change afterwards.
            self._users.setdefault(keyword.user_id, {})[keyword.key] = (keyword, row.copy())

    def users(self) -> Iterator[str]:
        return iter(sorted(self._users))

    def keywords(self, user_id: str) -> tuple[list[Keyword], Vectors]:
        kept = self._users.get(user_id, {})
        return self._stacked([kept[key] for key in sorted(kept)])

    def search(self, vector: Vectors, *, user_id: str | None = None, limit: int = 10) -> list[Match]:
        query = unit_vector(vector, self.dimension)
        users = self._users.values() if user_id is None else [self._users.get(user_id, {})]
        keywords, vectors = self._stacked([pair for user in users for pair in user.values()])
        return nearest(keywords, vectors, query, max(limit, 0))

    def forget(self, user_id: str) -> int:
        return len(self._users.pop(user_id, {}))

    def scrub(self) -> None:
        """Nothing to do: what was forgotten is nowhere."""

    def count(self) -> int:
        return sum(map(len, self._users.values()))

    def close(self) -> None:
        """Nothing to close: what is in memory stays readable."""

    def _stacked(self, pairs: list[tuple[Keyword, Vectors]]) -> tuple[list[Keyword], Vectors]:
        if not pairs:
            return [], np.empty((0, self.dimension), dtype=np.float32)
        return [keyword for keyword, _ in pairs], np.stack([row for _, row in pairs])
