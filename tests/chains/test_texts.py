"""What is clustered: each distinct text with its own events and surroundings."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import BOARD, CLOSEUP, SAVE, START, act, by_words, made_texts, unit

from chains.keywords import extract_keywords
from chains.texts import texts_of
from vectorstore.activity import ActivityKind, normalize

EVENTS = [
    act("Linen Curtains", 0, CLOSEUP, item="7", labels=["curtains", "Linen"]),
    act("linen  curtains", 2, SAVE, item="7", board="Our Flat", labels=["curtains", "linen"]),
    act("curtains", 1),
    act("our flat", 1, BOARD, seconds=60),
    act("linen", 3, SAVE, item="9"),
]


def test_texts_are_distinct_in_order_of_first_event_and_have_only_their_own_events() -> None:
    texts = made_texts(EVENTS)
    assert texts.keys == ("linen curtains", "curtains", "our flat", "linen")
    assert len(texts) == 4
    assert texts.events == ((EVENTS[0], EVENTS[1]), (EVENTS[2],), (EVENTS[3],), (EVENTS[4],))


def test_what_surrounds_a_text_is_normalized() -> None:
    texts = made_texts(EVENTS)
    none: frozenset[str] = frozenset()
    assert texts.boards == (frozenset({"our flat"}), none, frozenset({"our flat"}), none)
    assert texts.items == (frozenset({"7"}), none, none, frozenset({"9"}))
    assert texts.labels == (frozenset({"curtains", "linen"}), none, none, none)


def test_context_is_the_text_and_seven_tenths_of_its_annotations() -> None:
    keywords = extract_keywords([act("Linen Curtains", 0, SAVE, labels=["drapes", "fabric"]), act("lamp", 1)])
    rows = {"linen curtains": [1, 0, 0], "drapes": [0, 1, 0], "fabric": [0, 0, 1], "lamp": [0, 1, 0]}
    vectors = unit([rows[keyword.key] for keyword in keywords])
    texts = texts_of(keywords, vectors)
    norm = np.sqrt(1 + 0.35**2 + 0.35**2)
    assert texts.context == pytest.approx(np.array([[1 / norm, 0.35 / norm, 0.35 / norm], [0, 1, 0]]))
    assert texts.vectors == pytest.approx(np.array([[1, 0, 0], [0, 1, 0]]))


def test_the_stream_has_the_seconds_the_places_in_time_and_where_each_text_starts() -> None:
    seconds, places, starts = made_texts(EVENTS).stream
    day = 86_400
    assert (seconds - START.timestamp()).tolist() == [0, 2 * day, day, day + 60, 3 * day]
    assert places.tolist() == [0, 3, 1, 2, 4]
    assert starts.tolist() == [0, 2, 3, 4]


def test_phrases_and_annotations_are_no_texts_and_no_activity_is_none() -> None:
    assert made_texts([act("Shelves for a Rented Wall", 0, SAVE)]).keys == ("shelves for a rented wall",)
    assert len(texts_of([], np.empty((0, 4), np.float32))) == 0


_TEXTS = st.sampled_from(["Linen Curtains", "linen  curtains", "curtains", "Shelves for a Rented Wall", "部屋", "!"])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(_TEXTS, st.sampled_from(list(ActivityKind)), st.integers(0, 2)), min_size=1, max_size=9))
def test_every_event_is_in_exactly_one_text_and_the_order_of_keywords_changes_nothing(
    rows: list[tuple[str, ActivityKind, int]],
) -> None:
    events = [
        act(text, day, kind, seconds=place, board=text if kind is BOARD else None, labels=["linen"])
        for place, (text, kind, day) in enumerate(rows)
    ]
    texts = made_texts(events)
    assert sorted((e for own in texts.events for e in own), key=events.index) == events
    assert all(normalize(e.text) == key for key, own in zip(texts.keys, texts.events, strict=True) for e in own)
    assert np.linalg.norm(texts.context, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    keywords = extract_keywords(events)[::-1]
    turned = texts_of(keywords, by_words([keyword.key for keyword in keywords]))
    assert (turned.keys, turned.events, turned.labels) == (texts.keys, texts.events, texts.labels)
    assert np.array_equal(turned.context, texts.context)


def test_few_contexts_span_a_small_space_with_the_same_cosines() -> None:
    activities = [act(f"text {number}", number) for number in range(6)]
    keywords = extract_keywords(activities)
    vectors = np.random.default_rng(1).normal(size=(len(keywords), 32)).astype(np.float32)
    vectors[1] = vectors[0]  # two in one place still have a factor
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    texts = texts_of(keywords, vectors)
    assert texts.spanned.shape == (6, 6)
    weights = np.arange(36, dtype=np.float32).reshape(6, 6)
    one, other = weights @ texts.spanned, weights @ texts.context
    assert one @ one.T == pytest.approx(other @ other.T, rel=1e-4)


def test_many_contexts_stay_as_they_are() -> None:
    keywords = extract_keywords([act(f"text {number}", number) for number in range(5)])
    texts = texts_of(keywords, np.eye(5, 8, dtype=np.float32))
    assert texts.spanned is texts.context
