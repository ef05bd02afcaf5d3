"""Trains the ranker: curves of a few quantities that make what users went on with most likely."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from assistant.evaluation.ranked_lists import Numbers, RankedList
from chains.measures import Measures
from chains.ranking import RankerModel, scaled
from chains.ranking_terms import TERMS
from vectorstore.errors import InputError

_PENALTY = 0.01
_STEPS = 500
_DIGITS = 5


def steps_of(measures: Sequence[Measures]) -> Numbers:
    """(n, k): for each piece of each term's curve, how much of it lies below the measured quantity, in [0, 1].

    A curve is a weighted sum of these steps, straight on each piece.
    """
    columns = []
    for term in TERMS:
        at = np.array(scaled(term))
        quantity = np.array([term.quantity(each) for each in measures], dtype=np.float64)
        placed = np.log1p(quantity) if term.logarithmic else quantity
        columns.append(np.clip((placed[:, None] - at[:-1]) / np.diff(at), 0, 1))
    return np.concatenate(columns, axis=1)


def train_ranker(logs: Mapping[str, Sequence[RankedList]], trained_on: str) -> RankerModel:
    """Lists of each log -> a model; the same lists in any order give the same model. Raises InputError.

    Penalized logistic regression on the steps, by L-BFGS-B: a term's steps may only rise, or only fall. Each log counts
    the same, and has a start of its own, so that the curves learn what tells journeys of one log apart and not that
    users of one shop come back more than those of another. Within a log a list weighs as the root of its length.
    """
    x_parts, y_parts, weight_parts, log_parts = [], [], [], []
    names = [name for name in sorted(logs) if any(each.known.any() for each in logs[name])]
    for place, name in enumerate(names):
        lists = sorted(logs[name], key=lambda each: (each.as_of, each.user_id, each.journey_ids))
        known = np.concatenate([each.known for each in lists])
        weights = np.concatenate([np.full(len(each.days), len(each.days) ** -0.5) for each in lists])[known]
        x_parts.append(steps_of([one for each in lists for one in each.measures])[known])
        y_parts.append(np.concatenate([each.continued for each in lists])[known])
        weight_parts.append(weights / weights.sum() / len(names))
        log_parts.append(np.full(len(weights), place))
    if not names or len(set(np.concatenate(y_parts).tolist())) < 2:
        raise InputError("all or none of the journeys were gone on with: there is nothing to learn from")
    x, y, weights = np.concatenate(x_parts), np.concatenate(y_parts), np.concatenate(weight_parts)
    steps, starts = _fitted(x, y.astype(np.float64), weights, np.concatenate(log_parts), len(names))
    return _model(steps, float(starts.mean()), weights @ x, trained_on)


def _fitted(x: Numbers, y: Numbers, weights: Numbers, log: Numbers, logs: int) -> tuple[Numbers, Numbers]:
    # It takes longer to import than most commands take.
    from scipy.optimize import minimize  # noqa: PLC0415

    pieces = [len(term.at) - 1 for term in TERMS]
    # A curve of many pieces would else go as far at a lower price.
    penalty = _PENALTY * np.repeat(np.array(pieces, dtype=np.float64), pieces)
    bounds = [
        (0.0, None) if term.rising else (None, 0.0) for term, count in zip(TERMS, pieces, strict=True)
        for _ in range(count)
    ] + [(None, None)] * logs  # fmt: skip

    def loss(values: Numbers) -> tuple[float, Numbers]:
        steps, starts = values[: x.shape[1]], values[x.shape[1] :]
        odds = x @ steps + starts[log]
        error = weights * (1 / (1 + np.exp(-odds)) - y)
        value = float(weights @ (np.logaddexp(0, odds) - y * odds) + penalty @ steps**2 / 2)
        return value, np.concatenate([x.T @ error + penalty * steps, np.bincount(log, error, minlength=logs)])

    found = minimize(
        loss,
        np.zeros(x.shape[1] + logs),
        jac=True,
        method="L-BFGS-B",
        bounds=bounds,
        options={"maxiter": _STEPS, "ftol": 1e-12, "gtol": 1e-8},
    )
    return found.x[: x.shape[1]], found.x[x.shape[1] :]


def _model(steps: Numbers, start: float, usual: Numbers, trained_on: str) -> RankerModel:
    """usual: (k,) the mean of each step over what was learned from; there each curve is 0."""
    curves, place = [], 0
    for term in TERMS:
        own = slice(place, place + len(term.at) - 1)
        place = own.stop
        mean = float(usual[own] @ steps[own])
        curve = np.concatenate([[0.0], np.cumsum(steps[own])]) - mean
        start += mean
        curves.append(tuple(round(float(value), _DIGITS) + 0.0 for value in curve))
    return RankerModel(round(start, _DIGITS), tuple(curves), trained_on)


def scores_of(model: RankerModel, each: RankedList) -> Numbers:
    """(n,) the model's scores of a list's journeys."""
    return np.array([model.score(measures).base for measures in each.measures])


def folds_of(
    name: str,
    lists: Sequence[RankedList],
    others: Mapping[str, Sequence[RankedList]],
    folds: int,
    seed: int = 0,
    on_fold: Callable[[], None] = lambda: None,
) -> Iterator[tuple[RankerModel, list[int]]]:
    """Models with the places of the lists that each may score: of users whom it never saw.

    name: of the log of the lists. others: what every model learns from too.
    """
    users = sorted({each.user_id for each in lists})
    dealt = dict(zip(users, (np.random.default_rng(seed).permutation(len(users)) % folds).tolist(), strict=True))
    for fold in sorted(set(dealt.values())):
        inside = [place for place, each in enumerate(lists) if dealt[each.user_id] == fold]
        learned = [each for each in lists if dealt[each.user_id] != fold]
        yield train_ranker({**others, name: learned}, f"all but fold {fold + 1} of {folds}"), inside
        on_fold()
