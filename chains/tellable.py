"""Which of a user's texts a model is told when it looks for journeys: nothing blocked, no orders to it, and no code."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from chains.found import judge
from chains.inference import Clustered
from chains.journeys import Policy
from chains.safety import SensitivityChecker
from chains.showable import gives_orders, why_unfit

Places = NDArray[np.intp]

#: Least probability of belonging to its nearest text at which a text that no model was asked about follows it.
FOLLOWS = 0.5


@dataclass(frozen=True, slots=True)
class Tellable:
    """told: places of the texts that may be told. loose: of those that may not, and follow their nearest afterwards.

    The rest belongs to clusters that are blocked, and takes no further part.
    """

    told: Places
    loose: Places


def tellable(clustered: Clustered, checker: SensitivityChecker) -> Tellable:
    """A stray blocked text is not told, nor one that blocked words describe, nor what may not be shown
    (`why_unfit`). It follows afterwards, so that its journey is judged by it too."""
    texts, labels = clustered.texts, clustered.labels
    out = np.zeros(len(texts), dtype=np.bool_)
    for label in range(int(labels.max(initial=-1)) + 1):
        places = np.flatnonzero(labels == label)
        if judge("", texts, places, checker).policy is Policy.BLOCK:
            out[places] = True
    beside = [labels | boards for labels, boards in zip(texts.labels, texts.boards, strict=True)]
    blocked = {each for each in {*texts.keys, *chain.from_iterable(beside)} if checker.blocks(each)}
    silent = np.array(
        [
            key in blocked or not blocked.isdisjoint(others) or gives_orders(key) or why_unfit(key) is not None
            for key, others in zip(texts.keys, beside, strict=True)
        ],
        dtype=np.bool_,
    )
    return Tellable(np.flatnonzero(~out & ~silent), np.flatnonzero(~out & silent))


def follow(labels: Places, together: NDArray[np.float32], kept: Places, loose: Places) -> Places:
    """(n,) labels in which each loose text has that of its nearest kept one, where they rather belong together.

    labels: (n,) of the kept ones, -1 for none. together: (n, n) affinities.
    """
    labels = labels.copy()
    if len(kept) and len(loose):
        # Rounded, so that the last bit decides nothing.
        near = np.round(together[np.ix_(loose, kept)], 4)
        nearest = kept[near.argmax(axis=1)]
        labels[loose] = np.where(near.max(axis=1) >= FOLLOWS, labels[nearest], -1)
    return labels
