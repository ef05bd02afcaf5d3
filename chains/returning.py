"""The probability that a user comes back to a journey within a number of days, learned from logs cut at a moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Self

import numpy as np

from chains.log_kinds import likeness
from chains.rhythm import FEATURES, USER_FEATURES, Numbers

#: Days after the moment at which one stretch ends and the next begins; each has a chance of a return of its own.
EDGES = (0.0, 7.0, 14.0, 28.0, 56.0)
HORIZON = 28.0

#: Those of the rhythm's features that are asked; the others tell kinds of journeys, not whether one is gone on with.
#: The first tell most in every log; what is the journey's own besides; what is the user's, the same for his journeys.
MAIN_FEATURES = ("gap", "days", "month", "season", "rate", "texts")
OWN_FEATURES = (
    "age", "events", "once", "usual_pause", "gap_to_pause", "burstiness", "week", "share", "passed_over", "presence",
)  # fmt: skip
WHOSE_FEATURES = ("user_month", "user_gap", "user_age", "user_gap_to_pause")
RETURN_FEATURES = (*MAIN_FEATURES, *OWN_FEATURES, *WHOSE_FEATURES)

_PLACES = np.array([FEATURES.index(name) for name in RETURN_FEATURES])
_CLIP = 4.0


@dataclass(frozen=True)
class ReturnModel:
    """One weighing for each kind of log that was learned from, mixed by how much the user is like those of that log.

    In each stretch of EDGES the chance that a user who has not come back yet does so is logistic in the features, with
    a bias of its own: a discrete-time hazard (Singer and Willett, 1993), so a longer horizon is never less probable.
    mean, scale: (f,) what standardizes the features. biases: (k, stretches). weights: (k, f).
    user_mean, user_scale: (u,). gate: (k, 1 + u) weights of the softmax that says which log the user is like.
    """

    mean: Numbers
    scale: Numbers
    biases: Numbers
    weights: Numbers
    user_mean: Numbers
    user_scale: Numbers
    gate: Numbers

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError for what is no such model."""
        if tuple(data["features"]) != RETURN_FEATURES or tuple(data["user_features"]) != USER_FEATURES:
            raise ValueError("other features")
        if tuple(data["edges"]) != EDGES:
            raise ValueError("other stretches")
        model = cls(*(np.asarray(data[name], dtype=np.float64) for name in cls.__dataclass_fields__))
        logs, wide = len(model.weights), len(RETURN_FEATURES)
        if (model.weights.shape, model.biases.shape, model.gate.shape, model.mean.shape) != (
            (logs, wide),
            (logs, len(EDGES) - 1),
            (logs, 1 + len(USER_FEATURES)),
            (wide,),
        ):
            raise ValueError("other shapes")
        return model

    def to_json(self) -> dict[str, Any]:
        return {
            "features": list(RETURN_FEATURES),
            "user_features": list(USER_FEATURES),
            "edges": list(EDGES),
            **{name: np.round(getattr(self, name), 5).tolist() for name in type(self).__dataclass_fields__},
        }

    def standard(self, features: Numbers) -> Numbers:
        """(n, FEATURES) -> (n, f) what the weights take."""
        taken: Numbers = np.minimum(np.maximum((features[:, _PLACES] - self.mean) / self.scale, -_CLIP), _CLIP)
        return taken

    def like(self, users: Numbers) -> Numbers:
        """(n, USER_FEATURES) -> (n, k) how much each user is like those of each log; rows sum up to 1."""
        return likeness(users, self.user_mean, self.user_scale, self.gate)

    def probability(self, features: Numbers, users: Numbers, horizon: float = HORIZON) -> Numbers:
        """(n,) probabilities in [0, 1] of a return within the horizon, in days, over 0.

        features: (n, FEATURES). users: (n, USER_FEATURES) of the user of each, or (1, USER_FEATURES) of the one of all.
        After the last stretch its chance goes on at the same pace.
        """
        odds = (self.standard(features) @ self.weights.T)[:, :, None] + self.biases
        stays = 1 / (1 + np.exp(odds))
        away = (stays ** stretches_of(horizon)).prod(axis=2)
        back: Numbers = np.clip((self.like(users) * (1 - away)).sum(axis=1), 0.0, 1.0)
        return back


def stretches_of(horizon: float, edges: Sequence[float] = EDGES) -> Numbers:
    """How much of each stretch lies within the horizon; of the last one, how many times over."""
    parts = [max((horizon - begin) / (end - begin), 0.0) for begin, end in pairwise(edges)]
    return np.array([*(min(part, 1.0) for part in parts[:-1]), parts[-1]])
