"""Every step as a Runnable: the pipe gives what the function gives, one by one, side by side, and beside a loop."""

import asyncio
import threading
from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
from langchain_core.runnables import Runnable, RunnableSequence
from made_activity import SAVE, act, by_cosine, by_topic

from chains import runnables
from chains.catalogue import Catalogue
from chains.clustering import Granularity
from chains.entry_centres import EntryCentres
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import InferenceMode, Journey, Policy
from chains.keywords import extract_keywords
from chains.recommendation import Recommended
from chains.runnables.reading import PlacedJourneys, RecommendInput
from chains.safety import SensitivityChecker
from chains.streaming import one_by_one
from chains.structured import Structured
from chains.texts import Floats
from chains.user_states import UserActivity, UserEvents
from vectorstore.activity import Activity

WEDDING = ["barn wedding venues", "bouquet of peonies", "table plan", "first dance songs"]
KITCHEN = ["oak worktop", "tiles behind the hob", "extractor fan", "shaker doors"]
ILL = ["signs of a miscarriage", "miscarriage what to expect", "bleeding after a miscarriage"]
TOPICS = by_topic(dict.fromkeys(WEDDING, "wedding") | dict.fromkeys(KITCHEN, "kitchen") | dict.fromkeys(ILL, "ill"))
EVENTS = [act(text, 2 * place) for place, text in enumerate([*WEDDING, *KITCHEN])]
EVENTS += [act("Oak Worktop", 9, SAVE, board="New kitchen", labels=["oak worktop"])]
AS_OF = EVENTS[-2].timestamp
CHECKER = SensitivityChecker()
MODELS = InferenceModels(affinity=by_cosine(), checker=CHECKER)
EMPTY = EntryCentres((), np.zeros((0, 48), np.float32), np.zeros(48, np.float32), 0.5)


def user(events: Sequence[Activity] = EVENTS) -> UserEvents:
    return UserEvents(activities=events, as_of=AS_OF)


def chain(options: InferenceOptions | None = None) -> Runnable[UserEvents, list[Journey]]:
    return runnables.inference_chain(TOPICS, options or InferenceOptions(), MODELS)


def by_function(events: Sequence[Activity], options: InferenceOptions | None = None) -> list[Journey]:
    keywords = extract_keywords(event for event in events if event.timestamp <= AS_OF)
    vectors = TOPICS([keyword.key for keyword in keywords])
    return infer_journeys(keywords, vectors, AS_OF, options or InferenceOptions(), MODELS)


def as_json(journeys: Sequence[Journey]) -> list[str]:
    return [journey.model_dump_json() for journey in journeys]


@pytest.mark.parametrize("granularity", Granularity)
def test_the_pipe_gives_to_the_byte_what_the_function_gives(granularity: Granularity) -> None:
    options = InferenceOptions(granularity=granularity)
    found = chain(options).invoke(user())
    assert as_json(found) == as_json(by_function(EVENTS, options))
    assert found, "there is something to compare"


def test_what_comes_after_the_moment_is_left_out() -> None:
    later = [act("a thing of tomorrow", 200 + place) for place in range(4)]
    assert chain().invoke(user([*EVENTS, *later])) == chain().invoke(user())


def test_steps_can_be_looked_at_one_after_the_other() -> None:
    options = InferenceOptions()
    first = runnables.keywords_runnable() | runnables.vectors_runnable(TOPICS)
    activity = first.invoke(user())
    assert [keyword.text for keyword in activity["keywords"]][:2] == ["barn wedding venues", "bouquet of peonies"]
    assert activity["vectors"].shape == (len(activity["keywords"]), 48)
    related = runnables.affinity_runnable(options, MODELS).invoke(activity)
    assert related["together"].shape == (len(related["texts"]), len(related["texts"]))
    clustered = runnables.clustering_runnable(options).invoke(related)
    assert clustered["clustered"].labels.tolist()[:4] == [0, 0, 0, 0]
    candidates = runnables.candidates_runnable(options, MODELS).invoke(clustered)
    ranked = runnables.ranking_runnable(options, MODELS).invoke(candidates)
    named = runnables.naming_runnable(MODELS).invoke(ranked)
    staged = runnables.stage_runnable(options, MODELS).invoke(named)
    assert (
        len(staged["candidates"].found) == len(staged["ranked"]) == len(staged["named"]) == len(staged["staged"]) == 2
    )
    assert runnables.safe_journeys_runnable(MODELS).invoke(staged) == by_function(EVENTS)


def test_blocked_journeys_do_not_leave_the_pipe() -> None:
    checker = SensitivityChecker(dict.fromkeys(CHECKER.policies, Policy.BLOCK))
    ill = [act(text, place) for place, text in enumerate(ILL)]
    models = InferenceModels(affinity=by_cosine(), checker=checker)
    found = runnables.inference_chain(TOPICS, InferenceOptions(), models).invoke(user([*EVENTS, *ill]))
    assert {text for journey in found for text in journey.texts} & set(ILL) == set()
    assert [journey.rank for journey in found] == [1, 2]


def test_streamed_journeys_come_one_by_one_and_are_the_same() -> None:
    chunks = list(chain().stream(user()))
    assert [len(chunk) for chunk in chunks] == [1, 1]
    assert [journey for chunk in chunks for journey in chunk] == by_function(EVENTS)


def test_a_user_without_journeys_streams_one_empty_list() -> None:
    for events in ([], [act("one thing")]):
        assert list(chain().stream(user(events))) == [[]]
        assert chain().invoke(user(events)) == []


def test_a_stream_does_no_more_than_was_asked_for() -> None:
    made: list[int] = []
    found = by_function(EVENTS)

    def slowly(number: int) -> Any:
        for journey in found:
            made.append(number)
            yield journey

    stream = one_by_one(slowly, int, "slowly").stream(1)
    assert next(stream) == found[:1]
    assert made == [1]


def test_a_batch_keeps_the_order_and_takes_no_more_users_at_once_than_told() -> None:
    users = [user(EVENTS[:size]) for size in range(len(EVENTS))]
    running, most, lock = 0, 0, threading.Lock()

    def embed(texts: Sequence[str]) -> Floats:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        threading.Event().wait(0.01)
        with lock:
            running -= 1
        return TOPICS(texts)

    own = runnables.inference_chain(embed, InferenceOptions(), MODELS)
    found = own.batch(users, config={"max_concurrency": 2})
    assert found == [by_function(each["activities"]) for each in users]
    assert most == 2


def test_beside_an_event_loop_it_gives_the_same() -> None:
    async def asked() -> tuple[list[Journey], list[list[Journey]], list[list[Journey]]]:
        streamed = [chunk async for chunk in chain().astream(user())]
        return await chain().ainvoke(user()), streamed, await chain().abatch([user(), user([])])

    found, streamed, batch = asyncio.run(asked())
    assert found == by_function(EVENTS)
    assert streamed == [[journey] for journey in found]
    assert batch == [found, []]


def all_of_them() -> dict[str, Runnable[Any, Any]]:
    """Each factory's Runnable, by the factory's name, made with what it takes and without a model."""
    options, nothing = InferenceOptions(), Structured({})
    retriever_of = cast("Any", None)
    made: list[tuple[Any, Runnable[Any, Any]]] = [
        (runnables.keywords_runnable, runnables.keywords_runnable()),
        (runnables.vectors_runnable, runnables.vectors_runnable(TOPICS)),
        (runnables.affinity_runnable, runnables.affinity_runnable(options, MODELS)),
        (runnables.clustering_runnable, runnables.clustering_runnable(options)),
        (runnables.candidates_runnable, runnables.candidates_runnable(options, MODELS)),
        (runnables.ranking_runnable, runnables.ranking_runnable(options, MODELS)),
        (runnables.naming_runnable, runnables.naming_runnable(MODELS)),
        (runnables.stage_runnable, runnables.stage_runnable(options, MODELS)),
        (runnables.safe_journeys_runnable, runnables.safe_journeys_runnable(MODELS)),
        (runnables.inference_chain, chain()),
        (runnables.mode_runnable, runnables.mode_runnable(InferenceMode.LLM, options, MODELS, nothing)),
        (runnables.names_runnable, runnables.names_runnable(structured=nothing, checker=CHECKER)),
        (runnables.safety_runnable, runnables.safety_runnable(CHECKER)),
        (runnables.explanation_runnable, runnables.explanation_runnable()),
        (runnables.evidence_retriever, runnables.evidence_retriever(retriever_of, CHECKER)),
        (runnables.explanation_writer, runnables.explanation_writer(nothing, TOPICS, CHECKER)),
        (runnables.explanation_chain, runnables.explanation_chain(nothing, retriever_of, TOPICS, CHECKER)),
        (runnables.expansion_runnable, runnables.expansion_runnable(Catalogue((), EMPTY))),
        (runnables.expander, runnables.expander(nothing, EMPTY, TOPICS, CHECKER)),
        (runnables.recommendation_runnable, runnables.recommendation_runnable(EMPTY)),
        (runnables.judge_runnable, runnables.judge_runnable(nothing, CHECKER)),
    ]
    return {factory.__name__: each for factory, each in made}


def test_each_has_a_name_of_its_own_and_tells_what_goes_in_and_out() -> None:
    found = all_of_them()
    assert list(found) == [factory.__name__ for factory in runnables.FACTORIES]
    assert len({each.get_name() for each in found.values()}) == len(found)
    for name, each in found.items():
        for schema in (each.get_input_jsonschema(), each.get_output_jsonschema()):
            assert schema.get("properties") or schema.get("type") or schema.get("$ref") or schema.get("items"), name
    told = found["affinity_runnable"].get_output_jsonschema()
    properties = told["$defs"]["RelatedTexts"]["properties"] if "$ref" in told else told["properties"]
    assert set(properties) == {"keywords", "as_of", "vectors", "texts", "together"}
    assert "(n, n)" in properties["together"]["title"]
    assert found["inference_chain"].get_output_jsonschema()["items"] == {"$ref": "#/$defs/Journey"}


def test_the_pipe_runs_under_its_name_and_the_steps_under_theirs() -> None:
    own = chain()
    assert isinstance(own, RunnableSequence)
    assert [each.get_name() for each in own.steps] == [
        "extract_keywords",
        "embed_keywords",
        "relate_texts",
        "cluster_texts",
        "find_candidates",
        "rank_candidates",
        "name_candidates",
        "stage_candidates",
        "safe_journeys",
    ]
    assert own.get_name() == "infer_journeys"


@pytest.mark.parametrize("mode", InferenceMode)
def test_every_mode_streams_journeys_and_falls_back_without_a_model(mode: InferenceMode) -> None:
    keywords = extract_keywords(EVENTS)
    given = UserActivity(keywords=keywords, vectors=TOPICS([each.key for each in keywords]), as_of=AS_OF)
    own = runnables.mode_runnable(mode, InferenceOptions(), MODELS, Structured({}))
    chunks = list(own.stream(given))
    assert [len(chunk) for chunk in chunks] == [1, 1]
    assert own.invoke(given) == [journey for chunk in chunks for journey in chunk]
    assert {bool(journey.fallback) for (journey,) in chunks} == {mode is not InferenceMode.CLUSTER}


def test_the_steps_after_the_inference() -> None:
    (first, _) = by_function(EVENTS)
    assert runnables.explanation_runnable().invoke(first).startswith(first.name)
    verdict = runnables.safety_runnable(CHECKER).invoke({"name": "", "texts": ILL, "weights": [1.0, 1.0, 1.0]})
    assert verdict == CHECKER.journey("", ILL, [1.0, 1.0, 1.0])
    assert verdict.policy is not Policy.ALLOW
    names = runnables.names_runnable(structured=Structured({}), checker=CHECKER)
    keywords = extract_keywords(EVENTS)
    assert names.invoke({"journeys": [first], "keywords": keywords}) == [first]
    assert runnables.recommendation_runnable(EMPTY).invoke(RecommendInput((), {})) == Recommended()
    placed = PlacedJourneys((), np.zeros(0, dtype=np.intp))
    assert runnables.expansion_runnable(Catalogue((), EMPTY)).invoke(placed) == {}
