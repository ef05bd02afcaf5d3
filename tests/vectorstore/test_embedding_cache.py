import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vectorstore import embedding_cache
from vectorstore.embedding_cache import EmbeddingCache, cache_path
from vectorstore.errors import EmbeddingError
from vectorstore.store import Vectors

DIMENSION = 4


@pytest.fixture
def cache(tmp_path: Path) -> EmbeddingCache:
    return EmbeddingCache(tmp_path / "folder" / "model.sqlite", "model")


def unit_rows(texts: Sequence[str], dimension: int = DIMENSION) -> Vectors:
    """A vector that follows from the text alone."""
    rows = [np.random.default_rng(list(text.encode())).standard_normal(dimension) for text in texts]
    return np.array([row / np.linalg.norm(row) for row in rows], dtype=np.float32).reshape(len(texts), dimension)


def found(cache: EmbeddingCache, texts: Sequence[str]) -> dict[str, list[float]]:
    return {
        texts[place]: row.tolist()
        for places, rows in cache.find(texts)
        for place, row in zip(places, rows, strict=True)
    }


def expected(texts: Sequence[str]) -> dict[str, list[float]]:
    return dict(zip(texts, unit_rows(texts).tolist(), strict=True))


def test_a_new_cache_is_empty(cache: EmbeddingCache) -> None:
    assert found(cache, ["a", "b"]) == {}
    assert (len(cache), cache.dimension) == (0, None)


def test_what_was_added_comes_back_bit_by_bit(cache: EmbeddingCache) -> None:
    cache.add(["a", "ü", "\0"], unit_rows(["a", "ü", "\0"]))
    again = EmbeddingCache(cache.path, "model")
    assert found(again, ["ü", "other", "a", "\0"]) == expected(["ü", "a", "\0"])
    assert (len(again), again.dimension) == (3, DIMENSION)


def test_more_texts_than_one_statement_takes(cache: EmbeddingCache) -> None:
    texts = [f"text {number}" for number in range(2 * embedding_cache.CHUNK + 1)]
    cache.add(texts[::2], unit_rows(texts[::2]))
    assert found(cache, texts) == expected(texts[::2])


def test_a_text_keeps_its_first_vector(cache: EmbeddingCache) -> None:
    cache.add(["a"], unit_rows(["a"]))
    cache.add(["a", "b"], unit_rows(["b", "b"]))
    assert found(cache, ["a", "b"]) == expected(["a", "b"])


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(st.booleans(), st.lists(st.sampled_from("abcdef"), unique=True, min_size=1)), min_size=1, max_size=8
    )
)
def test_it_holds_what_was_added_and_not_forgotten(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[bool, list[str]]]
) -> None:
    cache = EmbeddingCache(tmp_path_factory.mktemp("cache") / "model.sqlite", "model")
    held: set[str] = set()
    for adds, texts in steps:
        if adds:
            cache.add(texts, unit_rows(texts))
            held |= set(texts)
        else:
            assert cache.forget(texts) == len(held & set(texts))
            held -= set(texts)
    assert found(cache, list("abcdef")) == expected(sorted(held))
    assert len(cache) == len(held)


def test_no_text_lies_in_the_file_and_no_forgotten_vector(cache: EmbeddingCache) -> None:
    text = "a very private search"
    cache.add([text], unit_rows([text]))
    on_disk = b"".join(path.read_bytes() for path in cache.path.parent.iterdir())
    assert text.encode() not in on_disk
    assert unit_rows([text]).tobytes() in on_disk
    assert cache.forget([text, "another"]) == 1
    assert unit_rows([text]).tobytes() not in b"".join(path.read_bytes() for path in cache.path.parent.iterdir())


def test_models_do_not_share_a_file(cache: EmbeddingCache) -> None:
    cache.add(["a"], unit_rows(["a"]))
    with pytest.raises(
        EmbeddingError, match=r"holds vectors of model, not of other: delete it or name the other model"
    ):
        found(EmbeddingCache(cache.path, "other"), ["a"])


def test_another_dimension_is_refused_and_changes_nothing(cache: EmbeddingCache) -> None:
    cache.add(["a"], unit_rows(["a"]))
    with pytest.raises(EmbeddingError, match=r"model gives 5 dimensions, but .* holds 4: .* delete the file"):
        cache.add(["b"], unit_rows(["b"], 5))
    assert found(cache, ["a", "b"]) == expected(["a"])


@pytest.mark.parametrize(
    "blob", [b"short", unit_rows(["a"], 5).tobytes(), bytes(16), np.full(4, np.nan, dtype="<f4").tobytes()]
)
def test_a_damaged_row_is_an_error_that_says_what_to_do(cache: EmbeddingCache, blob: bytes) -> None:
    cache.add(["a", "b"], unit_rows(["a", "b"]))
    with sqlite3.connect(cache.path) as database:
        database.execute("UPDATE vectors SET vector = ? WHERE rowid = 1", (blob,))
    database.close()
    with pytest.raises(EmbeddingError, match=r"damaged .*: delete the file, its texts are embedded again"):
        found(cache, ["a", "b"])


@pytest.mark.parametrize("content", [b"", b"this is no database" * 100])
def test_a_damaged_file_is_an_error_that_says_what_to_do(cache: EmbeddingCache, content: bytes) -> None:
    cache.path.parent.mkdir()
    cache.path.write_bytes(content)
    with pytest.raises(EmbeddingError, match=r"damaged .*: delete the file, its texts are embedded again"):
        found(cache, ["a"])


def test_a_deleted_file_is_begun_anew_without_what_its_log_held(cache: EmbeddingCache) -> None:
    cache.add(["a"], unit_rows(["a"]))
    with sqlite3.connect(cache.path) as database:
        database.execute("UPDATE origin SET dimension = 7")
        database.commit()
        log = cache.path.with_name(f"{cache.path.name}-wal").read_bytes()
        assert log
    database.close()
    cache.path.unlink()
    cache.path.with_name(f"{cache.path.name}-wal").write_bytes(log)
    assert found(cache, ["a"]) == {}
    assert cache.dimension is None


def test_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddingError, match=r"cannot be made .*: check the folder and its rights"):
        len(EmbeddingCache(tmp_path / "file" / "model.sqlite", "model"))


def test_a_writer_that_does_not_end_is_an_error(cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.add(["a"], unit_rows(["a"]))
    monkeypatch.setattr(embedding_cache, "BUSY_SECONDS", 0.05)
    database = sqlite3.connect(cache.path, isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    with pytest.raises(EmbeddingError, match=r"another process holds .*: wait until it ends"):
        cache.add(["b"], unit_rows(["b"]))
    assert found(cache, ["a"]) == expected(["a"])
    database.close()


def test_threads_share_a_cache(cache: EmbeddingCache) -> None:
    groups = [[f"{group} {number}" for number in range(50)] for group in range(4)]
    threads = [threading.Thread(target=cache.add, args=(group, unit_rows(group))) for group in groups]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    texts = [text for group in groups for text in group]
    assert found(cache, texts) == expected(texts)


def test_two_processes_write_at_once(cache: EmbeddingCache) -> None:
    """They start together on a file that is not there, and half of their texts are the same."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(2)
    spans = [(0, 200), (100, 300)]
    processes = [context.Process(target=_add_one_by_one, args=(cache.path, barrier, *span)) for span in spans]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    texts = [f"text {number}" for number in range(300)]
    assert found(cache, texts) == expected(texts)
    assert len(cache) == 300


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a kill that cannot be caught")
def test_a_killed_process_leaves_whole_rows(cache: EmbeddingCache) -> None:
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_add_without_end, args=(cache.path, sender))
    process.start()
    acknowledged = [receiver.recv() for _ in range(20)][-1]
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(60)
    texts = [f"text {number}" for number in range(len(cache))]
    assert len(texts) >= acknowledged
    assert len(texts) % 10 == 0
    assert found(cache, texts) == expected(texts)
    cache.add(["more"], unit_rows(["more"]))
    assert found(cache, ["more"]) == expected(["more"])


def test_every_model_has_its_file_name(tmp_path: Path) -> None:
    models = ["minilm", "openai:m", "openai/m", "openai-m", "OpenAI-m", "ollama:../../x", "ollama:m:latest"]
    paths = [cache_path(tmp_path, model) for model in models]
    assert paths[0] == tmp_path / "minilm.sqlite"
    assert len({str(path).lower() for path in paths}) == len(models)
    assert {path.parent for path in paths} == {tmp_path}


def _add_one_by_one(path: Path, barrier: "threading.Barrier", first: int, last: int) -> None:
    cache = EmbeddingCache(path, "model")
    barrier.wait(60)
    for number in range(first, last):
        cache.add([f"text {number}"], unit_rows([f"text {number}"]))


def _add_without_end(path: Path, sender: "multiprocessing.connection.Connection") -> None:
    cache = EmbeddingCache(path, "model")
    deadline = time.monotonic() + 60
    done = 0
    while time.monotonic() < deadline:
        texts = [f"text {number}" for number in range(done, done + 10)]
        cache.add(texts, unit_rows(texts))
        done += 10
        sender.send(done)
