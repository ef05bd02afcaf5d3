"""Cosine similarity done exactly, and the order that every store answers in."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vectorstore.activity import Keyword
from vectorstore.errors import StoreError
from vectorstore.store import Match, Vectors

_DECIMALS = 6

# Qdrant leaves a vector alone whose squared length is this near to 1. We hold to less than that, so a vector that is
# kept here bit for bit is kept there too.
_UNIT_TOLERANCE = 5e-7


def unit_rows(vectors: ArrayLike, count: int, dimension: int) -> Vectors:
    """The vectors as (count, dimension) float32 of unit length; rows that are so already come back bit for bit.

    Raises StoreError where the shape differs, or a row is zero or not finite.
    """
    rows = np.ascontiguousarray(vectors, dtype=np.float32)
    if rows.shape != (count, dimension):
        raise StoreError(f"vectors have shape {rows.shape}, and the store needs {(count, dimension)}")
    squared = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    if not np.all(np.isfinite(squared) & (squared > 0)):
        raise StoreError("a vector is zero or not finite: the embedding model gave no direction for its text")
    off = np.abs(squared - 1.0) > _UNIT_TOLERANCE
    if off.any():
        rows = rows.copy()
        rows[off] = (rows[off] / np.sqrt(squared[off])[:, None]).astype(np.float32)
    return rows


def unit_vector(vector: ArrayLike, dimension: int) -> Vectors:
    """One vector as (dimension,) float32 of unit length; errors as in `unit_rows`."""
    row = np.asarray(vector, dtype=np.float32)
    if row.shape != (dimension,):
        raise StoreError(f"the query vector has shape {row.shape}, and the store needs {(dimension,)}")
    unit: Vectors = unit_rows(row[None, :], 1, dimension)[0]
    return unit


def rank(similarity: float, user_id: str, key: str) -> tuple[float, str, str]:
    """What every store sorts by: best first, ties in order of user and key.

    Similarities that agree to six decimals are a tie: float32 vectors carry no more, and stores differ in the seventh.
    """
    return -round(similarity, _DECIMALS), user_id, key


def nearest(keywords: Sequence[Keyword], vectors: Vectors, vector: Vectors, limit: int) -> list[Match]:
    """The `limit` keywords most similar to `vector`, best first, ties in order of user and key; exact.

    vectors: (len(keywords), d) unit length. vector: (d,) unit length. Sums are made in float64: equal vectors get equal
    similarities wherever they stand, which BLAS in float32 does not promise.
    """
    scores: NDArray[np.float64] = vectors.astype(np.float64) @ vector.astype(np.float64)
    pairs = zip(keywords, np.clip(scores, -1.0, 1.0).tolist(), strict=True)
    return ordered([Match(keyword, similarity) for keyword, similarity in pairs])[:limit]


def ordered(matches: Sequence[Match]) -> list[Match]:
    """Matches in the order of `rank`."""
    return sorted(matches, key=lambda match: rank(match.similarity, match.keyword.user_id, match.keyword.key))


def distinct(keywords: Sequence[Keyword], vectors: Vectors, dimension: int) -> tuple[list[Keyword], Vectors]:
    """A batch made ready to be stored: checked, at unit length, and of equal user and key only the last.

    Raises StoreError as `unit_rows` does.
    """
    rows = unit_rows(vectors, len(keywords), dimension)
    last = {(keyword.user_id, keyword.key): at for at, keyword in enumerate(keywords)}
    if len(last) == len(keywords):
        return list(keywords), rows
    kept = sorted(last.values())
    return [keywords[at] for at in kept], rows[kept]
