"""Interests that all users share, found by k-means, and which of them a user likes best."""

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from homes import START, word_embeddings
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evaluation.interests import (
    Habit,
    Interests,
    TextVectors,
    favourites,
    find_interests,
    k_means,
    text_vectors,
    users_of_texts,
)
from assistant.evaluation.labelled import LabelledUser
from vectorstore.activity import Activity, ActivityKind

NOW = START + timedelta(days=30)


def act(text: str, day: float, user_id: str = "ann", annotations: tuple[str, ...] = ()) -> Activity:
    return Activity(user_id, START + timedelta(days=day), ActivityKind.SEARCH, text, annotations=annotations)


def circle(*degrees: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    angles = np.radians(np.array(degrees))
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


def test_k_means_by_hand() -> None:
    rows = circle(0, 10, 90, 110)
    centres = k_means(rows, np.ones(4, dtype=np.float32), 2)
    angles = sorted(np.degrees(np.arctan2(centres[:, 1], centres[:, 0])).tolist())
    assert angles == pytest.approx([5, 100], abs=1e-3)
    # A row that weighs more draws the centre nearer: of 0 and 90 degrees, weights 1 and 3, it lies at atan(3).
    one = k_means(circle(0, 90), np.array([1, 3], dtype=np.float32), 1)
    assert np.degrees(np.arctan2(one[0, 1], one[0, 0])) == pytest.approx(71.565, abs=1e-3)


def test_k_means_of_equal_rows_has_as_many_centres_as_were_asked_for() -> None:
    centres = k_means(circle(30, 30, 30), np.ones(3, dtype=np.float32), 2)
    assert np.allclose(centres, circle(30, 30), atol=1e-6)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 359), min_size=2, max_size=20), st.integers(1, 5))
def test_centres_have_unit_length_and_come_out_the_same_again(degrees: list[int], count: int) -> None:
    rows, weights = circle(*degrees), np.ones(len(degrees), dtype=np.float32)
    centres = k_means(rows, weights, min(count, len(degrees)))
    assert centres.shape == (min(count, len(degrees)), 2)
    lengths = np.linalg.norm(centres, axis=1)
    assert np.all(np.isclose(lengths, 1, atol=1e-5) | (lengths < 1e-3))  # opposite rows cancel out
    assert np.array_equal(centres, k_means(rows, weights, min(count, len(degrees))))


def test_interests_are_found_in_what_was_seen_and_hold_later_texts_too() -> None:
    names = ("a1", "a2", "b1", "b2", "later a", "later b")
    texts = TextVectors({name: place for place, name in enumerate(names)}, circle(0, 10, 90, 100, 20, 80))
    found = find_interests(texts, {"a1": 1, "a2": 2, "b1": 1, "b2": 1}, 100)
    assert found.count == 2, "at most one for two texts"
    place = found.place
    assert place["a1"] == place["a2"] == place["later a"] != place["b1"] == place["b2"] == place["later b"]


def test_texts_are_mixed_with_what_describes_them(tmp_path: Path) -> None:
    embeddings = word_embeddings(tmp_path)
    ann = LabelledUser("ann", [act("Lace  Veil", 0, annotations=("wedding",)), act("soil", 1)], {})
    bob = LabelledUser("bob", [act("lace veil", 0, "bob", annotations=("Bride",))], {})
    texts = text_vectors([ann, bob], embeddings)
    assert list(texts.place) == ["lace veil", "soil"]
    own, soil, wedding, bride = embeddings.embed(["lace veil", "soil", "wedding", "bride"])
    mixed = own + 0.7 * (wedding + bride) / 2
    assert np.allclose(texts.vectors, [mixed / np.linalg.norm(mixed), soil], atol=1e-6)


def test_a_text_counts_once_a_user() -> None:
    assert users_of_texts([[act("x", 0), act("X ", 1)], [act("x", 0, "bob"), act("y", 1, "bob")]]) == {"x": 2, "y": 1}


INTERESTS = Interests({"a": 0, "b": 1, "c": 2}, 3)


@pytest.mark.parametrize(
    ("habit", "expected"),
    [
        # a: three events of one day, b: two of two days, c: the last one.
        (Habit("frequent"), [0, 1, 2]),
        (Habit("days"), [1, 2, 0]),
        (Habit("recent"), [2, 1, 0]),
        # Half after ten days: a 3 x 1/8, b 1/4 + 1/2 (both ten days apart), c 2 ** -0.5.
        (Habit("decayed", 10.0), [1, 2, 0]),
        # Half after a day: only the last event says much.
        (Habit("decayed", 1.0), [2, 1, 0]),
    ],
)
def test_favourites_by_hand(habit: Habit, expected: list[int]) -> None:
    past = [act("a", 0), act("a", 0), act("a", 0), act("b", 10), act("b", 20), act("c", 25)]
    assert favourites(past, INTERESTS, NOW, habit) == expected


def test_of_equal_interests_the_one_met_last_comes_first() -> None:
    assert favourites([act("a", 1), act("b", 2), act("c", 2)], INTERESTS, NOW, Habit("frequent")) == [2, 1, 0]
