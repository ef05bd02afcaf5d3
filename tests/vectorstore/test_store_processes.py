"""Stores on disk and more than one real process: who holds the folder, and what a kill leaves behind."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource
from vectorstore.errors import StoreError
from vectorstore.nearest import unit_rows
from vectorstore.open_store import open_store
from vectorstore.store import KeywordStore, Vectors

on_disk = pytest.mark.parametrize("kind", ["qdrant", "chroma"])
SIZE = 40


def opened(kind: str, folder: Path) -> KeywordStore:
    return open_store(kind, folder=folder, model="model", dimension=8)


def batch(number: int) -> tuple[list[Keyword], Vectors]:
    """The keywords that batch `number` adds: half are those of one user of its own, half replace those of "shared"."""
    own, shared = f"user {number:04d}", "shared"
    keywords = [
        Keyword(
            user,
            f"thing {at}",
            KeywordSource.QUERY,
            (
                Activity(
                    user, datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=number), ActivityKind.SEARCH, "x" * 500
                ),
            ),
        )
        for user in (own, shared)
        for at in range(SIZE // 2)
    ]
    return keywords, unit_rows(np.random.default_rng(number).normal(size=(SIZE, 8)), SIZE, 8)


def add_until_killed(kind: str, folder: Path, first: int) -> None:
    """What the other process does: adds batch after batch and prints the number of each when `add` has returned."""
    store = opened(kind, folder)
    for number in range(first, first + 10_000):
        store.add(*batch(number))
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


def start(kind: str, folder: Path, first: int = 0) -> subprocess.Popen[str]:
    command = [sys.executable, __file__, kind, str(folder), str(first)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def numbers(process: subprocess.Popen[str]) -> Iterator[int]:
    assert process.stdout is not None
    yield from map(int, process.stdout)


@on_disk
def test_a_second_process_is_told_who_holds_the_folder_and_what_to_do(kind: str, tmp_path: Path) -> None:
    with start(kind, tmp_path) as other:
        try:
            next(numbers(other))
            with pytest.raises(StoreError) as refused:
                opened(kind, tmp_path)
            assert str(refused.value) == (
                f"another process holds the keyword store in {tmp_path / kind}: "
                "wait until it ends, or stop it and try again"
            )
        finally:
            other.kill()
    with opened(kind, tmp_path) as store:
        assert store.keywords("user 0000")[0] == sorted(batch(0)[0][: SIZE // 2], key=lambda keyword: keyword.key)


@on_disk
def test_the_same_process_cannot_open_a_folder_twice_but_again_after_closing(kind: str, tmp_path: Path) -> None:
    with opened(kind, tmp_path), pytest.raises(StoreError, match="holds the keyword store"):
        opened(kind, tmp_path)
    opened(kind, tmp_path).close()


@on_disk
def test_a_refused_opening_lets_the_folder_go(kind: str, tmp_path: Path) -> None:
    opened(kind, tmp_path).close()
    with pytest.raises(StoreError, match="made with embedding model 'model'"):
        open_store(kind, folder=tmp_path, model="other", dimension=8)
    opened(kind, tmp_path).close()


@on_disk
def test_what_was_acknowledged_outlives_kill_9(kind: str, tmp_path: Path) -> None:
    acknowledged = -1
    for adds in (1, 4, 9):
        first = acknowledged + 1
        with start(kind, tmp_path, first) as other:
            heard = numbers(other)
            for _ in range(adds):
                acknowledged = next(heard)
            other.send_signal(signal.SIGKILL)
            # Those that it had printed by the time the signal came.
            acknowledged = max([acknowledged, *heard])

        with opened(kind, tmp_path) as store:
            holds_the_batches(store, acknowledged)


def holds_the_batches(store: KeywordStore, acknowledged: int) -> None:
    """All up to the acknowledged one, and of the one after it any part, whole keyword by whole keyword."""
    for number in range(acknowledged + 2):
        keywords, vectors = batch(number)
        wanted = {each.key: (each, vector) for each, vector in list(zip(keywords, vectors, strict=True))[: SIZE // 2]}
        found, kept = store.keywords(f"user {number:04d}")
        assert len(found) == len(wanted) or number > acknowledged
        for each, vector in zip(found, kept, strict=True):
            assert each == wanted[each.key][0]
            np.testing.assert_allclose(vector, wanted[each.key][1], atol=1e-6)
    newest = batch(acknowledged)[0][SIZE // 2 :]
    shared = store.keywords("shared")[0]
    assert [each.key for each in shared] == sorted(each.key for each in newest)
    assert all(each.last_seen >= newest[0].last_seen for each in shared)
    assert store.count() == sum(len(store.keywords(user)[0]) for user in store.users())


def test_killed_while_it_is_made_the_store_is_made_at_the_next_opening(tmp_path: Path) -> None:
    # What a kill can leave: the metadata and half a shard under its temporary name.
    opened("qdrant", tmp_path).close()
    (tmp_path / "qdrant" / "shard").rename(tmp_path / "qdrant" / "shard.part")
    with opened("qdrant", tmp_path) as store:
        store.add(*batch(0))
        assert store.count() == SIZE
    assert not (tmp_path / "qdrant" / "shard.part").exists()


if __name__ == "__main__":
    add_until_killed(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
