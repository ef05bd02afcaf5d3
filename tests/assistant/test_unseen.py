"""Models for a replay that never saw the users that they are asked about."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from homes import START, TOPICS, word_embeddings

from assistant.evaluation import unseen
from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.ranked_lists import RankedList
from assistant.evaluation.unseen import folds_of_users, unseen_rankings
from assistant.training.ranker import train_ranker
from assistant.training.returning import ReturnRow, fit_returns
from chains.inference import InferenceModels, InferenceOptions
from chains.ranking import RankerModel
from chains.returning import ReturnModel
from vectorstore.activity import Activity, ActivityKind

HORIZON = timedelta(days=10)


def user_of(name: str) -> LabelledUser:
    """Two topics, one of which is gone on with week after week."""
    wedding, kitchen = TOPICS["wedding"], TOPICS["kitchen"]
    rows = [(place, text) for texts in (wedding, kitchen) for place, text in enumerate(texts)]
    rows += [(day, wedding[day % len(wedding)]) for day in range(10, 60, 4)]
    events = [Activity(name, START + timedelta(days=day), ActivityKind.SEARCH, text) for day, text in rows]
    return LabelledUser(name, events, {})


def test_users_are_dealt_into_folds_once() -> None:
    users = [user_of(f"u{number}") for number in range(7)]
    folds = folds_of_users(users, 3)
    assert sorted(map(len, folds)) == [2, 2, 3]
    assert sorted(user.user_id for inside in folds for user in inside) == [f"u{number}" for number in range(7)]
    assert len(folds_of_users(users[:2], 5)) == 2, "no fold is empty"


def test_no_model_saw_the_users_of_its_fold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ranked: list[dict[str, set[str]]] = []
    returned: list[set[str]] = []

    def watched(logs: dict[str, Sequence[RankedList]], trained_on: str) -> RankerModel:
        ranked.append({name: {each.user_id for each in lists} for name, lists in logs.items()})
        return train_ranker(logs, trained_on)

    def also(rows: Sequence[ReturnRow]) -> ReturnModel:
        returned.append({row.user_id for row in rows})
        return fit_returns(rows)

    monkeypatch.setattr(unseen, "train_ranker", watched)
    monkeypatch.setattr(unseen, "fit_returns", also)
    models = InferenceModels()
    folds = [(models, [user_of("ann"), user_of("bob")]), (models, [user_of("cat")])]
    counted: list[int] = []
    found = list(
        unseen_rankings(
            "own",
            folds,
            {"other": [user_of("dan")]},
            HORIZON,
            word_embeddings(tmp_path),
            InferenceOptions(),
            lambda: counted.append(1),
        )
    )
    assert [[user.user_id for user in inside] for _, inside in found] == [["ann", "bob"], ["cat"]]
    assert ranked == [{"own": {"cat"}, "other": {"dan"}}, {"own": {"ann", "bob"}, "other": {"dan"}}]
    assert returned == [{"cat", "dan"}, {"ann", "bob", "dan"}]
    assert len(counted) == 4 * unseen.CUTS
    assert all(each.ranker is not models.ranker and each.affinity is models.affinity for each, _ in found)
    assert [each.ranker.trained_on for each, _ in found] == ["all but fold 1 of 2", "all but fold 2 of 2"]


def test_a_short_horizon_leaves_the_chances_of_a_return(tmp_path: Path) -> None:
    models = InferenceModels()
    folds = [(models, [user_of("ann")]), (models, [user_of("bob")])]
    asked = (word_embeddings(tmp_path), InferenceOptions())
    found = list(unseen_rankings("own", folds, {}, timedelta(days=5), *asked))
    assert all(each.stage is models.stage for each, _ in found)
