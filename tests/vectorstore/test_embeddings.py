import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from vectorstore import embeddings as embeddings_module
from vectorstore.embedding_cache import EmbeddingCache
from vectorstore.embeddings import CachedEmbeddings, EmptyTextError, open_embeddings
from vectorstore.errors import EmbeddingError, InputError
from vectorstore.minilm import MiniLM
from vectorstore.store import Vectors

# Texts of the fake model are a compass: what it does not know, it does not embed.
COMPASS = {"north": (0.0, 1.0), "east": (1.0, 0.0), "south": (0.0, -1.0), "west": (-1.0, 0.0), "dimension": (0.6, 0.8)}


class Compass:
    """Knows five words and remembers what it was asked. Answers in batches of two, the last texts first."""

    model = "compass"
    dimension: int | None = 2

    def __init__(self, *, fails_after: int = 10**9) -> None:
        self.asked: list[str] = []
        self.fails_after = fails_after

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[NDArray[np.int64], Vectors]]:
        places = np.arange(len(texts))[::-1]
        for start in range(0, len(texts), 2):
            chosen = places[start : start + 2]
            if len(self.asked) + len(chosen) > self.fails_after:
                raise EmbeddingError("the needle is stuck")
            self.asked += [texts[place] for place in chosen]
            yield chosen, np.array([COMPASS[texts[place]] for place in chosen], dtype=np.float32)


class Blind(Compass):
    """Only an answer tells its dimension."""

    dimension = None


@pytest.fixture
def cache(tmp_path: Path) -> EmbeddingCache:
    return EmbeddingCache(tmp_path / "compass.sqlite", "compass")


@pytest.fixture(autouse=True)
def small_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings_module, "KEPT_AT_ONCE", 2)


def rows_of(*texts: str) -> list[list[float]]:
    rows: list[list[float]] = np.array([COMPASS[text] for text in texts], dtype=np.float32).tolist()
    return rows


def test_each_text_gets_its_vector_in_order(cache: EmbeddingCache) -> None:
    vectors = CachedEmbeddings(Compass(), cache).embed(["east", "north", "west"])
    assert vectors.tolist() == rows_of("east", "north", "west")
    assert vectors.dtype == np.float32


def test_a_text_is_asked_for_once_ever(cache: EmbeddingCache) -> None:
    first, second = Compass(), Compass()
    texts = ["east", "west", "east", "EAST", "  east\n", "west"]
    assert CachedEmbeddings(first, cache).embed(texts).tolist() == rows_of(
        "east", "west", "east", "east", "east", "west"
    )
    assert sorted(first.asked) == ["east", "west"]
    again = CachedEmbeddings(second, EmbeddingCache(cache.path, "compass"))
    assert again.embed(["west", "north", "east"]).tolist() == rows_of("west", "north", "east")
    assert second.asked == ["north"]


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.lists(st.sampled_from(sorted(COMPASS)), max_size=9), max_size=6))
def test_however_texts_come_they_are_embedded_once(
    tmp_path_factory: pytest.TempPathFactory, calls: list[list[str]]
) -> None:
    model = Compass()
    embeddings = CachedEmbeddings(model, EmbeddingCache(tmp_path_factory.mktemp("cache") / "c.sqlite", "compass"))
    for texts in calls:
        progress: list[int] = []
        assert embeddings.embed(texts, on_progress=progress.append).tolist() == rows_of(*texts)
        assert sum(progress) == len(texts)
    assert sorted(model.asked) == sorted({text for texts in calls for text in texts})


def test_progress_counts_cached_texts_and_repeated_ones(cache: EmbeddingCache) -> None:
    embeddings = CachedEmbeddings(Compass(), cache)
    embeddings.embed(["east"])
    progress: list[int] = []
    embeddings.embed(["north", "east", "south", "west", "east"], on_progress=progress.append)
    assert progress == [2, 2, 1]


def test_it_serves_langchain(cache: EmbeddingCache) -> None:
    embeddings: Embeddings = CachedEmbeddings(Compass(), cache)
    assert embeddings.embed_query("North") == [0.0, 1.0]
    assert embeddings.embed_documents(["east", "north"]) == [[1.0, 0.0], [0.0, 1.0]]


def test_no_text_gives_no_vector(cache: EmbeddingCache) -> None:
    model = Compass()
    assert CachedEmbeddings(model, cache).embed([]).shape == (0, 2)
    assert model.asked == []


def test_dimension_is_asked_for_once_where_only_an_answer_tells(cache: EmbeddingCache) -> None:
    first, second = Blind(), Blind()
    assert CachedEmbeddings(first, cache).dimension == 2
    assert first.asked == ["dimension"]
    assert CachedEmbeddings(second, cache).dimension == 2
    assert second.asked == []


@pytest.mark.parametrize("text", ["", " \t\n", "\u00a0"])
def test_an_empty_text_is_a_value_error(cache: EmbeddingCache, text: str) -> None:
    model = Compass()
    with pytest.raises(EmptyTextError, match="leave it out") as caught:
        CachedEmbeddings(model, cache).embed(["east", text])
    assert isinstance(caught.value, ValueError)
    assert isinstance(caught.value, InputError)
    assert model.asked == []


def test_forgotten_texts_are_embedded_anew(cache: EmbeddingCache) -> None:
    model = Compass()
    embeddings = CachedEmbeddings(model, cache)
    embeddings.embed(["east", "west"])
    assert embeddings.forget(["EAST", "east ", "south"]) == 1
    embeddings.embed(["east", "west"])
    assert sorted(model.asked) == ["east", "east", "west"]


def test_what_was_embedded_before_a_failure_is_kept(cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings_module, "KEPT_AT_ONCE", 100)
    with pytest.raises(EmbeddingError, match="the needle is stuck"):
        CachedEmbeddings(Compass(fails_after=2), cache).embed(["north", "east", "south", "west"])
    model = Compass()
    CachedEmbeddings(model, cache).embed(["north", "east", "south", "west"])
    assert sorted(model.asked) == ["east", "north"]


def test_what_was_embedded_before_an_interruption_is_kept(cache: EmbeddingCache) -> None:
    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        CachedEmbeddings(Compass(), cache).embed(["north", "east", "south", "west"], on_progress=interrupt)
    assert len(cache) == 2


def test_a_model_that_changed_its_dimension_is_an_error(cache: EmbeddingCache) -> None:
    cache.add(["north"], np.array([[1.0, 0.0, 0.0]], dtype=np.float32))
    with pytest.raises(EmbeddingError, match=r"compass gives 2 dimensions, but .* holds 3"):
        CachedEmbeddings(Compass(), cache).embed(["north", "east"])


def test_threads_may_share_it(cache: EmbeddingCache) -> None:
    embeddings = CachedEmbeddings(Compass(), cache)
    results: list[list[list[float]]] = []
    threads = [
        threading.Thread(target=lambda: results.append(embeddings.embed(["north", "east", "south"]).tolist()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [rows_of("north", "east", "south")] * 4
    assert len(cache) == 3


def test_minilm_is_the_default_and_resuming_changes_no_bit(tmp_path: Path) -> None:
    texts = ["wedding dress", "bridal gown", "Engine Oil", "half a \ud800 pair", "sew a zipper into a cushion cover"]
    embeddings = open_embeddings(folder=tmp_path / "home", threads=2)
    assert (embeddings.model, embeddings.dimension) == ("minilm", 384)
    assert not (tmp_path / "home" / "minilm.sqlite").exists()
    third = embeddings.embed(texts[2:3])
    whole = embeddings.embed(texts)
    assert np.array_equal(whole[2:3], third)
    assert whole[0] @ whole[1] > whole[0] @ whole[2]
    assert np.array_equal(
        whole[:3], MiniLM(tmp_path / "home").embed(["engine oil", "bridal gown", "wedding dress"])[::-1]
    )


def test_a_program_whose_texts_are_cached_loads_no_runtime(tmp_path: Path) -> None:
    cache = EmbeddingCache(tmp_path / "minilm.sqlite", "minilm")
    cache.add(["wedding dress"], np.eye(1, 384, dtype=np.float32))
    code = (
        "import sys; from pathlib import Path; from vectorstore.embeddings import open_embeddings; "
        f"print(open_embeddings(folder=Path({str(tmp_path)!r})).embed(['Wedding  dress'])[0, :2].tolist()); "
        "print({'onnxruntime', 'onnx', 'tokenizers', 'openai', 'langchain'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[1.0, 0.0]\nset()\n"


def test_a_provider_is_named_with_its_model(tmp_path: Path) -> None:
    assert open_embeddings("openai:text-embedding-3-small", folder=tmp_path).model == "openai:text-embedding-3-small"
    with pytest.raises(EmbeddingError, match="pip install langchain-cohere"):
        open_embeddings("cohere:m", folder=tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("spec", ["", "minilm2", "openai:", ":m"])
def test_an_unknown_name_is_an_error_that_says_how_names_look(tmp_path: Path, spec: str) -> None:
    with pytest.raises(EmbeddingError, match=r"unknown embedding model .*: use \"minilm\" or \"provider:model\""):
        open_embeddings(spec, folder=tmp_path)


def test_only_a_model_of_this_process_is_loaded_beforehand(
    tmp_path: Path, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[Path] = []
    monkeypatch.setattr(MiniLM, "load", lambda model: loaded.append(model._folder))
    CachedEmbeddings(Compass(), cache).warm()
    assert loaded == []
    open_embeddings(folder=tmp_path / "home").warm()
    assert loaded == [tmp_path / "home"]
