"""Which of the logs that were learned from a user is like, so that what each of them taught can be mixed."""

import numpy as np

from chains.rhythm import Numbers

USER_CLIP = 4.0


def likeness(users: Numbers, mean: Numbers, scale: Numbers, gate: Numbers) -> Numbers:
    """(n, u) what users do at large -> (n, k) how much each is like those of each log; rows sum up to 1.

    mean, scale: (u,) what standardizes users. gate: (k, 1 + u) weights of a softmax.
    """
    standard = np.minimum(np.maximum((users - mean) / scale, -USER_CLIP), USER_CLIP)
    odds = gate[:, 0] + standard @ gate[:, 1:].T
    likely: Numbers = np.exp(odds - odds.max(axis=1, keepdims=True))
    likely /= likely.sum(axis=1, keepdims=True)
    return likely
