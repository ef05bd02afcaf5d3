"""The sample log gives the same journeys from every store that can run here, and they are those of the library."""

import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx
import pytest
from homes import model_file_fixture, sample_home_fixture, shared_fixture, without_run
from qdrant_client import QdrantClient

from assistant.assistant import JourneyAssistant
from assistant.sample import AS_OF
from assistant.settings import Settings
from chains.clustering import Granularity
from chains.journeys import Journey
from vectorstore.qdrant_server import open_server
from vectorstore.store import KeywordStore

__all__ = ["model_file_fixture", "sample_home_fixture", "shared_fixture"]

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


@pytest.fixture(name="home")
def home_fixture(sample_home: Path, tmp_path: Path) -> Path:
    """The sample users, read and inferred, without a store."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("activity", "embeddings"):
        (home / name).symlink_to(sample_home / name)
    for path in sample_home.glob("library.sqlite*"):
        shutil.copy(path, home)
    return home


@pytest.fixture(name="chroma_url")
def chroma_url_fixture(tmp_path: Path) -> Iterator[str]:
    """A Chroma server of our own on a free port of the loopback."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    start = "from chromadb.cli.cli import app; app()"
    arguments = ["run", "--path", str(tmp_path / "server"), "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen([sys.executable, "-c", start, *arguments], stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(600):
            assert server.poll() is None, "the Chroma server ended at once"
            try:
                httpx.get(f"http://127.0.0.1:{port}/api/v2/heartbeat").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


class OnLocalClient(JourneyAssistant):
    """With what stands in for a Qdrant server: the client's own mode in memory, which answers the same calls."""

    @cached_property
    def store(self) -> KeywordStore:
        client = QdrantClient(":memory:")
        self._open.callback(client.close)
        return self._open.enter_context(open_server(client, model="minilm", dimension=384))


def same(found: list[Journey], wanted: list[Journey]) -> bool:
    """All the same: numbers to what float32 vectors carry, everything else to the letter."""
    if len(found) != len(wanted):
        return False
    pairs = zip(found, wanted, strict=True)
    return all(_same(one.model_dump(), other.model_dump()) for one, other in pairs)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, float):
        return one == pytest.approx(other, abs=1e-4)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other)


def agrees(assistant: JourneyAssistant, *, exactly: bool = False) -> None:
    """Every user's journeys from the store are those in the library, which were inferred from the log."""
    users = list(assistant.library.users())
    assert assistant.update_index() == len(users)
    assert list(assistant.store.users()) == users
    for user_id in users:
        wanted = [without_run(journey) for journey in assistant.journeys(user_id)]
        found = assistant.recluster(user_id, Granularity.NORMAL, AS_OF)
        assert found == wanted if exactly else same(found, wanted), user_id


@pytest.mark.parametrize("store", ["memory", "qdrant"])
def test_the_exact_store_and_the_default_agree_to_the_bit(home: Path, store: str) -> None:
    with JourneyAssistant(Settings(home=home, store=store)) as assistant:
        agrees(assistant, exactly=True)


def test_a_qdrant_server_agrees(home: Path) -> None:
    with OnLocalClient(Settings(home=home, store="qdrant:http://localhost:6333")) as assistant:
        agrees(assistant)


def test_chroma_on_disk_agrees(home: Path) -> None:
    with JourneyAssistant(Settings(home=home, store="chroma")) as assistant:
        agrees(assistant)


def test_a_chroma_server_agrees(home: Path, chroma_url: str) -> None:
    with JourneyAssistant(Settings(home=home, store=f"chroma:{chroma_url}")) as assistant:
        agrees(assistant)
