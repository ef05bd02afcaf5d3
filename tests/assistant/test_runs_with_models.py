"""Whole runs with a model on the wire, three replies in ten of which fail, each in another way."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from homes import run, two_of_each, words_fixture, write_log
from langchain_core.messages import HumanMessage
from model_server import FAULTS, ModelServer, serving
from scripted_model import Data, data_of

from assistant.assistant import JourneyAssistant
from assistant.settings import Settings
from chains.journeys import InferenceMode, Journey, NamedBy
from vectorstore.activity import normalize

words = words_fixture

USERS = 40
#: Nine faults in thirty, no two in a row, so that each reply can be had by asking again.
IN_TURN = [fault for each in FAULTS for fault in (each, "", "")] + [""] * 3
ALL_FAILS = ("500",)
MODES = list(InferenceMode)


def answer(request: dict[str, Any]) -> str:
    """Knows nothing and puts the words of each journey or cluster first: good for any of the three prompts."""
    data = data_of([HumanMessage(str(each["content"])) for each in request["messages"]])
    if "clusters" in data:
        return json.dumps(_merged(data))
    if "texts" in data:
        return json.dumps(_grouped(data))
    named = [
        {
            "journey": each["journey"],
            "name": f"Planning {each['keyword_name']}",
            "description": f"Ideas about {each['keyword_name']}.",
            "intent": "plan",
            "context": "",
        }
        for each in data["journeys"]
    ]
    return json.dumps({"names": named})


def _merged(data: Data) -> Data:
    journeys = [
        {"clusters": [line[0]], "name": f"Planning {line[2].split('; ')[0]}"[:60], "kind": "situational"}
        for line in data["clusters"]
    ]
    return {"journeys": journeys, "dropped": []}


def _grouped(data: Data) -> Data:
    texts = data["texts"]
    halves = [texts[::2], texts[1::2]]
    journeys = [
        {
            "texts": [line["n"] for line in half],
            "name": f"Planning {half[0]['text']}"[:60],
            "keywords": [],
            "kind": "situational",
            "stage": "ongoing",
            "confidence": 80,
        }
        for half in halves
    ]
    return {"journeys": journeys}


@pytest.fixture(name="log")
def log_fixture(words: None, tmp_path: Path) -> Path:
    return write_log(tmp_path / "log.csv", two_of_each(USERS))


@pytest.fixture(name="server")
def server_fixture() -> Iterator[ModelServer]:
    with serving(ModelServer(answer, faults=IN_TURN, slow=20.0)) as server:
        yield server


def to_server(server: ModelServer, monkeypatch: pytest.MonkeyPatch, **more: object) -> None:
    told = {"model": "openai:local", "base_url": server.url, "timeout": 5.0, "input_price": 2.0, "output_price": 8.0}
    for name, value in {**told, **more}.items():
        monkeypatch.setenv(f"JOURNEYS_MODELS__DEFAULT__{name.upper()}", str(value))


def require_sound(home: Path, wanted: set[str]) -> None:
    """Every user has journeys, none of them twice, and no text is in two."""
    with JourneyAssistant(Settings(home=home)) as assistant:
        assert {state.user_id for state in assistant.library.states() if state.journeys} == wanted
        for user_id in wanted:
            journeys = assistant.journeys(user_id)
            assert [journey.rank for journey in journeys] == list(range(1, len(journeys) + 1))
            assert len({normalize(journey.name) for journey in journeys}) == len(journeys)
            texts = Counter(normalize(text) for journey in journeys for text in journey.texts)
            assert max(texts.values()) == 1


def require_spend(told: dict[str, Any], server: ModelServer) -> None:
    [used] = told["usage"]
    assert (used["input_tokens"], used["output_tokens"]) == (server.input_tokens, server.output_tokens)
    assert used["cost"] == pytest.approx((2 * server.input_tokens + 8 * server.output_tokens) / 1e6)


def require_told(journeys: list[Journey], told: dict[str, Any], mode: InferenceMode) -> set[str]:
    """The users whom the model left; the report has each of them once, and of all others the model had its part."""
    left = {each.user_id for each in journeys if "openai:local" in each.fallback}
    assert sum(users for why, users in told["fell_back"].items() if "openai:local" in why) == len(left)
    others = [each for each in journeys if each.user_id not in left]
    if mode is InferenceMode.CLUSTER:
        assert {each.named_by for each in others} == {NamedBy.LLM}
    else:
        assert {each.mode for each in others} == {mode}
    return left


@pytest.fixture(name="wanted")
def wanted_fixture(log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> set[str]:
    """The users who have journeys without a model."""
    assert run(capsys, "--home", tmp_path / "plain", "infer", log).code == 0
    with JourneyAssistant(Settings(home=tmp_path / "plain")) as assistant:
        return {state.user_id for state in assistant.library.states() if state.journeys}


@pytest.mark.parametrize("mode", MODES)
def test_three_in_ten_replies_fail_and_every_user_gets_journeys(
    mode: InferenceMode,
    server: ModelServer,
    wanted: set[str],
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    to_server(server, monkeypatch)
    ran = run(capsys, "--home", tmp_path / "home", "infer", log, "--mode", mode, "--json")
    assert (ran.code, len(wanted)) == (0, USERS)
    require_sound(tmp_path / "home", wanted)
    told = json.loads(ran.out)
    require_spend(told, server)
    assert len(server.requests) > USERS * 1.3
    with JourneyAssistant(Settings(home=tmp_path / "home")) as assistant:
        journeys, [usage] = list(assistant.all_journeys()), assistant.library.usage(told["run_id"]).values()
    assert (usage.input_tokens, usage.output_tokens) == (server.input_tokens, server.output_tokens)
    # What fails is asked again; two replies in a row that say nothing leave a user without the model.
    assert len(require_told(journeys, told, mode)) < USERS / 3


def test_whoever_is_asked_again_in_good_time_gets_his_names(
    server: ModelServer, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    to_server(server, monkeypatch, concurrency=1)
    ran = run(capsys, "--home", tmp_path / "home", "infer", log, "--json")
    refusals = sum(IN_TURN[place % len(IN_TURN)] == "refusal" for place in range(len(server.requests)))
    [(why, users)] = json.loads(ran.out)["fell_back"].items()
    # A model that declines is not asked again: it would decline again.
    assert (why.rpartition(": ")[2], users) == ("the model declined", refusals)


@pytest.mark.parametrize("mode", MODES)
def test_who_is_asked_once_falls_back_where_the_reply_fails_and_the_report_says_so(
    mode: InferenceMode,
    server: ModelServer,
    wanted: set[str],
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    to_server(server, monkeypatch, attempts=1)
    ran = run(capsys, "--home", tmp_path / "home", "infer", log, "--mode", mode, "--json")
    told = json.loads(ran.out)
    require_sound(tmp_path / "home", wanted)
    require_spend(told, server)
    with JourneyAssistant(Settings(home=tmp_path / "home")) as assistant:
        journeys = list(assistant.all_journeys())
    assert 0 < len(require_told(journeys, told, mode)) < USERS / 2
    shown = run(capsys, "--home", tmp_path / "again", "infer", log, "--mode", mode).out
    assert "openai:local at" in shown
    assert "without a model for" in shown


@pytest.mark.parametrize("mode", MODES)
def test_a_model_that_always_fails_costs_nobody_his_journeys(
    mode: InferenceMode,
    wanted: set[str],
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with serving(ModelServer(answer, faults=ALL_FAILS)) as server:
        to_server(server, monkeypatch, attempts=1)
        ran = run(capsys, "--home", tmp_path / "home", "infer", log, "--mode", mode, "--json")
    told = json.loads(ran.out)
    require_sound(tmp_path / "home", wanted)
    assert (sum(told["fell_back"].values()), told["usage"]) == (USERS, [])
    with (
        JourneyAssistant(Settings(home=tmp_path / "home")) as assistant,
        JourneyAssistant(Settings(home=tmp_path / "plain")) as plain,
    ):
        found, without = list(assistant.all_journeys()), list(plain.all_journeys())
    assert [each.model_copy(update={"fallback": ""}) for each in found] == without


def test_a_budget_ends_a_run_that_goes_on_from_there(
    wanted: set[str], log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(ModelServer(answer)) as server:
        to_server(server, monkeypatch, concurrency=1, max_reply_tokens=500)
        home = tmp_path / "home"
        stopped = run(capsys, "--home", home, "infer", log, "--max-tokens", "20000")
        assert (stopped.code, stopped.out) == (1, "")
        [line] = [line for line in stopped.err.splitlines() if line.startswith("journeys: ")]
        assert f"of {USERS} users are done; the budget of 20,000 tokens ends" in line
        first = server.input_tokens + server.output_tokens
        assert 10_000 < first <= 20_000
        asked = len(server.requests)
        ran = run(capsys, "--home", home, "infer", "--audit", tmp_path / "audit.jsonl", "--json")
    told = json.loads(ran.out)
    assert (ran.code, told["run_id"]) == (0, "run-000001")
    assert told["resumed"] + told["users"] == USERS
    assert len(server.requests) == USERS, "none was asked twice"
    require_sound(home, wanted)
    require_spend(told, server)
    assert len((tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines()) == USERS - asked


def test_a_cost_that_is_spent_stops_too(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(ModelServer(answer)) as server:
        to_server(server, monkeypatch, concurrency=1, max_reply_tokens=500)
        stopped = run(capsys, "--home", tmp_path / "home", "infer", log, "--mode", "merge", "--max-cost", "0.02")
    assert stopped.code == 1
    assert "the budget of 0.02 ends before the next call" in stopped.err
    assert (2 * server.input_tokens + 8 * server.output_tokens) / 1e6 <= 0.02


def test_what_a_run_asked_is_asked_again_of_nobody(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving(ModelServer(answer)) as server:
        to_server(server, monkeypatch)
        run(capsys, "--home", tmp_path / "home", "infer", log)
        assert len(server.requests) == USERS
        told = json.loads(run(capsys, "--home", tmp_path / "home", "infer", "--json").out)
        assert len(server.requests) == USERS
    assert (told["run_id"], told["changes"], told["usage"]) == ("run-000002", 0, [])


def test_a_mode_with_a_model_says_how_to_set_one(
    words: None, log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = run(capsys, "--home", tmp_path / "home", "infer", log, "--mode", "merge")
    assert ran.code == 1
    assert "--mode merge asks a model and none is set: set models.default.model" in ran.err


def test_another_model_asks_for_a_full_run(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, "--home", tmp_path / "home", "infer", log)
    with serving(ModelServer(answer)) as server:
        to_server(server, monkeypatch)
        ran = run(capsys, "--home", tmp_path / "home", "infer", "--incremental")
        assert "another setting of mode, namer than this run has: infer with --full" in ran.err
        assert not server.requests
        assert run(capsys, "--home", tmp_path / "home", "infer").code == 0
        asked = len(server.requests)
        again = json.loads(run(capsys, "--home", tmp_path / "home", "infer", "--incremental", "--json").out)
    assert (asked, len(server.requests), again["users"]) == (USERS, USERS, 0)


@pytest.mark.parametrize("mode", MODES)
def test_what_the_guard_of_the_settings_flags_is_not_shown(
    mode: InferenceMode,
    wanted: set[str],
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def guarding(request: dict[str, Any]) -> str:
        said = str(request["messages"][-1]["content"])
        if len(request["messages"]) > 1:
            return answer(request)
        return "unsafe\nS12" if said.startswith("Planning") and "wedding" in said.casefold() else "safe"

    with serving(ModelServer(guarding)) as server:
        to_server(server, monkeypatch)
        for name, value in {"kind": "model", "model": "openai:guard", "base_url": server.url}.items():
            monkeypatch.setenv(f"JOURNEYS_GUARD__{name.upper()}", value)
        ran = run(capsys, "--home", tmp_path / "home", "infer", log, "--mode", mode, "--json")
    used = {each["step"]: each for each in json.loads(ran.out)["usage"]}
    assert set(used) == {"guard", {"cluster": "names", "merge": "merge", "llm": "journeys"}[mode]}
    assert sum(each["input_tokens"] for each in used.values()) == server.input_tokens
    require_sound(tmp_path / "home", wanted)
    with JourneyAssistant(Settings(home=tmp_path / "home")) as assistant:
        journeys = list(assistant.all_journeys())
    flagged = [each for each in journeys if "the guard flagged it (sexual content)" in each.fallback]
    assert flagged
    assert all(each.named_by is NamedBy.KEYWORD and not each.name.startswith("Planning") for each in flagged)
    assert not [each for each in journeys if each.name.startswith("Planning") and "wedding" in each.name.casefold()]
    assert [each for each in journeys if each.named_by is NamedBy.LLM]
