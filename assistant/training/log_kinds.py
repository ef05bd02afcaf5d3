"""Learning what tells the users of one log from those of another."""

import numpy as np
from numpy.typing import NDArray

from chains.log_kinds import USER_CLIP
from chains.rhythm import Numbers

_PENALTY = 0.01


def fit_gate(
    users: Numbers, mean: Numbers, scale: Numbers, log_of: NDArray[np.intp], share: NDArray[np.float64]
) -> Numbers:
    """(k, 1 + u): softmax regression of the log on what the user is like, with a square penalty.

    users: (n, u) of each row. mean, scale: (u,) what standardizes them. log_of: (n,) from 0 to k - 1. share: (n,) how
    much each row weighs, 1 in the mean.
    """
    # Slow to import, and every command would wait for it.
    from scipy.optimize import minimize  # noqa: PLC0415

    standard = np.clip((users - mean) / scale, -USER_CLIP, USER_CLIP)
    x = np.concatenate([np.ones((len(users), 1)), standard], axis=1)
    logs, wanted = int(log_of.max()) + 1, np.eye(int(log_of.max()) + 1)[log_of]

    def loss(flat: Numbers) -> tuple[float, Numbers]:
        weights = flat.reshape(logs, -1)
        odds = x @ weights.T
        odds -= odds.max(axis=1, keepdims=True)
        likely = np.exp(odds)
        likely /= likely.sum(axis=1, keepdims=True)
        gradient = ((likely - wanted) * share[:, None]).T @ x / len(x) + 2 * _PENALTY * weights
        value = -float((share * np.log((likely * wanted).sum(axis=1) + 1e-12)).mean())
        return value + _PENALTY * float((weights**2).sum()), gradient.ravel()

    found: Numbers = minimize(loss, np.zeros(logs * x.shape[1]), jac=True, method="L-BFGS-B").x
    return found.reshape(logs, -1)
