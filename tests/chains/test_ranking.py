"""The score's terms and the diversification, worked out by hand."""

from datetime import timedelta
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import BOARD, CLICK, CLOSEUP, SAVE, START, act, unit

from chains.journeys import Stage
from chains.ranking import WEIGHTS, diversify, score


def contributions(found: object) -> dict[str, float]:
    return {term.name: term.contribution for term in found.terms}  # type: ignore[attr-defined]


def test_the_terms_of_a_score() -> None:
    events = [act("a", 0), act("b", 10, SAVE), act("c", 10, CLOSEUP)]
    found = score(events, recent_of_user=12, stage=Stage.ONGOING, as_of=START + timedelta(days=38))
    # silent for 28 days, two half-lives; effort 1 + 2 + 0.5 of 20; 2 days of 6; none after day 10, so a share of 0
    assert contributions(found) == pytest.approx(
        {
            "recency": 0.35 * 0.25,
            "engagement": 0.20 * (1 - exp(-3.5 / 20)),
            "persistence": 0.20 * (1 - exp(-2 / 6)),
            "share": 0.0,
            "ongoing": 0.10,
        }
    )
    assert {term.name: term.value for term in found.terms} == {
        "recency": "last activity 28 days ago",
        "engagement": "1 search, 1 closeup, 1 save",
        "persistence": "active on 2 days",
        "share": "0% of the activity of the last 28 days",
        "ongoing": "ongoing",
    }


def test_the_share_is_of_the_user_s_last_four_weeks() -> None:
    events = [act("a", 0), act("a", 1), act("b", 1, seconds=1), act("c", 20, CLICK), act("d", 20, BOARD)]
    found = score(events, recent_of_user=4, stage=Stage.ENDED, as_of=START + timedelta(days=29))
    # of the five, three lie less than 28 days back: a second after day 1, and the two of day 20
    assert contributions(found)["share"] == pytest.approx(0.15 * 3 / 4)
    assert contributions(found)["ongoing"] == 0
    assert [term.value for term in found.terms][1:4] == [
        "3 searches, 1 clickthrough, 1 board",
        "active on 3 days",
        "75% of the activity of the last 28 days",
    ]


def test_a_user_without_recent_activity_has_a_share_of_nothing() -> None:
    found = score([act("a")], recent_of_user=0, stage=Stage.ENDED, as_of=START + timedelta(days=100))
    assert contributions(found)["share"] == 0


def test_the_weights_are_all_there_is_to_gain() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)
    events = [act(f"save {place}", place, SAVE) for place in range(2000)]
    found = score(events, recent_of_user=28, stage=Stage.ONGOING, as_of=events[-1].timestamp)
    assert contributions(found) == pytest.approx(WEIGHTS)
    assert 0.999 < found.base <= 1
    assert found.terms[0].value == "last activity less than a day ago"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.integers(0, 90), st.sampled_from([SAVE, CLICK, BOARD])), min_size=1, max_size=20),
    st.floats(0, 60),
    st.floats(0, 60),
)
def test_the_terms_add_up_exactly_and_time_only_lowers_recency(
    rows: list[tuple[int, object]], silent: float, more: float
) -> None:
    events = [act("a", day, kind) for day, kind in rows]  # type: ignore[arg-type]
    last = max(event.timestamp for event in events)
    now, later = (score(events, 30, Stage.ONGOING, last + timedelta(days=days)) for days in (silent, silent + more))
    assert now.base == sum(term.contribution for term in now.terms)
    assert 0 <= now.base <= 1
    assert list(contributions(now)) == list(WEIGHTS)
    assert later.base <= now.base
    for name in ("engagement", "persistence", "ongoing"):
        assert contributions(later)[name] == contributions(now)[name]


# --- diversification

EAST, NORTH = [1.0, 0.0], [0.0, 1.0]


def test_a_journey_near_to_a_better_one_keeps_95_hundredths_and_falls_behind() -> None:
    scores = [0.80, 0.79, 0.78]
    factors = diversify(scores, unit([EAST, EAST, NORTH]))
    assert factors == [1, 0.95, 1]
    final = [score * factor for score, factor in zip(scores, factors, strict=True)]
    assert final == pytest.approx([0.80, 0.7505, 0.78])
    assert sorted(range(3), key=lambda place: -final[place]) == [0, 2, 1]


def test_each_near_journey_before_it_in_the_original_order_counts() -> None:
    # In order of score 3, 1, 0, 2, 4. Of the five only 1 looks north; 4 lies between, near to all.
    between = [1.0, 1.0]
    factors = diversify([0.6, 0.7, 0.5, 0.9, 0.4], unit([EAST, NORTH, EAST, EAST, between]))
    assert factors == pytest.approx([0.95, 1, 0.95**2, 1, 0.95**4])


def test_near_is_over_the_threshold_and_not_at_it() -> None:
    vectors = np.array([EAST, [0.5, 0.75**0.5]], dtype=np.float32)
    assert diversify([0.9, 0.8], vectors, threshold=0.5) == [1, 1]
    assert diversify([0.9, 0.8], vectors, threshold=0.499) == [1, 0.95]
    assert diversify([0.9, 0.8], vectors, penalty=0.5, threshold=0.4) == [1, 0.5]
    assert diversify([0.9, 0.8], vectors, penalty=1.0, threshold=-1) == [1, 1]


def test_of_equal_scores_the_first_given_comes_first() -> None:
    assert diversify([0.5, 0.5], unit([EAST, EAST])) == [1, 0.95]
    assert diversify([0.5], unit([EAST])) == [1]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(1, 9), st.integers(0, 1000), st.floats(0.1, 1), st.floats(-1, 1))
def test_the_best_keeps_its_score_and_the_order_given_is_nothing(
    n: int, seed: int, penalty: float, threshold: float
) -> None:
    random = np.random.default_rng(seed)
    scores = (random.permutation(100)[:n] / 100).tolist()
    vectors = unit(random.normal(size=(n, 3)).tolist())
    factors = diversify(scores, vectors, penalty=penalty, threshold=threshold)
    assert factors[int(np.argmax(scores))] == 1
    assert all(any(factor == pytest.approx(penalty**k) for k in range(n)) for factor in factors)
    order = random.permutation(n)
    turned = diversify([scores[place] for place in order], vectors[order], penalty=penalty, threshold=threshold)
    assert turned == [factors[place] for place in order]
