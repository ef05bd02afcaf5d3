"""A keyword store from what a person writes in a setting."""

from pathlib import Path

from vectorstore.errors import MissingExtra, StoreError
from vectorstore.memory import MemoryStore
from vectorstore.store import KeywordStore

# Adapters are imported when asked for: each brings a library that takes a second or more to import.
# ruff: noqa: PLC0415


def open_store(
    spec: str, *, folder: Path, model: str, dimension: int, qdrant_api_key: str | None = None
) -> KeywordStore:
    """Opens the store that `spec` names, or makes it.

    spec: "memory", "qdrant" (in this process), "qdrant:URL", "chroma" (on disk) or "chroma:URL".
    folder: where stores on disk lie, each in a folder of its own name. qdrant_api_key: for a Qdrant server.
    Raises StoreError where the spec is none of these or the store cannot be opened with this model and dimension,
    MissingExtra where its library is not installed.
    """
    kind, _, url = spec.strip().partition(":")
    if url and not url.startswith(("http://", "https://")):
        raise StoreError(f"store {spec!r}: what follows the colon is a URL, such as {kind}:http://localhost:6333")
    if kind == "qdrant" and url:
        from vectorstore.qdrant_server import open_server

        return open_server(url, model=model, dimension=dimension, api_key=qdrant_api_key)
    if kind == "qdrant":
        from vectorstore.qdrant_embedded import open_embedded

        return open_embedded(folder / "qdrant", model=model, dimension=dimension)
    if kind == "chroma":
        return _chroma(url, folder / "chroma", model=model, dimension=dimension)
    if kind == "memory" and not url:
        return MemoryStore(model=model, dimension=dimension)
    raise StoreError(f"no store is called {spec!r}: use memory, qdrant, qdrant:URL, chroma or chroma:URL")


def _chroma(url: str, folder: Path, *, model: str, dimension: int) -> KeywordStore:
    try:
        from vectorstore.chroma import open_chroma_folder, open_chroma_server
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "chromadb":
            raise
        raise MissingExtra("the Chroma store", "chroma") from error
    if url:
        return open_chroma_server(url, model=model, dimension=dimension)
    return open_chroma_folder(folder, model=model, dimension=dimension)
