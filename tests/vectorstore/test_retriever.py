"""Evidence out of one user's activity, for a question in plain words."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from langchain_core.embeddings import Embeddings
from pydantic import ValidationError

from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource
from vectorstore.memory import MemoryStore
from vectorstore.retriever import ActivityRetriever

START = datetime(2025, 3, 1, 9, tzinfo=UTC)
SEARCH, SAVE, BOARD = ActivityKind.SEARCH, ActivityKind.SAVE, ActivityKind.BOARD


class Directions(Embeddings):
    """Knows the vectors that it was given, and nothing else."""

    known = {"wedding": [1.0, 0.0], "tools": [0.0, 2.0]}  # noqa: RUF012

    def embed_query(self, text: str) -> list[float]:
        return self.known[text]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [self.known[text] for text in texts]


def event(day: int, kind: ActivityKind, text: str, item_id: str | None = None, user_id: str = "ann") -> Activity:
    return Activity(user_id, START + timedelta(days=day), kind, text, item_id, "Big day" if kind == SAVE else None)


VEIL = (event(0, SEARCH, "lace veil"), event(4, SEARCH, "lace veil"))
PIN = event(2, SAVE, "Cathedral veil with lace edge", "pin-1")
CAKE = event(6, SAVE, "Three tier cake", "pin-2")
SAW = event(1, SEARCH, "table saw")
OTHER = event(3, SEARCH, "lace veil", user_id="bob")


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore(model="model", dimension=2)
    made.add(
        [
            Keyword("ann", "lace veil", KeywordSource.QUERY, VEIL),
            Keyword("ann", "bridal lace", KeywordSource.ANNOTATION, (PIN, CAKE)),
            Keyword("ann", "veil", KeywordSource.ANNOTATION, (PIN,)),
            Keyword("ann", "table saw", KeywordSource.QUERY, (SAW,)),
            Keyword("bob", "lace veil", KeywordSource.QUERY, (OTHER,)),
        ],
        np.array([[1, 0], [0.8, 0.6], [0.6, 0.8], [0, 1], [1, 0]], dtype=np.float32),
    )
    return made


def retriever(store: MemoryStore, **settings: object) -> ActivityRetriever:
    return ActivityRetriever.model_validate({"store": store, "embeddings": Directions(), "user_id": "ann", **settings})


def test_each_thing_done_is_one_document_nearest_first(store: MemoryStore) -> None:
    found = retriever(store).invoke("wedding")
    assert [(document.page_content, document.metadata["keyword"]) for document in found] == [
        ("lace veil", "lace veil"),
        ("Three tier cake", "bridal lace"),
        ("Cathedral veil with lace edge", "bridal lace"),
        ("table saw", "table saw"),
    ]
    assert [document.metadata["similarity"] for document in found] == pytest.approx([1, 0.8, 0.8, 0], abs=1e-6)


def test_a_document_says_what_when_and_why(store: MemoryStore) -> None:
    twice, _, pin, _ = retriever(store).invoke("wedding")
    assert twice.metadata == {
        "user_id": "ann",
        "kind": "search",
        "item_id": None,
        "board": None,
        "keyword": "lace veil",
        "similarity": pytest.approx(1),
        "timestamps": ["2025-03-01T09:00:00+00:00", "2025-03-05T09:00:00+00:00"],
        "activity_id": VEIL[1].activity_id,
    }
    assert twice.id == VEIL[1].activity_id
    assert (pin.metadata["kind"], pin.metadata["item_id"], pin.metadata["board"]) == ("save", "pin-1", "Big day")


def test_another_question_turns_the_order_round(store: MemoryStore) -> None:
    found = retriever(store, k=2).invoke("tools")
    assert [document.page_content for document in found] == ["table saw", "Cathedral veil with lace edge"]


def test_k_counts_documents_though_keywords_share_them(store: MemoryStore) -> None:
    assert len(retriever(store, k=4).invoke("wedding")) == 4
    assert [document.page_content for document in retriever(store, k=1).invoke("wedding")] == ["lace veil"]


def test_a_window_of_time(store: MemoryStore) -> None:
    found = retriever(store, k=2, since=START + timedelta(days=1), until=START + timedelta(days=4)).invoke("wedding")
    assert [document.page_content for document in found] == ["Cathedral veil with lace edge", "table saw"]
    late = retriever(store, since=START + timedelta(days=4)).invoke("wedding")
    assert [(document.page_content, document.metadata["timestamps"]) for document in late] == [
        ("lace veil", ["2025-03-05T09:00:00+00:00"]),
        ("Three tier cake", ["2025-03-07T09:00:00+00:00"]),
    ]


def test_a_busy_keyword_leaves_room(store: MemoryStore) -> None:
    found = retriever(store, per_keyword=1).invoke("wedding")
    # The pin that "bridal lace" left out comes by the next keyword that has it.
    assert [(document.page_content, document.metadata["keyword"]) for document in found] == [
        ("lace veil", "lace veil"),
        ("Three tier cake", "bridal lace"),
        ("Cathedral veil with lace edge", "veil"),
        ("table saw", "table saw"),
    ]


def test_a_user_without_activity_has_no_evidence(store: MemoryStore) -> None:
    assert retriever(store, user_id="cy").invoke("wedding") == []


@pytest.mark.parametrize("setting", ["k", "per_keyword"])
def test_counts_are_at_least_one(store: MemoryStore, setting: str) -> None:
    with pytest.raises(ValidationError):
        retriever(store, **{setting: 0})


async def _answers(chain: ActivityRetriever) -> list[str]:
    return [document.page_content for document in await chain.ainvoke("wedding")]


def test_it_is_a_runnable_batch_and_asynchronous_alike(store: MemoryStore) -> None:
    import asyncio

    chain = retriever(store, k=1)
    assert [[document.page_content for document in each] for each in chain.batch(["wedding", "tools"])] == [
        ["lace veil"],
        ["table saw"],
    ]
    assert asyncio.run(_answers(chain)) == ["lace veil"]
