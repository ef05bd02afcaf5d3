"""The crowd: texts of other users of the same log, and how familiar a text is among them.

What many users write ("hotels", "lyrics") is near to much, and that two such texts are near says little. What no other
user writes is near to little, and then a moderate cosine says much. Conneau et al. (2018) correct cosines for that
between languages, by the mean cosine to the nearest of the other side; here the other side are the other users.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: How many texts a crowd has at most: a matrix product with as many rows for each user.
CROWD_SIZE = 1_024
#: Of how many users they are drawn at most, so that of a large log only a part has to be read.
CROWD_USERS = 1_024
#: With fewer texts of others nothing is said.
_LEAST = 80
#: One in so many of the others' texts counts as near.
_NEAREST_OF = 40
_ROWS = 1_000


@dataclass(frozen=True)
class Crowd:
    """A sample of the texts of a log.

    vectors: (n, d) unit length, the texts with their annotations. owners: (n,) of each text a hash of its user's id, so
    that his own texts can be left out, and be forgotten. fingerprint: 16 hexadecimal digits, which stay when a user's
    texts are taken out: what was inferred with them is no less true.
    """

    vectors: Floats
    owners: NDArray[np.uint64]
    fingerprint: str

    @classmethod
    def of(cls, user_ids: Sequence[str], vectors: Floats) -> Self:
        """user_ids: (n,) of each text its user; vectors: (n, d) unit length."""
        fingerprint = hashlib.blake2b("\x1f".join(user_ids).encode("utf-8", "surrogatepass"), digest_size=8)
        # In steps, so that a last bit that differs from machine to machine seldom tells.
        fingerprint.update(np.round(vectors * np.float32(1e4)).astype("<i2").tobytes())
        told = fingerprint.hexdigest()
        owners = np.array([_owner(user_id, told) for user_id in user_ids], dtype=np.uint64)
        return cls(np.ascontiguousarray(vectors, dtype=np.float32), owners, told)

    def __len__(self) -> int:
        return len(self.owners)

    def count(self, user_id: str) -> int:
        """How many texts of this user are in it."""
        return int((self.owners == _owner(user_id, self.fingerprint)).sum())

    def without(self, user_id: str) -> Self:
        """The same crowd without the user's texts."""
        others = self.owners != _owner(user_id, self.fingerprint)
        return replace(self, vectors=self.vectors[others], owners=self.owners[others])

    def familiarity(self, texts: Floats, user_id: str) -> Floats | None:
        """How familiar each of a user's texts is to the others: its mean cosine to the nearest of their texts, one in
        40 of all. None where there are fewer than 80.

        texts: (m, d) unit length, with their annotations. Returns (m,) in [-1, 1].
        """
        own = np.flatnonzero(self.owners == _owner(user_id, self.fingerprint))
        others = len(self) - len(own)
        if others < _LEAST or self.vectors.shape[1] != texts.shape[1]:
            return None
        nearest = others // _NEAREST_OF
        familiar = np.empty(len(texts), dtype=np.float32)
        for first in range(0, len(texts), _ROWS):
            # The few texts on the right: so the product takes half the time.
            cosines = np.ascontiguousarray((self.vectors @ texts[first : first + _ROWS].T).T)
            cosines[:, own] = -2
            cosines.partition(len(self) - nearest, axis=1)
            familiar[first : first + _ROWS] = cosines[:, -nearest:].mean(axis=1)
        # Rounded, since sums in blocks of another size differ in the last bit.
        return np.round(familiar, 5)


def _owner(user_id: str, fingerprint: str) -> int:
    """Keyed, so that the same user is another number in another crowd."""
    keyed = hashlib.blake2b(user_id.encode("utf-8", "surrogatepass"), key=fingerprint.encode(), digest_size=8)
    return int.from_bytes(keyed.digest(), "big")


def lot(*parts: str) -> int:
    """A number that follows from the parts alone: who has the lowest is drawn, in whatever order they come."""
    text = "\x1f".join(parts).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, key=b"crowd", digest_size=8).digest(), "big")


def drawn(names: Iterable[str], count: int) -> set[str]:
    """So many of the names at random, always the same ones; all of them where there are not as many."""
    return set(sorted(names, key=lambda name: (lot(name), name))[:count])
