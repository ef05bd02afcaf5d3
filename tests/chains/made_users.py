"""Outlines of made users' journeys, with centres that say which belong together."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from made_activity import hashed

from chains.catalogue import Outline
from chains.merging import unit
from chains.texts import Floats

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def topic(name: str) -> Floats:
    """(48,) unit length, nearly at right angles to other topics."""
    return hashed(f"topic {name}")


def embed(texts: Sequence[str]) -> Floats:
    """A text lies with the topic that its last word names."""
    return np.stack([topic(text.split()[-1]) for text in texts])


class Made:
    """outlines and centres, in the order in which they are added."""

    def __init__(self) -> None:
        self.outlines: list[Outline] = []
        self.rows: list[Floats] = []

    def add(self, user: str, about: str, *keywords: str, day: float = 0.0) -> "Made":
        number = sum(outline.user_id == user for outline in self.outlines)
        first_seen = BEGIN + timedelta(days=day)
        self.outlines.append(Outline(user, f"{user}-{number}", f"A name of {user}", keywords or (about,), first_seen))
        self.rows.append(unit((topic(about) * 4 + hashed(f"{user} {about}") / 2)[None])[0])
        return self

    @property
    def centres(self) -> Floats:
        return unit(np.stack(self.rows))

    def shuffled(self, seed: int) -> "Made":
        other = Made()
        for place in np.random.default_rng(seed).permutation(len(self.rows)).tolist():
            other.outlines.append(self.outlines[place])
            other.rows.append(self.rows[place])
        return other
