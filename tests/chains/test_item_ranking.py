"""Items that others had in journeys with the same items, lately: worked out by hand."""

import math
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.item_ranking import ItemBaskets

GROUPS = [["veil", "cake"], ["veil", "cake"], ["veil", "soil"]]
LATELY = {"cake": 2.0, "soil": 9.0}


def test_nearness_by_hand() -> None:
    baskets = ItemBaskets.of(GROUPS, LATELY, ["pen"])
    assert baskets.items == ("cake", "pen", "soil", "veil")
    # Veil is in three baskets: it counts 1 / sqrt(3 + 10). Cake is in two of these, of its own two; soil in one of one.
    wanted = 1 / math.sqrt(13)
    assert baskets.near({"veil": 1.0}) == pytest.approx([2 * wanted / 12, 0, wanted / 11, 3 * wanted / 13])
    assert baskets.near({"veil": 0.5, "unknown": 1.0}) == pytest.approx(baskets.near({"veil": 1.0}) / 2)


def test_what_is_popular_lately_comes_first_and_what_was_seen_never() -> None:
    baskets = ItemBaskets.of(GROUPS, LATELY)
    near = baskets.near({"veil": 1.0})
    # Cake 2/12 x sqrt(2.3) = 0.253, soil 1/11 x sqrt(9.3) = 0.277.
    assert baskets.best(near, {"veil"}, 10) == ["soil", "cake"]
    assert baskets.best(near, {"veil"}, 1) == ["soil"]
    assert baskets.best(near, {"veil", "soil"}, 10) == ["cake"]
    assert baskets.best(np.zeros(3), set(), 10) == [], "nothing is near"
    # Without popularity cake is nearer.
    assert ItemBaskets.of(GROUPS, {}).best(near, {"veil"}, 10) == ["cake", "soil"]


def test_equals_come_by_name_and_nothing_comes_of_nothing() -> None:
    baskets = ItemBaskets.of([["a", "c", "b"]], {})
    assert baskets.best(baskets.near({"a": 1.0}), {"a"}, 10) == ["b", "c"]
    empty = ItemBaskets.of([], {})
    assert empty.best(empty.near({"a": 1.0}), set(), 10) == []


ITEMS = st.sampled_from("abcdef")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.lists(ITEMS, max_size=4), max_size=6), st.dictionaries(ITEMS, st.floats(0.1, 1)), st.randoms())
def test_the_order_of_baskets_does_not_matter(
    groups: list[list[str]], weights: dict[str, float], chance: Random
) -> None:
    seen = set(weights)
    first = ItemBaskets.of(groups, {"a": 1.0})
    found = first.best(first.near(weights), seen, 3)
    shuffled = chance.sample(groups, len(groups))
    second = ItemBaskets.of([group[::-1] for group in shuffled], {"a": 1.0})
    assert second.best(second.near(weights), seen, 3) == found
    assert not seen.intersection(found)
    assert len(found) == len(set(found)) <= 3
