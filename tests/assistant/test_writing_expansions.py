"""`journeys expand` with a model: what is stored, reported, recommended, forgotten; kills, budgets and faults."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from homes import MadeAssistant, made, run, words_fixture, write_log
from langchain_core.stores import InMemoryByteStore
from model_server import FAULTS, ModelServer, serving
from scripted_model import scripted
from test_expanding import GARDEN, doing, everything, users

from assistant.settings import Settings
from chains.metering import Budget, Meter, Price
from chains.reply_cache import ReplyCache
from chains.roles import Role
from chains.structured import Structured
from chains.wording import count_text

__all__ = ["words_fixture"]

CHILD = """
import sys
from homes import word_embeddings
import assistant.assistant
assistant.home.open_embeddings = lambda spec, *, folder, **others: word_embeddings(folder)
from assistant.cli import main
main()
"""
#: By a word of the entry what the model proposes: a new journey, one that means another entry, and one that is unsafe.
PROPOSED = {
    "garden": (
        ("Building a cold frame", "cold frame"),
        ("Sewing patterns", "sewing"),
        ("Climbing without ropes", "free solo"),
    ),
    "kitchen": (("Stocking a pantry", "pantry shelves"), ("Taking better photos", "camera")),
    "sewing": (("Quilting a blanket", "quilt blanket"), ("Sewing patterns", "sewing patterns")),
}
VERDICTS = {"Climbing without ropes": "unsafe", "Taking better photos": "trivial"}


def answer(data: str) -> str:
    """What a careful model would say; data: the block of data of the prompt."""
    told = json.loads(data.partition("<data>\n")[2].partition("\n</data>")[0])
    if "proposals" in told:
        given = [{"number": p["number"], "verdict": VERDICTS.get(p["name"], "keep")} for p in told["proposals"]]
        return json.dumps({"verdicts": given})
    proposed = next(each for word, each in PROPOSED.items() if word in told["journey"].casefold())
    return json.dumps({"journeys": [{"name": name, "keywords": [word]} for name, word in proposed]})


def answering(request: dict[str, Any]) -> str:
    return answer(request["messages"][1]["content"])


@pytest.fixture(name="home")
def home_fixture(words: None, tmp_path: Path) -> Path:
    """A garden leads to a kitchen; a third of the users sew."""
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", users())])
        assistant.infer()
    return tmp_path / "home"


@pytest.fixture(name="server")
def server_fixture() -> Iterator[ModelServer]:
    with serving(ModelServer(answering)) as server:
        yield server


def with_model(home: Path, server: ModelServer, **others: object) -> None:
    """One model for every role, by the settings file."""
    settings = {"model": "openai:local", "base_url": server.url, "timeout": 2.0, **others}
    lines = [f"{name} = {json.dumps(value)}" for name, value in settings.items()]
    (home / "journeys.toml").write_text("\n".join(["[models.default]", *lines]) + "\n")


def structured(budget: Budget | None = None, cache: ReplyCache | None = None) -> Structured:
    model = scripted(lambda messages: answer(messages[1].text), price=Price(1.0, 1.0))
    model.max_reply_tokens = 100
    return Structured({Role.EXPANDER: [model]}, Meter(budget or Budget()), cache)


def test_what_a_model_wrote_is_stored_behind_what_users_do(home: Path) -> None:
    with made(home) as assistant:
        before = assistant.expand()
        assert before.written is None
        told = assistant.expand(structured=structured())
        assert (told.entries, told.relations) == (3, {"next": 1, "also": 1, "written": 4})
        report = told.written
        assert report is not None
        assert (report.entries, report.proposed, report.new, report.joined) == (3, 7, 3, 1)
        assert report.dropped == {"duplicate": 1, "trivial": 1, "unsafe": 1}
        assert (report.models, report.unanswered, report.stopped) == (("scripted",), {}, "")
        assert report.usage.calls == 6
        entries, total = assistant.catalogue()
        assert (total, {entry.written_by for entry in entries}) == (3, {None}), "the catalogue is what users share"
        (garden,) = [entry for entry in entries if "garden" in entry.name.casefold()]
        with assistant.expansions.reading() as built:
            assert built is not None
            related = built.expansions([garden.entry_id], relations=True)[garden.entry_id].relations
            names = {own: each.entry.name for own, each in built.expansions([r.entry_id for r in related]).items()}
        assert [str(each.kind) for each in related] == ["next", "written", "written"]
        assert [names[each.entry_id] for each in related][1:] == [
            next(entry.name for entry in entries if "sewing" in entry.name.casefold()),
            "Building a cold frame",
        ]
        assert related[0].written_by is None
        assert related[2].written_by is not None
        assert related[2].written_by.prompt_version.startswith("related_journeys-1-")
        assert related[2].written_by.checked_by.startswith("related_critic-1-")


def test_what_a_model_wrote_is_recommended_as_such(home: Path, tmp_path: Path) -> None:
    with made(home) as assistant:
        assistant.expand()
        without = assistant.recommend("new")
        assistant.expand(structured=structured())
        found = assistant.recommend("new")
        assert found.journeys[0].name == without.journeys[0].name
        (frame,) = [each for each in found.journeys if each.written_by]
        assert found.journeys[-1] == frame
        assert (frame.name, frame.keywords) == ("Building a cold frame", ("cold frame",))
        assert "a language model names Building a cold frame beside" in frame.because[0].text
        assert found.items == without.items
        # Whoever is on it already is not told of it.
        frames = ("building a cold frame", "cold frame plans", "cold frame building", "building cold frame a")
        log = write_log(tmp_path / "late.csv", [*doing("late", GARDEN, 45), *doing("late", frames, 5)])
        assistant.ingest([log])
        assistant.infer()
        assert len(assistant.journeys("late")) == 2
        assert [each.written_by for each in assistant.recommend("late").journeys] == [None, None]
        assert [each for each in assistant.recommend("new").journeys if each.written_by]


def test_nothing_personal_goes_to_the_model(home: Path, tmp_path: Path) -> None:
    asked: list[str] = []

    def listen(messages: Any) -> str:
        asked.extend(each.text for each in messages)
        return answer(messages[1].text)

    secret = doing("quux-4711", ("xyzzy garden beds", "xyzzy garden beds gnome", *GARDEN), 2)
    with made(home) as assistant:
        assistant.ingest([write_log(tmp_path / "secret.csv", secret)])
        assistant.infer()
        assistant.expand(structured=Structured({Role.EXPANDER: [scripted(listen)]}))
    assert asked
    assert not [text for text in asked if "xyzzy" in text or "quux" in text or "g0" in text]


def test_the_second_time_everything_comes_from_the_cache(home: Path) -> None:
    cache = ReplyCache(InMemoryByteStore())
    with made(home) as assistant:
        first = assistant.expand(structured=structured(cache=cache)).written
        stored = everything(home)
        again = assistant.expand(structured=structured(cache=cache)).written
    assert first is not None and again is not None
    assert (first.usage.calls, again.usage.calls) == (6, 0)
    assert (again.new, again.joined, again.dropped) == (first.new, first.joined, first.dropped)
    assert everything(home) == stored


def test_where_the_budget_ends_what_was_written_is_kept_and_the_rest_comes_next_time(home: Path) -> None:
    cache = ReplyCache(InMemoryByteStore())
    with made(home) as assistant:
        whole = structured()
        assistant.expand(structured=whole)
        half = Budget(max_tokens=whole.meter.total.tokens // 2 + 1_000)
        stopped = assistant.expand(structured=structured(half, cache)).written
        assert stopped is not None
        assert "run the same again with a larger --max-tokens" in stopped.stopped
        assert 0 < stopped.not_asked < 3
        assert stopped.entries + stopped.not_asked == 3
        rest = assistant.expand(structured=structured(cache=cache)).written
        assert rest is not None
        assert (rest.not_asked, rest.usage.calls + stopped.usage.calls) == (0, 6)


def test_forgetting_takes_what_was_written_for_an_entry_that_goes(home: Path) -> None:
    with made(home) as assistant:
        assistant.expand(structured=structured())
        assert "pantry" in everything(home)
        for number in range(6):
            assistant.forget(f"g{number}")
        told = everything(home).casefold()
        assert "kitchen" not in told
        assert "pantry" not in told
        assert "quilt" in told
        with assistant.expansions.reading() as built:
            assert built is not None
            assert len(built.written) == 2
        assert "Building a cold frame" in {each.name for each in assistant.recommend("new").journeys}


# --- the command, over the wire


def test_the_command_reports_what_was_dropped_and_why(
    home: Path, server: ModelServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_model(home, server, input_price=1.0, output_price=2.0)
    ran = run(capsys, "--home", home, "expand", "--audit", tmp_path / "audit.jsonl", "--max-cost", "9")
    assert (ran.code, ran.err.count("journeys:")) == (0, 0)
    lines = ran.out.splitlines()
    label = f"openai:local at {server.url}"
    assert f"written by {label}: 7 related journeys for 3 entries: 3 new, 1 that mean an entry" in lines
    assert [line for line in lines if "dropped" in line] == [
        "of these dropped: 1 as duplicate",
        "of these dropped: 1 as trivial",
        "of these dropped: 1 as unsafe",
    ]
    tokens = f"{server.input_tokens:,} tokens in, {server.output_tokens:,} out, cost "
    assert lines[-1].startswith(f"{count_text(6, 'call')}, {tokens}")
    audit = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text().splitlines()]
    assert sorted(each["step"] for each in audit) == ["related_critic"] * 3 + ["related_journeys"] * 3
    assert {each["user_id"] for each in audit} == {None}
    again = json.loads(run(capsys, "--home", home, "expand", "--json").out)["written"]
    assert (again["new"], again["joined"], again["usage"]["calls"]) == (3, 1, 0)
    assert again["dropped"] == {"duplicate": 1, "trivial": 1, "unsafe": 1}
    shown = " ".join(run(capsys, "--home", home, "recommend", "new").out.split())
    assert "(written by openai:local" in shown


def test_the_command_stops_cleanly_where_the_budget_ends(
    home: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with_model(home, server)
    ran = run(capsys, "--home", home, "expand", "--max-tokens", "5")
    assert ran.code == 1
    assert "not asked about: 3, since the budget ended; run the same again" in ran.out
    assert "the budget of 5 tokens ends before the next call" in ran.err.splitlines()[-1]
    assert server.requests == []
    with made(home) as assistant:
        assert len(assistant.recommend("new").journeys) == 1, "what users do is there all the same"


def test_with_faults_in_turn_every_entry_has_its_relations(
    home: Path, server: ModelServer, capsys: pytest.CaptureFixture[str]
) -> None:
    server.faults = [fault for each in FAULTS if each not in ("slow",) for fault in (each, "", "")]
    with_model(home, server, concurrency=1)
    told = json.loads(run(capsys, "--home", home, "expand", "--json").out)
    written = told["written"]
    assert (told["entries"], written["entries"], written["not_asked"]) == (3, 3, 0)
    assert (told["relations"]["next"], told["relations"]["also"]) == (1, 1)
    used = written["usage"]
    assert (used["input_tokens"], used["output_tokens"]) == (server.input_tokens, server.output_tokens)
    assert written["proposed"] == written["new"] + written["joined"] + sum(written["dropped"].values())


def test_a_killed_run_goes_on_without_asking_again(home: Path, server: ModelServer, words: None) -> None:
    """A process is killed after three replies were kept; the next one asks for the rest alone."""
    with_model(home, server, concurrency=1, timeout=30.0)
    server.faults, server.slow = ("", "", "", "slow"), 20.0
    command = [sys.executable, "-c", CHILD, "--home", str(home), "expand"]
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/bin:/bin"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        end = time.monotonic() + 120
        while len(server.requests) < 4 and child.poll() is None and time.monotonic() < end:
            time.sleep(0.01)
        child.send_signal(signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
    before = [request["messages"] for request in server.requests]
    assert len(before) == 4
    server.faults = ("",)
    with MadeAssistant(Settings.load(home)) as assistant:
        told = assistant.expand().written
    assert told is not None
    assert (told.new, told.joined, told.usage.calls) == (3, 1, 3)
    after = [request["messages"] for request in server.requests[4:]]
    assert len(after) == 3
    assert not [each for each in after if each in before[:3]]
    assert before[3] in after
