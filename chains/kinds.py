"""The probability that a journey is evergreen: from its rhythm, and from what it is about."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from chains.rhythm import FEATURES, Numbers
from chains.texts import Floats

KIND_FEATURES = (
    "gap", "age", "days", "events", "texts", "once", "usual_pause", "long_pause", "gap_to_pause", "burstiness", "month",
    "season", "rate", "share", "presence", "weeks", "parts", "longest_pause", "span", "span_of_user", "late",
    "searches", "saves", "bulk",
)  # fmt: skip

_PLACES = np.array([FEATURES.index(name) for name in KIND_FEATURES])
_CLIP = 4.0


@dataclass(frozen=True)
class KindModel:
    """Two logistic weighings: of rhythm and meaning, and of rhythm alone, where meaning is in another embedding.

    embedding: the name of the one whose vectors `meaning` weighs. mean, scale: (f,) what standardizes the rhythm.
    both: (1 + f,) bias and weights of the rhythm beside meaning. centre, meaning: (d,) mean centre and weights of what
    a journey's centre differs from it. alone: (1 + f,) bias and weights of the rhythm alone.
    """

    embedding: str
    mean: Numbers
    scale: Numbers
    both: Numbers
    centre: Numbers
    meaning: Numbers
    alone: Numbers

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError for what is no such model."""
        if tuple(data["features"]) != KIND_FEATURES:
            raise ValueError("other features")
        mean, scale, both, centre, meaning, alone = (
            np.asarray(data[name], dtype=np.float64) for name in ("mean", "scale", "both", "centre", "meaning", "alone")
        )
        wide = len(KIND_FEATURES)
        if (mean.shape, scale.shape, both.shape, alone.shape) != ((wide,), (wide,), (1 + wide,), (1 + wide,)):
            raise ValueError("other shapes")
        if centre.ndim != 1 or centre.shape != meaning.shape:
            raise ValueError("other shapes")
        return cls(str(data["embedding"]), mean, scale, both, centre, meaning, alone)

    def to_json(self) -> dict[str, Any]:
        names = ("mean", "scale", "both", "centre", "meaning", "alone")
        return {
            "features": list(KIND_FEATURES),
            "embedding": self.embedding,
            **{name: np.round(getattr(self, name), 5).tolist() for name in names},
        }

    def standard(self, features: Numbers) -> Numbers:
        """(n, FEATURES) -> (n, f) what the weights take."""
        taken: Numbers = np.minimum(np.maximum((features[:, _PLACES] - self.mean) / self.scale, -_CLIP), _CLIP)
        return taken

    def knows(self, embedding: str) -> bool:
        """Whether meaning can be weighed in vectors of this model, such as "minilm"."""
        return embedding == self.embedding

    def reach(self, *names: str) -> float:
        """How far these features, each in [0, 1], can move the log odds at most, in either embedding."""
        places = [KIND_FEATURES.index(name) for name in names]
        weights = np.maximum(np.abs(self.both[1:]), np.abs(self.alone[1:]))
        return float((weights[places] / self.scale[places]).sum())

    def evergreen(self, features: Numbers, centres: Floats, embedding: str) -> Numbers:
        """(n,) probabilities in [0, 1]. features: (n, FEATURES). centres: (n, d) unit length, of the embedding."""
        rhythm = self.standard(features)
        if self.knows(embedding) and centres.shape[1] == len(self.centre):
            odds = self.both[0] + rhythm @ self.both[1:] + (centres - self.centre) @ self.meaning
        else:
            odds = self.alone[0] + rhythm @ self.alone[1:]
        likely: Numbers = 1 / (1 + np.exp(-odds))
        return likely
