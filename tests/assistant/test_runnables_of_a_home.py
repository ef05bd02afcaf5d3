"""The Runnables of a home: they give what its runs store, and work without a model and without a catalogue."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import MadeAssistant, made, two_of_each, without_run, write_log

from assistant.runnables import open_runnables
from assistant.settings import Settings
from chains.clustering import Granularity
from chains.journeys import InferenceMode, Journey
from chains.relevance import JudgeInput
from vectorstore.errors import InputError


@pytest.fixture(name="assistant", scope="module")
def assistant_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MadeAssistant]:
    folder = tmp_path_factory.mktemp("runnables")
    with made(folder / "home") as assistant:
        assistant.ingest([write_log(folder / "log.csv", two_of_each(24))])
        assistant.infer()
        yield assistant


def test_of_users_side_by_side_they_give_what_the_run_stored(assistant: MadeAssistant) -> None:
    users = sorted(assistant.log.users())
    found = open_runnables(assistant).of_user.batch(users, config={"max_concurrency": 2})
    stored = [[without_run(journey) for journey in assistant.journeys(user)] for user in users]
    assert found == stored
    assert any(stored)


def test_users_come_as_they_are_done(assistant: MadeAssistant) -> None:
    users = sorted(assistant.log.users())[:6]
    done = dict(open_runnables(assistant).of_user.batch_as_completed(users))
    assert [len(done[place]) for place in range(6)] == [len(assistant.journeys(user)) for user in users]


def test_another_granularity_is_that_of_the_what_if(assistant: MadeAssistant) -> None:
    clock = assistant.log.latest()
    assert clock
    for granularity in Granularity:
        found = open_runnables(assistant, granularity=granularity).of_user.invoke("user-0001")
        assert found == assistant.recluster("user-0001", granularity, clock)


def test_every_mode_takes_what_the_vectors_give(assistant: MadeAssistant) -> None:
    runnables = open_runnables(assistant)
    given = (runnables.activity | runnables.keywords | runnables.vectors).invoke("user-0001")
    clustered = runnables.of_user.invoke("user-0001")
    assert runnables.modes[InferenceMode.CLUSTER].invoke(given) == clustered
    for mode in (InferenceMode.MERGE, InferenceMode.LLM):
        assert [journey.texts for journey in runnables.modes[mode].invoke(given)] == [each.texts for each in clustered]


def test_a_judge_without_a_model_says_so(assistant: MadeAssistant) -> None:
    runnables = open_runnables(assistant)
    asked = JudgeInput(assistant.log.of("user-0001"), assistant.journeys("user-0001"))
    judged = runnables.judge.invoke(asked).judgements
    assert {each.scores for each in judged} == {()}
    assert {each.because for each in judged} == {"no model is set"}


def test_the_catalogue_is_there_once_it_is_made(assistant: MadeAssistant) -> None:
    assert open_runnables(assistant).expand is None
    assistant.expand()
    runnables = open_runnables(assistant)
    assert runnables.expand is not None
    (entry, *_), _ = assistant.catalogue()
    assert runnables.expand.invoke(entry).because == "no model is set"
    assert runnables.recommend.invoke("user-0001") == assistant.recommend("user-0001")


def test_names_and_explanations_without_a_model_are_the_plain_ones(assistant: MadeAssistant) -> None:
    runnables = open_runnables(assistant)
    journeys: list[Journey] = assistant.journeys("user-0001")
    assert runnables.explanation.batch(journeys) == [assistant.explain("user-0001", each.name) for each in journeys]
    keywords = (runnables.activity | runnables.keywords).invoke("user-0001")["keywords"]
    assert runnables.names.invoke({"journeys": journeys, "keywords": keywords}) == journeys


def test_an_empty_log_says_what_to_do(tmp_path: Path) -> None:
    with MadeAssistant(Settings(home=tmp_path / "home")) as empty, pytest.raises(InputError, match="journeys ingest"):
        open_runnables(empty)
