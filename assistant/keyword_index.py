"""Keeps the keyword store in step with the activity log."""

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from chains.keywords import extract_keywords
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import StoreError
from vectorstore.store import KeywordStore

_USERS_AT_ONCE = 64


class KeywordIndex:
    """Remembers in a file beside the store up to where of the log its keywords are in.

    The position is written after the store has taken everything, so that a process killed on the way does it again;
    adding a keyword twice is adding it once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def position(self, store: str) -> int:
        """Up to which position of the log the store of this name holds all keywords; 0 where it holds none."""
        try:
            return int(json.loads(self._path.read_text(encoding="utf-8")).get(store, 0))
        except FileNotFoundError:
            return 0
        except (ValueError, TypeError, AttributeError):
            raise StoreError(f"{self._path} is damaged: delete it, and ingest again") from None

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
        touched = log.touched_since(self.position(name))
        done = 0
        stream = log.stream(users=touched)
        on_progress(0, len(touched))
        while batch := list(islice(stream, _USERS_AT_ONCE)):
            keywords = [keyword for _, events in batch for keyword in extract_keywords(events)]
            if keywords:
                store.add(keywords, embeddings.embed([keyword.text for keyword in keywords]))
            done += len(batch)
            on_progress(done, len(touched))
        self._write(name, reached)
        return done

    def _write(self, name: str, position: int) -> None:
        try:
            positions = json.loads(self._path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            positions = {}
        positions[name] = position
        unfinished = self._path.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(positions), encoding="utf-8")
        unfinished.replace(self._path)
