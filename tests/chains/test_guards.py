"""Guards on the wire: what they answer, and what becomes of their failures."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from journeys_to_name import journeys_of
from made_activity import act
from model_server import ModelServer, serving
from pydantic import SecretStr
from scripted_model import in_turn, scripted

from chains.chat_models import Limits, open_chat_model
from chains.guarding import guarded
from chains.guards import ModelGuard, ModerationGuard
from chains.journeys import NamedBy
from chains.metering import Budget, BudgetSpent, Meter, Price
from chains.model_safety import Ruling


@dataclass
class _Moderation:
    """answers: status and body of each request in turn; a flagged text is one with "vile" in it where there is none."""

    answers: list[tuple[int, Any]] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def _moderating(server: _Moderation) -> Iterator[_Moderation]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args: Any) -> None:
            """Says nothing."""

        def do_POST(self) -> None:
            assert self.path == "/v1/moderations"
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.asked.append(body)
            server.keys.append(self.headers.get("Authorization", ""))
            status, said = server.answers.pop(0) if server.answers else (200, _results(body["input"]))
            text = (said if isinstance(said, str) else json.dumps(said)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.send_header("Retry-After", "7")
            self.end_headers()
            self.wfile.write(text)

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{listening.server_port}/v1"
    Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        listening.shutdown()
        listening.server_close()


def _results(texts: Sequence[str]) -> dict[str, Any]:
    return {"id": "m1", "results": [_result("vile" in text) for text in texts]}


def _result(vile: bool) -> dict[str, Any]:
    return {"flagged": vile, "categories": {"hate": vile, "violence": False, "illicit": vile}}


@pytest.fixture
def moderation() -> Iterator[_Moderation]:
    with _moderating(_Moderation()) as server:
        yield server


def _guard(server: _Moderation, waits: list[float] | None = None) -> ModerationGuard:
    wait = (waits if waits is not None else []).append
    return ModerationGuard(api_key=SecretStr("k1"), base_url=server.url, timeout=2.0, attempts=3, wait=wait)


def test_the_moderation_endpoint_rules_each_text(moderation: _Moderation) -> None:
    rulings = _guard(moderation).rule(["Barn wedding", "vile thing"])
    assert rulings == [Ruling(), Ruling(flagged=True, because="hate, illicit")]
    assert moderation.asked == [{"model": "omni-moderation-latest", "input": ["Barn wedding", "vile thing"]}]
    assert moderation.keys == ["Bearer k1"]


def test_many_texts_are_asked_about_in_several_requests(moderation: _Moderation) -> None:
    texts = [f"{'vile' if n % 10 == 0 else 'fine'} {n}" for n in range(40)]
    assert [each.flagged for each in _guard(moderation).rule(texts)] == [n % 10 == 0 for n in range(40)]
    assert [len(each["input"]) for each in moderation.asked] == [32, 8]
    assert _guard(moderation).rule([]) == []


def test_a_busy_endpoint_is_asked_again_as_late_as_it_says(moderation: _Moderation) -> None:
    moderation.answers = [(429, "slow down"), (500, "broken")]
    waits: list[float] = []
    assert _guard(moderation, waits).rule(["vile"]) == [Ruling(flagged=True, because="hate, illicit")]
    assert len(waits) == 2
    assert 7.5 <= waits[0] <= 8.5


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        ((500, "broken"), "status 500"),
        ((400, "no"), "status 400"),
        ((200, "<html>"), "the server's answer is not as the protocol has it"),
        ((200, {"results": []}), "ValueError"),
        ((200, {"results": [{"flagged": "yes"}]}), "the server's answer is not as the protocol has it"),
    ],
)
def test_an_endpoint_that_fails_says_so_in_the_ruling(
    moderation: _Moderation, answer: tuple[int, Any], because: str
) -> None:
    moderation.answers = [answer] * 3
    (ruling,) = _guard(moderation).rule(["Barn wedding"])
    assert (ruling.flagged, ruling.failed) == (False, True)
    assert because in ruling.because
    assert "Barn" not in ruling.because


def test_a_refused_key_is_not_tried_again(moderation: _Moderation) -> None:
    moderation.answers = [(401, "who are you")]
    guard = _guard(moderation)
    assert [each.failed for each in guard.rule(["a b"]) + guard.rule(["c d"])] == [True, True]
    assert len(moderation.asked) == 1


def test_an_endpoint_that_is_not_there_is_a_ruling_not_an_error() -> None:
    (ruling,) = ModerationGuard(base_url="http://127.0.0.1:9/v1", timeout=1.0, attempts=1).rule(["a"])
    assert ruling.failed
    assert "Connect" in ruling.because


# --- a guard model


def _answering(request: dict[str, Any]) -> str:
    return "unsafe\nS10,S11" if "vile" in request["messages"][-1]["content"] else "safe"


@pytest.fixture
def local() -> Iterator[ModelServer]:
    with serving(ModelServer(_answering)) as server:
        yield server


def test_a_guard_model_rules_each_text_by_itself(local: ModelServer) -> None:
    meter = Meter()
    limits = Limits(timeout=2.0, attempts=2)
    model = open_chat_model("openai:llama-guard", base_url=local.url, limits=limits, price=Price(1, 1))
    rulings = ModelGuard(model, meter=meter).rule(["Barn wedding", "vile thing", "Sewing"])
    assert rulings == [Ruling(), Ruling(flagged=True, because="hate, self-harm"), Ruling()]
    assert sorted(each["messages"][0]["content"] for each in local.requests) == ["Barn wedding", "Sewing", "vile thing"]
    assert all(len(each["messages"]) == 1 for each in local.requests)
    used = meter.by_step()["guard", model.label]
    assert (used.calls, used.input_tokens, used.output_tokens) == (3, local.input_tokens, local.output_tokens)


@pytest.mark.parametrize("fault", ["429", "500", "cut", "not_json", "empty"])
def test_faults_of_a_guard_model_are_outlived(local: ModelServer, fault: str) -> None:
    local.faults = (fault, "")
    model = open_chat_model("openai:llama-guard", base_url=local.url, limits=Limits(timeout=2.0, attempts=2))
    (ruling,) = ModelGuard(model, wait=lambda seconds: None).rule(["vile thing"])
    # An empty answer is an answer, and says neither.
    assert (ruling.flagged, ruling.failed) == ((False, True) if fault == "empty" else (True, False))


class _HttpError(Exception):
    status_code = 401


def test_a_guard_model_that_is_denied_or_chats_is_a_failure() -> None:
    model = scripted(in_turn("Sure! This is safe.", "safe", _HttpError("no")))
    guard = ModelGuard(model, wait=lambda seconds: None)
    assert [guard.rule(["a"])[0] for _ in range(4)] == [
        Ruling(because="its answer is neither safe nor unsafe", failed=True),
        Ruling(),
        Ruling(because="status 401: no", failed=True),
        Ruling(because="status 401: no", failed=True),
    ]


def test_a_guard_model_keeps_to_the_budget() -> None:
    with pytest.raises(BudgetSpent):
        ModelGuard(scripted(in_turn("safe")), meter=Meter(Budget(max_tokens=5))).rule(["a"])


def test_ranks_have_no_gap_where_a_journey_is_left_out(moderation: _Moderation) -> None:
    named = [(word, [act(f"{word} {n}", n) for n in range(3)]) for word in ("oak desks", "vile desks", "pine desks")]
    journeys, _ = journeys_of(named)
    shown = guarded(journeys, journeys, _guard(moderation))
    assert [(each.name, each.rank) for each in shown] == [("oak desks", 1), ("pine desks", 2)]
    assert all(each.named_by is NamedBy.KEYWORD for each in shown)
