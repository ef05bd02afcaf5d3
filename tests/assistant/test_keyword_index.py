"""The keyword store kept in step with the activity log: what is put in, when, and what happens after a mishap."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from homes import DIMENSION, START, WordModel, word_embeddings

from assistant.keyword_index import KeywordIndex
from chains.keywords import extract_keywords
from vectorstore.activity import Activity, ActivityKind, Keyword
from vectorstore.activity_log import ActivityLog
from vectorstore.errors import StoreError
from vectorstore.memory import MemoryStore
from vectorstore.store import Vectors


class WatchedStore(MemoryStore):
    """Remembers whose keywords were put in, and can fail on the way."""

    def __init__(self) -> None:
        super().__init__(model="words", dimension=DIMENSION)
        self.added: list[set[str]] = []
        self.fails_at = 0

    def add(self, keywords: Sequence[Keyword], vectors: Vectors) -> None:
        self.added.append({keyword.user_id for keyword in keywords})
        if len(self.added) == self.fails_at:
            raise StoreError("out of room")
        super().add(keywords, vectors)


def event(user_id: str, text: str, day: float = 0, kind: ActivityKind = ActivityKind.SEARCH) -> Activity:
    return Activity(user_id, START + timedelta(days=day), kind, text)


@pytest.fixture(name="log")
def log_fixture(tmp_path: Path) -> ActivityLog:
    log = ActivityLog(tmp_path / "activity", buckets=4)
    log.append([event("ann", "lace veil"), event("ann", "Wedding Cake", 1), event("bob", "raised beds")])
    return log


@pytest.fixture(name="index")
def index_fixture(tmp_path: Path) -> KeywordIndex:
    return KeywordIndex(tmp_path / "index.json")


def test_only_users_touched_since_are_put_in(log: ActivityLog, index: KeywordIndex, tmp_path: Path) -> None:
    store, embeddings = WatchedStore(), word_embeddings(tmp_path)
    assert (index.position("qdrant"), index.stores()) == (0, [])
    assert index.update("qdrant", store, log, embeddings) == 2
    assert (index.position("qdrant"), index.stores()) == (log.position, ["qdrant"])
    assert index.position("chroma") == 0
    assert {keyword.key for keyword in store.keywords("ann")[0]} == {"lace veil", "wedding cake"}

    assert index.update("qdrant", store, log, embeddings) == 0
    log.append([event("bob", "compost bin", 2)])
    assert index.update("qdrant", store, log, embeddings) == 1
    assert store.added == [{"ann", "bob"}, {"bob"}]
    for user_id in ("ann", "bob"):
        keywords, vectors = store.keywords(user_id)
        wanted = sorted(extract_keywords(log.of(user_id)), key=lambda keyword: keyword.key)
        assert keywords == wanted
        np.testing.assert_array_equal(vectors, embeddings.embed([keyword.key for keyword in wanted]))


def test_a_late_event_replaces_the_keyword_that_it_belongs_to(
    log: ActivityLog, index: KeywordIndex, tmp_path: Path
) -> None:
    store, embeddings = WatchedStore(), word_embeddings(tmp_path)
    index.update("qdrant", store, log, embeddings)
    log.append([event("ann", "LACE VEIL", -1)])
    index.update("qdrant", store, log, embeddings)
    veil = store.keywords("ann")[0][0]
    assert veil.text == "LACE VEIL", "as first written"
    assert [each.timestamp for each in veil.events] == [START - timedelta(days=1), START]
    assert store.count() == 3


def test_stopped_on_the_way_it_does_all_of_it_again(log: ActivityLog, index: KeywordIndex, tmp_path: Path) -> None:
    log.append([event(f"user {number:03d}", f"text {number}") for number in range(200)])
    store, embeddings = WatchedStore(), word_embeddings(tmp_path)
    store.fails_at = 2
    with pytest.raises(StoreError, match="out of room"):
        index.update("qdrant", store, log, embeddings)
    assert index.position("qdrant") == 0
    assert index.update("qdrant", store, log, embeddings) == 202
    assert store.count() == 203


def test_progress_counts_users(log: ActivityLog, index: KeywordIndex, tmp_path: Path) -> None:
    log.append([event(f"user {number:03d}", "text") for number in range(98)])
    told: list[tuple[int, int]] = []
    index.update("qdrant", WatchedStore(), log, word_embeddings(tmp_path), lambda *each: told.append(each))
    assert told == [(0, 100), (64, 100), (100, 100)]


def test_an_empty_store_is_filled_whatever_the_file_says(log: ActivityLog, index: KeywordIndex, tmp_path: Path) -> None:
    embeddings = word_embeddings(tmp_path)
    index.update("memory", WatchedStore(), log, embeddings)
    # Another process with a store in memory, or one whose folder was moved away.
    fresh = WatchedStore()
    assert index.update("memory", fresh, log, embeddings) == 2
    assert fresh.count() == 3


def test_another_algorithm_makes_all_keywords_anew(
    log: ActivityLog, index: KeywordIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, embeddings = WatchedStore(), word_embeddings(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("assistant.keyword_index.ALGORITHM", "cluster-0")
        index.update("qdrant", store, log, embeddings)
    # What the older one made and today's does not.
    store.add(
        [Keyword("ann", "an old keyword", store.keywords("ann")[0][0].source, (event("ann", "x"),))],
        np.eye(DIMENSION, dtype=np.float32)[:1],
    )
    assert index.position("qdrant") == 0
    assert index.update("qdrant", store, log, embeddings) == 2
    assert [keyword.key for keyword in store.keywords("ann")[0]] == ["lace veil", "wedding cake"]
    assert index.position("qdrant") == log.position


def test_a_text_is_embedded_once(log: ActivityLog, index: KeywordIndex, tmp_path: Path) -> None:
    embeddings = word_embeddings(tmp_path)
    index.update("qdrant", WatchedStore(), log, embeddings)
    log.append([event("bob", "Lace  VEIL", 5)])
    index.update("qdrant", WatchedStore(), log, embeddings)
    model = embeddings._model
    assert isinstance(model, WordModel)
    assert sorted(model.texts) == ["lace veil", "raised beds", "wedding cake"]


@pytest.mark.parametrize("content", ["", "[1]", '{"qdrant": 5}', '{"qdrant": {"position": "x", "algorithm": "a"}}'])
def test_a_damaged_file_says_what_to_do(log: ActivityLog, index: KeywordIndex, tmp_path: Path, content: str) -> None:
    (tmp_path / "index.json").write_text(content)
    store = WatchedStore()
    store.add([*extract_keywords(log.of("bob"))], np.eye(DIMENSION, dtype=np.float32)[:1])
    for use in (lambda: index.position("qdrant"), lambda: index.stores()):
        with pytest.raises(StoreError, match=r"index\.json is damaged: delete it, and ingest again"):
            use()
    (tmp_path / "index.json").unlink()
    assert index.update("qdrant", store, log, word_embeddings(tmp_path)) == 2
    assert json.loads((tmp_path / "index.json").read_text()).keys() == {"qdrant"}
