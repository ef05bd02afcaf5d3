"""What the doctor finds: each part tried for real, and what to do where it doesn't work."""

import sqlite3
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from homes import made, made_rows, word_embeddings, write_log
from model_server import ModelServer, serving
from pydantic import SecretStr

from assistant.doctor import Check, examine
from assistant.settings import Settings
from vectorstore.errors import EmbeddingError
from vectorstore.memory import MemoryStore


@pytest.fixture(name="words", autouse=True)
def words_fixture(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.doctor.open_embeddings", lambda spec, *, folder, **others: word_embeddings(folder))


def part(checks: list[Check], name: str) -> Check:
    (found,) = [check for check in checks if check.part.startswith(name)]
    return found


def test_a_fresh_home_works(tmp_path: Path) -> None:
    checks = examine(Settings(home=tmp_path / "home", embedding={"model": "words"}))
    assert part(checks, "embeddings") == Check("embeddings: words, 48 dimensions", "on", "")
    assert part(checks, "store") == Check("store: qdrant, 0 keywords", "on", "")
    assert part(checks, "library") == Check("library: 0 users, 0 journeys", "on", "")
    assert part(checks, "language model").state == "off"
    assert part(checks, "the Chroma store").state == "on"


def test_what_is_there_is_counted(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", made_rows("ann", "wedding", "kitchen"))])
        summary = assistant.infer()
    checks = examine(Settings(home=tmp_path / "home", embedding={"model": "words"}))
    assert part(checks, "store").part == "store: qdrant, 12 keywords"
    assert part(checks, "library").part == f"library: 1 user, {summary.journeys} journeys"


def test_each_part_can_be_broken_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path / "home", store="cassandra", embedding={"model": "words"})
    checks = examine(settings)
    assert part(checks, "embeddings").state == "on"
    assert part(checks, "store: cassandra") == Check(
        "store: cassandra",
        "broken",
        "no store is called 'cassandra': use memory, qdrant, qdrant:URL, chroma or chroma:URL",
    )
    (tmp_path / "home" / "library.sqlite").unlink()
    (tmp_path / "home" / "library.sqlite").write_bytes(b"not a database at all" * 100)
    broken = part(examine(settings), "library")
    assert broken.state == "broken"
    assert "is no library or is damaged" in broken.advice

    def refuse(*_: object, **__: object) -> None:
        raise EmbeddingError("the server does not answer: start it")

    monkeypatch.setattr("assistant.doctor.open_embeddings", refuse)
    checks = examine(Settings(home=tmp_path / "other", embedding={"model": "openai:x"}))
    assert part(checks, "embeddings") == Check("embeddings: openai:x", "broken", "the server does not answer: start it")
    assert [check for check in checks if check.part.startswith("store")] == [], "a store can't be tried without"
    assert part(checks, "library").state == "on"


def test_a_store_of_another_model_is_told(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", made_rows("ann", "wedding"))])
    checks = examine(Settings(home=tmp_path / "home", embedding={"model": "others"}))
    assert part(checks, "store").state == "broken"
    assert "was made with embedding model 'words'" in part(checks, "store").advice


def test_the_key_of_a_server_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def open_watched(spec: str, **given: Any) -> MemoryStore:
        asked.update(given, spec=spec)
        return MemoryStore(model=given["model"], dimension=given["dimension"])

    monkeypatch.setattr("assistant.doctor.open_store", open_watched)
    url = "qdrant:https://example.test"
    settings = Settings(home=tmp_path, store=url, store_api_key=SecretStr("k"), embedding={"model": "words"})
    assert part(examine(settings), "store").state == "on"
    assert (asked["spec"], asked["qdrant_api_key"], asked["dimension"]) == (url, "k", 48)


def test_missing_extras_come_with_the_command_that_installs_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = ModuleSpec("there", None)
    monkeypatch.setattr("assistant.doctor.find_spec", lambda name: None if name == "psycopg" else there)
    checks = examine(Settings(home=tmp_path, store="memory", embedding={"model": "words"}))
    assert part(checks, "a PostgreSQL library") == Check(
        "a PostgreSQL library", "off", "pip install 'journey-assistant[postgres]'"
    )
    assert part(checks, "the Chroma store") == Check("the Chroma store", "on", "")


def test_it_leaves_no_lock_behind(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "home", embedding={"model": "words"})
    for _ in range(2):
        assert part(examine(settings), "store").state == "on"
    with sqlite3.connect(tmp_path / "home" / "library.sqlite") as database:
        database.execute("BEGIN EXCLUSIVE")
    database.close()


def test_a_model_is_asked_for_real(tmp_path: Path) -> None:
    with serving(ModelServer(lambda request: '{"ready": true}')) as server:
        chosen = {"default": {"model": "openai:local", "base_url": server.url}, "judge": {"model": "openai:other"}}
        settings = Settings(home=tmp_path / "home", embedding={"model": "words"}, models=chosen)
        checks = [check for check in examine(settings) if check.part.startswith("language model")]
        url = server.url
    assert (
        checks[0].part
        == f"language model: openai:local at {url}, for namer, expander, explainer, inferrer, agent, copywriter"
    )
    assert (checks[0].state, checks[0].advice) == ("on", "")
    assert (checks[1].part, checks[1].state) == ("language model: openai:other, for judge", "broken")


def test_a_server_that_is_not_there_is_told_in_one_line(tmp_path: Path) -> None:
    chosen = {"default": {"model": "openai:local", "base_url": "http://127.0.0.1:9/v1"}}
    found = part(examine(Settings(home=tmp_path, embedding={"model": "words"}, models=chosen)), "language model")
    assert found.part == "language model: openai:local at http://127.0.0.1:9/v1, for every role"
    assert found.advice.startswith("nothing answers at its address")
