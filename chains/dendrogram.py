"""A merge tree laid out flat: what is joined at which height, read off at less cost than by SciPy's calls."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Dendrogram:
    """The n leaves from left to right, so that every cluster of the tree is a run of neighbours.

    place: (n,) where each leaf stands. runs: of each merge the place where its left half begins, where its right half
    does, and where that ends. heights: (n - 1,) of the merges.
    """

    place: NDArray[np.intp]
    runs: list[tuple[int, int, int]]
    heights: NDArray[np.float64]

    @classmethod
    def of(cls, tree: NDArray[np.float64]) -> Self:
        """tree: (n - 1, 4) in SciPy's form, heights never falling, as those of average and single linkage are."""
        n = len(tree) + 1
        ends = [(leaf, leaf) for leaf in range(n)]  # of each cluster its first leaf and its last
        following = [0] * n
        for left, right in tree[:, :2].astype(int).tolist():
            following[ends[left][1]] = ends[right][0]
            ends.append((ends[left][0], ends[right][1]))
        place, leaf = [0] * n, ends[-1][0]
        for number in range(n):
            place[leaf] = number
            leaf = following[leaf]
        runs = [
            (place[ends[left][0]], place[ends[right][0]], place[ends[right][1]] + 1)
            for left, right in tree[:, :2].astype(int).tolist()
        ]
        return cls(np.array(place, dtype=np.intp), runs, tree[:, 2])

    def nearness(self) -> NDArray[np.float32]:
        """(n, n): 1 minus the height at which the two leaves are joined. Of a leaf with itself it is 1."""
        flat = np.ones((len(self.place), len(self.place)), dtype=np.float32)
        for (start, middle, end), near in zip(self.runs, (1.0 - self.heights).tolist(), strict=True):
            flat[start:middle, middle:end] = near
            flat[middle:end, start:middle] = near
        return flat[self.place][:, self.place]

    def clusters(self, height: float) -> NDArray[np.intp]:
        """(n,) labels from 0, numbered by first member: together is what is joined at this height or below."""
        begins = [0] * len(self.place)
        for (_, middle, _), joined in zip(self.runs, self.heights.tolist(), strict=True):
            begins[middle] = int(joined > height)
        of_place = np.cumsum(begins)[self.place]
        number: dict[int, int] = {}
        return np.array([number.setdefault(each, len(number)) for each in of_place.tolist()], dtype=np.intp)
