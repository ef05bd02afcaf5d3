"""The agent over the wire: streamed replies with calls of tools, their tokens, faults, and the model that stands in."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from homes import ROWS, MadeAssistant, write_log
from model_server import ModelServer, serving

from assistant.agent import open_agent
from assistant.agent.events import AgentEvent, Answered, Failed, Token, ToolReturned, Withdrawn
from assistant.model_settings import ModelSettings, ModelsSettings
from assistant.settings import Settings
from chains.chat_models import ModelError

ANSWER = "bob has one journey with four events in March, and it goes on."


def looking_up(request: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """A tool for each question, and none once it has answered."""
    return [] if request["messages"][-1]["role"] == "tool" else [("list_journeys", {"user_id": "bob"})]


def saying(request: dict[str, Any]) -> str:
    return ANSWER if request["messages"][-1]["role"] == "tool" else ""


def server_of(*faults: str) -> ModelServer:
    return ModelServer(saying, faults or ("",), calling=looking_up)


@pytest.fixture(name="home")
def home_fixture(tmp_path: Path) -> Path:
    with MadeAssistant(Settings(home=tmp_path / "home")) as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", ROWS)])
        assistant.infer()
    return tmp_path / "home"


def asked(home: Path, url: str, fallback: str = "", attempts: int = 3, **others: Any) -> list[AgentEvent]:
    """What comes of one question with the models of the settings."""
    first = ModelSettings(model="openai:local", base_url=url, attempts=attempts, **others)
    second = ModelSettings(model="openai:other", base_url=fallback) if fallback else ModelSettings()
    models = ModelsSettings(agent=first, fallback=second)
    with MadeAssistant(Settings(home=home, models=models)) as assistant:
        agent = open_agent(assistant, may_see=None)
        try:
            return list(agent.stream("What is bob up to?", "t"))
        finally:
            agent.close()


def text_of(events: Sequence[AgentEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, Token))


@pytest.fixture(name="quick", autouse=True)
def quick_fixture(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr("assistant.agent.agent._FIRST_PAUSE", 0.01)
    yield


def test_tokens_are_streamed_and_counted_to_the_last(home: Path) -> None:
    with serving(server_of()) as server:
        events = asked(home, server.url)
    assert text_of(events) == ANSWER
    assert len([event for event in events if isinstance(event, Token)]) > 3
    assert [event.summary for event in events if isinstance(event, ToolReturned)] == ["1 journey"]
    last = events[-1]
    assert isinstance(last, Answered)
    assert (last.usage.calls, last.usage.estimated) == (2, 0)
    assert (last.usage.input_tokens, last.usage.output_tokens) == (server.input_tokens, server.output_tokens)
    first, second = server.requests
    assert first["stream"]
    assert first["stream_options"] == {"include_usage": True}
    assert first["authorization"] == "Bearer none"
    assert [each["role"] for each in second["messages"]] == ["system", "user", "assistant", "tool"]
    assert second["messages"][3]["content"].startswith("<data>\n{")
    assert {each["function"]["name"] for each in first["tools"]} >= {"find_users", "write_label"}


def test_faults_that_pass_are_asked_again(home: Path) -> None:
    with serving(server_of("429", "", "500", "")) as server:
        events = asked(home, server.url)
    assert isinstance(events[-1], Answered)
    assert len(server.requests) == 4


def test_a_stream_that_is_cut_is_withdrawn_and_asked_again(home: Path) -> None:
    with serving(server_of("", "cut", "")) as server:
        events = asked(home, server.url)
    assert isinstance(events[-1], Answered)
    assert events[-1].text == ANSWER
    assert text_of(events[events.index(Withdrawn()) :] if Withdrawn() in events else events) == ANSWER


def test_a_slow_server_is_not_waited_for(home: Path) -> None:
    slow = server_of("slow")
    slow.slow = 1.5
    with serving(slow) as server:
        (event,) = asked(home, server.url, attempts=1, timeout=0.3)
    assert isinstance(event, Failed)
    assert event.message.startswith("the model gave no answer (")


def test_a_refusal_is_one_line(home: Path) -> None:
    """LangChain drops the words of a refusal that is streamed, so that it looks like an empty answer."""
    with serving(server_of("refusal")) as server:
        events = asked(home, server.url, attempts=2)
    assert len(server.requests) == 2
    (event,) = events
    assert isinstance(event, Failed)
    assert event.message.startswith("the model gave no answer (the answer was empty)")
    assert event.usage.calls == 2


def test_what_stands_in_is_asked_when_the_first_is_down(home: Path) -> None:
    with serving(server_of("500")) as down, serving(server_of()) as standing_in:
        events = asked(home, down.url, standing_in.url, attempts=2)
    assert text_of(events) == ANSWER
    assert (len(down.requests), len(standing_in.requests)) == (4, 2)


def test_a_model_without_its_key_is_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    models = ModelsSettings(default=ModelSettings(model="openai:gpt-5-mini"))
    with MadeAssistant(Settings(home=home, models=models)) as assistant, pytest.raises(ModelError) as told:
        open_agent(assistant, may_see=None)
    assert str(told.value).startswith("openai:gpt-5-mini cannot be opened: ")
    assert "\n" not in str(told.value)
