"""The score of a journey: what is measured, how contributions add up, model files; and the diversification."""

import json
from dataclasses import replace
from datetime import timedelta
from math import exp
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import BOARD, CLICK, CLOSEUP, SAVE, SEARCH, START, act, unit

from chains.measures import History, Measures, measure
from chains.ranking import RankerModel, default_ranker, diversify, mean_slope, sigmoid
from chains.ranking_terms import TERM_NAMES, TERMS
from vectorstore.errors import InputError

NOW = START + timedelta(days=38)
USUAL = Measures(
    silent=3.0,
    passed_days=2,
    active_days=5,
    user_days=20,
    fresh_days=2.5,
    week_days=1,
    fresh_share=0.31,
    counts=((SEARCH, 2), (SAVE, 1)),
)


def flat(**curves: float) -> RankerModel:
    """A model whose terms rise, or fall, evenly from 0 to the value given; all others say nothing."""
    ends = [curves.get(term.name, 0.0) for term in TERMS]
    made = [tuple(np.linspace(0, end, len(term.at)).tolist()) for term, end in zip(TERMS, ends, strict=True)]
    return RankerModel(-1.0, tuple(made), "made for a test")


# --- measures


def test_what_is_measured_by_hand() -> None:
    events = [act("a", 0), act("a", 0.1), act("b", 10, SAVE), act("c", 24, CLOSEUP)]
    others = [act("x", 5), act("x", 24.2), act("y", 31), act("z", 38)]
    found = measure(events, History.of([*others, *events], NOW))
    assert found.silent == pytest.approx(14)
    assert found.passed_days == 2, "days 31 and 38; day 24 was its own"
    assert (found.active_days, found.user_days) == (3, 6)
    assert found.week_days == 0
    # Of days 0, 10 and 24, which lie 38, 28 and 14 days back.
    assert found.fresh_days == pytest.approx(0.5 ** (38 / 14) + 0.25 + 0.5)
    own = 0.5 ** (38 / 14) + 0.5 ** (37.9 / 14) + 0.25 + 0.5
    rest = 0.5 ** (33 / 14) + 0.5 ** (13.8 / 14) + 0.5**0.5 + 1
    assert found.fresh_share == pytest.approx(own / (own + rest))
    assert found.counts == ((SEARCH, 2), (CLOSEUP, 1), (SAVE, 1))
    assert found.effort == 2 + 0.5 + 2
    assert found.day_share == 0.5


def test_the_week_is_seven_days_with_today() -> None:
    events = [act("a", day) for day in (31, 32, 38)]
    assert measure(events, History.of(events, NOW)).week_days == 2


def test_all_of_a_user_is_a_share_of_one_however_long_ago() -> None:
    events = [act("a"), act("b", 1)]
    found = measure(events, History.of(events, START + timedelta(days=40_000)))
    assert found.fresh_share == 1
    assert default_ranker().score(found).base > 0


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(0, 38), st.sampled_from([SAVE, CLICK, BOARD])), min_size=1, max_size=12), st.randoms()
)
def test_the_order_of_events_is_nothing(rows: list[tuple[float, object]], random: object) -> None:
    events = [act("a", day, kind) for day, kind in rows]  # type: ignore[arg-type]
    turned = list(events)
    random.shuffle(turned)  # type: ignore[attr-defined]
    own = events[: max(1, len(events) // 2)]
    assert measure(own, History.of(events, NOW)) == measure(own[::-1], History.of(turned, NOW))


# --- the score


def test_a_score_by_hand() -> None:
    # Silent for 3 days: at the third of eight places of its curve, so two sevenths of the way down to -2.1.
    found = flat(recency=-2.1, share=1.2).score(USUAL)
    share = 1.2 * (0.5 + 0.25 * (0.31 - 0.15) / 0.25)
    odds = -1.0 - 0.6 + share
    assert found.base == pytest.approx(1 / (1 + exp(-odds)))
    told = {term.name: term.contribution for term in found.terms}
    assert list(told) == ["start", *TERM_NAMES]
    rate = (1 / (1 + exp(-odds)) - 1 / (1 + exp(1))) / (share - 0.6)
    assert told["start"] == pytest.approx(1 / (1 + exp(1)))
    assert told["recency"] == pytest.approx(-0.6 * rate)
    assert told["share"] == pytest.approx(share * rate)
    assert told["persistence"] == 0


def test_what_was_measured_is_told_in_words() -> None:
    assert {term.name: term.value for term in flat().score(USUAL).terms} == {
        "start": "a typical journey, of a user who comes back",
        "recency": "last activity 3 days ago",
        "passed over": "2 later active days without it",
        "persistence": "active on 5 days",
        "freshness": "2.5 active days, older ones counting less",
        "last week": "active on 1 day of the last week",
        "regularity": "on 5 of 20 active days since it began",
        "share": "31% of all activity, older activity counting less",
        "engagement": "2 searches, 1 save",
    }
    told = {term.name: term.value for term in flat().score(replace(USUAL, passed_days=0, week_days=0)).terms}
    assert (told["passed over"], told["last week"]) == (
        "part of the latest active day",
        "active on no day of the last week",
    )
    told = {term.name: term.value for term in flat().score(replace(USUAL, fresh_days=0.04, fresh_share=0.004)).terms}
    assert told["freshness"] == "hardly any of its active days is recent"
    assert told["share"] == "less than 1% of all activity, older activity counting less"
    for own, every, words in ((1, 1, "the only active day"), (4, 4, "every active day")):
        found = flat().score(replace(USUAL, active_days=own, user_days=every))
        assert found.terms[6].value == f"on {words} since it began"


def test_terms_that_cancel_stay_small_and_exact() -> None:
    model = flat(recency=-2.1, engagement=7 * 0.6 / 3.5)
    found = model.score(replace(USUAL, counts=((SEARCH, 4),)))
    parts = model.log_odds(replace(USUAL, counts=((SEARCH, 4),)))
    for part, term in zip(parts, found.terms[1:], strict=True):
        assert abs(term.contribution) <= abs(part) / 4 + 1e-15
        assert term.contribution * part >= 0, "a term keeps its sign"
    assert sum(term.contribution for term in found.terms) == pytest.approx(found.base, abs=1e-15)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.floats(-8, 8), st.floats(-8, 8))
def test_the_mean_slope_is_that_of_the_way(start: float, way: float) -> None:
    rate = mean_slope(start, way)
    assert 0 < rate <= 0.25
    assert sigmoid(start) + rate * way == pytest.approx(sigmoid(start + way), abs=1e-12)


MEASURES = st.builds(
    Measures,
    silent=st.floats(0, 4000),
    passed_days=st.integers(0, 500),
    active_days=st.integers(1, 300),
    user_days=st.integers(300, 600),
    fresh_days=st.floats(0, 20),
    week_days=st.integers(0, 7),
    fresh_share=st.floats(0, 1),
    counts=st.integers(1, 3000).map(lambda count: ((SEARCH, count),)),
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(MEASURES, st.lists(st.floats(-3, 3), min_size=len(TERMS), max_size=len(TERMS)), st.floats(-3, 3))
def test_contributions_add_up_to_the_score_exactly(measures: Measures, ends: list[float], start: float) -> None:
    curves = tuple(tuple(np.linspace(-end, end, len(term.at)).tolist()) for term, end in zip(TERMS, ends, strict=True))
    model = RankerModel(start, curves, "")
    found = model.score(measures)
    assert abs(sum(term.contribution for term in found.terms) - found.base) <= 1e-12
    assert found.base == pytest.approx(sigmoid(start + sum(model.log_odds(measures))), abs=1e-12)
    assert 0 <= found.base <= 1


@settings(max_examples=100, deadline=None, derandomize=True)
@given(MEASURES, st.sampled_from(["silent", "passed_days"]), st.integers(1, 30))
def test_silence_never_lifts_and_engagement_never_lowers(measures: Measures, name: str, more: int) -> None:
    model = default_ranker()
    quieter = replace(measures, **{name: getattr(measures, name) + more})
    assert model.score(quieter).base <= model.score(measures).base + 1e-12
    busier = replace(measures, counts=((SEARCH, measures.counts[0][1] + more),))
    assert model.score(busier).base >= model.score(measures).base - 1e-12


# --- the model file


def test_the_default_is_centred_and_each_curve_goes_one_way() -> None:
    model = default_ranker()
    assert 0.05 < sigmoid(model.start) < 0.95
    for term, curve in zip(TERMS, model.curves, strict=True):
        steps = np.diff(curve) * (1 if term.rising else -1)
        assert steps.min() >= 0
        assert min(curve) <= 0 <= max(curve)


def test_a_ranker_lasts_through_its_file(tmp_path: Path) -> None:
    model = flat(recency=-2.0, share=1.0)
    (tmp_path / "model.json").write_text(json.dumps(model.to_json()))
    again = RankerModel.load(tmp_path / "model.json")
    assert again == model
    assert again.fingerprint == model.fingerprint != flat(recency=-2.1).fingerprint


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 2},
        {"features": ["recency"]},
        {"curves": []},
        {"start": "x"},
        {"start": float("nan")},
        {"curves": [{"at": [0, 1], "log_odds": [0, 1]}] * len(TERMS)},
    ],
)
def test_another_file_is_no_ranker(tmp_path: Path, changes: dict[str, object]) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps({**flat().to_json(), **changes}))
    with pytest.raises(InputError, match="is no ranker of this version: make one with journeys train ranker"):
        RankerModel.load(path)
    with pytest.raises(InputError, match=r"missing\.json is no ranker"):
        RankerModel.load(tmp_path / "missing.json")


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
