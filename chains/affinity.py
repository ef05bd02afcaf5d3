"""The probability that two texts of one user belong to one journey, learned from labelled users."""

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chains.pair_features import FEATURES, pair_features
from chains.texts import Texts
from vectorstore.errors import InputError

_FORMAT = 1
_CLIP = 5.0
_ROWS = 200_000

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class AffinityModel:
    """Small neural networks over the pair features, their logits averaged. Weights are JSON: numbers only, no code.

    mean, scale: (f,) what standardizes the features. networks: each a list of layers (in, out), (out,); between
    layers max(0, x), at the end one logit. trained_on: what the model card says of it in one line.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    networks: tuple[tuple[Layer, ...], ...]
    trained_on: str

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Reads a model file; without a path the one that comes with the package. Raises InputError."""
        try:
            read = (
                path.read_text(encoding="utf-8") if path else (resources.files("chains") / "affinity.json").read_text()
            )
            return cls.from_json(json.loads(read))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} is no affinity model of this version: make one with: journeys train affinity"
            ) from error

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        if data["format"] != _FORMAT or tuple(data["features"]) != FEATURES:
            raise ValueError("another format or other features")
        networks = tuple(
            tuple((np.asarray(w, dtype=np.float32), np.asarray(b, dtype=np.float32)) for w, b in network)
            for network in data["networks"]
        )
        mean, scale = (np.asarray(data[name], dtype=np.float32) for name in ("mean", "scale"))
        return cls(mean, scale, networks, str(data["trained_on"]))

    def to_json(self) -> dict[str, Any]:
        def numbers(values: NDArray[np.float32]) -> list[Any]:
            return [[round(float(x), 5) for x in row] if np.ndim(row) else round(float(row), 6) for row in values]

        return {
            "format": _FORMAT,
            "features": list(FEATURES),
            "trained_on": self.trained_on,
            "mean": numbers(self.mean),
            "scale": numbers(self.scale),
            "networks": [[[numbers(w), numbers(b)] for w, b in network] for network in self.networks],
        }

    def probability(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """(..., f) features -> (...) probabilities in [0, 1]."""
        flat = features.reshape(-1, features.shape[-1])
        out = np.empty(len(flat), dtype=np.float32)
        for start in range(0, len(flat), _ROWS):
            x = np.clip((flat[start : start + _ROWS] - self.mean) / self.scale, -_CLIP, _CLIP)
            logits = np.zeros(len(x), dtype=np.float32)
            for network in self.networks:
                hidden = x
                for weights, bias in network[:-1]:
                    hidden = np.maximum(hidden @ weights + bias, 0)
                weights, bias = network[-1]
                logits += (hidden @ weights + bias)[:, 0]
            out[start : start + _ROWS] = 1 / (1 + np.exp(-logits / len(self.networks)))
        return out.reshape(features.shape[:-1])


@cache
def default_affinity() -> AffinityModel:
    """The model that comes with the package, read once."""
    return AffinityModel.load()


def affinity(texts: Texts, model: AffinityModel) -> NDArray[np.float32]:
    """(n, n) symmetric probabilities in [0, 1], 1 on the diagonal."""
    n = len(texts)
    together = np.eye(n, dtype=np.float32)
    for first, features in pair_features(texts):
        row, column = np.triu_indices(len(features), first + 1, n)
        together[row + first, column] = model.probability(features[row, column])
    lower = np.tril_indices(n, -1)
    together[lower] = together.T[lower]
    return together
