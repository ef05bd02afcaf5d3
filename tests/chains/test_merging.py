"""Merging by meaning: figures worked out by hand, and SciPy's average linkage as the oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import fcluster, linkage

from chains.merging import merge, nearest, unit


def at(*degrees: float) -> np.ndarray:
    """Unit vectors in the plane."""
    return np.array([[np.cos(np.radians(d)), np.sin(np.radians(d))] for d in degrees], dtype=np.float32)


def test_what_is_near_is_joined() -> None:
    assert merge(at(0, 90, 10, 95), cut=0.9).tolist() == [0, 1, 0, 1]
    assert merge(at(0, 90, 10, 95), cut=0.9999).tolist() == [0, 1, 2, 3]
    assert merge(at(0, 0, 0), cut=0.5).tolist() == [0, 0, 0]


def test_the_mean_of_all_pairs_decides() -> None:
    # 0 and 40 join first (0.766); 80 is at 0.766 to 40 and 0.174 to 0, in the mean 0.470.
    assert merge(at(0, 40, 81), cut=0.48).tolist() == [0, 0, 1]
    assert merge(at(0, 40, 81), cut=0.45).tolist() == [0, 0, 0]


def test_nothing_and_one() -> None:
    assert merge(np.empty((0, 3), np.float32), 0.5).tolist() == []
    assert merge(at(3), 0.5).tolist() == [0]


def partition(labels: np.ndarray) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(2, 40), cut=st.floats(-0.3, 0.9))
def test_it_is_average_linkage_on_cosine(seed: int, count: int, cut: float) -> None:
    vectors = unit(np.random.default_rng(seed).normal(size=(count, 5)))
    tree = linkage(vectors.astype(float), "average", metric="cosine")
    if np.min(np.abs(tree[:, 2] - (1 - cut))) < 1e-4:
        return
    assert partition(merge(vectors, cut)) == partition(fcluster(tree, 1 - cut, "distance"))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_small_groups_give_what_all_together_give_where_meanings_are_plain(seed: int) -> None:
    draw = np.random.default_rng(seed)
    topics = unit(np.eye(8)[draw.integers(0, 8, 300)] + draw.normal(scale=0.05, size=(300, 8)))
    assert partition(merge(topics, 0.7, square=60)) == partition(merge(topics, 0.7))


def test_the_nearest_centre_and_the_cosine_to_it() -> None:
    places, cosines = nearest(at(5, 88, 45), at(0, 90))
    assert places.tolist() == [0, 1, 0], "of two equally near ones the first"
    assert cosines == pytest.approx([0.9962, 0.9994, 0.7071], abs=1e-4)
    places, cosines = nearest(at(5), np.empty((0, 2), np.float32))
    assert (places.tolist(), cosines.tolist()) == ([-1], [-1.0])
