"""The agent: what it streams, remembers and counts, where it stops, and how a label comes to be written."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from homes import ROWS, MadeAssistant, Row, made_rows, two_of_each, write_log
from langchain_core.messages import BaseMessage, HumanMessage, ToolMessage
from scripted_agent import Calls, Says, Script, agent_of, by, of_kind, script_of, scripted
from scripted_model import UnexpectedPrompt

from assistant.agent import open_agent
from assistant.agent.events import (
    AgentEvent,
    Answered,
    ApprovalAsked,
    Failed,
    JourneyRef,
    JourneysReferred,
    Token,
    ToolCalled,
    ToolReturned,
    Withdrawn,
)
from assistant.agent.told_turn import ToldTurn
from assistant.errors import SettingsError
from assistant.settings import Settings
from chains.call_records import CallRecord
from chains.labels import LabelKind
from chains.metering import Price, Usage
from chains.notification import Channel
from vectorstore.errors import InputError

#: Any result of a tool.
DATA = re.compile(r"<data>\n.*\n</data>", re.DOTALL)


class NoSuchKey(Exception):
    status_code = 401


@pytest.fixture(name="assistant")
def assistant_fixture(tmp_path: Path) -> Iterator[MadeAssistant]:
    with MadeAssistant(Settings(home=tmp_path / "home")) as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", ROWS)])
        assistant.infer()
        yield assistant


def text_of(events: list[AgentEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


def result_in(message: BaseMessage) -> dict[str, object]:
    found = re.fullmatch(r"<data>\n(.*)\n</data>", message.text, re.DOTALL)
    assert found
    result = json.loads(found[1])
    assert isinstance(result, dict)
    return result


def rename(assistant: MadeAssistant, name: str = "Big day") -> Says:
    own = assistant.journey("ann", "Wedding venue").journey_id
    given = {"user_id": "ann", "journey": own, "kind": "rename", "name": name}
    return Says("Call it Big day", calls=(("write_label", given),))


def test_an_answer_streams_with_its_tools_and_the_journeys_that_it_names(assistant: MadeAssistant) -> None:
    answer = "ann has Wedding venue, with 4 events from 2 to 3 March 2026, and one more journey."
    model = scripted(
        Says("What is ann up to?", "One moment.", calls=(("list_journeys", {"user_id": "ann"}),)),
        Says(DATA, answer),
        price=Price(1_000_000, 10_000_000),
    )
    events = list(agent_of(assistant, model).stream("What is ann up to?", "t"))
    called = ToolCalled("call-0-0", "list_journeys", {"user_id": "ann"})
    assert events[:3] == [Token("One moment."), called, ToolReturned("call-0-0", "list_journeys", "2 journeys")]
    assert len(of_kind(events, Token)) > 5
    assert text_of(events) == "One moment." + answer
    own = assistant.journey("ann", "Wedding venue")
    assert events[-2] == JourneysReferred((JourneyRef("ann", own.journey_id, "Wedding venue"),))
    read = 5 + len(script_of(model).asked[1][-1].text.split())
    written = 2 + 1 + len(answer.split())
    assert events[-1] == Answered(answer, Usage(2, read, written, read + 10.0 * written))
    listed = result_in(script_of(model).asked[1][-1])
    journeys = listed["journeys"]
    assert isinstance(journeys, list)
    assert [(each["rank"], each["name"], each["events"]) for each in journeys] == [
        (each.rank, each.name, each.events) for each in assistant.journeys("ann")
    ]


def test_every_reading_tool_tells_what_is_stored(assistant: MadeAssistant) -> None:
    calls: Calls = (
        ("find_users", {"about": "rose pruning"}),
        ("find_users", {"id_part": "AN"}),
        ("journey_evidence", {"user_id": "ann", "journey": "wedding venue"}),
        ("search_activity", {"user_id": "bob", "query": "compost"}),
        ("explain_journey", {"user_id": "bob", "journey": "1"}),
        ("journey_changes", {"user_id": "bob"}),
        ("why_sent_or_not", {"user_id": "bob"}),
        ("run_figures", {}),
        ("related_journeys", {"user_id": "bob"}),
    )
    model = scripted(Says("All", calls=calls), Says(DATA, "Well."))
    events = list(agent_of(assistant, model).stream("All", "t"))
    by_meaning, by_id, evidence, found, explained, changes, sent, runs, related = [
        result_in(message) for message in script_of(model).asked[1] if isinstance(message, ToolMessage)
    ]
    assert [each["user_id"] for each in by_meaning["users"]] == ["bob"]  # type: ignore[attr-defined]
    assert by_meaning["users"][0]["near"][0] == "rose pruning"  # type: ignore[index]
    assert by_id == {"users": [{"user_id": "ann", "journeys": 2}]}
    texts = set(assistant.journey("ann", "Wedding venue").texts)
    assert {each["text"] for each in evidence["events"]} == texts  # type: ignore[attr-defined]
    moments = [each["at"] for each in evidence["events"]]  # type: ignore[attr-defined]
    assert moments == sorted(moments, reverse=True)
    assert re.fullmatch(r"2026-03-0\dT\d\d:\d\dZ", moments[0])
    assert found["found"][0]["text"] == "compost bin"  # type: ignore[index]
    assert explained["explanation"] == [
        line for line in assistant.explained("bob", "1", written=False).text.splitlines() if line.strip()
    ]
    assert {each["what"] for each in changes["changes"]} == {"born"}  # type: ignore[attr-defined]
    assert sent["notifications"] == "no notification run is stored"
    run: dict[str, Any] = runs["runs"][0]  # type: ignore[index]
    assert (run["run_id"], run["users"], run["journeys"], run["mode"]) == ("run-000001", 3, 3, "full")
    assert run["models"]["of_users"] == 3
    # Nothing was expanded yet, which the model is told in one line.
    assert str(related["failed"]).startswith("nothing has been expanded yet")
    # Tools work side by side, so that they return in any order; each is told by its call.
    returned = {event.call_id: event.ok for event in of_kind(events, ToolReturned)}
    assert [(event.tool, returned[event.call_id]) for event in of_kind(events, ToolCalled)] == [
        (tool, tool != "related_journeys") for tool, _ in calls
    ]


def test_why_somebody_was_told_and_another_was_not_is_what_the_ledger_says(tmp_path: Path) -> None:
    shares = {"interest": 0, "journey": 1, "holdout": 0}
    settings = Settings(home=tmp_path / "home", experiment={"shares": shares})
    users = tmp_path / "users.csv"
    users.write_text("user_id,email_consent\nann,yes\nbob,no\n", encoding="utf-8")
    # Others have saved what a message to ann can show.
    others = ("bob", "cat", "dan", "eve")
    rows = [row for user in ("ann", *others) for row in made_rows(user, "garden")]
    rows += [Row(user, f"garden path {kind}", 3, "save") for user in others for kind in ("hook", "stand", "frame")]
    rows += [Row("ann", f"garden path {kind}", 3, "save") for kind in ("basket", "holder")]
    with MadeAssistant(settings) as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", rows)])
        assistant.infer()
        assistant.expand()
        assistant.notify(Channel.EMAIL, users_file=users)
        [candidate] = assistant.candidates("ann")
        calls: Calls = (("why_sent_or_not", {"user_id": "ann"}), ("why_sent_or_not", {"user_id": "bob"}))
        model = scripted(Says("Why?", calls=calls), Says(DATA, "So."))
        list(agent_of(assistant, model).stream("Why?", "t"))
        ann, bob = [result_in(each) for each in script_of(model).asked[1] if isinstance(each, ToolMessage)]
    assert ann["notifications"] == [
        {
            "day": candidate["day"],
            "channel": "email",
            "chosen": True,
            "score": round(candidate["score"], 2),
            "arm": "journey",
            "title": candidate["title"],
            "topic": candidate["topic"],
            "send_after": candidate["send_after"],
            "target": candidate["target_kind"],
        }
    ]
    because = "this user has not agreed to this channel"
    assert bob["notifications"] == [{"day": candidate["day"], "channel": "email", "chosen": False, "because": because}]


def test_what_is_recommended_is_told_with_its_reasons(tmp_path: Path) -> None:
    with MadeAssistant(Settings(home=tmp_path / "home")) as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", two_of_each(24))])
        assistant.infer()
        assistant.expand()
        found = assistant.recommend("user-0003")
        model = scripted(Says("Next?", calls=(("related_journeys", {"user_id": "user-0003"}),)), Says(DATA, "That."))
        events = list(agent_of(assistant, model).stream("Next?", "t"))
        told = result_in(script_of(model).asked[1][-1])
    assert found.journeys
    assert told["journeys"] == [
        {"name": each.name, "score": round(each.score, 2), "because": [reason.text for reason in each.because]}
        for each in found.journeys
    ]
    (returned,) = of_kind(events, ToolReturned)
    assert returned.summary.startswith(f"{len(found.journeys)} journey")


def test_a_conversation_goes_on_and_another_one_knows_nothing_of_it(assistant: MadeAssistant) -> None:
    model = scripted(Says("First", "One."), Says("Second", "Two."), Says("Third", "Three."))
    agent = agent_of(assistant, model)
    for question, thread in (("First", "a"), ("Second", "a"), ("Third", "b")):
        assert isinstance(list(agent.stream(question, thread))[-1], Answered)
    said = [[(each.type, each.text) for each in asked[1:]] for asked in script_of(model).asked]
    assert said == [
        [("human", "First")],
        [("human", "First"), ("ai", "One."), ("human", "Second")],
        [("human", "Third")],
    ]
    assert agent.history("a") == [
        ToldTurn("First", "One.", is_over=True), ToldTurn("Second", "Two.", is_over=True),
    ]  # fmt: skip
    assert [thread.thread_id for thread in agent.threads()] == ["b", "a"]
    assert agent.delete("a")
    assert not agent.delete("a")
    assert (agent.history("a"), [thread.thread_id for thread in agent.threads()]) == ([], ["b"])


def test_what_was_looked_up_and_spoken_of_is_remembered(assistant: MadeAssistant) -> None:
    """Another process tells what the first one showed, but for what models used."""
    answer = "ann has Wedding venue, and one more journey."
    model = scripted(
        Says("What is ann up to?", "One moment.", calls=(("list_journeys", {"user_id": "ann"}),)), Says(DATA, answer)
    )
    first = agent_of(assistant, model)
    shown = ToldTurn("What is ann up to?").after_all(first.stream("What is ann up to?", "t"))
    first.close()
    assert shown.tools
    assert shown.journeys
    assert agent_of(assistant, scripted()).history("t") == [replace(shown, usage=None)]


@pytest.mark.parametrize(("yes", "summary"), [(True, "stored a label: rename"), (False, "not approved")])
def test_what_came_of_a_label_is_remembered(assistant: MadeAssistant, yes: bool, summary: str) -> None:
    agent = agent_of(assistant, scripted(rename(assistant), Says(re.compile(".*", re.DOTALL), "So it is.")))
    list(agent.stream("Call it Big day", "t"))
    [waits] = agent.history("t")
    assert ([label.text for label in waits.waiting], waits.stopped) == (
        ["user ann: rename “Wedding venue” to “Big day”"],
        False,
    )
    list(agent.approve("t", yes))
    [turn] = agent.history("t")
    assert (turn.question, turn.text, turn.waiting) == ("Call it Big day", "So it is.", ())
    assert [(use.tool, use.summary, use.ok) for use in turn.tools] == [("write_label", summary, yes)]


def test_a_label_waits_for_a_person_and_is_written_once_on_yes(assistant: MadeAssistant) -> None:
    model = scripted(rename(assistant), Says(DATA, "It is called Big day now."))
    agent = agent_of(assistant, model)
    events = list(agent.stream("Call it Big day", "t"))
    asked = events[-1]
    assert isinstance(asked, ApprovalAsked)
    assert [label.text for label in asked.labels] == ["user ann: rename “Wedding venue” to “Big day”"]
    assert agent.pending("t") == asked
    assert assistant.labels() == []
    after = list(agent.approve("t", True))
    assert after[0] == ToolReturned("call-0-0", "write_label", "stored a label: rename")
    assert isinstance(after[-1], Answered)
    (label,) = assistant.labels("ann")
    assert (label.kind, label.name, label.by) == (LabelKind.RENAME, "Big day", "tester")
    assert label.journey_id == assistant.journey("ann", "Big day").journey_id
    with pytest.raises(InputError, match="nothing waits"):
        agent.approve("t", True)


def test_on_no_nothing_is_written_and_the_model_is_told(assistant: MadeAssistant) -> None:
    model = scripted(rename(assistant), Says(re.compile("User rejected the tool call.*", re.DOTALL), "It stays."))
    agent = agent_of(assistant, model)
    list(agent.stream("Call it Big day", "t"))
    events = list(agent.approve("t", False))
    assert events[0] == ToolReturned("call-0-0", "write_label", "not approved", ok=False)
    assert isinstance(events[-1], Answered)
    assert assistant.labels() == []


def test_whoever_asks_something_else_instead_has_said_no(assistant: MadeAssistant) -> None:
    model = scripted(rename(assistant), Says("Never mind", "As you like."))
    agent = agent_of(assistant, model)
    list(agent.stream("Call it Big day", "t"))
    assert isinstance(list(agent.stream("Never mind", "t"))[-1], Answered)
    assert agent.pending("t") is None
    told = script_of(model).asked[1]
    # A server refuses a conversation in which a call has no answer.
    assert [each.type for each in told] == ["system", "human", "ai", "tool", "human"]
    assert told[3].text.startswith("This was not carried out")
    assert assistant.labels() == []


def test_a_decision_can_be_made_after_the_process_has_ended(assistant: MadeAssistant) -> None:
    first = agent_of(assistant, scripted(rename(assistant)))
    list(first.stream("Call it Big day", "t"))
    first.close()
    later = agent_of(assistant, scripted(Says(DATA, "Done.")))
    asked = later.pending("t")
    assert asked is not None
    assert asked.labels[0].text == "user ann: rename “Wedding venue” to “Big day”"
    assert isinstance(list(later.approve("t", True))[-1], Answered)
    assert len(assistant.labels("ann")) == 1


def test_a_label_needs_the_id_of_the_journey_and_not_a_rank_that_may_change(assistant: MadeAssistant) -> None:
    given = {"user_id": "ann", "journey": "1", "kind": "over"}
    model = scripted(Says("End it", calls=(("write_label", given),)), Says(DATA, "That did not work."))
    agent = agent_of(assistant, model)
    (label,) = list(agent.stream("End it", "t"))[-1].labels  # type: ignore[union-attr]
    assert label.text.startswith("a label that will be refused")
    list(agent.approve("t", True))
    assert assistant.labels() == []


def test_a_tool_that_breaks_is_told_by_its_kind_alone(
    assistant: MadeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(user_id: str) -> None:
        raise ZeroDivisionError("secret words of a user")

    monkeypatch.setattr(assistant, "changes", broken)
    model = scripted(
        Says("Changes?", calls=(("journey_changes", {"user_id": "bob"}),)),
        Says('<data>\n{\n"failed": "journey_changes does not work now (ZeroDivisionError)"\n}\n</data>', "It fails."),
    )
    events = list(agent_of(assistant, model).stream("Changes?", "t"))
    assert events[1:] == [
        ToolReturned("call-0-0", "journey_changes", "failed", ok=False),
        Token("It fails."),
        Answered("It fails.", events[-1].usage),  # type: ignore[union-attr]
    ]


def test_a_slow_tool_is_not_waited_for(assistant: MadeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr(assistant, "changes", lambda user_id: ended.wait(20) and [])
    limits = assistant.settings.agent.model_copy(update={"tool_timeout": 0.1})
    monkeypatch.setattr(assistant, "settings", assistant.settings.model_copy(update={"agent": limits}))
    model = scripted(
        Says("Changes?", calls=(("journey_changes", {"user_id": "bob"}),)),
        Says(re.compile(r"<data>.*no answer within 0.1 s.*</data>", re.DOTALL), "It is slow."),
    )
    try:
        assert isinstance(list(agent_of(assistant, model).stream("Changes?", "t"))[-1], Answered)
    finally:
        ended.set()


@pytest.mark.parametrize(
    ("limit", "says"),
    [
        ({"model_calls": 2}, "the question took more than 2 calls to the model: ask a smaller one"),
        ({"max_tokens": 1_000}, "the question would use more than agent.max_tokens or agent.max_cost allow"),
        ({"timeout": 1e-9}, "the question took longer than 1e-09 s: ask a smaller one, or raise agent.timeout"),
    ],
)
def test_a_question_ends_at_its_limits_in_one_line(
    assistant: MadeAssistant, monkeypatch: pytest.MonkeyPatch, limit: dict[str, float], says: str
) -> None:
    limits = assistant.settings.agent.model_copy(update=limit)
    monkeypatch.setattr(assistant, "settings", assistant.settings.model_copy(update={"agent": limits}))
    looking = Says(re.compile(".*", re.DOTALL), calls=(("list_journeys", {"user_id": "ann"}),))
    model = by(Script(lambda messages: looking))
    (*_, last) = agent_of(assistant, model).stream("What is ann up to?", "t")
    assert isinstance(last, Failed)
    assert last.message.startswith(says)
    assert len(script_of(model).asked) == (2 if "model_calls" in limit else 0)


def test_more_tool_calls_than_allowed_are_not_made(assistant: MadeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    limits = assistant.settings.agent.model_copy(update={"tool_calls": 2})
    monkeypatch.setattr(assistant, "settings", assistant.settings.model_copy(update={"agent": limits}))
    calls = tuple(("list_journeys", {"user_id": user_id}) for user_id in ("ann", "bob", "cat"))
    model = scripted(Says("All three", calls=calls), Says(re.compile(".*", re.DOTALL), "Two of three."))
    events = list(agent_of(assistant, model).stream("All three", "t"))
    assert sorted(event.ok for event in of_kind(events, ToolReturned)) == [False, True, True]
    assert events[-1] == Answered("Two of three.", events[-1].usage)  # type: ignore[union-attr]


def test_a_model_that_fails_is_one_line(assistant: MadeAssistant) -> None:
    model = scripted(Says("Hello", error=NoSuchKey("no such key\nat all")), attempts=3)
    events = list(agent_of(assistant, model).stream("Hello", "t"))
    says = "the model gave no answer (status 401: no such key at all): try again, or test it with journeys doctor"
    assert events == [Failed(says, Usage())]
    # Asking again would not mend it.
    assert len(script_of(model).asked) == 1


def test_what_may_pass_is_asked_again(assistant: MadeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    model = scripted(Says("Hello", error=ConnectionError("cut")), Says("Hello", "Here."), attempts=2)
    assert list(agent_of(assistant, model).stream("Hello", "t"))[-1] == Answered("Here.", Usage(1, 1, 1))


def test_what_stands_in_answers_and_what_was_half_said_is_withdrawn(assistant: MadeAssistant) -> None:
    half = "one two three four five six seven eight nine ten eleven"
    first = scripted(Says("Hello", half, error=ConnectionError("cut")), label="first")
    second = scripted(Says("Hello", "Here I am."), label="second")
    told: list[CallRecord] = []
    agent = agent_of(assistant, first, second, record=[told.append])
    events = list(agent.stream("Hello", "t"))
    assert of_kind(events, Withdrawn) == [Withdrawn()]
    assert text_of(events[events.index(Withdrawn()) :]) == "Here I am."
    assert [(call.model, call.reply, bool(call.problem)) for call in told] == [
        ("first", "", True), ("second", "Here I am.", False),
    ]  # fmt: skip
    assert agent.usage.calls == 1
    assert told[1].messages[-1] == ("human", "Hello")


def test_two_people_ask_at_once_and_one_conversation_takes_turns(assistant: MadeAssistant) -> None:
    def answer(messages: list[BaseMessage]) -> Says:
        question = [message for message in messages if isinstance(message, HumanMessage)][-1].text
        if isinstance(messages[-1], HumanMessage):
            return Says("", calls=(("list_journeys", {"user_id": question}),))
        return Says("", f"{question}: {len(result_in(messages[-1])['journeys'])}.")  # type: ignore[arg-type]

    agent = agent_of(assistant, by(Script(answer)))  # type: ignore[arg-type]
    answers: dict[str, list[AgentEvent]] = {}

    def ask(user_id: str) -> None:
        answers[user_id] = list(agent.stream(user_id, f"about {user_id}"))

    asking = [threading.Thread(target=ask, args=(user_id,)) for user_id in ("ann", "bob", "cat")]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    said = {who: text_of(events) for who, events in answers.items()}
    assert said == {"ann": "ann: 2.", "bob": "bob: 1.", "cat": "cat: 0."}
    begun = agent.stream("ann", "one")
    next(begun)
    assert "is being answered" in list(agent.stream("bob", "one"))[-1].message  # type: ignore[union-attr]


def test_a_question_has_to_be_one(assistant: MadeAssistant) -> None:
    agent = agent_of(assistant, scripted())
    for question in (" ", "x" * 4_001):
        with pytest.raises(InputError, match="a question has 1 to 4,000 characters"):
            agent.stream(question, "t")
    with pytest.raises(InputError, match="a conversation's name has 1 to 100 characters"):
        agent.stream("Hello", "")


def test_without_a_model_it_says_how_to_set_one(assistant: MadeAssistant) -> None:
    with pytest.raises(SettingsError, match=r"journeys\.toml .*OPENAI_API_KEY.*base_url"):
        open_agent(assistant, may_see=None)


def test_nothing_is_traced_unless_it_is_asked_for(assistant: MadeAssistant, monkeypatch: pytest.MonkeyPatch) -> None:
    import langsmith

    def traced(*args: object, **others: object) -> None:
        raise AssertionError("a trace was sent")

    for name in ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING", "LANGCHAIN_TRACING_V2"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(langsmith.Client, "create_run", traced)
    monkeypatch.setattr(langsmith.Client, "__init__", traced)
    events = list(agent_of(assistant, scripted(Says("Hello", "Hello."))).stream("Hello", "t"))
    assert isinstance(events[-1], Answered)


def test_the_fake_is_strict(assistant: MadeAssistant) -> None:
    with pytest.raises(UnexpectedPrompt):
        list(agent_of(assistant, scripted(Says("Another question", "Yes."))).stream("Hello", "t"))
