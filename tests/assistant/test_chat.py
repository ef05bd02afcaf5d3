"""`journeys chat`, as a person types it and as a program calls it."""

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from homes import failed, home_fixture, log_fixture, made, run, words_fixture
from scripted_agent import Says, scripted

from assistant.agent.conversations import FILE_NAME

__all__ = ["home_fixture", "log_fixture", "words_fixture"]

Typed = Callable[..., None]
DATA = re.compile(r"<data>\n.*\n</data>", re.DOTALL)
NO_SUCH = '<data>\n{\n"failed": "there is no such user"\n}\n</data>'
REJECTED = re.compile("User rejected the tool call.*", re.DOTALL)


@pytest.fixture(name="answers")
def answers_fixture(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Sets a model that gives these replies in turn."""

    def answers(*replies: Says) -> None:
        model = scripted(*replies)
        monkeypatch.setenv("JOURNEYS_MODELS__DEFAULT__MODEL", "openai:none")
        monkeypatch.setattr("assistant.agent.agent_models.models_of", lambda settings: [model])

    return answers


@pytest.fixture(name="types")
def types_fixture(monkeypatch: pytest.MonkeyPatch) -> Typed:
    def types(*lines: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return types


def label(home: Path) -> Says:
    with made(home) as assistant:
        own = assistant.journey("ann", "Wedding venue").journey_id
    given = {"user_id": "ann", "journey": own, "kind": "rename", "name": "Big day"}
    return Says("Call it Big day", calls=(("write_label", given),))


def names(home: Path) -> set[str]:
    with made(home) as assistant:
        return {journey.name for journey in assistant.journeys("ann")}


def test_without_a_model_one_line_tells_how_to_set_one(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    says = failed(run(capsys, "--home", home, "chat", "-q", "Hello"))
    assert says.startswith("no model is set for the agent: ")
    assert 'model = "openai:gpt-5-mini"' in says
    assert 'base_url = "http://127.0.0.1:8000/v1"' in says


def test_one_question_as_text(capsys: pytest.CaptureFixture[str], home: Path, answers: Callable[..., None]) -> None:
    answers(Says("Who?", calls=(("list_journeys", {"user_id": "bob"}),)), Says(DATA, "bob has one journey."))
    ran = run(capsys, "--home", home, "chat", "-q", "Who?")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == '[list_journeys {"user_id": "bob"}]\n[list_journeys: 1 journey]\nbob has one journey.\n'


def test_one_question_as_json(capsys: pytest.CaptureFixture[str], home: Path, answers: Callable[..., None]) -> None:
    with made(home) as assistant:
        (own,) = assistant.journeys("bob")
    answers(Says("Who?", calls=(("list_journeys", {"user_id": "bob"}),)), Says(DATA, f"bob has {own.name}."))
    ran = run(capsys, "--home", home, "chat", "-q", "Who?", "--json", "--thread", "mine")
    assert json.loads(ran.out) == {
        "thread": "mine",
        "answer": f"bob has {own.name}.",
        "tools": [{"tool": "list_journeys", "arguments": {"user_id": "bob"}, "summary": "1 journey", "ok": True}],
        "journeys": [{"user_id": "bob", "journey_id": own.journey_id, "name": own.name}],
        "approval": None,
        "problem": None,
        "usage": json.loads(ran.out)["usage"],
    }
    assert json.loads(ran.out)["usage"]["calls"] == 2


def test_a_restricted_chat_tells_of_no_one_else(
    capsys: pytest.CaptureFixture[str], home: Path, answers: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "ids").write_text("bob\ncat\n")
    answers(Says("Who?", calls=(("list_journeys", {"user_id": "ann"}),)), Says(NO_SUCH, "There is no such user."))
    ran = run(capsys, "--home", home, "chat", "--users", f"@{tmp_path / 'ids'}", "-q", "Who?")
    assert ran.out.endswith("[list_journeys: failed]\nThere is no such user.\n")


def test_a_person_says_yes(
    capsys: pytest.CaptureFixture[str], home: Path, answers: Callable[..., None], types: Typed
) -> None:
    answers(label(home), Says(DATA, "Done."))
    types("Call it Big day", "perhaps", "y", "")
    ran = run(capsys, "--home", home, "chat")
    assert ran.code == 0
    assert "[to be stored: user ann: rename “Wedding venue” to “Big day”]" in ran.out
    assert ran.out.count("Store this? [y/n]") == 2
    assert "[write_label: stored a label: rename]\nDone.\n" in ran.out
    assert "Big day" in names(home)


def test_a_person_says_no(
    capsys: pytest.CaptureFixture[str], home: Path, answers: Callable[..., None], types: Typed
) -> None:
    answers(label(home), Says(REJECTED, "It stays."))
    types("Call it Big day", "n")
    ran = run(capsys, "--home", home, "chat")
    assert "[write_label: not approved]\nIt stays.\n" in ran.out
    assert "Wedding venue" in names(home)


def test_what_waits_is_asked_again_when_the_conversation_goes_on(
    capsys: pytest.CaptureFixture[str], home: Path, answers: Callable[..., None], types: Typed
) -> None:
    answers(label(home))
    first = run(capsys, "--home", home, "chat", "-q", "Call it Big day", "--thread", "t")
    assert first.out.endswith("not stored yet: journeys chat --thread t asks whether to\n")
    assert "Wedding venue" in names(home)
    answers(Says(DATA, "Done."))
    types("y", "")
    assert "Done." in run(capsys, "--home", home, "chat", "--thread", "t").out
    assert "Big day" in names(home)


def test_a_failure_is_one_line_and_code_1(
    capsys: pytest.CaptureFixture[str], home: Path, answers: Callable[..., None], types: Typed
) -> None:
    answers(Says("Hello", error=ConnectionError("refused")))
    says = failed(run(capsys, "--home", home, "chat", "-q", "Hello"))
    assert says.startswith("the model gave no answer (ConnectionError: refused)")
    answers(Says("Hello", error=ConnectionError("refused")), Says("Again", "Here."))
    types("Hello", "Again")
    ran = run(capsys, "--home", home, "chat")
    assert (ran.code, ran.err) == (0, "")
    assert "the model gave no answer (ConnectionError: refused)" in ran.out
    assert "Here.\n" in ran.out


def test_conversations_are_listed_and_removed(
    capsys: pytest.CaptureFixture[str], home: Path, answers: Callable[..., None]
) -> None:
    assert run(capsys, "--home", home, "chat", "--threads").out == "no conversations yet\n"
    assert not (home / FILE_NAME).exists()
    answers(Says("Hello", "Hello."))
    run(capsys, "--home", home, "chat", "-q", "Hello", "--thread", "mine")
    listed = json.loads(run(capsys, "--home", home, "chat", "--threads", "--json").out)
    assert [each["thread"] for each in listed] == ["mine"]
    assert run(capsys, "--home", home, "chat", "--threads").out.endswith("  mine\n")
    assert run(capsys, "--home", home, "chat", "--delete", "mine").out == "removed: mine\n"
    says = failed(run(capsys, "--home", home, "chat", "--delete", "mine"))
    assert says == "there is no conversation 'mine': journeys chat --threads lists them"


def test_every_call_stands_in_the_audit_file(
    capsys: pytest.CaptureFixture[str], home: Path, answers: Callable[..., None], tmp_path: Path
) -> None:
    answers(Says("Who?", calls=(("list_journeys", {"user_id": "bob"}),)), Says(DATA, "bob."))
    run(capsys, "--home", home, "chat", "-q", "Who?", "--audit", tmp_path / "said.jsonl")
    first, second = [json.loads(line) for line in (tmp_path / "said.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [each["role"] for each in second["messages"]] == ["system", "human", "ai", "tool"]
    assert (first["step"], first["model"], first["user_id"], second["user_id"]) == ("agent", "scripted", None, "bob")
    assert json.loads(first["reply"]) == [{"tool": "list_journeys", "arguments": {"user_id": "bob"}}]
    assert second["reply"] == "bob."


def test_json_needs_a_question(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    assert failed(run(capsys, "--home", home, "chat", "--json")).startswith("--json needs a question")
