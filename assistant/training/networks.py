"""Fits one small network to labelled rows with NumPy alone: the same rows and seed give the same weights."""

from collections.abc import Sequence
from itertools import pairwise
from math import cos, pi

import numpy as np
from numpy.typing import NDArray

from chains.affinity import Layer

_RATE = 6e-3
_DECAY = 1e-2
_WARM = 0.3
_MOMENTS = (0.9, 0.999)

Rows = NDArray[np.float32]


def fit_network(
    x: Rows,
    y: NDArray[np.bool_],
    weights: NDArray[np.float64],
    hidden: Sequence[int],
    epochs: int,
    batch: int,
    seed: int,
) -> tuple[Layer, ...]:
    """Layers that give the log odds of y, fitted by weighted cross-entropy.

    x: (p, f) standardized. weights: (p,) with mean 1. AdamW (Loshchilov and Hutter, 2019) with a learning rate that
    rises and falls once (Smith and Topin, 2018): the falling is worth more here than any choice of layers.
    """
    draw = np.random.default_rng(seed)
    sizes = (x.shape[1], *hidden, 1)
    values: list[Rows] = []
    for inputs, outputs in pairwise(sizes):
        for shape in ((inputs, outputs), (outputs,)):
            values.append(draw.uniform(-(inputs**-0.5), inputs**-0.5, shape).astype(np.float32))
    moments = [(np.zeros_like(value), np.zeros_like(value)) for value in values]
    wanted, weighted = y.astype(np.float32), weights.astype(np.float32)
    total, step = epochs * -(-len(x) // batch), 0
    for _ in range(epochs):
        order = draw.permutation(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            step += 1
            rate = _RATE * _schedule(step / total)
            gradients = _gradients(values, x[rows], wanted[rows], weighted[rows])
            for value, (mean, square), gradient in zip(values, moments, gradients, strict=True):
                mean += (1 - _MOMENTS[0]) * (gradient - mean)
                square += (1 - _MOMENTS[1]) * (gradient * gradient - square)
                move = (mean / (1 - _MOMENTS[0] ** step)) / (np.sqrt(square / (1 - _MOMENTS[1] ** step)) + 1e-8)
                value -= np.float32(rate) * (move + np.float32(_DECAY) * value)
    return tuple(zip(values[::2], values[1::2], strict=True))


def _schedule(done: float) -> float:
    """Share of the highest learning rate after a share of all steps: up from 1/25, then down to nothing, as cosines."""
    if done < _WARM:
        return 0.04 + 0.96 * (1 - cos(pi * done / _WARM)) / 2
    return (1 + cos(pi * (done - _WARM) / (1 - _WARM))) / 2


def _gradients(values: Sequence[Rows], x: Rows, wanted: Rows, weights: Rows) -> list[Rows]:
    """Of the mean weighted cross-entropy with respect to each of the values, in their order."""
    inputs = [x]
    for place in range(0, len(values) - 2, 2):
        inputs.append(np.maximum(inputs[-1] @ values[place] + values[place + 1], 0))
    odds = (inputs[-1] @ values[-2] + values[-1])[:, 0]
    error = ((1 / (1 + np.exp(-odds)) - wanted) * weights / np.float32(len(x)))[:, None]
    gradients: list[Rows] = []
    for place in range(len(values) - 2, -1, -2):
        entered = inputs[place // 2]
        gradients[:0] = [entered.T @ error, error.sum(axis=0)]
        if place:
            error = (error @ values[place].T) * (entered > 0)
    return gradients
