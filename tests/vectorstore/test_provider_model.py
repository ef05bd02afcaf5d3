import hashlib
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr
from tenacity import RetryCallState, Retrying

from vectorstore import provider_model
from vectorstore.errors import EmbeddingError
from vectorstore.provider_model import ProviderModel
from vectorstore.store import Vectors

KEY = SecretStr("a-secret-key")


@dataclass
class EmbeddingServer:
    """Speaks OpenAI's protocol on loopback: knows the model "m" only, takes texts only, and fails as it is told.

    faults: taken one a request, first come first served; "" is none.
    """

    faults: list[str] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def texts(self) -> list[str]:
        return [text for request in self.requests for text in request["input"]]

    def answer(self, path: str, key: str, body: dict[str, Any]) -> tuple[int, str]:
        with self.lock:
            fault = self.faults.pop(0) if self.faults else ""
            self.requests.append(body)
            self.keys.add(key)
        assert path == "/v1/embeddings", path
        assert body["model"] == "m", body
        assert body["encoding_format"] == "float", body
        assert all(isinstance(text, str) and text for text in body["input"]), body
        rows = [raw_vector(text) for text in body["input"]]
        match fault:
            case "429" | "500" | "401" | "400":
                return int(fault), json.dumps({"error": {"message": f"planted {key}"}})
            case "quota":
                error = {"message": "no money", "code": "insufficient_quota"}
                return 429, json.dumps({"error": error})
            case "not json":
                return 200, "<html>"
            case "slow":
                time.sleep(1)
            case "too few":
                rows = rows[1:]
            case "zero":
                rows = [[0.0, 0.0, 0.0] for _ in rows]
            case "wide":
                rows = [[*row, 1.0] for row in rows]
            case "ragged":
                rows[0] = [1.0]
        data = [{"object": "embedding", "index": i, "embedding": row} for i, row in enumerate(rows)]
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return 200, json.dumps({"object": "list", "model": "m", "data": data, "usage": usage})


@pytest.fixture
def server() -> Iterator[EmbeddingServer]:
    state = EmbeddingServer()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            code, reply = state.answer(self.path, self.headers["Authorization"], body)
            content = reply.encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        state.url = f"http://127.0.0.1:{http.server_address[1]}/v1"
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield state
        http.shutdown()
        thread.join()


def raw_vector(text: str) -> list[float]:
    """Three whole numbers that follow from the text; not of unit length."""
    return [float(byte) + 1 for byte in hashlib.sha256(text.encode()).digest()[:3]]


def unit_rows(texts: Sequence[str]) -> Vectors:
    rows = np.array([raw_vector(text) for text in texts])
    vectors: Vectors = (rows / np.sqrt((rows**2).sum(axis=1, keepdims=True))).astype(np.float32)
    return vectors


def open_model(server: EmbeddingServer, *, attempts: int = 3, timeout: float = 20.0) -> ProviderModel:
    return ProviderModel("openai:m", base_url=server.url, api_key=KEY, attempts=attempts, timeout=timeout, pause=0.0)


def embed(model: ProviderModel, texts: Sequence[str]) -> Vectors:
    batches = list(model.encode(texts))
    assert np.concatenate([places for places, _ in batches]).tolist() == list(range(len(texts)))
    return np.concatenate([rows for _, rows in batches])


def test_texts_go_as_texts_and_come_back_as_unit_vectors(server: EmbeddingServer) -> None:
    rows = embed(open_model(server), ["wedding dress", "Küche"])
    assert rows == pytest.approx(unit_rows(["wedding dress", "Küche"]), abs=1e-7)
    assert rows.dtype == np.float32
    assert server.keys == {"Bearer a-secret-key"}


def test_without_a_key_no_other_key_is_sent_to_a_server_of_ones_own(
    server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "for OpenAI only")
    embed(ProviderModel("openai:m", base_url=server.url), ["x"])
    assert server.keys == {"Bearer none"}


def test_a_server_named_in_the_librarys_own_variable_gets_texts_too(
    server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_BASE", server.url)
    embed(ProviderModel("openai:m", api_key=KEY), ["x"])
    assert server.texts == ["x"]


def test_many_texts_go_in_batches(server: EmbeddingServer) -> None:
    texts = [f"text {number}" for number in range(2 * provider_model.BATCH_TEXTS + 1)]
    assert embed(open_model(server), texts) == pytest.approx(unit_rows(texts), abs=1e-7)
    assert sorted(len(request["input"]) for request in server.requests) == [1, 96, 96]


def test_long_texts_go_in_smaller_batches(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_model, "BATCH_CHARACTERS", 10)
    embed(open_model(server), ["123456", "1234", "1", "12345678901234", "2"])
    batches = sorted(request["input"] for request in server.requests)
    assert batches == [["1"], ["123456", "1234"], ["12345678901234"], ["2"]]


@pytest.mark.parametrize("fault", ["429", "500", "not json"])
def test_a_passing_failure_is_tried_again(server: EmbeddingServer, fault: str) -> None:
    server.faults = [fault, fault]
    assert embed(open_model(server), ["x"]) == pytest.approx(unit_rows(["x"]), abs=1e-7)
    assert len(server.requests) == 3


def test_a_slow_answer_is_given_up_and_tried_again(server: EmbeddingServer) -> None:
    server.faults = ["slow"]
    embed(open_model(server, timeout=0.3), ["x"])
    assert len(server.requests) == 2


@pytest.mark.parametrize(("asked", "seconds"), [("7", 7.0), ("100000", 60.0), ("soon", 0.0), ("", 0.0)])
def test_the_server_says_how_long_to_wait(asked: str, seconds: float) -> None:
    error = ConnectionError()
    error.response = SimpleNamespace(headers={"retry-after": asked})  # type: ignore[attr-defined]
    state = RetryCallState(Retrying(), None, (), {})
    state.set_exception((ConnectionError, error, None))
    assert ProviderModel("openai:m", pause=0.0)._wait(state) == seconds


def test_a_lasting_failure_is_one_line_that_says_what_to_do(server: EmbeddingServer) -> None:
    server.faults = ["500"] * 9
    with pytest.raises(EmbeddingError) as caught:
        embed(open_model(server), ["x"])
    message = str(caught.value)
    assert message.startswith("openai:m does not answer (InternalServerError")
    assert message.endswith("check address, model name, key and quota, then run again; what was embedded is kept")
    assert "\n" not in message
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", ["400", "401", "quota"])
def test_a_refusal_is_not_tried_again(server: EmbeddingServer, fault: str) -> None:
    server.faults = [fault]
    with pytest.raises(EmbeddingError, match="openai:m does not answer"):
        embed(open_model(server), ["x"])
    assert len(server.requests) == 1


def test_the_key_is_in_no_message(server: EmbeddingServer) -> None:
    server.faults = ["401"]
    with pytest.raises(EmbeddingError, match=r"planted Bearer \*\*\*") as caught:
        embed(open_model(server), ["x"])
    assert "a-secret-key" not in str(caught.value)


@pytest.mark.parametrize("fault", ["too few", "zero", "ragged"])
def test_unusable_vectors_are_an_error(server: EmbeddingServer, fault: str) -> None:
    server.faults = [fault]
    with pytest.raises(EmbeddingError, match="openai:m gave no usable vectors"):
        embed(open_model(server), ["x", "y"])


def test_vectors_of_another_dimension_are_an_error(server: EmbeddingServer) -> None:
    model = open_model(server)
    embed(model, ["x"])
    server.faults = ["wide"]
    with pytest.raises(EmbeddingError, match="vectors of 3 and of 4 dimensions"):
        embed(model, ["y"])


def test_what_was_answered_comes_before_the_failure(server: EmbeddingServer) -> None:
    texts = [f"text {number}" for number in range(3 * provider_model.BATCH_TEXTS)]
    server.faults = ["", "400"]
    answers = open_model(server).encode(texts)
    places = [place for batch in (next(answers), next(answers)) for place in batch[0].tolist()]
    assert len(set(places)) == 2 * provider_model.BATCH_TEXTS
    with pytest.raises(EmbeddingError):
        next(answers)


def test_nobody_at_the_address_is_an_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    model = ProviderModel("openai:m", base_url=url, api_key=KEY, attempts=2, pause=0.0)
    with pytest.raises(EmbeddingError, match=r"openai:m does not answer \(APIConnectionError"):
        embed(model, ["x"])


def test_no_key_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_API_BASE", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(EmbeddingError, match=r"openai:m .*OPENAI_API_KEY"):
        embed(ProviderModel("openai:m"), ["x"])


def test_a_missing_package_is_named_with_the_command() -> None:
    with pytest.raises(
        EmbeddingError, match=r"cohere:m needs the package langchain-cohere: pip install langchain-cohere$"
    ):
        ProviderModel("cohere:m")


def test_an_unknown_provider_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(EmbeddingError, match=r"'nobody' is not supported.*langchain-openai") as caught:
        embed(ProviderModel("nobody:m"), ["x"])
    assert "\n" not in str(caught.value)


def test_nothing_heavy_is_imported_before_the_first_text() -> None:
    code = (
        "import sys; from vectorstore.provider_model import ProviderModel; ProviderModel('openai:m'); "
        "print({'openai', 'langchain', 'langchain_openai'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
