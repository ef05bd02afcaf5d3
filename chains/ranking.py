"""Which journeys come first: the learned chance that each is gone on with, told term by term, then diversification.

The model is additive in the log odds (a generalized additive model, Hastie and Tibshirani 1986): a start b, and for
each term a curve g of one quantity, so that the score is sigmoid(b + g1 + g2 + ...). Each curve is centred: on the
average journey that the model learned from it is 0, and b is where a typical journey starts.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from math import exp, log1p, tanh
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chains.journeys import Term
from chains.measures import Measures
from chains.model_files import FileModel
from chains.ranking_terms import TERM_NAMES, TERMS, TermKind

START = "start"
_NEARLY_NOTHING = 1e-4
_KEPT_OF_CALLED_OFF = 0.1


@dataclass(frozen=True, slots=True)
class Score:
    """base: exactly the sum of the terms' contributions, in their order; in (0, 1). terms: the start, then the rest."""

    base: float
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class RankerModel(FileModel):
    """start: log odds of a typical journey. curves: for each of TERMS the log odds at its `at`, straight between on
    its scale, the same beyond its ends. trained_on: what the model card says of it in one line."""

    FILE = "ranking.json"
    NOUN = "ranker"
    MADE_BY = "train ranker"
    FORMAT = 1
    INPUTS = TERM_NAMES

    start: float
    curves: tuple[tuple[float, ...], ...]
    trained_on: str

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        cls.check_format(data)
        curves = []
        for term, curve in zip(TERMS, data["curves"], strict=True):
            if tuple(curve["at"]) != term.at or len(curve["log_odds"]) != len(term.at):
                raise ValueError(f"another curve of {term.name}")
            curves.append(tuple(float(value) for value in curve["log_odds"]))
        numbers = [float(data["start"]), *(value for curve in curves for value in curve)]
        if not np.all(np.isfinite(numbers)):
            raise ValueError("a number that is none")
        return cls(numbers[0], tuple(curves), str(data["trained_on"]))

    def to_json(self) -> dict[str, Any]:
        return {
            "format": self.FORMAT,
            "features": list(TERM_NAMES),
            "trained_on": self.trained_on,
            "start": self.start,
            "curves": [
                {"at": list(term.at), "log_odds": list(curve)} for term, curve in zip(TERMS, self.curves, strict=True)
            ],
        }

    @cached_property
    def _places(self) -> tuple[tuple[float, ...], ...]:
        return tuple(scaled(term) for term in TERMS)

    def log_odds(self, measures: Measures) -> list[float]:
        """What each of TERMS adds to the log odds, against a typical journey."""
        added = []
        for term, places, curve in zip(TERMS, self._places, self.curves, strict=True):
            quantity = term.quantity(measures)
            added.append(_straight_between(log1p(quantity) if term.logarithmic else quantity, places, curve))
        return added

    def score(self, measures: Measures) -> Score:
        """How likely the journey is gone on with by a user who comes back, and what each term adds to that.

        The way from the start b to b + G, the sum of all terms, is shared out by integrating the slope of the sigmoid
        along the straight line between them (Aumann and Shapley 1974; "integrated gradients", Sundararajan et al.
        2017). In an additive model all terms meet the same mean slope r = (sigmoid(b + G) - sigmoid(b)) / G, so a term
        gets r times its log odds: the largest in log odds is the largest shown, signs are kept, a term that says
        nothing gets 0. This stays bounded where terms nearly cancel: r is a mean of slopes, so it lies in (0, 1/4],
        and for G near 0 it is the slope at the start. Shapley values would need all subsets, and shares along an order
        of the terms would depend on that order.
        """
        added = self.log_odds(measures)
        rate = mean_slope(self.start, sum(added))
        terms = [
            Term(name=START, value="a typical journey, of a user who comes back", contribution=sigmoid(self.start)),
            *(
                Term(name=term.name, value=term.told(measures), contribution=rate * part)
                for term, part in zip(TERMS, added, strict=True)
            ),
        ]
        # The sum is the score, not the other way round: so it is exact to the last bit.
        return Score(min(max(sum(term.contribution for term in terms), 0.0), 1.0), tuple(terms))


def called_off(score: Score) -> Score:
    """The score of a journey that was called off or lost: a tenth of it, by one more term. No log teaches this, and it
    is not learned: who cancelled a wedding is not asked about it again for having searched for it much and lately."""
    taken = Term(name="called off", value="called off or lost", contribution=(_KEPT_OF_CALLED_OFF - 1) * score.base)
    terms = (*score.terms, taken)
    return Score(max(sum(term.contribution for term in terms), 0.0), terms)


def scaled(term: TermKind) -> tuple[float, ...]:
    """The term's `at` on the scale on which its curve is straight."""
    return tuple(log1p(at) for at in term.at) if term.logarithmic else term.at


def sigmoid(log_odds: float) -> float:
    """In (0, 1), without overflow for odds below 1."""
    return 1 / (1 + exp(-log_odds)) if log_odds >= 0 else exp(log_odds) / (1 + exp(log_odds))


def mean_slope(start: float, way: float) -> float:
    """(sigmoid(start + way) - sigmoid(start)) / way, in [0, 1/4]; its limit where the way is nearly nothing."""
    if abs(way) < _NEARLY_NOTHING:
        middle = sigmoid(start + way / 2)  # the error is of the order of way squared: under 1e-9
        return middle * (1 - middle)
    return (tanh((start + way) / 2) - tanh(start / 2)) / 2 / way


def _straight_between(place: float, places: Sequence[float], values: Sequence[float]) -> float:
    after = bisect_right(places, place)
    if after == 0:
        return values[0]
    if after == len(places):
        return values[-1]
    part = (place - places[after - 1]) / (places[after] - places[after - 1])
    return values[after - 1] + part * (values[after] - values[after - 1])


@cache
def default_ranker() -> RankerModel:
    """The model that comes with the package, read once."""
    return RankerModel.load()


def diversify(
    scores: Sequence[float], vectors: NDArray[np.float32], *, penalty: float = 0.95, threshold: float = 0.5
) -> list[float]:
    """The factor by which each score shrinks, in (0, 1], in the order given.

    In order of score, a journey with k journeys before it whose cosine to it is over the threshold keeps
    penalty ** k of its score (Pinterest Engineering, October 2025). vectors: (n, d), unit length.
    """
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    similarity = vectors @ vectors.T
    factors = [1.0] * len(scores)
    for position, place in enumerate(order):
        before = sum(bool(similarity[place, other] > threshold) for other in order[:position])
        factors[place] = penalty**before
    return factors
