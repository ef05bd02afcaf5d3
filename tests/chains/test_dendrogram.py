"""Trees laid out flat, against SciPy's own reading of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.cluster.hierarchy import cophenet, fcluster, linkage
from scipy.spatial.distance import squareform

from chains.dendrogram import Dendrogram
from chains.pair_features import Matrix, descending_ranks

#: 0 and 2 join at 0.25, then 1 and 3 at 0.5, then all at 0.75.
TREE = np.array([[0, 2, 0.25, 2], [1, 3, 0.5, 2], [4, 5, 0.75, 4]])


def test_two_leaves_are_as_near_as_the_merge_that_joins_them() -> None:
    assert Dendrogram.of(TREE).nearness().tolist() == [
        [1, 0.25, 0.75, 0.25],
        [0.25, 1, 0.25, 0.5],
        [0.75, 0.25, 1, 0.25],
        [0.25, 0.5, 0.25, 1],
    ]


@pytest.mark.parametrize(
    ("height", "labels"),
    [(0.2, [0, 1, 2, 3]), (0.25, [0, 1, 0, 2]), (0.5, [0, 1, 0, 1]), (0.74, [0, 1, 0, 1]), (0.75, [0, 0, 0, 0])],
)
def test_a_cut_leaves_together_what_is_joined_at_its_height(height: float, labels: list[int]) -> None:
    assert Dendrogram.of(TREE).clusters(height).tolist() == labels


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.integers(2, 40), st.integers(0, 10_000), st.sampled_from(["average", "single"]), st.floats(0, 1))
def test_it_is_what_scipy_reads_off_the_tree(n: int, seed: int, method: str, height: float) -> None:
    # In steps of a tenth, so that there are many ties.
    apart = np.random.default_rng(seed).integers(0, 11, n * (n - 1) // 2) / 10
    tree = linkage(apart, "average" if method == "average" else "single")
    flat = Dendrogram.of(tree)
    expected = squareform((1 - cophenet(tree)).astype(np.float32)) + np.eye(n, dtype=np.float32)
    assert np.array_equal(flat.nearness(), expected)
    labels, known = flat.clusters(height), fcluster(tree, height, "distance")
    assert np.array_equal(labels[:, None] == labels, known[:, None] == known)
    assert list(dict.fromkeys(labels.tolist())) == list(range(int(labels.max()) + 1))


@pytest.mark.parametrize("n", [1, 5, 64, 65, 150])
def test_ranks_are_those_of_a_stable_sort(n: int) -> None:
    values: Matrix = np.random.default_rng(n).integers(-3, 4, (7, n)).astype(np.float32)
    values[0] = np.where(values[0] == 0, np.float32(-0.0), values[0])
    values[1, ::2] = -0.0
    order = np.argsort(-values, axis=1, kind="stable")
    expected = np.argsort(order, axis=1)
    assert np.array_equal(descending_ranks(values), expected)
