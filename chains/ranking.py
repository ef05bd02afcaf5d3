"""Which journeys come first: the learned chance that each is gone on with, told term by term, then diversification.

The model is additive in the log odds: a start b, and for each term a weighted sum g of some features of the journey's
rhythm, so that the score is sigmoid(b + g1 + g2 + ...). Features are standardized: on a mean journey of what the model
learned from each term is 0. Start and weights are those of the logs that were learned from, mixed by how much the user
is like theirs, so they are the same for all journeys of one user.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from math import exp, fsum, tanh
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from chains.journeys import Term
from chains.log_kinds import likeness
from chains.measures import Measures
from chains.model_files import FileModel
from chains.ranking_terms import RANK_FEATURES, TERMS
from chains.rhythm import FEATURES, USER_FEATURES, Numbers

START = "start"
_NEARLY_NOTHING = 1e-4
_KEPT_OF_CALLED_OFF = 0.1
_CLIP = 4.0
_NUMBERS = ("mean", "scale", "weights", "user_mean", "user_scale", "gate")
#: Where RANK_FEATURES stand among FEATURES.
RANK_PLACES = np.array([FEATURES.index(name) for name in RANK_FEATURES])
_PLACES_OF_TERMS = tuple(tuple(RANK_FEATURES.index(name) for name in term.features) for term in TERMS)


@dataclass(frozen=True, slots=True)
class Score:
    """base: exactly the sum of the terms' contributions, in their order; in (0, 1). terms: the start, then the rest."""

    base: float
    terms: tuple[Term, ...]


@dataclass(frozen=True, eq=False)
class RankerModel(FileModel):
    """One weighing for each kind of log that was learned from, mixed by how much the user is like those of that log.

    mean, scale: (f,) what standardizes RANK_FEATURES. weights: (k, 1 + f), log odds of a mean journey, then what a
    standard deviation of each feature adds to them. user_mean, user_scale: (u,). gate: (k, 1 + u), as `likeness` takes
    it. trained_on: what the model card says of it in one line.
    """

    FILE = "ranking.json"
    NOUN = "ranker"
    MADE_BY = "train ranker"
    FORMAT = 2
    INPUTS = RANK_FEATURES

    mean: Numbers
    scale: Numbers
    weights: Numbers
    user_mean: Numbers
    user_scale: Numbers
    gate: Numbers
    trained_on: str

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        cls.check_format(data)
        if tuple(data["user_features"]) != USER_FEATURES:
            raise ValueError("other features of users")
        model = cls(
            **{name: np.asarray(data[name], dtype=np.float64) for name in _NUMBERS}, trained_on=str(data["trained_on"])
        )
        logs, wide, of_user = len(model.weights), len(RANK_FEATURES), len(USER_FEATURES)
        shapes = [getattr(model, name).shape for name in _NUMBERS]
        if shapes != [(wide,), (wide,), (logs, 1 + wide), (of_user,), (of_user,), (logs, 1 + of_user)]:
            raise ValueError("other shapes")
        if not all(np.isfinite(getattr(model, name)).all() for name in _NUMBERS) or min(model.scale) <= 0:
            raise ValueError("a number that is none, or a scale that is not above 0")
        return model

    def to_json(self) -> dict[str, Any]:
        return {
            "format": self.FORMAT,
            "features": list(RANK_FEATURES),
            "user_features": list(USER_FEATURES),
            "trained_on": self.trained_on,
            **{name: np.round(getattr(self, name), 5).tolist() for name in _NUMBERS},
        }

    def standard(self, features: Numbers) -> Numbers:
        """(n, FEATURES) -> (n, f) what the weights take, cut so that nothing outweighs all else."""
        standard: Numbers = np.minimum(np.maximum((features[:, RANK_PLACES] - self.mean) / self.scale, -_CLIP), _CLIP)
        return standard

    def log_odds(self, measures: Sequence[Measures]) -> tuple[float, list[list[float]]]:
        """Of journeys of one user, at least one: the start, and for each what each of TERMS adds to it."""
        like = likeness(np.array([measures[0].of_user]), self.user_mean, self.user_scale, self.gate)[0]
        # Not a matrix product, whose last bits would hang on the machine and on how many journeys there are.
        mixed = (like[:, None] * self.weights).sum(axis=0)
        parts = (mixed[1:] * self.standard(np.array([each.features for each in measures]))).tolist()
        return float(mixed[0]), [[fsum(own[place] for place in term) for term in _PLACES_OF_TERMS] for own in parts]

    def score(self, measures: Measures) -> Score:
        """How likely the journey is gone on with by a user who comes back, and what each term adds to that."""
        return self.scores([measures])[0]

    def scores(self, measures: Sequence[Measures]) -> list[Score]:
        """The same of all journeys of one user, in their order.

        The way from the start b to b + G, the sum of all terms, is shared out by integrating the slope of the sigmoid
        along the straight line between them (Aumann and Shapley 1974; "integrated gradients", Sundararajan et al.
        2017). In an additive model all terms meet the same mean slope r = (sigmoid(b + G) - sigmoid(b)) / G, so a term
        gets r times its log odds: the largest in log odds is the largest shown, signs are kept, a term that says
        nothing gets 0. This stays bounded where terms nearly cancel: r is a mean of slopes, so it lies in (0, 1/4],
        and for G near 0 it is the slope at the start. Shapley values would need all subsets, and shares along an order
        of the terms would depend on that order.
        """
        if not measures:
            return []
        start, added = self.log_odds(measures)
        return [_told(each, start, parts) for each, parts in zip(measures, added, strict=True)]


def _told(measures: Measures, start: float, added: Sequence[float]) -> Score:
    rate = mean_slope(start, sum(added))
    terms = (
        Term(name=START, value="a mean journey of a user who comes back", contribution=sigmoid(start)),
        *(
            Term(name=term.name, value=term.told(measures), contribution=rate * part)
            for term, part in zip(TERMS, added, strict=True)
        ),
    )
    # The sum is the score, not the other way round: so it is exact to the last bit.
    return Score(min(max(sum(term.contribution for term in terms), 0.0), 1.0), terms)


def called_off(score: Score) -> Score:
    """The score of a journey that was called off or lost: a tenth of it, by one more term. No log teaches this, and it
    is not learned: who cancelled a wedding is not asked about it again for having searched for it much and lately."""
    taken = Term(name="called off", value="called off or lost", contribution=(_KEPT_OF_CALLED_OFF - 1) * score.base)
    terms = (*score.terms, taken)
    return Score(max(sum(term.contribution for term in terms), 0.0), terms)


def sigmoid(log_odds: float) -> float:
    """In (0, 1), without overflow for odds below 1."""
    return 1 / (1 + exp(-log_odds)) if log_odds >= 0 else exp(log_odds) / (1 + exp(log_odds))


def mean_slope(start: float, way: float) -> float:
    """(sigmoid(start + way) - sigmoid(start)) / way, in [0, 1/4]; its limit where the way is nearly nothing."""
    if abs(way) < _NEARLY_NOTHING:
        middle = sigmoid(start + way / 2)  # the error is of the order of way squared: under 1e-9
        return middle * (1 - middle)
    return (tanh((start + way) / 2) - tanh(start / 2)) / 2 / way


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
