"""A LangChain retriever over one user's activity: the dated evidence for a question, nearest in meaning first."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from pydantic import Field, SkipValidation

from vectorstore.activity import Activity, ActivityKind
from vectorstore.store import KeywordStore, Match

_Thing = tuple[ActivityKind, str, str | None, str | None]


class ActivityRetriever(BaseRetriever):
    """Query text -> the user's activity nearest in meaning, as Documents.

    One document stands for one thing the user did: the same kind of activity with the same text on the same item and
    board is one document however often it was done, and however many keywords it gave. Documents come in the order of
    the keyword that found them, best first, and within a keyword newest first.

    page_content: the activity's text. Metadata: user_id, kind, item_id, board, keyword (the phrase that matched),
    similarity (its cosine to the query, in [-1, 1]), timestamps (ISO 8601 in UTC, ascending, those in the window) and
    activity_id, that of the newest.
    """

    store: SkipValidation[KeywordStore]
    embeddings: SkipValidation[Embeddings]
    user_id: str
    k: int = Field(default=8, ge=1, description="At most so many documents.")
    per_keyword: int | None = Field(
        default=None, ge=1, description="At most so many documents of one keyword, so that a busy one leaves room."
    )
    since: datetime | None = Field(default=None, description="Only activity at or after this moment (aware).")
    until: datetime | None = Field(default=None, description="Only activity before this moment (aware).")

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        vector = np.asarray(self.embeddings.embed_query(query), dtype=np.float32)
        limit = self.k
        while True:
            matches = self.store.search(vector, user_id=self.user_id, limit=limit)
            documents = list(self._documents(matches))
            if len(documents) >= self.k or len(matches) < limit:
                return documents[: self.k]
            # A window, or keywords that share their activity, left too little: look at more keywords.
            limit *= 2

    def _documents(self, matches: list[Match]) -> Iterator[Document]:
        seen: set[_Thing] = set()
        for match in matches:
            done: dict[_Thing, list[Activity]] = {}
            for event in match.keyword.events:
                what = (event.kind, event.text, event.item_id, event.board)
                if what not in seen and self._in_window(event.timestamp):
                    done.setdefault(what, []).append(event)
            newest_first = sorted(done.items(), key=lambda pair: (pair[1][-1].timestamp, pair[0][1]), reverse=True)
            for what, events in newest_first[: self.per_keyword]:
                seen.add(what)
                yield _document(match, events)

    def _in_window(self, moment: datetime) -> bool:
        return (self.since is None or moment >= self.since) and (self.until is None or moment < self.until)


def _document(match: Match, events: list[Activity]) -> Document:
    newest = events[-1]
    return Document(
        page_content=newest.text,
        id=newest.activity_id,
        metadata={
            "user_id": newest.user_id,
            "kind": newest.kind.value,
            "item_id": newest.item_id,
            "board": newest.board,
            "keyword": match.keyword.text,
            "similarity": match.similarity,
            "timestamps": [event.timestamp.isoformat() for event in events],
            "activity_id": newest.activity_id,
        },
    )
