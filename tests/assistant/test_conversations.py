"""Conversations on disk: nothing but plain messages is read, and a user who is forgotten is in none of them."""

import pickle
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import MadeAssistant, Row, made_rows, write_log
from langchain_core.messages import AIMessage, HumanMessage
from langgraph.types import Interrupt
from scripted_agent import Says, Script, agent_of, by, script_of, scripted

from assistant.agent.checkpoints import PlainSerializer
from assistant.agent.conversations import FILE_NAME, Conversations
from assistant.agent.events import Answered
from assistant.settings import Settings
from vectorstore.errors import StoreError

WHO = "quux-4711"
ANY = re.compile(".*", re.DOTALL)
ROWS = [
    *made_rows("ann", "wedding"),
    *(Row(WHO, f"xyzzy {text}", day) for day, text in enumerate(("lamp", "oil", "rug"))),
]


@pytest.fixture(name="assistant")
def assistant_fixture(tmp_path: Path) -> Iterator[MadeAssistant]:
    with MadeAssistant(Settings(home=tmp_path / "home")) as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", ROWS)])
        assistant.infer()
        yield assistant


def ask(assistant: MadeAssistant, thread: str, question: str, user_id: str | None = None) -> None:
    calls = (("list_journeys", {"user_id": user_id}),) if user_id else ()
    replies = [Says(question, calls=calls), Says(ANY, "Well.")] if calls else [Says(question, "Well.")]
    agent = agent_of(assistant, scripted(*replies))
    assert isinstance(list(agent.stream(question, thread))[-1], Answered)
    agent.close()


def traces(home: Path, *words: str) -> list[str]:
    return [
        f"{path.name}: {word}"
        for path in sorted(home.glob(f"{FILE_NAME}*"))
        for word in words
        if word.encode() in path.read_bytes()
    ]


def test_messages_and_what_waits_come_back_as_they_were() -> None:
    serializer = PlainSerializer()
    call = {"name": "find_users", "args": {"about": "x"}, "id": "1", "type": "tool_call"}
    kept = [HumanMessage("Hello"), AIMessage("", tool_calls=[call]), Interrupt(value={"a": [1]}, id="i")]
    assert serializer.loads_typed(serializer.dumps_typed(kept)) == kept


def test_no_pickle_and_no_named_class_is_ever_read() -> None:
    serializer = PlainSerializer()

    class Harm:
        def __reduce__(self) -> tuple[object, ...]:
            return (pytest.fail, ("it was run",))

    with pytest.raises(StoreError, match="'pickle', which is never read"):
        serializer.loads_typed(("pickle", pickle.dumps(Harm())))
    with pytest.raises(StoreError, match="'json', which is never read"):
        serializer.loads_typed(("json", b'{"lc": 2, "type": "constructor", "id": ["os", "getcwd"]}'))
    # What the library itself would build, by default, from a type of any module.
    from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

    path = Settings()
    written = JsonPlusSerializer().dumps_typed(path)
    assert isinstance(JsonPlusSerializer().loads_typed(written), Settings)
    assert not isinstance(serializer.loads_typed(written), Settings)


def test_a_tampered_conversation_is_one_line(assistant: MadeAssistant) -> None:
    ask(assistant, "t", "Hello")
    with sqlite3.connect(assistant.settings.home / FILE_NAME) as database:
        database.execute("UPDATE checkpoints SET type = 'pickle'")
    agent = agent_of(assistant, scripted())
    (event,) = agent.stream("Hello again", "t")
    assert "never read" in event.message  # type: ignore[union-attr]


def test_forgetting_removes_the_conversations_that_told_of_him_and_no_other(assistant: MadeAssistant) -> None:
    home = assistant.settings.home
    ask(assistant, "of him", "Who is it?", WHO)
    ask(assistant, "of ann", "What is ann planning?", "ann")
    ask(assistant, "names him", f"Is there a {WHO}?")
    ask(assistant, f"thread {WHO}", "Hello")
    kept = Conversations(home)
    assert kept.about(WHO) == {"of him", "names him", f"thread {WHO}"}
    assert traces(home, "xyzzy", WHO)
    erased = assistant.forget(WHO)
    assert (erased.conversations, erased.remaining) == (3, 0)
    assert [thread.thread_id for thread in kept.threads("tester")] == ["of ann"]
    assert traces(home, "xyzzy", WHO) == []
    assert traces(home, "ann")
    assert kept.forget(WHO) == 0


@pytest.mark.parametrize("length", [10, 97, 200, 300])
def test_an_id_is_found_wherever_it_stands_in_what_was_said(assistant: MadeAssistant, length: int) -> None:
    """Also at the beginning of a text whose length, as it is stored, looks like a letter."""
    ask(assistant, "t", f"{WHO} {'x' * (length - len(WHO) - 1)}"[:length] if length > 10 else WHO)
    assert Conversations(assistant.settings.home).about(WHO) == {"t"}


def test_a_short_id_is_not_found_inside_other_words(assistant: MadeAssistant) -> None:
    ask(assistant, "t", "Who plans an annual party, joanna or hannah?")
    assert Conversations(assistant.settings.home).about("ann") == set()


def test_what_is_said_while_a_user_is_being_forgotten_does_not_stay(assistant: MadeAssistant) -> None:
    model = by(Script(lambda messages: Says("", "He likes lamps.") if len(messages) > 2 else looking))
    looking = Says("", calls=(("list_journeys", {"user_id": WHO}),))
    agent = agent_of(assistant, model)
    events = agent.stream("Who?", "t")
    next(events)
    next(events)  # The tool has told of him.
    assistant.forget(WHO)
    assert isinstance(list(events)[-1], Answered)
    assert len(script_of(model).asked) == 2
    assert agent.threads() == []
    agent.close()
    assert traces(assistant.settings.home, "xyzzy", WHO) == []


def test_a_home_without_conversations_gets_no_file(tmp_path: Path) -> None:
    kept = Conversations(tmp_path)
    assert (kept.threads("tester"), kept.about(WHO), kept.forget(WHO), kept.told("t")) == ([], set(), 0, set())
    assert not kept.delete("t", "tester")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_none_is_one_line(tmp_path: Path) -> None:
    (tmp_path / FILE_NAME).write_bytes(b"not a database, but long enough to be looked at as one" * 20)
    with pytest.raises(StoreError, match=r"conversations\.sqlite cannot be used .* delete the file to begin anew"):
        Conversations(tmp_path).threads("tester")
