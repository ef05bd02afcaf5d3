"""Hierarchical clustering of one user's texts. Pure: the same affinities give the same labels on every machine."""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from chains.dendrogram import Dendrogram


class Granularity(StrEnum):
    """How fine journeys are: "Trips", "Two weeks in Japan", "Hotels in Kyoto"."""

    COARSE = "coarse"
    NORMAL = "normal"
    FINE = "fine"


#: Least mean probability of belonging together at which two clusters are still joined.
CUT = {Granularity.COARSE: 0.15, Granularity.NORMAL: 0.27, Granularity.FINE: 0.60}

#: Exponent of that mean: 1 is the plain one; the higher, the more a few pairs that surely belong together suffice,
#: as in search missions, where one query leads to the next.
POWER = {Granularity.COARSE: 1.0, Granularity.NORMAL: 1.0, Granularity.FINE: 10.0}


def merge_tree(together: NDArray[np.float32], power: float = 1.0) -> NDArray[np.float64]:
    """(n, n) probabilities -> (n - 1, 4) average linkage on one minus their power, in SciPy's form."""
    # Imported here, since reading journeys does without SciPy, and it takes a third of a second.
    from scipy.cluster.hierarchy import linkage  # noqa: PLC0415
    from scipy.spatial.distance import squareform  # noqa: PLC0415

    apart = squareform(together, checks=False).astype(np.float64)
    return linkage(1.0 - apart**power if power != 1 else 1.0 - apart, method="average")


def cluster(together: NDArray[np.float32], cut: float, power: float = 1.0) -> NDArray[np.intp]:
    """(n, n) probabilities, least power mean probability in [0, 1] -> (n,) labels from 0, numbered by first member."""
    n = len(together)
    if n < 2:
        return np.zeros(n, dtype=np.intp)
    return Dendrogram.of(merge_tree(together, power)).clusters(1.0 - cut**power)
