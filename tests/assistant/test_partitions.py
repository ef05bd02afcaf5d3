"""How far clusters agree with groups: values worked out by hand, properties, and scikit-learn as a second opinion."""

from itertools import combinations
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evaluation.partitions import agreement, in_company

GOLD = {"a": "X", "b": "X", "c": "X", "d": "Y", "e": "Y"}


def test_b_cubed_by_hand() -> None:
    score = agreement(GOLD, {"a": "1", "b": "1", "c": "2", "d": "2"})
    # Precision of a and b 2/2, of c and d 1/2, of e, which stands alone, 1. Recall 2/3, 2/3, 1/3, 1/2, 1/2.
    assert score.b_cubed_precision == pytest.approx((1 + 1 + 0.5 + 0.5 + 1) / 5)
    assert score.b_cubed_recall == pytest.approx((2 / 3 + 2 / 3 + 1 / 3 + 1 / 2 + 1 / 2) / 5)
    assert score.b_cubed_f1 == pytest.approx(2 * 0.8 * (8 / 15) / (0.8 + 8 / 15))


def test_pairs_rand_and_v_by_hand() -> None:
    score = agreement(GOLD, {"a": "1", "b": "1", "c": "2", "d": "2"})
    # Together: ab, cd. Belonging together: ab, ac, bc, de. Both: ab. All pairs: 10.
    assert score.pair_precision == pytest.approx(1 / 2)
    assert score.pair_recall == pytest.approx(1 / 4)
    assert score.pair_f1 == pytest.approx(1 / 3)
    by_chance = 4 * 2 / 10
    assert score.adjusted_rand == pytest.approx((1 - by_chance) / ((4 + 2) / 2 - by_chance))
    # Only in the cluster of c and d is the group open, one bit for two of five; groups are 3 : 2, clusters 2 : 2 : 1.
    groups = -(3 / 5 * log(3 / 5) + 2 / 5 * log(2 / 5))
    clusters = -(2 * 2 / 5 * log(2 / 5) + 1 / 5 * log(1 / 5))
    assert score.homogeneity == pytest.approx(1 - 2 / 5 * log(2) / groups)
    # In X it is ab or c, in Y d or e.
    left = 3 / 5 * -(2 / 3 * log(2 / 3) + 1 / 3 * log(1 / 3)) + 2 / 5 * log(2)
    assert score.completeness == pytest.approx(1 - left / clusters)
    both = score.homogeneity, score.completeness
    assert score.v_measure == pytest.approx(2 * both[0] * both[1] / sum(both))


def test_the_ends() -> None:
    same = agreement(GOLD, GOLD)
    assert all(getattr(same, name) == pytest.approx(1) for name in same.__slots__)
    alone = agreement(GOLD, {})
    assert alone.b_cubed_precision == alone.pair_precision == alone.homogeneity == 1
    assert alone.b_cubed_recall == pytest.approx((3 * 1 / 3 + 2 * 1 / 2) / 5)
    assert alone.pair_recall == alone.pair_f1 == alone.adjusted_rand == 0
    together = agreement(GOLD, dict.fromkeys(GOLD, "all"))
    assert together.b_cubed_precision == pytest.approx((3 * 3 / 5 + 2 * 2 / 5) / 5)
    assert together.b_cubed_recall == together.pair_recall == together.completeness == 1
    assert together.pair_precision == pytest.approx(4 / 10)
    assert together.adjusted_rand == together.homogeneity == together.v_measure == 0
    one = agreement({"a": "X"}, {})
    assert all(getattr(one, name) == 1 for name in one.__slots__)
    # What has no label does not count, whatever cluster it is in.
    assert agreement(GOLD, GOLD | {"z": "X"}) == same
    # A unit that is alone is in nobody's cluster, not even in one that bears its name.
    assert agreement({"a": "X", "b": "X"}, {"a": "b"}).b_cubed_recall == 0.5


def test_worse_than_chance_is_below_zero() -> None:
    crossed = agreement({"a": "X", "b": "X", "c": "Y", "d": "Y"}, {"a": "1", "b": "2", "c": "1", "d": "2"})
    # Expected pairs 2 * 2 / 6, found none.
    assert crossed.adjusted_rand == pytest.approx((0 - 2 / 3) / (2 - 2 / 3))


def test_who_has_company() -> None:
    assert in_company(GOLD | {"f": "Z"}) == GOLD
    assert in_company({"a": "X", "b": "Y"}) == {}


UNITS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("XYZ"), min_size=1)
CLUSTERS = st.dictionaries(st.sampled_from("abcdefgh"), st.sampled_from("123"))


@settings(max_examples=200, deadline=None, derandomize=True)
@given(UNITS, CLUSTERS)
def test_they_are_what_their_definitions_say(gold: dict[str, str], predicted: dict[str, str]) -> None:
    """Bagga and Baldwin (1998) unit by unit, and pair by pair."""
    precision = recall = 0.0
    for unit in gold:
        mine = predicted.get(unit)
        cluster = [each for each in gold if each == unit or (mine is not None and predicted.get(each) == mine)]
        group = [each for each in gold if gold[each] == gold[unit]]
        both = len(set(cluster) & set(group))
        precision += both / len(cluster) / len(gold)
        recall += both / len(group) / len(gold)
    score = agreement(gold, predicted)
    assert score.b_cubed_precision == pytest.approx(precision)
    assert score.b_cubed_recall == pytest.approx(recall)
    assert score.b_cubed_f1 == pytest.approx(2 * precision * recall / (precision + recall))
    found = {(a, b) for a, b in combinations(gold, 2) if a in predicted and predicted[a] == predicted.get(b)}
    known = {(a, b) for a, b in combinations(gold, 2) if gold[a] == gold[b]}
    assert score.pair_precision == pytest.approx(len(found & known) / len(found) if found else 1)
    assert score.pair_recall == pytest.approx(len(found & known) / len(known) if known else 1)
    assert all(-1 <= getattr(score, name) <= 1 + 1e-12 for name in score.__slots__)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(UNITS, CLUSTERS)
def test_names_and_order_do_not_matter(gold: dict[str, str], predicted: dict[str, str]) -> None:
    score = agreement(gold, predicted)
    turned = dict(reversed(gold.items()))
    renamed = agreement(turned, {unit: f"cluster {name}" for unit, name in predicted.items()})
    assert all(getattr(score, name) == pytest.approx(getattr(renamed, name)) for name in score.__slots__)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(UNITS, CLUSTERS)
def test_scikit_learn_says_the_same(gold: dict[str, str], predicted: dict[str, str]) -> None:
    known = pytest.importorskip("sklearn.metrics", reason="scikit-learn comes with the extra bench")
    score = agreement(gold, predicted)
    truth, found = list(gold.values()), [predicted.get(unit, f"alone {unit}") for unit in gold]
    assert score.adjusted_rand == pytest.approx(known.adjusted_rand_score(truth, found), abs=1e-9)
    told = known.homogeneity_completeness_v_measure(truth, found)
    assert (score.homogeneity, score.completeness, score.v_measure) == pytest.approx(told, abs=1e-9)
    (_, wrongly), (missed, rightly) = known.cluster.pair_confusion_matrix(truth, found)
    assert score.pair_precision == pytest.approx(rightly / (rightly + wrongly) if rightly + wrongly else 1)
    assert score.pair_recall == pytest.approx(rightly / (rightly + missed) if rightly + missed else 1)
