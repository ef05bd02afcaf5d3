"""Merging unit vectors by meaning, for hundreds of thousands of them: spherical k-means, then average linkage.

Pure and deterministic. Nothing here needs a square matrix of more than `SQUARE` rows.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from chains.texts import Floats

Labels = NDArray[np.intp]

#: Up to so many vectors are linked one by one; more are gathered into as many small groups before. 64 MB as a matrix.
SQUARE = 4_000
_PASSES = 4
_BLOCK = 4_096
# Below any cosine and any mean of two: these are no pair any more.
_GONE = -2.0


def merge(vectors: Floats, cut: float, square: int = SQUARE) -> Labels:
    """Labels 0..k-1 in order of first appearance: average linkage on cosine, joined while the mean cosine reaches cut.

    vectors: (n, d) float32, unit length, in an order that means nothing (the first of them seed the small groups).
    Over `square` of them, small groups are made first, and the mean cosine of two groups counts each vector in them.
    Takes time in n * square * d and memory in square ** 2.
    """
    groups = _small_groups(vectors, square)
    sums = _sums(vectors, groups, int(groups.max()) + 1 if len(groups) else 0)
    sizes = np.bincount(groups, minlength=len(sums)).astype(np.float64)
    return _renumbered(_link(sums, sizes, cut)[groups])


def nearest(vectors: Floats, centres: Floats) -> tuple[Labels, Floats]:
    """For each vector the place of the nearest centre and the cosine to it, -1 and -1.0 where there is no centre.

    Equal to the fourth place, the first counts, so that other machines' last bits don't decide.
    """
    places, cosines = np.full(len(vectors), -1, dtype=np.intp), np.full(len(vectors), -1.0, dtype=np.float32)
    if len(centres):
        for block in _blocks(len(vectors)):
            near = np.round(vectors[block] @ centres.T, 4)
            places[block] = near.argmax(axis=1)
            cosines[block] = near.max(axis=1)
    return places, cosines


def unit(rows: NDArray[np.floating]) -> Floats:
    """Rows of unit length; one of zeros stays as it is."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = (rows / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def _small_groups(vectors: Floats, most: int) -> Labels:
    """At most so many groups: spherical k-means that begins with the first distinct vectors."""
    if len(vectors) <= most:
        return np.arange(len(vectors))
    _, first = np.unique(np.round(vectors[: 4 * most], 4), axis=0, return_index=True)
    centres = vectors[np.sort(first)[:most]]
    for _ in range(_PASSES):
        groups, _ = nearest(vectors, centres)
        groups = _renumbered(groups)
        centres = unit(_sums(vectors, groups, int(groups.max()) + 1))
    return groups


def _link(sums: NDArray[np.float64], sizes: NDArray[np.float64], cut: float) -> Labels:
    """Average linkage of groups by the chain of nearest neighbours; sums: (m, d), of the unit vectors in each group.

    Lance and Williams' update keeps the mean cosine of all pairs of vectors between two groups.
    """
    mean = sums / np.maximum(sizes, 1)[:, None]
    near = np.round(mean @ mean.T, 6).astype(np.float32)
    np.fill_diagonal(near, _GONE)
    size, parent, open_ = sizes.copy(), np.arange(len(sums)), np.ones(len(sums), dtype=np.bool_)
    chain: list[int] = []
    while open_.any():
        if not chain:
            chain.append(int(open_.argmax()))
        last = chain[-1]
        best = int(near[last].argmax())
        if near[last, best] < cut:
            # No merging of others brings anything nearer than its nearest part is now.
            open_[last] = False
            near[last] = near[:, last] = _GONE
            chain.pop()
        # The one before is taken where it is as near, or the chain would go round in circles.
        elif len(chain) > 1 and near[last, chain[-2]] >= near[last, best]:
            kept, gone = sorted((chain.pop(), chain.pop()))
            row = (size[kept] * near[kept] + size[gone] * near[gone]) / (size[kept] + size[gone])
            near[kept] = near[:, kept] = row
            near[kept, kept] = _GONE
            near[gone] = near[:, gone] = _GONE
            size[kept] += size[gone]
            open_[gone], parent[gone] = False, kept
        else:
            chain.append(best)
    return _roots(parent)


def _roots(parent: Labels) -> Labels:
    # What is gone went to a lower place, so its root is known already.
    roots = parent.copy()
    for place in range(len(roots)):
        roots[place] = roots[parent[place]]
    return roots


def _renumbered(labels: Labels) -> Labels:
    """0..k-1 in order of first appearance."""
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    order = np.empty(len(first), dtype=np.intp)
    order[np.argsort(first)] = np.arange(len(first))
    return order[inverse]


def _sums(vectors: Floats, groups: Labels, count: int) -> NDArray[np.float64]:
    sums = np.zeros((count, vectors.shape[1]))
    for block in _blocks(len(vectors)):
        np.add.at(sums, groups[block], vectors[block])
    return sums


def _blocks(count: int) -> Iterator[slice]:
    for start in range(0, count, _BLOCK):
        yield slice(start, start + _BLOCK)
