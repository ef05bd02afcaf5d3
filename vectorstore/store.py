"""The contract that every keyword store keeps. `tests/vectorstore/test_store_contract.py` holds each of them to it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from vectorstore.activity import Keyword

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Match:
    """A keyword found by a search. similarity: cosine, in [-1, 1], whatever the store's own scores are."""

    keyword: Keyword
    similarity: float


class KeywordStore(Protocol):
    """Keywords of many users with their vectors. One process writes at a time.

    A store is made for one embedding model and dimension, remembers both, and refuses another with StoreError.
    """

    @property
    def model(self) -> str:
        """The embedding model's name, such as "minilm" or "openai:text-embedding-3-small"."""
        ...

    @property
    def dimension(self) -> int: ...

    def add(self, keywords: Sequence[Keyword], vectors: Vectors) -> None:
        """Puts keywords in; one that the user already has (same `key`) is replaced, so adding twice is adding once.

        vectors: (len(keywords), dimension) float32, unit length. Raises StoreError where the shape differs.
        """
        ...

    def users(self) -> Iterator[str]:
        """Every user with at least one keyword, each once, in order of id."""
        ...

    def keywords(self, user_id: str) -> tuple[list[Keyword], Vectors]:
        """All keywords of a user in order of `key`, and their vectors row by row; ([], (0, dimension)) if none."""
        ...

    def search(self, vector: Vectors, *, user_id: str | None = None, limit: int = 10) -> list[Match]:
        """The nearest keywords, of one user (exact) or of all, best first; ties in order of user and key."""
        ...

    def forget(self, user_id: str) -> int:
        """Removes a user; returns how many keywords went."""
        ...

    def scrub(self) -> None:
        """Writes anew what may still hold words of users who were forgotten, so that no byte of them stays on disk.

        Takes as long as copying that part of the store, and nothing where nobody was forgotten since. After a kill,
        doing it again does the rest. A server cleans its own disk in its own time.
        """
        ...

    def count(self) -> int: ...

    def close(self) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...
