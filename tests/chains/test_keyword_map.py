"""Keywords on a plane: near is near, and the same every time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.keyword_map import keyword_map


def test_three_places_on_a_line_keep_their_order_and_distances() -> None:
    vectors = np.array([[0, 0, 0], [3, 0, 0], [1, 0, 0]], dtype=np.float32)
    along = keyword_map(vectors)[:, 0].tolist()
    assert along in ([0.0, 1.0, 0.3333], [1.0, 0.0, 0.6667])
    assert keyword_map(vectors)[:, 1].tolist() == [0.5, 0.5, 0.5], "there is no second direction"


@pytest.mark.parametrize(("count", "expected"), [(0, []), (1, [[0.5, 0.5]])])
def test_with_nothing_to_compare_all_is_in_the_middle(count: int, expected: list[list[float]]) -> None:
    assert keyword_map(np.ones((count, 4), dtype=np.float32)).tolist() == expected


def test_equal_vectors_lie_in_the_middle() -> None:
    assert keyword_map(np.ones((5, 3), dtype=np.float32)).tolist() == [[0.5, 0.5]] * 5


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.integers(0, 10_000))
def test_it_fills_the_square_and_moving_all_changes_nothing(count: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, 5)).astype(np.float32)
    places = keyword_map(vectors)
    assert places[:, 0].min() == 0
    assert places[:, 0].max() == 1
    assert ((places >= 0) & (places <= 1)).all()
    assert np.allclose(places, keyword_map(vectors + np.float32(2)), atol=2e-3)
    assert (places == keyword_map(vectors)).all()
