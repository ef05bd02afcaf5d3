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
from chains.ranking_terms import LIFTING, LOWERING, RANK_FEATURES, TERM_NAMES, TERMS
from chains.rhythm import FEATURES, USER_FEATURES
from vectorstore.errors import InputError

NOW = START + timedelta(days=38)
RANKED = list(RANK_FEATURES)
USERS = len(USER_FEATURES)


def flat(start: float = -1.0, **weights: float) -> RankerModel:
    """A model of one log whose features are standardized already; those not given say nothing."""
    row = [start, *(weights.get(name, 0.0) for name in RANKED)]
    ones, zeros = np.ones(len(RANKED)), np.zeros(len(RANKED))
    return RankerModel(
        zeros, ones, np.array([row]), np.zeros(USERS), np.ones(USERS), np.zeros((1, 1 + USERS)), "made for a test"
    )


def measures_of(of_user: float = 0.0, **features: float) -> Measures:
    """USUAL, but with these features."""
    changed = [features.get(name, value) for name, value in zip(FEATURES, USUAL.features, strict=True)]
    return replace(USUAL, features=tuple(changed), of_user=(of_user,) + (0.0,) * (USERS - 1))


USUAL = Measures(
    features=(0.0,) * len(FEATURES),
    of_user=(0.0,) * USERS,
    silent=3.0,
    passed_days=2,
    active_days=5,
    user_days=20,
    usual_pause=9.0,
    week_days=1,
    month_days=3,
    texts=3,
    counts=((SEARCH, 2), (SAVE, 1)),
)


# --- measures


def test_what_is_measured_by_hand() -> None:
    events = [act("a", 0), act("a", 0.1), act("b", 10, SAVE), act("c", 24, CLOSEUP)]
    others = [act("x", 5), act("x", 24.2), act("y", 31), act("z", 38)]
    found = measure(events, 3, History.of([*others, *events], NOW))
    assert found.silent == pytest.approx(14)
    assert found.passed_days == 2, "days 31 and 38; day 24 was its own"
    assert (found.active_days, found.user_days) == (3, 6)
    assert (found.week_days, found.month_days) == (0, 1), "day 10 lies 28 days back, and the 28 are with today"
    assert found.usual_pause == 12, "the median of 10 and 14"
    assert (found.texts, found.counts) == (3, ((SEARCH, 2), (CLOSEUP, 1), (SAVE, 1)))
    told = dict(zip(FEATURES, found.features, strict=True))
    assert exp(told["gap"]) == pytest.approx(14.25)
    assert exp(told["days"]) == pytest.approx(3)
    assert found.share == told["share"]
    assert dict(zip(USER_FEATURES, found.of_user, strict=True))["searches"] == pytest.approx(6 / 8)


def test_the_week_is_seven_days_with_today() -> None:
    events = [act("a", day) for day in (31, 32, 38)]
    assert measure(events, 1, History.of(events, NOW)).week_days == 2


def test_all_of_a_user_is_a_share_of_one_however_long_ago() -> None:
    events = [act("a"), act("b", 1)]
    found = measure(events, 2, History.of(events, START + timedelta(days=40_000)))
    assert 0 < default_ranker().score(found).base < 1


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.floats(0, 38), st.sampled_from([SAVE, CLICK, BOARD])), min_size=1, max_size=12), st.randoms()
)
def test_the_order_of_events_is_nothing(rows: list[tuple[float, object]], random: object) -> None:
    events = [act("a", day, kind) for day, kind in rows]  # type: ignore[arg-type]
    turned = list(events)
    random.shuffle(turned)  # type: ignore[attr-defined]
    own = events[: max(1, len(events) // 2)]
    assert measure(own, 1, History.of(events, NOW)) == measure(own[::-1], 1, History.of(turned, NOW))


# --- the score


def test_a_score_by_hand() -> None:
    found = flat(gap=-0.3, texts=0.5, events=0.1).score(measures_of(gap=2.0, texts=1.0, events=7.0))
    # 7 is more than a feature may count for: it is cut at 4.
    engagement = 0.5 * 1.0 + 0.1 * 4.0
    odds = -1.0 - 0.6 + engagement
    assert found.base == pytest.approx(1 / (1 + exp(-odds)))
    told = {term.name: term.contribution for term in found.terms}
    assert list(told) == ["start", *TERM_NAMES]
    rate = (1 / (1 + exp(-odds)) - 1 / (1 + exp(1))) / (engagement - 0.6)
    assert told["start"] == pytest.approx(1 / (1 + exp(1)))
    assert told["recency"] == pytest.approx(-0.6 * rate)
    assert told["engagement"] == pytest.approx(engagement * rate)
    assert told["persistence"] == 0


def test_weights_are_those_of_logs_whose_users_are_like_this_one() -> None:
    """Two logs, one of which is for what was done last; told apart by the first of what a user does."""
    last, first = flat(start=1.0, gap=-1.0), flat(start=-1.0, gap=1.0)
    gate = np.zeros((2, 1 + USERS))
    gate[0, 1] = 2.0
    mixed = replace(last, weights=np.concatenate([last.weights, first.weights]), gate=gate)
    assert mixed.score(measures_of(of_user=0.0, gap=1.0)).base == pytest.approx(0.5), "half of each"
    # Odds of e^2 to 1 that he is like those of the first log.
    part = exp(2) / (1 + exp(2))
    start, (added,) = mixed.log_odds([measures_of(of_user=1.0, gap=0.5)])
    assert start == pytest.approx(part - (1 - part))
    assert added[0] == pytest.approx(0.5 * ((1 - part) - part))


def test_journeys_of_one_user_score_together_what_each_scores_alone() -> None:
    asked = [measures_of(gap=gap, texts=1.0, share=0.3 * gap) for gap in (0.1, 0.7, 1.3)]
    assert default_ranker().scores(asked) == [default_ranker().score(each) for each in asked]
    assert default_ranker().scores([]) == []


def test_what_was_measured_is_told_in_words() -> None:
    told = {term.name: term.value for term in flat().score(measures_of(share=0.314)).terms}
    assert told == {
        "start": "a mean journey of a user who comes back",
        "recency": "last activity 3 days ago",
        "recent days": "active on 3 days of the last 28, 1 of them in the last week",
        "persistence": "on 5 of 20 active days since it began",
        "engagement": "2 searches, 1 save; 3 texts",
        "rhythm": "usually every 9 days",
        "attention": "on 31% of the user's active days, recent ones counting more; 2 later active days without it",
    }
    old = replace(measures_of(share=0.004), passed_days=0, week_days=0, month_days=0, usual_pause=None)
    told = {term.name: term.value for term in flat().score(old).terms}
    assert told["recent days"] == "active on no day of the last 28"
    assert told["rhythm"] == "one active day, so no rhythm yet"
    assert told["attention"].startswith("on less than 1% of the user's active days")
    assert told["attention"].endswith("; no later active day without it")
    for own, every, words in ((1, 1, "the only active day"), (4, 4, "every active day")):
        found = flat().score(replace(USUAL, active_days=own, user_days=every))
        assert found.terms[3].value == f"on {words} since it began"
    assert flat().score(replace(USUAL, usual_pause=1.0)).terms[5].value == "usually every day"


def test_no_feature_is_weighed_by_two_terms() -> None:
    assert len(set(RANK_FEATURES)) == len(RANK_FEATURES)
    assert set(RANK_FEATURES) <= set(FEATURES)
    assert all(set(term.main) <= set(term.features) for term in TERMS)


def test_terms_that_cancel_stay_small_and_exact() -> None:
    model, measures = flat(gap=-0.6, texts=0.6), measures_of(gap=1.0, texts=1.0)
    found, (_, (parts,)) = model.score(measures), model.log_odds([measures])
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


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(st.floats(-6, 6), min_size=len(FEATURES), max_size=len(FEATURES)),
    st.lists(st.floats(-1, 1), min_size=len(RANKED), max_size=len(RANKED)),
    st.floats(-3, 3),
)
def test_contributions_add_up_to_the_score_exactly(features: list[float], weights: list[float], start: float) -> None:
    model = flat(start, **dict(zip(RANKED, weights, strict=True)))
    measures = replace(USUAL, features=tuple(features))
    found, (begin, (parts,)) = model.score(measures), model.log_odds([measures])
    assert abs(sum(term.contribution for term in found.terms) - found.base) <= 1e-12
    assert found.base == pytest.approx(sigmoid(begin + sum(parts)), abs=1e-12)
    assert 0 <= found.base <= 1


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, 80), min_size=1, max_size=12), st.integers(0, 60), st.integers(1, 60))
def test_silence_never_lifts(days: list[int], silent: int, more: int) -> None:
    """The default: the same journey some days later, while its user was active for other things too."""
    own = [act("a", day) for day in days]
    rest = [act("x", max(days) + day) for day in range(0, silent + more, 3)]

    def scored(clock: timedelta) -> float:
        events = [*own, *(each for each in rest if each.timestamp <= START + clock)]
        return default_ranker().score(measure(own, 1, History.of(events, START + clock))).base

    last = timedelta(days=max(days))
    assert scored(last + timedelta(days=silent + more)) <= scored(last + timedelta(days=silent)) + 0.01


# --- the model file


def test_in_no_log_does_silence_lift_or_recent_activity_lower() -> None:
    weights = default_ranker().weights[:, 1:]
    assert all((weights[:, RANKED.index(name)] >= 0).all() for name in LIFTING)
    assert all((weights[:, RANKED.index(name)] <= 0).all() for name in LOWERING)
    assert weights[:, RANKED.index("month")].mean() > 0.1


@pytest.mark.parametrize(
    "changes",
    [
        {"format": 1},
        {"features": ["recency"]},
        {"user_features": ["age"]},
        {"weights": [[0.0]]},
        {"gate": [[0.0] * (1 + USERS)] * 2},
        {"mean": "x"},
        {"mean": [float("nan")] * len(RANKED)},
        {"scale": [0.0] * len(RANKED)},
    ],
)
def test_another_file_is_no_ranker(tmp_path: Path, changes: dict[str, object]) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps({**flat().to_json(), **changes}))
    with pytest.raises(InputError, match="is no ranker of this version: make one with journeys train ranker"):
        RankerModel.load(path)


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
