"""Hierarchical clustering of one user's texts. Pure: the same affinities give the same labels on every machine."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform


class Granularity(StrEnum):
    """How fine journeys are: "Trips", "Two weeks in Japan", "Hotels in Kyoto"."""

    COARSE = "coarse"
    NORMAL = "normal"
    FINE = "fine"


#: Least mean probability of belonging together at which two clusters are still joined.
CUT = {Granularity.COARSE: 0.15, Granularity.NORMAL: 0.30, Granularity.FINE: 0.60}


def merge_tree(together: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, n) probabilities of belonging together -> (n - 1, 4) average linkage on one minus them, in SciPy's form."""
    apart = 1.0 - together.astype(np.float64)
    np.fill_diagonal(apart, 0)
    return linkage(squareform(np.maximum(apart, 0), checks=False), method="average")


def cluster(together: NDArray[np.float32], cut: float) -> NDArray[np.intp]:
    """(n, n) probabilities, least mean probability in [0, 1] -> (n,) labels from 0, numbered by first member."""
    n = len(together)
    if n < 2:
        return np.zeros(n, dtype=np.intp)
    labels = fcluster(merge_tree(together), 1.0 - cut, criterion="distance")
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse].astype(np.intp)
