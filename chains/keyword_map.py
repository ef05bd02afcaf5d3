"""Where keywords lie on a plane: near in meaning is near on the map. The same vectors give the same map."""

import numpy as np
from numpy.typing import NDArray

from chains.texts import Floats


def keyword_map(vectors: Floats) -> NDArray[np.float64]:
    """(n, d) -> (n, 2) in [0, 1]: the two directions in which the vectors differ most (principal components).

    The directions' signs are fixed by their largest entry, so that the map is never mirrored from run to run. Each axis
    is stretched to its whole length; where all vectors agree, all lie in the middle. Rounded to the fourth place.
    """
    n = len(vectors)
    if n < 2:
        return np.full((n, 2), 0.5)
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    # Of few vectors in many dimensions the inner products are the smaller matrix (classical scaling).
    values, directions = np.linalg.eigh(centred @ centred.T)
    places = np.full((n, 2), 0.5)
    for axis in range(min(2, n - 1)):
        value = values[-1 - axis]
        if value < 1e-9:
            continue
        along = directions[:, -1 - axis]
        along = along * np.sign(along[np.abs(along).round(6).argmax()])
        places[:, axis] = (along - along.min()) / (along.max() - along.min())
    return np.round(places, 4)
