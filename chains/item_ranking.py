"""Which items to bring to a user for his journeys: those that others had in journeys with the same items, lately.

baskets = ItemBaskets.of(groups, lately)           # groups: the items of each journey of all users
near = baskets.near({"a veil": 0.8, "a cake": 0.3})      # by item what it counts for the user
baskets.best(near, seen, 10)
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

# Added to the number of baskets that an item is in, so that a rare item is not near to all it was once seen with.
_SHRINK = 10.0
# What an item counts that nobody had lately, against one user who did.
_LONG_AGO = 0.3


@dataclass(frozen=True)
class ItemBaskets:
    """items: in order. held: (baskets, items) 1 where a basket holds an item. lately: (items,) how many users had it
    in the last days."""

    items: tuple[str, ...]
    held: "csr_matrix"
    lately: NDArray[np.float64]

    @classmethod
    def of(
        cls, groups: Iterable[Collection[str]], lately: Mapping[str, float], others: Collection[str] = ()
    ) -> "ItemBaskets":
        """groups: the items of each basket; a basket is a journey, or all that a user had. lately: users by item.

        others: items that are to have a place although no basket may hold them.
        """
        # The command line starts without SciPy, which takes a third of a second.
        from scipy.sparse import csr_matrix  # noqa: PLC0415

        baskets = [sorted(set(group)) for group in groups]
        items = sorted({item for basket in baskets for item in basket}.union(lately, others))
        column = {item: place for place, item in enumerate(items)}
        rows = [row for row, basket in enumerate(baskets) for _ in basket]
        columns = [column[item] for basket in baskets for item in basket]
        held = csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(baskets), len(items)))
        return cls(tuple(items), held, np.array([lately.get(item, 0.0) for item in items]))

    def near(self, weights: Mapping[str, float]) -> NDArray[np.float64]:
        """(items,) the share of each item's baskets that hold what counts for the user, the rarer of these more.

        weights: by item what it counts; items in no basket count nothing. The cosine of item-based collaborative
        filtering (Sarwar et al. 2001), shrunk, but with the whole popularity of the candidate taken off.
        """
        size = np.asarray(self.held.sum(axis=0)).ravel() + _SHRINK
        wanted = np.array([weights.get(item, 0.0) for item in self.items]) / np.sqrt(size)
        near: NDArray[np.float64] = np.asarray(self.held.T @ (self.held @ wanted)).ravel() / size
        return near

    def best(self, near: NDArray[np.float64], seen: Collection[str], most: int) -> list[str]:
        """The items that come first by nearness times the root of how many had it lately; of equals by name.

        near: (items,), 0 leaves an item out. seen: items to leave out.
        """
        score = np.round(near * np.sqrt(self.lately + _LONG_AGO), 12)
        order = np.argsort(-score, kind="stable")[: most + len(seen)]
        return [self.items[place] for place in order.tolist() if score[place] > 0 and self.items[place] not in seen][
            :most
        ]
