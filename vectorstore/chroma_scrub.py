"""Chroma on disk, rid of what it keeps of users who were forgotten.

Chroma deletes in its index only: a keyword's metadata stays in the queue of past writes, its vector in the index file,
and both in free pages of its database. So the collection of the user is copied, dropped and replaced by its copy, and
the database is vacuumed.

One thing is out of reach: Chroma takes the room for index files from memory that it does not clear, and writes all of
it, so that their unused part may hold stray bytes of whatever the process had in hand. Who has to prove that no byte is
left takes the default store.
"""

import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from vectorstore.errors import StoreError

_FRESH = "-fresh"
_PAGE = 1_000
_PATIENCE = 30.0


class Marks:
    """The collections in which a user was forgotten and that were not written anew since, in a file by their names."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[str]:
        try:
            return sorted(str(name) for name in json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return []
        except (ValueError, TypeError) as error:
            raise StoreError(
                f"{self._path} is damaged: move the store's folder away and run `journeys ingest` again"
            ) from error

    def add(self, name: str) -> None:
        part = self._path.with_suffix(".part")
        part.write_text(json.dumps(sorted({*self.names(), name})), encoding="utf-8")
        part.replace(self._path)

    def clear(self) -> None:
        self._path.unlink(missing_ok=True)


def settle(client: Any, names: Sequence[str]) -> None:
    """Brings a rewriting that was killed to an end, or back to its beginning; before the collections are opened."""
    there = {collection.name for collection in client.list_collections(limit=10_000)}
    for name in names:
        if name + _FRESH not in there:
            continue
        if name in there:
            client.delete_collection(name + _FRESH)
        else:
            client.get_collection(name + _FRESH, embedding_function=None).modify(name=name)


def write_anew(client: Any, collection: Any, configuration: dict[str, Any]) -> Any:
    """The copy of the collection that has taken its place and its name."""
    name = collection.name
    copy = client.create_collection(
        name + _FRESH, metadata=collection.metadata, embedding_function=None, configuration=configuration
    )
    for page in _pages(collection):
        copy.upsert(ids=page["ids"], embeddings=page["embeddings"], metadatas=page["metadatas"])
    client.delete_collection(name)
    copy.modify(name=name)
    return copy


def _pages(collection: Any) -> Iterator[Any]:
    for offset in range(0, collection.count(), _PAGE):
        yield collection.get(include=["metadatas", "embeddings"], limit=_PAGE, offset=offset)


def vacuum(data: Path) -> None:
    """Takes free pages out of the database, and removes the index files of collections that are no more."""
    try:
        with closing(sqlite3.connect(data / "chroma.sqlite3", timeout=_PATIENCE, isolation_level=None)) as database:
            database.execute("VACUUM")
            used = {name for (name,) in database.execute("SELECT id FROM segments")}
    except sqlite3.Error as error:
        raise StoreError(
            f"deleted, but {data} still holds traces ({error}): make room on the disk, then run the same command again"
        ) from error
    for folder in data.iterdir():
        if folder.is_dir() and folder.name not in used:
            shutil.rmtree(folder)
