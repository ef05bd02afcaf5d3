"""The probability that two texts of one user belong to one journey, learned from labelled users."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chains.clustering import Granularity
from chains.pair_features import FEATURES, Matrix, pair_features
from chains.second_look import SECOND_FEATURES, second_features
from chains.texts import Texts
from vectorstore.errors import InputError

_FORMAT = 2
_CLIP = 5.0
_ROWS = 200_000
_KEPT = 500
_LOOKED_AT_TWICE = 1_500

Layer = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class Networks:
    """Small neural networks over features of pairs, their logits averaged. As JSON: numbers only, no code.

    mean, scale: (f,) what standardizes the features. networks: each a list of layers (in, out), (out,); between
    layers max(0, x), at the end one logit.
    """

    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    networks: tuple[tuple[Layer, ...], ...]

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        networks = tuple(
            tuple((np.asarray(w, dtype=np.float32), np.asarray(b, dtype=np.float32)) for w, b in network)
            for network in data["networks"]
        )
        mean, scale = (np.asarray(data[name], dtype=np.float32) for name in ("mean", "scale"))
        return cls(mean, scale, networks)

    def to_json(self) -> dict[str, Any]:
        def numbers(values: NDArray[np.float32]) -> list[Any]:
            return [[round(float(x), 5) for x in row] if np.ndim(row) else round(float(row), 6) for row in values]

        return {
            "mean": numbers(self.mean),
            "scale": numbers(self.scale),
            "networks": [[[numbers(w), numbers(b)] for w, b in network] for network in self.networks],
        }

    def standard(self, features: Matrix) -> Matrix:
        """(p, f) features -> what the networks take."""
        standard: Matrix = np.clip((features - self.mean) / self.scale, -_CLIP, _CLIP)
        return standard

    def probability(self, features: Matrix) -> Matrix:
        """(..., f) features -> (...) probabilities in [0, 1]."""
        flat = features.reshape(-1, features.shape[-1])
        out = np.empty(len(flat), dtype=np.float32)
        for start in range(0, len(flat), _ROWS):
            x = self.standard(flat[start : start + _ROWS])
            logits = np.zeros(len(x), dtype=np.float32)
            for network in self.networks:
                hidden = x
                for weights, bias in network[:-1]:
                    hidden = np.maximum(hidden @ weights + bias, 0)
                weights, bias = network[-1]
                logits += (hidden @ weights + bias)[:, 0]
            out[start : start + _ROWS] = 1 / (1 + np.exp(-logits / len(self.networks)))
        return out.reshape(features.shape[:-1])


@dataclass(frozen=True)
class AffinityModel:
    """first: a guess from each pair's own features. second: from these and from what the first guesses say together;
    None where the first guess is the last.

    fine: from each pair's own features, whether the two are one errand (a search mission) and not only one journey;
    None where nothing fine was learned from. trained_on: what the model card says of it in one line.
    """

    first: Networks
    second: Networks | None
    fine: Networks | None
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
                f"{path or 'affinity.json'} is no affinity model of this version: make one with journeys train affinity"
            ) from error

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        if data["format"] != _FORMAT or tuple(data["features"]) != (*FEATURES, *SECOND_FEATURES):
            raise ValueError("another format or other features")
        second, fine = (Networks.from_json(data[name]) if data[name] else None for name in ("second", "fine"))
        return cls(Networks.from_json(data["first"]), second, fine, str(data["trained_on"]))

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, the same for the same numbers."""
        return hashlib.blake2b(json.dumps(self.to_json()).encode(), digest_size=8).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
            "features": [*FEATURES, *SECOND_FEATURES],
            "trained_on": self.trained_on,
            "first": self.first.to_json(),
            "second": self.second.to_json() if self.second else None,
            "fine": self.fine.to_json() if self.fine else None,
        }


@cache
def default_affinity() -> AffinityModel:
    """The model that comes with the package, read once."""
    return AffinityModel.load()


def affinity(texts: Texts, model: AffinityModel, granularity: Granularity = Granularity.NORMAL) -> NDArray[np.float32]:
    """(n, n) symmetric probabilities in [0, 1], 1 on the diagonal.

    Users with more than 1,500 texts get no second look, and the features of those with more than 500 are made anew for
    each look: so memory stays bounded.
    """
    n = len(texts)
    kept = list(pair_features(texts)) if n <= _KEPT else None

    def features() -> Iterable[tuple[int, Matrix]]:
        return kept if kept is not None else pair_features(texts)

    if granularity is Granularity.FINE and model.fine is not None:
        return guesses(features(), n, model.fine)
    together = guesses(features(), n, model.first)
    if model.second is not None and n <= _LOOKED_AT_TWICE:
        together = guesses(_both(features(), second_features(together, texts)), n, model.second)
    return together


def both_looks(texts: Texts, first: Networks) -> Iterable[tuple[int, Matrix]]:
    """Blocks as from pair_features, of the pairs' own features and then what the first guesses add."""
    own = list(pair_features(texts))
    return _both(own, second_features(guesses(own, len(texts), first), texts))


def _both(own: Iterable[tuple[int, Matrix]], added: Iterable[tuple[int, Matrix]]) -> Iterator[tuple[int, Matrix]]:
    for (row, features), (_, more) in zip(own, added, strict=True):
        yield row, np.concatenate([features, more], axis=2)


def guesses(blocks: Iterable[tuple[int, Matrix]], n: int, networks: Networks) -> NDArray[np.float32]:
    """Blocks of features of all pairs -> (n, n) symmetric probabilities in [0, 1], 1 on the diagonal."""
    together = np.eye(n, dtype=np.float32)
    for first, features in blocks:
        row, column = np.triu_indices(len(features), first + 1, n)
        together[row + first, column] = networks.probability(features[row, column])
        together[column, row + first] = together[row + first, column]
    return together
