"""Keeps the keyword store in step with the activity log."""

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

from chains.journeys import ALGORITHM
from chains.keywords import extract_keywords
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import StoreError
from vectorstore.store import KeywordStore

_USERS_AT_ONCE = 64


class KeywordIndex:
    """Remembers in a file beside the stores up to where of the log the keywords of each are in, and how they were made.

    The position is written after the store has taken everything, so that a process killed on the way does it again;
    adding a keyword twice is adding it once. An empty store is filled from the beginning, whatever the file says: its
    folder may have been moved away, or it may have lasted no longer than its process.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def stores(self) -> list[str]:
        """The names of the stores that were ever filled from here."""
        return sorted(self._read())

    def position(self, store: str) -> int:
        """Up to which position of the log the store of this name holds the keywords of today's algorithm, 0 for none.

        Raises StoreError where the file is damaged.
        """
        position, algorithm = self._read().get(store, (0, ALGORITHM))
        return position if algorithm == ALGORITHM else 0

    def update(
        self,
        name: str,
        store: KeywordStore,
        log: ActivityLog,
        embeddings: CachedEmbeddings,
        on_progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> int:
        """Puts in the keywords of every user touched since; returns how many users. on_progress: users done, of all."""
        reached = log.position
        filled = store.count() > 0
        since = self.position(name) if filled else 0
        # Another algorithm may make other keywords, and those of before would stay beside them.
        outdated = filled and since == 0 and name in self._read()
        touched = log.touched_since(since)
        done = 0
        stream = log.stream(users=touched)
        on_progress(0, len(touched))
        while batch := list(islice(stream, _USERS_AT_ONCE)):
            keywords = [keyword for _, events in batch for keyword in extract_keywords(events)]
            vectors = embeddings.embed([keyword.text for keyword in keywords])
            if outdated:
                for user_id, _ in batch:
                    store.forget(user_id)
            store.add(keywords, vectors)
            done += len(batch)
            on_progress(done, len(touched))
        self._write(name, reached)
        return done

    def _read(self) -> dict[str, tuple[int, str]]:
        try:
            found: dict[str, Any] = json.loads(self._path.read_text(encoding="utf-8"))
            return {name: (int(entry["position"]), str(entry["algorithm"])) for name, entry in found.items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError, KeyError):
            raise StoreError(f"{self._path} is damaged: delete it, and ingest again") from None

    def _write(self, name: str, position: int) -> None:
        entries = self._read() | {name: (position, ALGORITHM)}
        content = {each: {"position": at, "algorithm": algorithm} for each, (at, algorithm) in entries.items()}
        unfinished = self._path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(content), encoding="utf-8")
        unfinished.replace(self._path)
