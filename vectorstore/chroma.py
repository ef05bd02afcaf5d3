"""The store on Chroma: on disk by folder, or a server by URL.

Users are spread over collections by a hash of their id, because Chroma's filter costs time in proportion to the
collection: one user's keywords come out of a sixteenth of the store.
"""

import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import chromadb
import httpx
import numpy as np
from chromadb.config import Settings
from chromadb.errors import ChromaError

from vectorstore.activity import Keyword
from vectorstore.chroma_scrub import Marks, settle, vacuum, write_anew
from vectorstore.closing import Closing
from vectorstore.errors import StoreError
from vectorstore.folder_lock import hold
from vectorstore.nearest import distinct, nearest, ordered, unit_vector
from vectorstore.origin import Origin
from vectorstore.payload import chunks, from_json, point_id, to_json
from vectorstore.store import Match, Vectors

COLLECTIONS = 16
PREFIX = "journey-keywords"

_USER, _KEYWORD = "user_id", "keyword"
# Cheaper to build than Chroma's default, at a recall of 0.98; only a search across users looks at it.
_HNSW = {"space": "cosine", "ef_construction": 50, "max_neighbors": 12}
_MOST_BYTES = 16_000_000
_NUMBER_BYTES = 22
_PAGE = 5_000
_SPARE = 16


def open_chroma_folder(folder: Path, *, model: str, dimension: int) -> "ChromaStore":
    """Opens the store in `folder`, or makes it there.

    The folder is locked: two processes that write to one Chroma folder damage it without an error. Raises StoreError
    where another process holds it, or the store was made with another model or dimension.
    """
    origin = Origin(model, dimension)
    where = f"the keyword store in {folder}"
    with ExitStack() as until_open:
        until_open.callback(hold(folder).release)
        with _chroma_errors(where):
            settings = Settings(anonymized_telemetry=False)
            client = chromadb.PersistentClient(path=str(folder / "data"), settings=settings)
        until_open.callback(client.close)
        with _chroma_errors(where):
            settle(client, _names(PREFIX))
        collections = _collections(client, origin, where, PREFIX)
        return ChromaFolder(client, collections, origin, where, until_open.pop_all(), folder)


def open_chroma_server(url: str, *, model: str, dimension: int, prefix: str = PREFIX) -> "ChromaStore":
    """Opens the store on a server such as `chroma run` starts, or makes it there.

    url: "http://localhost:8000"; no port means 8000, or 443 with https. prefix: how the names of its collections begin.
    Raises StoreError where no server answers, or the store was made with another model or dimension.
    """
    origin = Origin(model, dimension)
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    host, port = parts.hostname or "localhost", parts.port or (443 if secure else 8000)
    where = f"Chroma at {parts.scheme}://{host}:{port}"
    with ExitStack() as until_open:
        with _chroma_errors(where):
            client = chromadb.HttpClient(host, port, ssl=secure, settings=Settings(anonymized_telemetry=False))
        until_open.callback(_disconnect, client)
        until_open.callback(client.close)
        collections = _collections(client, origin, where, prefix)
        return ChromaStore(client, collections, origin, where, until_open.pop_all())


def _disconnect(client: Any) -> None:
    """Closes the connections that the client's own close leaves open: its own, and those of the client inside it."""
    for owner in (client, getattr(client, "_admin_client", None)):
        session = getattr(getattr(owner, "_server", None), "_session", None)
        if isinstance(session, httpx.Client):
            session.close()


def _names(prefix: str) -> list[str]:
    return [f"{prefix}-{number:02d}" for number in range(COLLECTIONS)]


def _collections(client: Any, origin: Origin, where: str, prefix: str) -> list[Any]:
    """The store's collections. Killed in here, the next opening makes those that are missing."""
    with _chroma_errors(where):
        # One that is there keeps the metadata that it was made with.
        found = [
            client.get_or_create_collection(
                name, metadata=origin.as_metadata(), embedding_function=None, configuration={"hnsw": _HNSW}
            )
            for name in _names(prefix)
        ]
    for collection in found:
        origin.refuse_other(collection.metadata, where)
    return found


@contextmanager
def _chroma_errors(where: str) -> Iterator[None]:
    # Chroma says ValueError where it cannot connect.
    try:
        yield
    except (ChromaError, httpx.HTTPError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise StoreError(
            f"{where} does not answer as it should ({reason}): "
            "check the folder, or that the server runs and its URL is right, or use the default store"
        ) from error


class ChromaStore(Closing):
    """A KeywordStore on Chroma.

    Within a user a search is exact, ties included: it compares all of the user's vectors. Across users it is as good as
    Chroma's HNSW index (recall about 0.98), and ties are in order among those that the index gave.
    """

    def __init__(
        self, client: Any, collections: Sequence[Any], origin: Origin, where: str, until_close: ExitStack
    ) -> None:
        self._client = client
        self._collections = list(collections)
        self._origin = origin
        self._where = where
        self._until_close = until_close
        self._closed = False

    @property
    def model(self) -> str:
        return self._origin.model

    @property
    def dimension(self) -> int:
        return self._origin.dimension

    def add(self, keywords: Sequence[Keyword], vectors: Vectors) -> None:
        kept, rows = distinct(keywords, vectors, self.dimension)
        groups: dict[int, list[int]] = {}
        for at, keyword in enumerate(kept):
            groups.setdefault(self._number(keyword.user_id), []).append(at)
        with self._chroma():
            most = self._client.get_max_batch_size()
            for number, places in groups.items():
                texts = [to_json(kept[at]) for at in places]
                sizes = [len(text.encode()) + _NUMBER_BYTES * self.dimension for text in texts]
                for part in chunks(sizes, most=most, weight=_MOST_BYTES):
                    _write(
                        self._collections[number], [kept[at] for at in places[part]], rows[places[part]], texts[part]
                    )

    def users(self) -> Iterator[str]:
        found: set[str] = set()
        with self._chroma():
            for collection in self._collections:
                for offset in range(0, collection.count(), _PAGE):
                    page = collection.get(include=["metadatas"], limit=_PAGE, offset=offset)
                    found.update(fields[_USER] for fields in page["metadatas"])
        return iter(sorted(found))

    def keywords(self, user_id: str) -> tuple[list[Keyword], Vectors]:
        with self._chroma():
            found = self._of(user_id).get(where={_USER: user_id}, include=["metadatas", "embeddings"])
        keywords, vectors = _keywords(found["metadatas"], found["embeddings"], self.dimension)
        order = sorted(range(len(keywords)), key=lambda at: keywords[at].key)
        return [keywords[at] for at in order], vectors[order]

    def search(self, vector: Vectors, *, user_id: str | None = None, limit: int = 10) -> list[Match]:
        query = unit_vector(vector, self.dimension)
        if limit < 1:
            return []
        if user_id is not None:
            return nearest(*self.keywords(user_id), query, limit)
        # Chroma's cosine distances only choose; the similarities come from the vectors, as within a user.
        best: list[Match] = []
        with self._chroma():
            for collection in self._collections:
                found = collection.query(
                    query_embeddings=query[None, :], n_results=limit + _SPARE, include=["metadatas", "embeddings"]
                )
                pairs = _keywords(found["metadatas"][0], found["embeddings"][0], self.dimension)
                best = ordered(best + nearest(*pairs, query, limit))[:limit]
        return best

    def forget(self, user_id: str) -> int:
        with self._chroma():
            collection = self._of(user_id)
            ids = collection.get(where={_USER: user_id}, include=[])["ids"]
            for part in chunks([1] * len(ids), most=self._client.get_max_batch_size(), weight=len(ids)):
                collection.delete(ids=ids[part])
        return len(ids)

    def scrub(self) -> None:
        """Nothing to do from here: a server keeps deleted words until it has cut its queue of writes and was vacuumed
        with `chroma vacuum`."""

    def count(self) -> int:
        with self._chroma():
            return sum(collection.count() for collection in self._collections)

    def close(self) -> None:
        self._closed = True
        self._until_close.close()

    def _number(self, user_id: str) -> int:
        return zlib.crc32(user_id.encode()) % len(self._collections)

    def _of(self, user_id: str) -> Any:
        return self._collections[self._number(user_id)]

    @contextmanager
    def _chroma(self) -> Iterator[None]:
        if self._closed:
            raise StoreError(f"{self._where} is closed: open it again")
        with _chroma_errors(self._where):
            yield


class ChromaFolder(ChromaStore):
    """A ChromaStore on disk, which can get rid of what Chroma keeps of deleted keywords."""

    def __init__(
        self,
        client: Any,
        collections: Sequence[Any],
        origin: Origin,
        where: str,
        until_close: ExitStack,
        folder: Path,
    ) -> None:
        super().__init__(client, collections, origin, where, until_close)
        self._data = folder / "data"
        self._marks = Marks(folder / "forgotten.json")

    def forget(self, user_id: str) -> int:
        with self._chroma():
            known = bool(self._of(user_id).get(where={_USER: user_id}, include=[], limit=1)["ids"])
        if known:
            self._marks.add(self._of(user_id).name)
        return super().forget(user_id)

    def scrub(self) -> None:
        names = self._marks.names()
        if not names:
            return
        with self._chroma():
            for number, collection in enumerate(self._collections):
                if collection.name in names:
                    self._collections[number] = write_anew(self._client, collection, {"hnsw": _HNSW})
            vacuum(self._data)
        self._marks.clear()


def _write(collection: Any, keywords: Sequence[Keyword], rows: Vectors, texts: Sequence[str]) -> None:
    """Writes what differs from what is there, and no more: Chroma takes milliseconds to put a known id in again.

    Where only the events are new the vector stays, which spares the index.
    """
    ids = [str(point_id(keyword.user_id, keyword.key)) for keyword in keywords]
    found = collection.get(ids=ids, include=["metadatas", "embeddings"])
    there = {
        id_: (fields[_KEYWORD], vector)
        for id_, fields, vector in zip(found["ids"], found["metadatas"], found["embeddings"], strict=True)
    }
    put, change = [], []
    for at, (id_, text) in enumerate(zip(ids, texts, strict=True)):
        if id_ not in there or not np.allclose(there[id_][1], rows[at], rtol=0, atol=1e-6):
            put.append(at)
        elif there[id_][0] != text:
            change.append(at)
    fields = [{_USER: keyword.user_id, _KEYWORD: text} for keyword, text in zip(keywords, texts, strict=True)]
    if put:
        collection.upsert(ids=[ids[at] for at in put], embeddings=rows[put], metadatas=[fields[at] for at in put])
    if change:
        collection.update(ids=[ids[at] for at in change], metadatas=[fields[at] for at in change])


def _keywords(metadatas: Sequence[dict[str, Any]], embeddings: Any, dimension: int) -> tuple[list[Keyword], Vectors]:
    if not metadatas:
        return [], np.empty((0, dimension), dtype=np.float32)
    keywords = [from_json(fields[_USER], fields[_KEYWORD]) for fields in metadatas]
    return keywords, np.asarray(embeddings, dtype=np.float32)
