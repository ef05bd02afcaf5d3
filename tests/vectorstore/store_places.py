"""Where stores lie, for the tests that hold all of them to one contract, and the keywords that they put in."""

import itertools
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import numpy as np
import pytest
from qdrant_client import QdrantClient

from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource
from vectorstore.chroma import open_chroma_folder, open_chroma_server
from vectorstore.memory import MemoryStore
from vectorstore.qdrant_embedded import open_embedded
from vectorstore.qdrant_server import open_server
from vectorstore.store import KeywordStore, Match, Vectors

START = datetime(2025, 3, 1, 9, 30, tzinfo=UTC)
LASTING = ["qdrant", "qdrant server", "chroma", "chroma server"]
EVERY = ["memory", *LASTING]
NUMBERS = itertools.count()


@dataclass(frozen=True)
class Place:
    """Where a store lies: `open` opens it there, again and again."""

    kind: str
    open: Callable[[str, int], KeywordStore]


@pytest.fixture(scope="module", name="chroma_url")
def chroma_url_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Chroma server of our own on a free port of the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    start = "from chromadb.cli.cli import app; app()"
    folder = tmp_path_factory.mktemp("chroma-server")
    arguments = ["run", "--path", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-c", start, *arguments], stdout=log, stderr=subprocess.STDOUT)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, server)
        yield url
    finally:
        server.kill()
        server.wait()


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert server.poll() is None, "the Chroma server ended at once"
        try:
            httpx.get(f"{url}/api/v2/heartbeat").raise_for_status()
        except httpx.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("the Chroma server did not start within a minute")


@pytest.fixture(name="place")
def place_fixture(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if kind == "memory":
        return Place(kind, lambda model, dimension: MemoryStore(model=model, dimension=dimension))
    if kind == "qdrant":
        return Place(kind, lambda model, dimension: open_embedded(tmp_path, model=model, dimension=dimension))
    if kind == "chroma":
        return Place(kind, lambda model, dimension: open_chroma_folder(tmp_path, model=model, dimension=dimension))
    if kind == "qdrant server":
        client = QdrantClient(":memory:")
        request.addfinalizer(client.close)
        return Place(kind, lambda model, dimension: open_server(client, model=model, dimension=dimension))
    url: str = request.getfixturevalue("chroma_url")
    prefix = f"contract-{next(NUMBERS)}"
    return Place(
        kind, lambda model, dimension: open_chroma_server(url, model=model, dimension=dimension, prefix=prefix)
    )


@pytest.fixture(name="store")
def store_fixture(place: Place) -> Iterator[KeywordStore]:
    with place.open("model", 4) as opened:
        yield opened


every_store = pytest.mark.parametrize("kind", EVERY)
lasting_store = pytest.mark.parametrize("kind", LASTING)


def keyword(user_id: str, text: str, *kinds: ActivityKind, day: int = 0) -> Keyword:
    """A keyword with one event a day from `day` on, one for each kind; a search where none is given."""
    done = kinds or (ActivityKind.SEARCH,)
    events = (Activity(user_id, START + timedelta(days=day + at), kind, text) for at, kind in enumerate(done))
    return Keyword(user_id, text, KeywordSource.QUERY, tuple(events))


def rows(*vectors: list[float]) -> Vectors:
    return np.array(vectors, dtype=np.float32)


def shown(matches: list[Match]) -> list[tuple[str, str]]:
    return [(match.keyword.user_id, match.keyword.text) for match in matches]


X, Y, Z = [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]


def made_store(seed: int, dimension: int) -> tuple[list[Keyword], Vectors]:
    random = np.random.default_rng(seed)
    made = [
        keyword(f"user {number % 12}", f"word {number:03d}", *[ActivityKind.SAVE] * int(random.integers(1, 5)))
        for number in range(400)
    ]
    return made, random.normal(size=(400, dimension)).astype(np.float32)


def same_answer(found: list[Match], wanted: list[Match]) -> None:
    assert shown(found) == shown(wanted)
    np.testing.assert_allclose([m.similarity for m in found], [m.similarity for m in wanted], atol=1e-6, rtol=0)
