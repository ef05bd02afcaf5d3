"""Where the entries of a catalogue lie, and to which of them a journey belongs."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chains.merging import Labels, nearest, unit
from chains.texts import Floats

#: How much of the mean of all centres is taken off each: what all journeys of a log share tells none from another.
COMMON = 0.7


@dataclass(frozen=True)
class EntryCentres:
    """ids: of the entries. rows: (m, d) float32, unit length, one an entry. mean: (d,) of all journeys' centres.

    similarity: cosine, without what all journeys share, from which a journey belongs to an entry.
    """

    ids: tuple[str, ...]
    rows: Floats
    mean: Floats
    similarity: float

    def __len__(self) -> int:
        return len(self.ids)

    def apart(self, centres: Floats) -> Floats:
        """The centres without what all journeys share, (n, d), unit length."""
        return apart(centres, self.mean)

    @cached_property
    def own(self) -> Floats:
        """The entries' own centres, without what all journeys share: (m, d), unit length."""
        return self.apart(self.rows)

    @cached_property
    def place(self) -> dict[str, int]:
        """By entry id its row."""
        return {entry_id: row for row, entry_id in enumerate(self.ids)}

    def match(self, centres: Floats) -> Labels:
        """(n, d) unit length -> (n,) the row of each journey's entry, -1 where none is near enough."""
        places, cosines = nearest(self.apart(centres), self.own)
        places[cosines < round(self.similarity, 4)] = -1
        return places

    def near(self, centre: Floats, least: float) -> frozenset[str]:
        """The ids of the entries whose cosine to a journey's centre, (d,) unit length, is at least so much."""
        cosines = np.round(self.own @ self.apart(centre[None])[0], 4)
        return frozenset(self.ids[row] for row in np.flatnonzero(cosines >= least).tolist())

    def between(self) -> Floats:
        """(m, m) cosines between the entries."""
        return self.own @ self.own.T

    def of(self, ids: Sequence[str]) -> Floats:
        """(len(ids), d) unit length: where these entries lie. Raises KeyError for one that is not here."""
        return self.own[[self.place[entry_id] for entry_id in ids]]


def apart(centres: Floats, mean: NDArray[np.float32]) -> Floats:
    return unit(centres - COMMON * mean)
