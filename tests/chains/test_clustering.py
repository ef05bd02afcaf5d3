"""Hierarchical clustering on affinities that were written down by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chains.clustering import CUT, Granularity, cluster, merge_tree

Affinities = NDArray[np.float32]


def symmetric(n: int, **pairs: float) -> Affinities:
    """p01=0.9 is the probability of texts 0 and 1; those not named have 0."""
    together = np.eye(n, dtype=np.float32)
    for name, value in pairs.items():
        first, second = int(name[1]), int(name[2])
        together[first, second] = together[second, first] = value
    return together


def random_affinities(n: int, seed: int) -> Affinities:
    """No two pairs have the same probability, so that no tie is broken by order."""
    values = np.random.default_rng(seed).permutation(n * n) / (n * n)
    upper = np.triu(values.reshape(n, n), 1)
    return (upper + upper.T + np.eye(n)).astype(np.float32)


THREE = symmetric(3, p01=0.875, p02=0.5, p12=0.25)


def test_the_tree_joins_at_the_mean_distance() -> None:
    tree = merge_tree(THREE)
    assert tree[:, :2].astype(int).tolist() == [[0, 1], [2, 3]]
    assert tree[:, 2] == pytest.approx([0.125, (0.5 + 0.75) / 2])
    assert tree[:, 3].tolist() == [2, 3]


@pytest.mark.parametrize(
    ("cut", "labels"),
    [(0.0, [0, 0, 0]), (0.37, [0, 0, 0]), (0.38, [0, 0, 1]), (0.87, [0, 0, 1]), (0.88, [0, 1, 2]), (1.0, [0, 1, 2])],
)
def test_clusters_are_joined_down_to_the_cut(cut: float, labels: list[int]) -> None:
    assert cluster(THREE, cut).tolist() == labels


def test_labels_are_numbered_by_their_first_member() -> None:
    assert cluster(symmetric(5, p03=0.9, p14=0.9, p12=0.9, p24=0.9), 0.5).tolist() == [0, 1, 1, 0, 1]
    assert cluster(symmetric(4, p23=0.9), 0.5).tolist() == [0, 1, 2, 2]


def test_a_chain_of_likely_pairs_is_not_one_cluster_where_its_ends_are_unlike() -> None:
    # 0 and 1 join first, and so do 2 and 3; between the two pairs the mean is (0.8 + 0 + 0 + 0) / 4 = 0.2
    chain = symmetric(4, p01=0.95, p12=0.8, p23=0.9)
    assert cluster(chain, 0.5).tolist() == [0, 0, 1, 1]
    assert cluster(chain, 0.19).tolist() == [0, 0, 0, 0]


def test_none_and_one() -> None:
    assert cluster(np.empty((0, 0), np.float32), 0.5).tolist() == []
    assert cluster(np.ones((1, 1), np.float32), 0.5).tolist() == [0]


def test_texts_that_are_all_alike_are_one_and_texts_that_are_all_unlike_are_many() -> None:
    assert cluster(np.ones((4, 4), np.float32), 1.0).tolist() == [0, 0, 0, 0]
    assert cluster(np.eye(4, dtype=np.float32), 0.01).tolist() == [0, 1, 2, 3]


def test_a_finer_granularity_has_a_higher_cut() -> None:
    assert 0 < CUT[Granularity.COARSE] < CUT[Granularity.NORMAL] < CUT[Granularity.FINE] < 1
    assert set(CUT) == set(Granularity)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(2, 14), st.integers(0, 10_000), st.floats(0, 1))
def test_labels_partition_the_texts_and_their_order_is_only_that_of_the_texts(n: int, seed: int, cut: float) -> None:
    together = random_affinities(n, seed)
    labels = cluster(together, cut)
    assert labels.shape == (n,)
    assert sorted(set(labels.tolist()), key=labels.tolist().index) == list(range(int(labels.max()) + 1))
    order = np.random.default_rng(seed).permutation(n)
    turned = cluster(together[np.ix_(order, order)], cut)
    assert (turned[:, None] == turned[None, :]).tolist() == (labels[order][:, None] == labels[order][None, :]).tolist()


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(2, 14), st.integers(0, 10_000), st.floats(0, 1), st.floats(0, 1))
def test_a_higher_cut_only_divides(n: int, seed: int, one: float, other: float) -> None:
    together = random_affinities(n, seed)
    coarse, fine = (cluster(together, cut) for cut in sorted((one, other)))
    assert ((fine[:, None] != fine[None, :]) | (coarse[:, None] == coarse[None, :])).all()
