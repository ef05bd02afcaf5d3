"""A merge tree made small enough to be read: what is surely together is one leaf, the rest is told merge by merge."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from chains.clustering import merge_tree
from chains.dendrogram import Dendrogram

LEAVES = 40


@dataclass(frozen=True, slots=True)
class Leaf:
    """members: places of the texts in it. together: the least mean probability with which they were joined, 1 for one
    text. group: of the cut, from 0, in order of the leaves."""

    members: tuple[int, ...]
    together: float
    group: int


@dataclass(frozen=True, slots=True)
class Joined:
    """Two neighbouring runs of leaves become one. start, middle, end: as in `Dendrogram.runs`, of leaves.

    together: mean probability that a text of one and a text of the other belong together, in [0, 1].
    """

    start: int
    middle: int
    end: int
    together: float


@dataclass(frozen=True, slots=True)
class MergeOutline:
    """leaves: from top to bottom. merges: the surest first. cut: what is joined with less than this stays apart."""

    leaves: tuple[Leaf, ...]
    merges: tuple[Joined, ...]
    cut: float


def merge_outline(
    together: NDArray[np.float32],
    cut: float,
    power: float = 1.0,
    most: int = LEAVES,
    among: Sequence[int] | None = None,
) -> MergeOutline:
    """together: (n, n) affinities. cut, power: as in `cluster`. among: only these texts, by default all.

    The tree is cut open from the top until there are `most` leaves, or as many groups as the cut makes.
    """
    places = np.arange(len(together)) if among is None else np.array(among, dtype=np.intp)
    n = len(places)
    if n < 2:
        return MergeOutline(tuple(Leaf((int(place),), 1.0, 0) for place in places), (), cut)
    tree = Dendrogram.of(merge_tree(together[places[:, None], places], power))
    at = np.argsort(tree.place)
    groups = int(tree.clusters(1.0 - cut**power).max()) + 1
    opened = min(n, max(most, groups)) - 1
    # The last merges are the least sure ones: those are shown, the others lie within leaves.
    shown = range(n - 1 - opened, n - 1)
    borders = sorted({0, n, *(tree.runs[merge][1] for merge in shown)})
    probability = [_probability(height, power) for height in tree.heights.tolist()]
    within = [1.0] * (len(borders) - 1)
    for merge in range(n - 1 - opened):
        leaf = int(np.searchsorted(borders, tree.runs[merge][0], side="right")) - 1
        within[leaf] = min(within[leaf], probability[merge])
    apart = {tree.runs[merge][1] for merge in shown if tree.heights[merge] > 1.0 - cut**power}
    leaves, group = [], 0
    for number, (start, end) in enumerate(pairwise(borders)):
        group += start in apart
        leaves.append(Leaf(tuple(int(places[row]) for row in at[start:end]), within[number], group))
    number_of = {border: number for number, border in enumerate(borders)}
    merges = tuple(
        Joined(number_of[start], number_of[middle], number_of[end], probability[merge])
        for merge in shown
        for start, middle, end in [tree.runs[merge]]
    )
    return MergeOutline(tuple(leaves), merges, cut)


def _probability(height: float, power: float) -> float:
    return float(round(max(1.0 - height, 0.0) ** (1.0 / power), 6))
