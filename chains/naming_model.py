"""How well each candidate would name its journey, learned from names that people wrote and rated."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chains.model_files import FileModel
from chains.naming_features import NAME_FEATURES, Rows

_CLIP = 4.0


@dataclass(frozen=True)
class NamingModel(FileModel):
    """A weighted sum of standardized features. As JSON: numbers only, no code, no text of any user.

    mean, scale, weights: (len(NAME_FEATURES),). trained_on: what the model card says of it in one line.
    """

    FILE = "naming.json"
    NOUN = "naming model"
    MADE_BY = "train naming"
    FORMAT = 1
    INPUTS = NAME_FEATURES

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    trained_on: str

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        cls.check_format(data)
        mean, scale, weights = (np.asarray(data[name], dtype=np.float64) for name in ("mean", "scale", "weights"))
        if not mean.shape == scale.shape == weights.shape == (len(NAME_FEATURES),) or not (scale > 0).all():
            raise ValueError("not a number for each feature, or a scale that is not above 0")
        return cls(mean, scale, weights, str(data["trained_on"]))

    def to_json(self) -> dict[str, Any]:
        def numbers(values: NDArray[np.float64]) -> list[float]:
            return [round(float(value), 6) for value in values]

        return {
            "format": self.FORMAT,
            "features": [*NAME_FEATURES],
            "trained_on": self.trained_on,
            "mean": numbers(self.mean),
            "scale": numbers(self.scale),
            "weights": numbers(self.weights),
        }

    def standard(self, features: Rows) -> NDArray[np.float64]:
        """(n, f) features -> what the weights take, cut so that no one feature outweighs all others."""
        standard: NDArray[np.float64] = np.minimum(np.maximum((features - self.mean) / self.scale, -_CLIP), _CLIP)
        return standard

    def worth(self, features: Rows) -> NDArray[np.float64]:
        """(n, f) features of one journey's candidates -> (n,): the higher, the better the name. Only differences
        within a journey mean anything: the odds that a reader takes the one for the other are e to the difference."""
        worth: NDArray[np.float64] = self.standard(features) @ self.weights
        return worth


@cache
def default_naming() -> NamingModel:
    """The model that comes with the package, read once."""
    return NamingModel.load()
