"""Learning from logs that were cut at moments whether users come back to their journeys."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.time_split import SplitUser
from assistant.training.log_kinds import fit_gate
from assistant.training.logistic import fit_logistic, standard_of
from chains.returning import EDGES, MAIN_FEATURES, RETURN_FEATURES, WHOSE_FEATURES, ReturnModel
from chains.rhythm import DAY, FEATURES, Numbers, UserRhythm, rhythm_features
from vectorstore.errors import InputError

_MAIN_PENALTY = 50.0  # what holds a weight to nothing, and a log's weight to that of all logs
_OTHER_PENALTY = 1_000.0
_BIAS_PENALTY = 0.1


@dataclass(frozen=True)
class ReturnRow:
    """One journey at one cut. log: a name for where it is from. features, user: of FEATURES, of USER_FEATURES.

    seen: days after the cut that are known. back: days until the first event that went on with it, inf for none.
    """

    log: str
    user_id: str
    features: Numbers
    user: Numbers
    seen: float
    back: float


def return_rows(log: str, split: Iterable[SplitUser], as_of: datetime, horizon: timedelta) -> Iterator[ReturnRow]:
    """The rows of one cut, as `split` gives it for the same as_of and horizon."""
    now = as_of.timestamp() / DAY
    for each in split:
        rhythm = UserRhythm.of(each.past, now)
        for journey in each.journeys:
            later = journey.later
            yield ReturnRow(
                log,
                each.user.user_id,
                rhythm_features(journey.events, len(journey.journey.texts), rhythm),
                rhythm.features,
                horizon / timedelta(days=1),
                (later[0].timestamp - as_of) / timedelta(days=1) if later else inf,
            )


def fit_returns(rows: Sequence[ReturnRow]) -> ReturnModel:
    """Rows of one or more logs -> a model. The same rows give the same model. Raises InputError for none.

    First weights of all logs together, each with a bias of its own; then the weights of each log, held to those. What
    is the user's own is the same in all of his rows, so its weights cost as many times more as a user has rows.
    """
    if not rows:
        raise InputError("no journey lies before any cut: there is nothing to learn from")
    rows = sorted(rows, key=lambda row: (row.log, row.user_id, row.seen, row.features.tolist()))
    logs = sorted({row.log for row in rows})
    log_of = np.array([logs.index(row.log) for row in rows])
    features, users = np.stack([row.features for row in rows]), np.stack([row.user for row in rows])
    # A log counts by the root of its rows, or the largest would speak for all.
    share = 1 / np.sqrt(np.bincount(log_of))[log_of]
    share *= len(rows) / share.sum()
    taken = features[:, [FEATURES.index(name) for name in RETURN_FEATURES]]
    blank = np.zeros((len(logs), 0))
    mean, scale = standard_of(taken, share)
    user_mean, user_scale = standard_of(users, share)
    plain = ReturnModel(mean, scale, blank, blank, user_mean, user_scale, blank)
    standard = plain.standard(features)
    source, stretch, back = _at_risk(rows)
    stretches = len(EDGES) - 1
    biases = np.eye(len(logs) * stretches)[log_of[source] * stretches + stretch]
    penalty = _penalties(rows)
    free = np.full(biases.shape[1], _BIAS_PENALTY)
    both = np.concatenate([biases, standard[source]], axis=1)
    together = fit_logistic(both, back, share[source], np.concatenate([free, penalty]))
    found = []
    for log in range(len(logs)):
        own = np.flatnonzero(log_of[source] == log)
        begin = log * stretches
        columns = [*range(begin, begin + stretches), *range(len(free), both.shape[1])]
        costs = np.concatenate([free[:stretches], _penalties([row for row in rows if row.log == logs[log]])])
        found.append(fit_logistic(both[np.ix_(own, columns)], back[own], np.ones(len(own)), costs, together[columns]))
    weighed = np.stack(found)
    return ReturnModel(
        mean,
        scale,
        weighed[:, :stretches],
        weighed[:, stretches:],
        user_mean,
        user_scale,
        fit_gate(users, user_mean, user_scale, log_of, share),
    )


def _penalties(rows: Sequence[ReturnRow]) -> Numbers:
    a_user = len(rows) / len({(row.log, row.user_id) for row in rows})
    main, whose = (np.isin(RETURN_FEATURES, names) for names in (MAIN_FEATURES, WHOSE_FEATURES))
    return np.where(main, _MAIN_PENALTY, _OTHER_PENALTY) * np.where(whose, a_user, 1.0)


def _at_risk(rows: Sequence[ReturnRow]) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Each stretch that a row was still away at the beginning of, and that is known to its end: the row, the stretch,
    whether the user came back in it."""
    found = [
        (place, stretch, row.back <= EDGES[stretch + 1])
        for place, row in enumerate(rows)
        for stretch in range(len(EDGES) - 1)
        if row.back > EDGES[stretch] and row.seen >= EDGES[stretch + 1]
    ]
    if not found:
        raise InputError(f"no cut leaves {EDGES[1]:.0f} days after it: there is nothing to learn from")
    places, stretches, back = (np.array(each) for each in zip(*found, strict=True))
    return places, stretches, back.astype(np.float64)
