"""Trains the ranker: weights of what a journey's rhythm says that make what users went on with most likely."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from assistant.evaluation.ranked_lists import RankedList
from assistant.training.log_kinds import fit_gate
from assistant.training.logistic import fit_signed, standard_of
from chains.ranking import RANK_PLACES, RankerModel
from chains.ranking_terms import LIFTING, LOWERING, RANK_FEATURES, TERMS
from chains.rhythm import Numbers
from vectorstore.errors import InputError

# What holds a weight to nothing, and a log's weight to that of all logs.
_MAIN_PENALTY, _OTHER_PENALTY = 50.0, 1_000.0
_BIAS_PENALTY = 0.1
_OWN = 0.3


def train_ranker(logs: Mapping[str, Sequence[RankedList]], trained_on: str) -> RankerModel:
    """Lists of each log -> a model; the same lists in any order give the same model. Raises InputError.

    First weights of all logs together, each log counting the same and with a bias of its own, so that the weights learn
    what tells journeys of one log apart and not that users of one shop come back more than those of another. Then the
    weights of each log, held to those. In no log may silence lift a journey, or recent activity lower it. Who did
    nothing within the horizon teaches nothing.
    """
    known = {
        name: sorted(
            (each for each in lists if each.known.any()),
            key=lambda each: (each.as_of, each.user_id, each.journey_ids),
        )
        for name, lists in sorted(logs.items())
    }
    parts = [_learned(lists) for lists in known.values() if lists]
    if not parts or len({*np.concatenate([gone_on for _, _, gone_on in parts]).tolist()}) < 2:
        raise InputError("all or none of the journeys were gone on with: there is nothing to learn from")
    features, users, gone_on = (np.concatenate(each) for each in zip(*parts, strict=True))
    log_of = np.repeat(np.arange(len(parts)), [len(own) for _, _, own in parts])
    share = 1 / np.bincount(log_of)[log_of]
    share *= len(share) / share.sum()
    mean, scale = standard_of(features[:, RANK_PLACES], share)
    user_mean, user_scale = standard_of(users, share)
    blank = np.zeros((len(parts), 0))
    plain = RankerModel(mean, scale, blank, user_mean, user_scale, blank, trained_on)
    standard = plain.standard(features)
    penalty = np.array(
        [_MAIN_PENALTY if name in term.main else _OTHER_PENALTY for term in TERMS for name in term.features]
    )
    signs = np.array([(name in LIFTING) - (name in LOWERING) for name in RANK_FEATURES], dtype=np.float64)
    biases = np.eye(len(parts))[log_of]
    free = np.full(len(parts), _BIAS_PENALTY)
    together = fit_signed(
        np.hstack([biases, standard]),
        gone_on,
        share,
        np.concatenate([free, penalty]),
        np.concatenate([0 * free, signs]),
    )
    weights = []
    for log in range(len(parts)):
        own = log_of == log
        x = np.hstack([np.ones((int(own.sum()), 1)), standard[own]])
        costs = np.concatenate([free[:1], _OWN * penalty])
        held = np.concatenate([together[log : log + 1], together[len(parts) :]])
        weights.append(fit_signed(x, gone_on[own], np.ones(len(x)), costs, np.concatenate([[0.0], signs]), held))
    gate = fit_gate(users, user_mean, user_scale, log_of, share)
    return RankerModel(mean, scale, np.stack(weights), user_mean, user_scale, gate, trained_on)


def _learned(lists: Sequence[RankedList]) -> tuple[Numbers, Numbers, Numbers]:
    """(n, FEATURES) of the journeys that teach anything, (n, USER_FEATURES) of their users, (n,) 1 if gone on."""
    known = np.concatenate([each.known for each in lists])
    measures = [one for each in lists for one in each.measures]
    features = np.array([one.features for one in measures])
    users = np.array([one.of_user for one in measures])
    gone_on = np.concatenate([each.continued for each in lists]).astype(np.float64)
    return features[known], users[known], gone_on[known]


def scores_of(model: RankerModel, each: RankedList) -> Numbers:
    """(n,) the model's scores of a list's journeys."""
    return np.array([score.base for score in model.scores(each.measures)])


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
