"""Rankers and models of returns that never saw the users that they are asked about."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np

from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.ranked_lists import RankedList, ranked_lists
from assistant.evaluation.time_split import cut_moments, split
from assistant.training.ranker import train_ranker
from assistant.training.returning import ReturnRow, fit_returns, return_rows
from chains.inference import InferenceModels, InferenceOptions
from chains.returning import EDGES
from vectorstore.embeddings import CachedEmbeddings

CUTS = 5
#: A shorter horizon tells nothing of returns.
LEAST_HORIZON = timedelta(days=EDGES[1])

Fold = tuple[InferenceModels, Sequence[LabelledUser]]
_Learned = tuple[list[RankedList], list[ReturnRow]]


def unseen_rankings(
    log: str,
    folds: Sequence[Fold],
    others: Mapping[str, Sequence[LabelledUser]],
    horizon: timedelta,
    embeddings: CachedEmbeddings,
    options: InferenceOptions,
    on_user: Callable[[], None] = lambda: None,
) -> Iterator[Fold]:
    """The folds, each with a ranker and chances of a return that learned from the users of the other folds, cut at five
    moments, and from other logs, by their names.

    folds: models that did not see the users with them; together all users of the log. What the others teach is found by
    the first fold's models. With a horizon under seven days the chances of a return stay what they are. Raises
    InputError where the other folds teach nothing. on_user: called five times a user.
    """
    everyone = [user for _, inside in folds for user in inside]

    def learned(
        name: str, users: Sequence[LabelledUser], all_users: Sequence[LabelledUser], by: InferenceModels
    ) -> _Learned:
        lists: list[RankedList] = []
        rows: list[ReturnRow] = []
        for cut in cut_moments(all_users, horizon, CUTS):
            found = list(split(users, cut, horizon, embeddings, options, by, on_user))
            lists += ranked_lists(found, cut, embeddings)
            rows += return_rows(name, found, cut, horizon)
        return lists, rows

    own = [learned(log, inside, everyone, models) for models, inside in folds]
    beside = {name: learned(name, users, users, folds[0][0]) for name, users in others.items()}
    for place, (models, inside) in enumerate(folds):
        taught = [each for number, each in enumerate(own) if number != place]
        lists = {name: each for name, (each, _) in beside.items()} | {log: [one for each, _ in taught for one in each]}
        stage = models.stage
        if horizon >= LEAST_HORIZON:
            rows = [row for _, each in (*taught, *beside.values()) for row in each]
            stage = replace(stage, returning=fit_returns(rows))
        ranker = train_ranker(lists, f"all but fold {place + 1} of {len(folds)}")
        yield replace(models, ranker=ranker, stage=stage), inside


def folds_of_users(users: Sequence[LabelledUser], folds: int, seed: int = 0) -> list[list[LabelledUser]]:
    """The users, dealt out at random with the seed; no fold is empty."""
    fold_of = np.random.default_rng(seed).permutation(len(users)) % folds
    dealt = [[user for user, own in zip(users, fold_of, strict=True) if own == fold] for fold in range(folds)]
    return [inside for inside in dealt if inside]
