"""The probability that two texts of one user belong to one journey, learned from labelled users."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chains.clustering import Granularity
from chains.crowd_features import CROWD_FEATURES, crowd_block
from chains.model_files import FileModel
from chains.pair_features import FEATURES, Matrix, Pairs, pair_features, row_blocks
from chains.second_look import SECOND_FEATURES, Company, second_features
from chains.sites import with_sites
from chains.texts import Floats, Texts

_MORE = ("second", "fine", "fine_in_crowd", "fine_by_site", "fine_by_site_in_crowd")
_CLIP = 5.0
_PAIRS = 512
_BLOCK_ROWS, _BLOCK_ROWS_LEAST, _BLOCK_PAIRS = 64, 24, 16_384
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
        return self.probability_of_columns(flat.T).reshape(features.shape[:-1])

    def probability_of_columns(self, features: Matrix, columns: NDArray[np.intp] | None = None) -> Matrix:
        """(f, p) features, each by itself -> (p,) probabilities in [0, 1]; with columns, of those alone."""
        out = np.empty(features.shape[1] if columns is None else len(columns), dtype=np.float32)
        mean, scale = self.mean[:, None], self.scale[:, None]
        # So many that what is in between stays in the processor's cache.
        for start in range(0, len(out), _PAIRS):
            some = slice(start, start + _PAIRS)
            x = (features[:, some] if columns is None else features.take(columns[some], axis=1)) - mean
            x /= scale
            np.maximum(x, -_CLIP, out=x)
            np.minimum(x, _CLIP, out=x)
            logits = sum((alike.logits(x) for alike in self._stacks), np.zeros(x.shape[1], dtype=np.float32))
            out[start : start + _PAIRS] = 1 / (1 + np.exp(-logits / len(self.networks)))
        return out

    @cached_property
    def _stacks(self) -> list["_Stack"]:
        """The networks, those of one form together."""
        forms: dict[tuple[tuple[int, ...], ...], list[tuple[Layer, ...]]] = {}
        for network in self.networks:
            forms.setdefault(tuple(weights.shape for weights, _ in network), []).append(network)
        return [_Stack(alike) for alike in forms.values()]


class _Stack:
    """Networks of one form, computed side by side."""

    def __init__(self, networks: Sequence[tuple[Layer, ...]]) -> None:
        layers = [
            (np.stack([weights.T for weights, _ in layer]), np.stack([bias[:, None] for _, bias in layer]))
            for layer in zip(*networks, strict=True)
        ]
        weights, bias = layers[0]
        self.width = len(networks)
        self.first = np.ascontiguousarray(weights.reshape(-1, weights.shape[2])), bias.reshape(-1, 1)
        self.more = layers[1:]

    def logits(self, x: Matrix) -> Matrix:
        """(f, p) standardized features -> (p,) the sum of the networks' logits."""
        weights, bias = self.first
        out = weights @ x
        out += bias
        out = out.reshape(self.width, -1, x.shape[1])
        for weights, bias in self.more:
            np.maximum(out, 0, out=out)
            out = weights @ out
            out += bias
        logits: Matrix = out.sum(axis=(0, 1))
        return logits


@dataclass(frozen=True)
class AffinityModel(FileModel):
    """first: a guess from each pair's own features. second: from these and from what the first guesses say together;
    None where the first guess is the last.

    fine: from each pair's own features, whether the two are one errand (a search mission) and not only one journey;
    None where nothing fine was learned from. fine_in_crowd: the same where it is known how familiar the texts are to
    other users; None where that was not known of anybody. fine_by_site, fine_by_site_in_crowd: the two for users of
    whose items some are web addresses, from texts mixed with what the sites say; None where nobody had any.
    trained_on: what the model card says of it in one line.
    """

    FILE = "affinity.json"
    NOUN = "affinity model"
    MADE_BY = "train affinity"
    FORMAT = 4
    INPUTS = (*FEATURES, *SECOND_FEATURES, *CROWD_FEATURES)

    first: Networks
    second: Networks | None
    fine: Networks | None
    trained_on: str
    fine_in_crowd: Networks | None = None
    fine_by_site: Networks | None = None
    fine_by_site_in_crowd: Networks | None = None

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        cls.check_format(data)
        more = {name: Networks.from_json(data[name]) if data[name] else None for name in _MORE}
        return cls(Networks.from_json(data["first"]), trained_on=str(data["trained_on"]), **more)

    def to_json(self) -> dict[str, Any]:
        return {
            "format": self.FORMAT,
            "features": [*self.INPUTS],
            "trained_on": self.trained_on,
            "first": self.first.to_json(),
            **{name: own.to_json() if (own := getattr(self, name)) else None for name in _MORE},
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
    fine = _fine_guesses(texts, model) if granularity is Granularity.FINE else None
    if fine is not None:
        return fine
    own = Pairs(texts)
    kept: dict[int, Matrix] = {}

    def first_look(rows: slice, columns: slice) -> Matrix:
        return own.block(rows, columns, features_of(rows, columns)[: len(FEATURES)])

    def second_look(rows: slice, columns: slice) -> Matrix:
        features = features_of(rows, columns)
        if n > _KEPT:
            own.block(rows, columns, features[: len(FEATURES)])
        company.block(rows, columns, features[len(FEATURES) :])
        return features

    def features_of(rows: slice, columns: slice) -> Matrix:
        """Of both looks; what the first wrote is still there for the second."""
        if rows.start in kept:
            return kept[rows.start]
        shape = len(FEATURES) + len(SECOND_FEATURES), rows.stop - rows.start, columns.stop - columns.start
        features: Matrix = np.empty(shape, dtype=np.float32)
        if n <= _KEPT:
            kept[rows.start] = features
        return features

    together = _guesses(first_look, n, model.first)
    if model.second is not None and n <= _LOOKED_AT_TWICE:
        company = Company(_settled(together), texts)
        together = _guesses(second_look, n, model.second)
    return together


def _fine_guesses(texts: Texts, model: AffinityModel) -> NDArray[np.float32] | None:
    """As `affinity` gives it, whether two texts are one errand; None where the model knows nothing of errands."""
    alone, within = model.fine, model.fine_in_crowd
    if model.fine_by_site is not None and (mixed := with_sites(texts)) is not texts:
        texts, alone, within = mixed, model.fine_by_site, model.fine_by_site_in_crowd
    if within is not None and texts.familiar is not None:
        return _guesses(partial(_look_in_crowd, Pairs(texts), texts.familiar), len(texts), within)
    return _guesses(Pairs(texts).block, len(texts), alone) if alone is not None else None


def both_looks(texts: Texts, first: Networks) -> Iterable[tuple[int, Matrix]]:
    """Blocks as from pair_features, of the pairs' own features and then what the first guesses add."""
    own = Pairs(texts)
    guessed = _settled(_guesses(own.block, len(texts), first))
    for (row, features), (_, more) in zip(pair_features(texts), second_features(guessed, texts), strict=True):
        yield row, np.concatenate([features, more], axis=2)


def _look_in_crowd(own: Pairs, familiar: Floats, rows: slice, columns: slice) -> Matrix:
    """(f, rows, columns): the pairs' own features, and what the crowd says of them."""
    shape = len(FEATURES) + len(CROWD_FEATURES), rows.stop - rows.start, columns.stop - columns.start
    features: Matrix = np.empty(shape, dtype=np.float32)
    own.block(rows, columns, features[: len(FEATURES)])
    crowd_block(own, familiar, rows, columns, features[len(FEATURES) :])
    return features


def in_crowd(texts: Texts, familiar: Floats) -> Iterable[tuple[int, Matrix]]:
    """Blocks as from pair_features, of the pairs' own features and then what the crowd says of them."""
    own, columns = Pairs(texts), slice(0, len(texts))
    for rows in row_blocks(len(texts)):
        yield rows.start, np.moveaxis(_look_in_crowd(own, familiar, rows, columns), 0, 2)


def _settled(guessed: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rounded, since they are ranked: on another machine, or in blocks of another size, sums differ in the last bit."""
    return np.round(guessed, 5)


def _guesses(look: Callable[[slice, slice], Matrix], n: int, networks: Networks) -> NDArray[np.float32]:
    """look: the features of a block's pairs, (f, rows, columns). Returns (n, n) symmetric probabilities, 1 on the
    diagonal. Only pairs over the diagonal are guessed, block by block.
    """
    together = np.empty((n, n), dtype=np.float32)
    first = 0
    while first < n:
        rows, columns = slice(first, min(first + _rows_at(n - first), n)), slice(first, n)
        features = look(rows, columns)
        guessed = np.zeros((rows.stop - first, n - first), dtype=np.float32)
        above = np.flatnonzero(np.arange(n - first) > np.arange(rows.stop - first)[:, None])
        guessed.put(above, networks.probability_of_columns(features.reshape(len(features), -1), above))
        together[rows, columns] = guessed
        together[columns, rows] = guessed.T
        corner = guessed[:, : len(guessed)]
        together[rows, rows] = corner + corner.T
        first = rows.stop
    np.fill_diagonal(together, 1)
    return together


def _rows_at(columns: int) -> int:
    """How many rows of so many columns make a block: the fewer, the less is looked at in vain under the diagonal."""
    return max(min(_BLOCK_ROWS, columns // 3, _BLOCK_PAIRS // columns), min(_BLOCK_ROWS_LEAST, columns))
