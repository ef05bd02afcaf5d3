"""Fits logistic weighings that a square penalty holds towards some weights."""

import numpy as np

from chains.rhythm import Numbers

_STEPS, _MOST_STEPS = 25, 1_000
_CLOSE = 1e-8
_LEAST_SCALE = 1e-3


def standard_of(values: Numbers, weights: Numbers | None = None) -> tuple[Numbers, Numbers]:
    """(n, f) -> mean and scale of each column, (f,) each; the scale is over 0."""
    share = np.full(len(values), 1 / len(values)) if weights is None else weights / weights.sum()
    mean: Numbers = share @ values
    scale: Numbers = np.sqrt(share @ (values - mean) ** 2) + _LEAST_SCALE
    return mean, scale


def fit_logistic(x: Numbers, y: Numbers, weights: Numbers, penalty: Numbers, towards: Numbers | None = None) -> Numbers:
    """(f,) that make y most likely less the penalties: Newton's method.

    x: (n, f), with a column of ones for a bias. y: (n,) 0 or 1. penalty: (f,) over 0, half of which a squared distance
    of 1 from `towards` (f,), by default nothing, costs in log likelihood.
    """
    start = np.zeros(x.shape[1]) if towards is None else towards
    found = start.copy()
    for _ in range(_STEPS):
        likely = 1 / (1 + np.exp(-np.clip(x @ found, -30, 30)))
        slope = x.T @ (weights * (likely - y)) + penalty * (found - start)
        curve = (x * (weights * likely * (1 - likely))[:, None]).T @ x + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        found = found - step
        if float(np.abs(step).max()) < _CLOSE:
            break
    return found


def fit_signed(
    x: Numbers, y: Numbers, weights: Numbers, penalty: Numbers, signs: Numbers, towards: Numbers | None = None
) -> Numbers:
    """The same where some of the weights may only be at least 0, or at most 0: L-BFGS-B.

    signs: (f,) 1 for at least 0, -1 for at most 0, 0 for any.
    """
    # It takes longer to import than most commands take.
    from scipy.optimize import minimize  # noqa: PLC0415

    held = np.zeros(x.shape[1]) if towards is None else towards
    bounds = [(0.0 if sign > 0 else None, 0.0 if sign < 0 else None) for sign in signs]

    def loss(found: Numbers) -> tuple[float, Numbers]:
        odds = x @ found
        error = weights * (1 / (1 + np.exp(-np.clip(odds, -30, 30))) - y)
        value = float(weights @ (np.logaddexp(0, odds) - y * odds) + penalty @ (found - held) ** 2 / 2)
        return value, x.T @ error + penalty * (found - held)

    start = np.where(signs * held < 0, 0.0, held)
    found = minimize(
        loss,
        start,
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": _MOST_STEPS, "ftol": 1e-13, "gtol": 1e-8},
    )
    weighed: Numbers = found.x
    return weighed
