"""What stores on disk keep of forgotten users: after `scrub` not one byte, whatever is killed on the way."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from store_places import (
    Place,
    X,
    Y,
    chroma_url_fixture,
    every_store,
    keyword,
    made_store,
    place_fixture,
    rows,
    same_answer,
    store_fixture,
)

from vectorstore.chroma import PREFIX, open_chroma_folder
from vectorstore.chroma_scrub import Marks
from vectorstore.errors import StoreError
from vectorstore.open_store import open_store
from vectorstore.qdrant_embedded import open_embedded
from vectorstore.store import KeywordStore

# Fixtures are found by being here; the list says that they are meant to be.
__all__ = ["chroma_url_fixture", "place_fixture", "store_fixture"]

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
on_disk = pytest.mark.parametrize("kind", ["qdrant", "chroma"])


def files_with(folder: Path, *words: str) -> list[str]:
    """The files below the folder in which the bytes of any of the words stand.

    But for Chroma's index files, which it fills with uncleared memory: see `vectorstore/chroma_scrub.py`.
    """
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".bin"]
    return [
        str(path.relative_to(folder)) for path in paths if any(word.encode() in path.read_bytes() for word in words)
    ]


def filled(kind: str, folder: Path) -> KeywordStore:
    store = open_store(kind, folder=folder, model="model", dimension=24)
    made, vectors = made_store(5, 24)
    store.add(made, vectors)
    for day in range(3):  # written again and again, as events come in
        store.add([keyword("ann-xyzzy", f"plugh {number}", day=day) for number in range(20)], vectors[:20])
    return store


@every_store
def test_scrubbing_changes_no_answer(store: KeywordStore) -> None:
    store.scrub()
    store.add([keyword("ann", "veil"), keyword("bob", "saw"), keyword("bob", "drill")], rows(X, Y, X))
    store.scrub()
    store.forget("ann")
    before = store.keywords("bob")
    store.scrub()
    store.scrub()
    assert list(store.users()) == ["bob"]
    assert store.keywords("bob")[0] == before[0]
    np.testing.assert_allclose(store.keywords("bob")[1], before[1], atol=1e-6)
    store.forget("bob")
    store.scrub()
    assert store.count() == 0
    store.add([keyword("ann", "cake")], rows(X))
    assert store.keywords("ann")[0] == [keyword("ann", "cake")]


@on_disk
def test_no_byte_stays_and_everyone_else_is_as_before(kind: str, tmp_path: Path) -> None:
    with filled(kind, tmp_path) as store:
        others = {user: store.keywords(user) for user in store.users() if user != "ann-xyzzy"}
        query = made_store(6, 24)[1][0]
        assert store.forget("ann-xyzzy") == 20
        best = store.search(query, limit=20)
        assert files_with(tmp_path, "xyzzy", "plugh"), "deleting alone leaves the words on disk"

        store.scrub()
        assert files_with(tmp_path, "xyzzy", "plugh") == []
        assert {user: store.keywords(user)[0] for user in store.users()} == {
            user: keywords for user, (keywords, _) in others.items()
        }
        for user, (_, vectors) in others.items():
            np.testing.assert_allclose(store.keywords(user)[1], vectors, atol=1e-6)
        same_answer(store.search(query, limit=20), best)
        store.add([keyword("new", "word")], query[None, :])
    with open_store(kind, folder=tmp_path, model="model", dimension=24) as store:
        assert list(store.users()) == sorted([*others, "new"])
        assert store.count() == 401


@on_disk
def test_what_a_kill_left_is_scrubbed_by_the_next_one(kind: str, tmp_path: Path) -> None:
    with filled(kind, tmp_path) as store:
        store.forget("ann-xyzzy")
        # Closed, as after a kill, between the two.
    with open_store(kind, folder=tmp_path, model="model", dimension=24) as store:
        assert store.forget("ann-xyzzy") == 0
        store.scrub()
        assert files_with(tmp_path, "xyzzy", "plugh") == []
        assert store.count() == 400


@on_disk
def test_nothing_is_rewritten_where_nobody_was_forgotten(kind: str, tmp_path: Path) -> None:
    def names() -> set[Path]:
        return {path for path in tmp_path.rglob("*") if path.is_dir()}

    with filled(kind, tmp_path) as store:
        before = names()
        assert store.forget("nobody") == 0
        store.scrub()
        assert names() == before


@pytest.fixture(name="scrubbed")
def scrubbed_fixture(tmp_path: Path) -> Iterator[Path]:
    """A Qdrant folder with 400 keywords, and beside it what `scrub` writes before it renames."""
    filled("qdrant", tmp_path).close()
    folder = tmp_path / "qdrant"
    shutil.copytree(folder / "shard", folder / "copy")
    yield folder
    with open_embedded(folder, model="model", dimension=24) as store:
        assert store.count() == 420
    assert sorted(path.name for path in folder.iterdir()) == ["lock", "shard", "store.json"]


def test_qdrant_killed_before_the_renames(scrubbed: Path) -> None:
    (scrubbed / "copy").rename(scrubbed / "shard.part")


def test_qdrant_killed_between_the_renames(scrubbed: Path) -> None:
    (scrubbed / "copy").rename(scrubbed / "shard.part")
    (scrubbed / "shard").rename(scrubbed / "shard.old")


def test_qdrant_killed_after_the_renames(scrubbed: Path) -> None:
    (scrubbed / "copy").rename(scrubbed / "shard.old")


@pytest.mark.parametrize("dropped", [False, True])
def test_chroma_killed_while_a_collection_is_written_anew(tmp_path: Path, dropped: bool) -> None:
    with filled("chroma", tmp_path) as store:
        client = store._client  # type: ignore[attr-defined]
        old = client.get_collection(f"{PREFIX}-03", embedding_function=None)
        copy = client.create_collection(f"{PREFIX}-03-fresh", metadata=old.metadata, embedding_function=None)
        content = old.get(include=["metadatas", "embeddings"])
        if dropped:
            copy.upsert(ids=content["ids"], metadatas=content["metadatas"], embeddings=content["embeddings"])
            client.delete_collection(f"{PREFIX}-03")
    with open_chroma_folder(tmp_path / "chroma", model="model", dimension=24) as store:
        assert store.count() == 420
        there = {each.name for each in store._client.list_collections()}
        assert there == {f"{PREFIX}-{number:02d}" for number in range(16)}


def test_damaged_marks_say_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "forgotten.json").write_text("{")
    with pytest.raises(StoreError, match="is damaged: move the store's folder away and run `journeys ingest` again"):
        Marks(tmp_path / "forgotten.json").names()


@every_store
def test_a_closed_store_cannot_be_scrubbed(place: Place) -> None:
    store = place.open("model", 4)
    store.add([keyword("ann", "veil")], rows(X))
    store.forget("ann")
    store.close()
    if place.kind in {"qdrant", "chroma"}:
        with pytest.raises(StoreError, match="closed: open it again"):
            store.scrub()
