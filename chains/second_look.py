"""What the first guesses about all of a user's pairs say about each pair: whether the two keep the same company."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from chains.dendrogram import Dendrogram
from chains.pair_features import Matrix, descending_ranks, row_blocks
from chains.texts import Floats, Texts

SECOND_FEATURES = (
    "log_odds",  # of the first guess
    "company_cosine",  # of the contexts, each mixed with the others' by first guess
    "close_company_cosine",  # the same by the cube of the first guess
    "same_company",  # cosine of the two rows of squared guesses
    "joined_by_average",  # 1 minus the height at which average linkage joins the two
    "joined_by_nearest",  # the same by single linkage
    "guess_nearness",  # log of the mutual rank by first guess
    "lonelier",  # the lower of the two texts' mean guesses
    "busier",  # the higher
    "weaker_best",  # the lower of the two texts' highest guesses
    "log_odds_z",  # log odds above the two texts' usual
    "shared_company",  # log of the texts near to both
)

_CLIP = 1e-3


def second_features(first: Matrix, texts: Texts) -> Iterator[tuple[int, Matrix]]:
    """first: (n, n) symmetric probabilities, 1 on the diagonal.

    Blocks as from pair_features, len(SECOND_FEATURES) deep. What grows with n * n are four matrices.
    """
    company = Company(first, texts)
    for rows in row_blocks(len(texts)):
        yield rows.start, np.moveaxis(company.block(rows, slice(0, len(texts))), 0, 2)


class Company:
    """What the blocks have in common: who is near to whom by first guess. first: as second_features takes it."""

    def __init__(self, first: Matrix, texts: Texts) -> None:
        n = len(texts)
        self.first = first
        self.rank, self.best, self.usual = _standing(first)
        self.mean = (first.sum(axis=1) - 1) / max(n - 1, 1)
        self.squares: Matrix = first**2
        self.mixed = _unit(first @ texts.spanned)
        self.mixed_close = _unit(np.multiply(self.squares, first) @ texts.spanned)
        self.length = np.linalg.norm(self.squares, axis=1)
        self.average, self.nearest = _joined(first)
        self.logs = np.log1p(np.arange(n + 1)).astype(np.float32)

    def block(self, rows: slice, columns: slice, out: Matrix | None = None) -> Matrix:
        """(len(SECOND_FEATURES), rows, columns): each feature by itself, of the pairs of these rows and columns."""
        mean, best, usual, rank = self.mean, self.best, self.usual, self.rank
        odds = _log_odds(self.first[rows, columns])
        squares = self.squares[rows, columns]
        shared = self.squares[rows] @ self.squares[:, columns]
        block = np.empty((len(SECOND_FEATURES), *odds.shape), dtype=np.float32) if out is None else out
        for place, values in enumerate(
            (
                odds,
                self.mixed[rows] @ self.mixed[columns].T,
                self.mixed_close[rows] @ self.mixed_close[columns].T,
                shared / (self.length[rows, None] * self.length[None, columns]),
                self.average[rows, columns],
                self.nearest[rows, columns],
                self.logs[np.minimum(rank[rows, columns], rank[columns, rows].T)],
                np.minimum(mean[rows, None], mean[None, columns]),
                np.maximum(mean[rows, None], mean[None, columns]),
                np.minimum(best[rows, None], best[None, columns]),
                odds - (usual[rows, None] + usual[None, columns]) / 2,
                np.log1p(np.maximum(shared - 2 * squares, 0)),  # the two themselves do not count
            )
        ):
            block[place] = values
        return block


def _log_odds(probability: Matrix) -> Matrix:
    inside = np.clip(probability, _CLIP, 1 - _CLIP)
    odds: Matrix = np.log(inside / (1 - inside))
    return odds


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit


def _joined(first: Matrix) -> tuple[Matrix, Matrix]:
    """(n, n) each: 1 minus the height at which the two texts are joined, by average and by single linkage."""
    # Imported here, since reading journeys does without SciPy, and it takes a third of a second.
    from scipy.cluster.hierarchy import linkage  # noqa: PLC0415
    from scipy.spatial.distance import squareform  # noqa: PLC0415

    if len(first) < 2:
        return first, first
    apart = np.maximum(1.0 - squareform(first, checks=False).astype(np.float64), 0)
    average, nearest = (Dendrogram.of(linkage(apart, method)).nearness() for method in ("average", "single"))
    return average, nearest


def _standing(first: Matrix) -> tuple[NDArray[np.unsignedinteger], NDArray[np.float32], NDArray[np.float32]]:
    """Of each text: how many texts have a higher guess with it (n, n), its highest guess and mean log odds (n,)."""
    n = len(first)
    rank = np.empty((n, n), dtype=np.min_scalar_type(n))
    best, usual = (np.zeros(n, dtype=np.float32) for _ in range(2))
    for rows in row_blocks(n):
        others = first[rows].copy()
        itself = np.arange(len(others)), np.arange(rows.start, rows.stop)
        others[itself] = 0
        best[rows] = others.max(axis=1)
        odds = _log_odds(others)
        odds[itself] = 0
        usual[rows] = odds.sum(axis=1) / max(n - 1, 1)
        rank[rows] = descending_ranks(others)
    return rank, best, usual
