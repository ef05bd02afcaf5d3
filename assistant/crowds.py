"""The crowd of a log: gathered from its users, kept in the home folder, and forgetful."""

import heapq
import json
import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zipfile import BadZipFile

import numpy as np
from filelock import FileLock

from chains.crowd import CROWD_SIZE, Crowd, Floats, lot
from chains.keywords import extract_keywords
from chains.texts import texts_of, units_of
from vectorstore.activity import Activity, Keyword, normalize
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import StoreError
from vectorstore.nearest import unit_rows

_FORMAT = 1


def gather_crowd(
    users: Iterable[tuple[str, Iterable[Activity]]],
    embeddings: CachedEmbeddings,
    as_of: datetime | None = None,
    size: int = CROWD_SIZE,
) -> Crowd:
    """A crowd of so many texts of these users, drawn at random, always the same ones in whatever order users come.

    as_of: only what was done up to then. Only as many texts as are drawn, and their annotations, are embedded.
    """
    chosen: list[tuple[int, str, str, list[Keyword]]] = []
    for user_id, activities in users:
        keywords = extract_keywords(each for each in activities if as_of is None or each.timestamp <= as_of)
        for keyword, _ in units_of(keywords):
            # The highest lot is the first to be put out, so lots are negative here.
            entry = (-lot(user_id, keyword.key), user_id, keyword.key, keywords)
            if len(chosen) < size:
                heapq.heappush(chosen, entry)
            elif entry[:3] > chosen[0][:3]:
                heapq.heapreplace(chosen, entry)
    keys: dict[str, set[str]] = {}
    for _, user_id, key, _ in chosen:
        keys.setdefault(user_id, set()).add(key)
    of_user = {user_id: keywords for _, user_id, _, keywords in chosen}
    owners: list[str] = []
    rows: list[Floats] = []
    for user_id in sorted(keys):
        vectors = _contexts(of_user[user_id], keys[user_id], embeddings)
        owners += [user_id] * len(vectors)
        rows.append(vectors)
    return Crowd.of(owners, np.concatenate(rows) if rows else np.empty((0, 0), dtype=np.float32))


def _contexts(keywords: Sequence[Keyword], keys: set[str], embeddings: CachedEmbeddings) -> Floats:
    """The context vectors of one user's texts with these keys, in order of key."""
    labels = {
        normalize(label)
        for keyword in keywords
        if keyword.key in keys
        for event in keyword.events
        for label in event.annotations
    }
    needed = [keyword for keyword in keywords if keyword.key in keys | labels]
    embedded = embeddings.embed([keyword.key for keyword in needed])
    texts = texts_of(needed, unit_rows(embedded, *embedded.shape))
    place = {key: row for row, key in enumerate(texts.keys)}
    return texts.context[[place[key] for key in sorted(keys)]]


@dataclass(frozen=True, slots=True)
class MadeOf:
    """What a kept crowd was made of. Made of the same, it is not made again, so that a run can go on after a kill."""

    embedding: str
    log_position: int
    as_of: datetime


class KeptCrowd:
    """The crowd of a home, in one file of arrays; it holds no text and no id of a user."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, embedding: str) -> Crowd | None:
        """None where there is none, or where it was made with another embedding. Raises StoreError if damaged."""
        found = self._read()
        return found[0] if found and found[1].embedding == embedding else None

    def made(self, made_of: MadeOf, gather: Callable[[], Crowd]) -> Crowd:
        """The crowd that was made of this, gathered and written if it was not. Lasts when it returns.

        gather: is called while nobody can be forgotten, so it has to leave out those who are.
        """
        with self._alone():
            found = self._read()
            if found and found[1] == made_of:
                return found[0]
            crowd = gather()
            self._write(crowd, made_of)
            return crowd

    def forget(self, user_id: str) -> int:
        """Takes a user's texts out, and returns how many there were; the fingerprint stays."""
        if not self._path.exists():
            return 0
        with self._alone():
            found = self._read()
            gone = found[0].count(user_id) if found else 0
            if found and gone:
                self._write(found[0].without(user_id), found[1])
        return gone

    def count(self, user_id: str) -> int:
        """How many texts of the user it holds."""
        found = self._read()
        return found[0].count(user_id) if found else 0

    def _alone(self) -> FileLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self._path.with_suffix(".lock"))

    def _read(self) -> tuple[Crowd, MadeOf] | None:
        try:
            with self._path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                about = json.loads(str(arrays["about"]))
                vectors, owners = arrays["vectors"].astype(np.float32), arrays["owners"].astype(np.uint64)
            if about["format"] != _FORMAT or vectors.ndim != 2 or owners.shape != (len(vectors),):
                raise ValueError("another format")
            made_of = MadeOf(about["embedding"], int(about["position"]), datetime.fromisoformat(about["as_of"]))
            return Crowd(vectors, owners, str(about["fingerprint"])), made_of
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, KeyError, EOFError, BadZipFile):
            raise StoreError(f"{self._path} is damaged: delete it, and infer with --full") from None

    def _write(self, crowd: Crowd, made_of: MadeOf) -> None:
        about = {
            "format": _FORMAT,
            "fingerprint": crowd.fingerprint,
            "embedding": made_of.embedding,
            "position": made_of.log_position,
            "as_of": made_of.as_of.isoformat(),
        }
        unfinished = self._path.with_suffix(".unfinished")
        with unfinished.open("wb") as file:
            np.savez(file, about=np.array(json.dumps(about)), vectors=crowd.vectors, owners=crowd.owners)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._path)
