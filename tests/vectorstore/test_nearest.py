"""Exact cosine similarity, worked out by hand."""

from datetime import UTC, datetime

import numpy as np
import pytest

from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource
from vectorstore.errors import StoreError
from vectorstore.nearest import distinct, nearest, unit_rows, unit_vector


def keyword(user_id: str, text: str) -> Keyword:
    event = Activity(user_id, datetime(2025, 3, 1, tzinfo=UTC), ActivityKind.SEARCH, text)
    return Keyword(user_id, text, KeywordSource.QUERY, (event,))


def test_rows_get_unit_length_and_unit_rows_stay_bit_for_bit() -> None:
    unit = np.array([0.6, 0.8], dtype=np.float32)
    found = unit_rows(np.vstack([[3, 4], unit, [0, -0.5]]), 3, 2)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, np.array([[0.6, 0.8], [0.6, 0.8], [0, -1]], dtype=np.float32))


def test_making_unit_twice_is_making_it_once() -> None:
    vectors = np.random.default_rng(0).normal(size=(500, 384))
    once = unit_rows(vectors, 500, 384)
    np.testing.assert_array_equal(unit_rows(once, 500, 384), once)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (4,), (1, 2, 2)])
def test_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(StoreError, match="the store needs"):
        unit_rows(np.ones(shape), 2, 2)


def test_a_query_of_another_dimension_is_refused() -> None:
    with pytest.raises(StoreError, match=r"shape \(3,\), and the store needs \(2,\)"):
        unit_vector([1, 0, 0], 2)


def test_ties_to_six_decimals_are_ordered_by_user_and_key() -> None:
    # 0.6 and 0.6000001 are one similarity to six decimals; 0.60001 is another.
    found = nearest(
        [keyword("bob", "a"), keyword("ann", "b"), keyword("ann", "a"), keyword("cy", "z")],
        np.array([[0.6000001, 0.8], [0.6, 0.8], [0.6, -0.8], [0.60001, 0.8]], dtype=np.float32),
        np.array([1, 0], dtype=np.float32),
        3,
    )
    assert [(match.keyword.user_id, match.keyword.text) for match in found] == [("cy", "z"), ("ann", "a"), ("ann", "b")]
    assert found[0].similarity == pytest.approx(0.60001, abs=1e-7)


def test_similarity_never_leaves_its_range() -> None:
    vectors = unit_rows(np.random.default_rng(1).normal(size=(300, 7)), 300, 7)
    for vector in vectors[:50]:
        found = nearest(
            [keyword("ann", str(at)) for at in range(300)], np.vstack([vectors[:299], -vector]), vector, 300
        )
        assert -1 <= found[-1].similarity <= found[0].similarity <= 1


def test_distinct_keeps_the_last_of_each_user_and_key() -> None:
    keywords = [keyword("ann", "Veil"), keyword("bob", "veil"), keyword("ann", "cake"), keyword("ann", "veil")]
    kept, rows = distinct(keywords, np.array([[1, 0], [0, 1], [-1, 0], [0, -1]], dtype=np.float32), 2)
    assert kept == keywords[1:]
    np.testing.assert_array_equal(rows, [[0, 1], [-1, 0], [0, -1]])
