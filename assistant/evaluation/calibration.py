"""How far probabilities are from what happened."""

import numpy as np
from numpy.typing import NDArray

BINS = 10


def calibration_error(
    said: NDArray[np.float64],
    happened: NDArray[np.float64] | NDArray[np.bool_],
    weights: NDArray[np.float64] | None = None,
) -> float:
    """The expected calibration error (Naeini et al. 2015), in [0, 1], in ten bins of equal weight.

    said, happened: (n,) in [0, 1], at least one. weights: (n,) at least 0, not all 0; by default each weighs the same.
    """
    order = np.argsort(said, kind="stable")
    weight = np.ones(len(order)) if weights is None else weights[order]
    total = weight.sum()
    # Each lies in the bin in which its middle lies.
    bins = np.minimum((np.cumsum(weight) - weight / 2) / total * BINS, BINS - 1).astype(int)
    gaps = np.bincount(bins, weights=weight * (said[order] - happened[order]), minlength=BINS)
    return float(np.abs(gaps).sum() / total)
