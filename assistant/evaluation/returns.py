"""How well a return to a journey is foreseen: order, calibration, and what is left to chance."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.calibration import BINS, calibration_error
from assistant.training.logistic import fit_logistic, standard_of
from assistant.training.returning import ReturnRow, fit_returns
from chains.returning import ReturnModel
from chains.rhythm import FEATURES, Numbers
from vectorstore.errors import InputError

FIGURES = ("AUC", "Brier", "ECE", "log loss")
MODEL, GAP = "model", "time since last event"
_BASELINES = {GAP: ("gap",), "frequency": ("events",), "base rate": ()}
_RESAMPLES = 1000
_BY_CHANCE = 200
_PENALTY = 0.01
_LEAST = 1e-6


class Measured(NamedTuple):
    """A figure with the middle 95 % over users drawn again and again."""

    value: float
    low: float
    high: float


class Bin(NamedTuple):
    """A tenth of the journeys by probability: how many, the mean probability, and the part that was come back to."""

    journeys: int
    foreseen: float
    returned: float


@dataclass(frozen=True)
class ReturnFigures:
    """figures: by predictor ("model", then the baselines) and name of FIGURES. against: the model's figures less those
    of each baseline. by_chance: the ECE that a perfectly calibrated model would have with as many journeys."""

    users: int
    journeys: int
    returned: float
    figures: dict[str, dict[str, Measured]]
    against: dict[str, dict[str, Measured]]
    by_chance: float
    reliability: tuple[Bin, ...]


def fold_of_users(rows: Sequence[ReturnRow], folds: int, seed: int = 0) -> NDArray[np.intp]:
    """(n,) the fold of each row: users are dealt out at random with the seed, each with all of his rows."""
    users = sorted({row.user_id for row in rows})
    dealt = np.random.default_rng(seed).permutation(len(users)) % folds
    fold = dict(zip(users, dealt.tolist(), strict=True))
    return np.array([fold[row.user_id] for row in rows], dtype=np.intp)


def foreseen(rows: Sequence[ReturnRow], model: ReturnModel, horizon: float) -> Numbers:
    """(n,) the model's probabilities of a return within the horizon, in days."""
    return model.probability(np.stack([row.features for row in rows]), np.stack([row.user for row in rows]), horizon)


def foreseen_by_folds(
    rows: Sequence[ReturnRow], others: Sequence[ReturnRow], horizon: float, fold: NDArray[np.intp]
) -> Numbers:
    """The same by models that learned from the users of the other folds, and from the others."""
    found = np.empty(len(rows))
    for own in np.unique(fold):
        model = fit_returns([*(row for row, at in zip(rows, fold, strict=True) if at != own), *others])
        inside = np.flatnonzero(fold == own)
        found[inside] = foreseen([rows[place] for place in inside.tolist()], model, horizon)
    return found


def baselines(rows: Sequence[ReturnRow], horizon: float, fold: NDArray[np.intp]) -> dict[str, Numbers]:
    """What simple models foresee, fitted on the other folds: a logistic curve of one feature, or the share alone."""
    back = _came_back(rows, horizon).astype(np.float64)
    found = {}
    for name, features in _BASELINES.items():
        taken = np.stack([row.features[[FEATURES.index(each) for each in features]] for row in rows])
        found[name] = np.empty(len(rows))
        for own in np.unique(fold):
            learned, inside = fold != own, fold == own
            if not learned.any():
                raise InputError("folds take two users or more")
            mean, scale = standard_of(taken[learned])
            x = np.concatenate([np.ones((len(rows), 1)), (taken - mean) / scale], axis=1)
            weights = np.ones(int(learned.sum()))
            fitted = fit_logistic(x[learned], back[learned], weights, np.full(x.shape[1], _PENALTY))
            found[name][inside] = 1 / (1 + np.exp(-(x[inside] @ fitted)))
    return found


def _came_back(rows: Sequence[ReturnRow], horizon: float) -> NDArray[np.bool_]:
    return np.array([row.back <= horizon for row in rows])


def score_returns(
    rows: Sequence[ReturnRow], predicted: Mapping[str, Numbers], horizon: float, seed: int = 0
) -> ReturnFigures:
    """predicted: by predictor (n,) probabilities, "model" among them. Raises InputError where all or none came back."""
    back = _came_back(rows, horizon)
    if not 0 < back.sum() < len(back):
        raise InputError("all or none of the journeys were come back to: there is nothing to tell apart")
    users = sorted({row.user_id for row in rows})
    place = {user: number for number, user in enumerate(users)}
    user_of = np.array([place[row.user_id] for row in rows])
    measure = {name: _measure(back, values) for name, values in predicted.items()}
    drawn = np.random.default_rng(seed).integers(0, len(users), (_RESAMPLES, len(users)))
    again: dict[str, list[Numbers]] = {name: [] for name in predicted}
    for places in drawn:
        weights = np.bincount(places, minlength=len(users)).astype(np.float64)[user_of]
        if 0 < weights[back].sum() < weights.sum():
            for name in predicted:
                again[name].append(measure[name](weights))
    whole = {name: measure[name](np.ones(len(rows))) for name in predicted}
    draws = {name: np.stack(values) for name, values in again.items()}
    model = predicted[MODEL]
    return ReturnFigures(
        users=len(users),
        journeys=len(rows),
        returned=float(back.mean()),
        figures={name: _measured(whole[name], draws[name]) for name in predicted},
        against={
            name: _measured(whole[MODEL] - whole[name], draws[MODEL] - draws[name])
            for name in predicted
            if name != MODEL
        },
        by_chance=_by_chance(model, seed),
        reliability=tuple(
            Bin(len(part), float(model[part].mean()), float(back[part].mean()))
            for part in np.array_split(np.argsort(model, kind="stable"), min(BINS, len(model)))
        ),
    )


def _measured(whole: Numbers, draws: Numbers) -> dict[str, Measured]:
    low, high = np.quantile(draws, [0.025, 0.975], axis=0)
    return {name: Measured(float(whole[i]), float(low[i]), float(high[i])) for i, name in enumerate(FIGURES)}


def _measure(back: NDArray[np.bool_], values: Numbers) -> Callable[[Numbers], Numbers]:
    """Weights of the rows (n,) -> (len(FIGURES),)."""
    order = np.argsort(values, kind="stable")
    values, back = values[order], back[order]
    _, same = np.unique(values, return_inverse=True)
    sure = np.clip(values, _LEAST, 1 - _LEAST)
    squares, losses = (values - back) ** 2, -np.where(back, np.log(sure), np.log(1 - sure))

    def measure(weights: Numbers) -> Numbers:
        weights = weights[order]
        total = weights.sum()
        came = np.bincount(same, weights=weights * back)
        stayed = np.bincount(same, weights=weights * ~back)
        below = np.cumsum(stayed) - stayed / 2
        auc = float((came * below).sum() / (came.sum() * stayed.sum()))
        error = calibration_error(values, back, weights)
        return np.array([auc, (weights * squares).sum() / total, error, (weights * losses).sum() / total])

    return measure


def _by_chance(values: Numbers, seed: int) -> float:
    draw = np.random.default_rng(seed)
    ones = np.ones(len(values))
    found = []
    for _ in range(_BY_CHANCE):
        back = draw.random(len(values)) < values
        if 0 < back.sum() < len(back):
            found.append(_measure(back, values)(ones)[FIGURES.index("ECE")])
    return float(np.mean(found)) if found else float("nan")
