"""A merge tree for the eye: leaves, merges and groups agree with the clustering that they show."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from chains.clustering import cluster
from chains.merge_outline import Joined, Leaf, merge_outline

#: 0 and 2 belong together with 0.9, 1 and 3 with 0.6, and all others with 0.2.
TOGETHER = np.array([[1, 0.2, 0.9, 0.2], [0.2, 1, 0.2, 0.6], [0.9, 0.2, 1, 0.2], [0.2, 0.6, 0.2, 1]], dtype=np.float32)


def test_every_text_is_a_leaf_where_there_is_room() -> None:
    tree = merge_outline(TOGETHER, cut=0.5)
    assert tree.leaves == (Leaf((0,), 1.0, 0), Leaf((2,), 1.0, 0), Leaf((1,), 1.0, 1), Leaf((3,), 1.0, 1))
    assert [(each.start, each.middle, each.end) for each in tree.merges] == [(0, 1, 2), (2, 3, 4), (0, 2, 4)]
    assert [each.together for each in tree.merges] == pytest.approx([0.9, 0.6, 0.2])
    assert tree.cut == 0.5


def test_what_is_surest_becomes_one_leaf_where_room_is_short() -> None:
    tree = merge_outline(TOGETHER, cut=0.15, most=3)
    assert [leaf.members for leaf in tree.leaves] == [(0, 2), (1,), (3,)]
    assert [leaf.together for leaf in tree.leaves] == pytest.approx([0.9, 1.0, 1.0])
    assert {leaf.group for leaf in tree.leaves} == {0}, "a cut at 0.15 keeps all together"


def test_groups_of_the_cut_are_never_hidden_in_a_leaf() -> None:
    tree = merge_outline(TOGETHER, cut=0.95, most=2)
    assert [leaf.group for leaf in tree.leaves] == [0, 1, 2, 3]


def test_only_some_texts_may_be_asked_for() -> None:
    tree = merge_outline(TOGETHER, cut=0.5, among=[1, 3])
    assert tree.leaves == (Leaf((1,), 1.0, 0), Leaf((3,), 1.0, 0))
    assert tree.merges == (Joined(0, 1, 2, 0.6),)


@pytest.mark.parametrize(("count", "leaves"), [(0, ()), (1, (Leaf((0,), 1.0, 0),))])
def test_fewer_than_two_make_no_merge(count: int, leaves: tuple[Leaf, ...]) -> None:
    tree = merge_outline(np.ones((count, count), dtype=np.float32), cut=0.5)
    assert (tree.leaves, tree.merges) == (leaves, ())


def _affinities(count: int, seed: int) -> NDArray[np.float32]:
    drawn = np.random.default_rng(seed).uniform(0.01, 0.99, size=(count, count))
    both = ((drawn + drawn.T) / 2).astype(np.float32)
    np.fill_diagonal(both, 1)
    return both


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 25), st.integers(0, 10_000), st.floats(0.3, 0.7), st.sampled_from([1.0, 10.0]), st.integers(2, 12)
)
def test_leaves_partition_the_texts_and_groups_are_those_of_the_clustering(
    count: int, seed: int, cut: float, power: float, most: int
) -> None:
    together = _affinities(count, seed)
    tree = merge_outline(together, cut, power, most)
    labels = cluster(together, cut, power)
    assert sorted(member for leaf in tree.leaves for member in leaf.members) == list(range(count))
    assert len(tree.leaves) == min(count, max(most, int(labels.max()) + 1))
    assert len(tree.merges) == len(tree.leaves) - 1
    of_group: dict[int, set[int]] = {}
    for leaf in tree.leaves:
        of_group.setdefault(leaf.group, set()).update(leaf.members)
    expected = {frozenset(np.flatnonzero(labels == label).tolist()) for label in set(labels.tolist())}
    assert {frozenset(members) for members in of_group.values()} == expected
