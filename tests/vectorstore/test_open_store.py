"""Which store a setting opens, and what is said where it cannot."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from vectorstore.errors import MissingExtra, StoreError
from vectorstore.open_store import open_store


@pytest.mark.parametrize(
    ("spec", "kind", "folders"),
    [
        ("memory", "MemoryStore", []),
        ("qdrant", "QdrantStore", ["qdrant"]),
        ("chroma", "ChromaFolder", ["chroma"]),
        (" chroma ", "ChromaFolder", ["chroma"]),
    ],
)
def test_a_spec_opens_its_store(spec: str, kind: str, folders: list[str], tmp_path: Path) -> None:
    with open_store(spec, folder=tmp_path / "home", model="minilm", dimension=3) as store:
        assert type(store).__name__ == kind
        assert (store.model, store.dimension, store.count()) == ("minilm", 3, 0)
    assert [path.name for path in tmp_path.glob("home/*")] == folders


@pytest.mark.parametrize("spec", ["", "faiss", "memory:http://localhost", "Qdrant", "qdrantt:http://localhost"])
def test_another_spec_is_refused_with_what_there_is(spec: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="use memory, qdrant, qdrant:URL, chroma or chroma:URL"):
        open_store(spec, folder=tmp_path, model="minilm", dimension=3)


@pytest.mark.parametrize("spec", ["qdrant:localhost:6333", "chroma:/data"])
def test_what_is_no_url_is_refused(spec: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="what follows the colon is a URL"):
        open_store(spec, folder=tmp_path, model="minilm", dimension=3)


def test_a_dimension_below_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="at least one dimension"):
        open_store("qdrant", folder=tmp_path, model="minilm", dimension=0)


@pytest.mark.parametrize("kind", ["qdrant", "chroma"])
def test_no_server_is_said_in_one_line_without_the_password(kind: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(StoreError) as refused:
        open_store(f"{kind}:http://me:secret@127.0.0.1:{port}", folder=tmp_path, model="minilm", dimension=3)
    message = str(refused.value)
    assert f"at http://127.0.0.1:{port} does not answer" in message
    assert "check" in message
    assert "secret" not in message
    assert "\n" not in message


@pytest.mark.parametrize("kind", ["qdrant", "chroma"])
def test_a_folder_that_cannot_be_made_is_said(kind: str, tmp_path: Path) -> None:
    (tmp_path / kind).write_text("a file, not a folder")
    with pytest.raises(StoreError, match=r"cannot be opened .*: check the folder"):
        open_store(kind, folder=tmp_path, model="minilm", dimension=3)


def test_files_of_another_program_are_left_alone(tmp_path: Path) -> None:
    shard = tmp_path / "qdrant" / "shard"
    shard.mkdir(parents=True)
    (shard / "precious").write_text("keep me")
    with pytest.raises(StoreError, match="says no embedding model"):
        open_store("qdrant", folder=tmp_path, model="minilm", dimension=3)
    assert (shard / "precious").read_text() == "keep me"


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99, "model": "minilm", "dimension": 3}'])
def test_unreadable_metadata_is_said(text: str, tmp_path: Path) -> None:
    with open_store("qdrant", folder=tmp_path, model="minilm", dimension=3):
        pass
    (tmp_path / "qdrant" / "store.json").write_text(text)
    with pytest.raises(StoreError):
        open_store("qdrant", folder=tmp_path, model="minilm", dimension=3)


def test_a_damaged_shard_is_said_in_one_line(tmp_path: Path) -> None:
    with open_store("qdrant", folder=tmp_path, model="minilm", dimension=3):
        pass
    (tmp_path / "qdrant" / "shard" / "edge_config.json").write_text("{")
    with pytest.raises(StoreError, match="journeys ingest") as refused:
        open_store("qdrant", folder=tmp_path, model="minilm", dimension=3)
    assert "\n" not in str(refused.value)


def test_without_chromadb_the_error_names_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "chromadb", None)
    monkeypatch.delitem(sys.modules, "vectorstore.chroma", raising=False)
    with pytest.raises(MissingExtra, match=r"the Chroma store needs .*pip install 'journey-assistant\[chroma\]'"):
        open_store("chroma", folder=tmp_path, model="minilm", dimension=3)


def test_adapters_are_imported_only_when_asked_for() -> None:
    code = "import sys, vectorstore.open_store; print([m for m in sys.modules if m.startswith(('qdrant', 'chroma'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
