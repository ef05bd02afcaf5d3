"""Figures of rankings, worked out by hand, and the lists that they are of."""

from datetime import timedelta
from itertools import permutations
from math import log2

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_lists import NOW, made_list

from assistant.evaluation.ranking import MODEL, baselines, list_figures, score_rankings
from chains.inference import InferenceOptions
from vectorstore.errors import InputError


def test_the_figures_of_one_list_by_hand() -> None:
    # Ranked 0, 3, 1, 0 later days: the best would have been 3, 1, 0.
    ndcg3, ndcg1, hit1, mrr, auc = list_figures(np.array([4.0, 3.0, 2.0, 1.0]), np.array([0, 3, 1, 0]))
    assert ndcg3 == pytest.approx((3 / log2(3) + 1 / 2) / (3 + 1 / log2(3)))
    assert (ndcg1, hit1, mrr, auc) == (0, 0, 0.5, 0.5)


def test_the_best_order_gets_all() -> None:
    assert list_figures(np.array([3.0, 2.0, 1.0]), np.array([5, 2, 0])) == pytest.approx((1, 1, 1, 1, 1))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=5))
def test_of_equals_each_figure_is_the_mean_over_all_orders(rows: list[tuple[int, int]]) -> None:
    scores, days = np.array([float(row[0]) for row in rows]), np.array([row[1] for row in rows])
    if not 0 < (days > 0).sum() < len(days):
        return
    orders = [
        np.array(order) for order in permutations(range(len(rows))) if (np.diff(scores[np.array(order)]) <= 0).all()
    ]
    places = -np.arange(len(rows), dtype=float)
    mean = np.mean([list_figures(places, days[order]) for order in orders], axis=0)
    assert list_figures(scores, days) == pytest.approx(tuple(mean))


LISTS = [
    made_list("ann", [1, 0, 2], silent=[1, 9, 4], active_days=[1, 1, 3]),
    made_list("ann", [0, 1], silent=[1, 9], active_days=[1, 2]),
    made_list("bob", [1, 0], silent=[3, 5], active_days=[4, 4]),
    made_list("cat", [1, 1], silent=[3, 5]),  # all gone on with
    made_list("dan", [0], silent=[3]),  # one journey
]


def test_users_count_alike_whatever_their_lists() -> None:
    scores = {MODEL: [each.days.astype(float) for each in LISTS], **baselines(LISTS, 2)}
    found = score_rankings(LISTS, scores)
    assert (found.users, found.lists, found.journeys, found.all_users, found.all_lists) == (2, 3, 7, 4, 5)
    assert all(each.value == pytest.approx(1) for name, each in found.figures[MODEL].items() if "pooled" not in name)
    # By recency ann's first list is right at the top, her second wrong; bob's right.
    assert found.figures["recency"]["hit@1"].value == pytest.approx((0.5 + 1) / 2)
    # By active days ann's are right; bob's two are equal.
    assert found.figures["active days"]["hit@1"].value == pytest.approx((1 + 0.5) / 2)
    assert found.against["recency"]["hit@1"].value == pytest.approx(0.25)
    assert found.against["recency"]["hit@1"].low == 0, "where bob alone was drawn"
    assert found.against["recency"]["hit@1"].high == 0.5
    # Pooled: of 4 gone on with and 3 not, by silence -1, -4, -9, -3 against -9, -1, -5: 8.5... counted pair by pair.
    won = sum((a > b) + (a == b) / 2 for a in (-1, -4, -9, -3) for b in (-9, -1, -5))
    assert found.figures["recency"]["AUC pooled"].value == pytest.approx(won / 12)
    assert score_rankings(LISTS, scores) == found, "drawn with a seed"


def test_without_a_list_that_tells_there_is_nothing_to_score() -> None:
    with pytest.raises(InputError, match="no user went on with some of his journeys and not with others"):
        score_rankings(LISTS[3:], {MODEL: [each.hand for each in LISTS[3:]]})
    with pytest.raises(InputError, match="folds take two users or more"):
        baselines(LISTS[:2], 2)


def test_both_together_learn_from_other_users_only() -> None:
    # Among all others the quiet are gone on with; for ann, who is scored by them, too.
    lists = [made_list(f"u{number}", [0, 1], silent=[1, 30]) for number in range(6)]
    for own in baselines(lists, 3)["both, fitted"]:
        assert own[1] > own[0]


def test_a_list_after_diversification() -> None:
    each = made_list("ann", [1, 0], silent=[1, 2])
    assert each.diversified(np.array([0.5, 0.4]), InferenceOptions()).tolist() == [0.5, 0.4]
    near = InferenceOptions(threshold=-1.0)
    assert each.diversified(np.array([0.5, 0.4]), near).tolist() == pytest.approx([0.5, 0.38])
    assert each.telling
    assert each.as_of == NOW
    assert timedelta(0) < timedelta(days=each.measures[0].silent)
