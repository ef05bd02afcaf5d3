"""What the crowd says of two texts of one user: whether they are nearer to each other than to what others write."""

import numpy as np

from chains.pair_features import Matrix, Pairs
from chains.texts import Floats

CROWD_FEATURES = (
    "over_familiar",  # twice the context cosine, less how familiar both texts are to other users
    "less_familiar",  # how familiar to other users the text is that is less so
    "more_familiar",  # the same of the other text
)


def crowd_block(own: Pairs, familiar: Floats, rows: slice, columns: slice, out: Matrix | None = None) -> Matrix:
    """(len(CROWD_FEATURES), rows, columns): each feature by itself, of the pairs of these rows and columns.

    familiar: (n,) of the user's texts, as `Crowd.familiarity` gives it.
    """
    one, other = familiar[rows, None], familiar[None, columns]
    context = own.context.of(rows, columns)
    block = np.empty((len(CROWD_FEATURES), *context.shape), dtype=np.float32) if out is None else out
    block[0] = 2 * context - (one + other)
    block[1] = np.minimum(one, other)
    block[2] = np.maximum(one, other)
    return block
