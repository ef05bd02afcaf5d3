"""Journeys moved to another clock are to the last bit those that are inferred at it."""

from datetime import datetime, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import by_words, keywords_and_vectors

from assistant.sample import sample_users
from chains.ageing import journeys_at
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import InferenceMode, Journey, Kind, Stage
from chains.texts import Floats
from vectorstore.activity import Keyword

OPTIONS = InferenceOptions()
NUMBERS = range(46)


@cache
def models() -> InferenceModels:
    return InferenceModels()


@cache
def user(number: int) -> tuple[list[Keyword], Floats, datetime]:
    """With the moment of his last event."""
    own = [event for event, _ in sample_users()[number].activities]
    return *keywords_and_vectors(own, by_words), max(event.timestamp for event in own)


def inferred(number: int, days: float) -> list[Journey]:
    keywords, vectors, last = user(number)
    return infer_journeys(keywords, vectors, last + timedelta(days=days), OPTIONS, models())


def moved(number: int, journeys: list[Journey], days: float) -> list[Journey] | None:
    keywords, vectors, last = user(number)
    as_of = last + timedelta(days=days)
    return journeys_at(keywords, vectors, journeys, as_of=as_of, options=OPTIONS, models=models())


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.sampled_from(NUMBERS), st.floats(0, 40), st.floats(0, 400))
def test_moved_or_inferred_is_the_same_or_it_says_that_it_cannot_tell(number: int, since: float, until: float) -> None:
    before, after = inferred(number, since), inferred(number, until)
    found = moved(number, before, until)
    assert found in (after, None)


def test_most_can_be_moved_also_where_journeys_end_or_change_places() -> None:
    told, ended, reordered = 0, 0, 0
    for number in NUMBERS[::4]:
        before, after = inferred(number, 1), inferred(number, 25)
        if (found := moved(number, before, 25)) is not None:
            assert found == after
            told += 1
            ended += any(old.stage is not new.stage for old, new in zip(before, after, strict=True))
            reordered += [each.texts for each in before] != [each.texts for each in after]
    assert told >= 10
    assert ended >= 4
    assert reordered >= 2


def test_stored_journeys_come_back_as_they_were() -> None:
    """Through JSON, as the library keeps them, and with the ids and names that they have there."""
    before = inferred(3, 1)
    kept = [
        Journey.model_validate_json(each.model_copy(update={"journey_id": f"kept-{each.rank}"}).model_dump_json())
        for each in before
    ]
    found = moved(3, kept, 2)
    assert found is not None
    assert [each.journey_id for each in found] == [each.journey_id for each in kept]
    assert [each.name for each in found] == [each.name for each in before]
    assert {each.as_of for each in found} == {user(3)[2] + timedelta(days=2)}


@pytest.mark.parametrize(
    "changes",
    [
        {"score": 0.123},
        {"stage": Stage.ENDED, "kind": Kind.SITUATIONAL, "stage_reason": "a person said that it is over"},
        {"mode": InferenceMode.MERGE},
        {"texts": ("what he never wrote",)},
        {"confidence": 1.0, "rank": 2},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_is_not_as_it_was_inferred_is_not_moved(changes: dict[str, object]) -> None:
    number = next(number for number in NUMBERS if inferred(number, 1)[:1] and moved(number, inferred(number, 1), 2))
    first, *others = inferred(number, 1)
    assert moved(number, [first.model_copy(update=changes), *others], 2) is None
    assert moved(number, [], 2) is None


def test_a_cluster_that_was_kept_back_is_noticed_where_it_had_a_part() -> None:
    """Of one that is near to others they have less of their scores; one that is near to none changes nothing."""
    told = set()
    for number in NUMBERS[:20]:
        before, after = inferred(number, 1), inferred(number, 2)
        for missing in before:
            left = [each for each in before if each is not missing]
            found = moved(number, [each.model_copy(update={"rank": rank}) for rank, each in enumerate(left, 1)], 2)
            scores = {each.texts: each.score for each in after}
            assert found is None or all(each.score == scores[each.texts] for each in found)
            told.add(found is None)
    assert told == {True, False}
