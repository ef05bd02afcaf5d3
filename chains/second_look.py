"""What the first guesses about all of a user's pairs say about each pair: whether the two keep the same company."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chains.pair_features import Matrix, row_blocks
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
    n = len(texts)
    rank, best, usual = _standing(first)
    mean = (first.sum(axis=1) - 1) / max(n - 1, 1)
    company = _unit(first @ texts.context)
    close = _unit(first**3 @ texts.context)
    squares = first**2
    length = np.linalg.norm(squares, axis=1)
    average, nearest = _joined(first, "average"), _joined(first, "single")
    for rows in row_blocks(n):
        block = np.empty((rows.stop - rows.start, n, len(SECOND_FEATURES)), dtype=np.float32)
        odds = _log_odds(first[rows])
        shared = squares[rows] @ squares
        for place, values in enumerate(
            (
                odds,
                company[rows] @ company.T,
                close[rows] @ close.T,
                shared / (length[rows, None] * length[None, :]),
                average[rows],
                nearest[rows],
                np.log1p(np.minimum(rank[rows], rank[:, rows].T)),
                np.minimum(mean[rows, None], mean[None, :]),
                np.maximum(mean[rows, None], mean[None, :]),
                np.minimum(best[rows, None], best[None, :]),
                odds - (usual[rows, None] + usual[None, :]) / 2,
                np.log1p(np.maximum(shared - 2 * squares[rows], 0)),  # the two themselves do not count
            )
        ):
            block[..., place] = values
        yield rows.start, block


def _log_odds(probability: Matrix) -> Matrix:
    inside = np.clip(probability, _CLIP, 1 - _CLIP)
    odds: Matrix = np.log(inside / (1 - inside))
    return odds


def _unit(vectors: Floats) -> Floats:
    unit: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return unit


def _joined(first: Matrix, method: Literal["average", "single"]) -> Matrix:
    """(n, n): 1 minus the height at which the linkage joins the two texts."""
    # Imported here, since reading journeys does without SciPy, and it takes a third of a second.
    from scipy.cluster.hierarchy import cophenet, linkage  # noqa: PLC0415
    from scipy.spatial.distance import squareform  # noqa: PLC0415

    if len(first) < 2:
        return first
    apart = 1.0 - first.astype(np.float64)
    np.fill_diagonal(apart, 0)
    heights = cophenet(linkage(squareform(np.maximum(apart, 0), checks=False), method))
    joined: NDArray[np.float32] = squareform((1.0 - heights).astype(np.float32))
    return joined


def _standing(first: Matrix) -> tuple[NDArray[np.int32], NDArray[np.float32], NDArray[np.float32]]:
    """Of each text: how many texts have a higher guess with it (n, n), its highest guess and mean log odds (n,)."""
    n = len(first)
    rank = np.empty((n, n), dtype=np.int32)
    best, usual = (np.zeros(n, dtype=np.float32) for _ in range(2))
    for rows in row_blocks(n):
        others = first[rows].copy()
        itself = np.arange(len(others)), np.arange(rows.start, rows.stop)
        others[itself] = 0
        best[rows] = others.max(axis=1)
        odds = _log_odds(others)
        odds[itself] = 0
        usual[rows] = odds.sum(axis=1) / max(n - 1, 1)
        order = np.argsort(-others, axis=1, kind="stable")
        np.put_along_axis(rank[rows], order, np.arange(n, dtype=np.int32)[None, :], axis=1)
    return rank, best, usual
