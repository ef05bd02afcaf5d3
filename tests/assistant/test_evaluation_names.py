"""Figures of names: worked out by hand."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evaluation.name_baselines import form, hand_weights, nearest_to_centre, shortest
from assistant.evaluation.names import Chosen, ndcg, score_names, spearman
from chains.naming import LONGEST_NAME
from chains.naming_candidates import Candidate, Subject, words_in
from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource
from vectorstore.errors import InputError


def made(group: str, worth: Sequence[float], words: Sequence[float] = (), **scores: Sequence[float]) -> Chosen:
    return Chosen(
        group,
        np.array(worth, dtype=float),
        {way: np.array(each, dtype=float) for way, each in scores.items()},
        np.array(words or [2] * len(worth), dtype=float),
    )


def test_ndcg_is_gain_by_rank_over_the_best_possible() -> None:
    worth, scores = np.array([0.0, 3.0, 1.0]), np.array([3.0, 2.0, 1.0])
    ideal = 3 + 1 / np.log2(3)
    assert ndcg(worth, scores) == pytest.approx((3 / np.log2(3) + 1 / 2) / ideal)
    assert ndcg(worth, scores, 1) == 0
    assert ndcg(worth, worth) == ndcg(worth, worth, 2) == 1
    assert np.isnan(ndcg(np.zeros(2), np.array([1.0, 2.0])))
    assert ndcg(np.array([-1.0, 1.0]), np.array([0.0, 1.0])) == 1


def test_spearman_gives_ties_their_mean_rank() -> None:
    assert spearman(np.array([1.0, 2, 3]), np.array([10.0, 20, 90])) == pytest.approx(1)
    assert spearman(np.array([1.0, 2, 3]), np.array([3.0, 2, 1])) == pytest.approx(-1)
    # Ranks 1, 2.5, 2.5 against 1, 2, 3: covariance 1.5 over the root of 1.5 times 2.
    assert spearman(np.array([1.0, 2, 2]), np.array([1.0, 2, 3])) == pytest.approx(1.5 / 3**0.5)
    assert np.isnan(spearman(np.array([1.0, 1]), np.array([1.0, 2])))


def test_picks_are_scored_against_the_best_and_the_mean_candidate() -> None:
    scores = score_names(
        [
            made("ann", [1, 0, 0.5], words=[1, 2, 7], model=[9, 1, 2], other=[1, 9, 2]),
            made("bob", [0.2, 0.4], words=[5, 1], model=[9, 1], other=[1, 9]),
        ]
    )
    assert (scores.choices, scores.groups) == (2, 2)
    assert [scores.best, scores.mean] == pytest.approx([0.7, 0.4])
    model, other = scores.ways["model"], scores.ways["other"]
    assert model.picked.value == pytest.approx(0.6)
    assert model.regret.value == pytest.approx(0.1)
    assert model.closed.value == pytest.approx(0.2 / 0.3)
    assert [model.picked.low, model.picked.high] == pytest.approx([0.2, 1])
    assert other.picked.value == pytest.approx(0.2)
    assert other.beaten.value == pytest.approx(0.4)
    assert [other.beaten.low, other.beaten.high] == pytest.approx([-0.2, 1])
    assert model.beaten.value == 0
    assert (model.bare, model.wordy) == (0.5, 0.5)
    assert (other.bare, other.wordy) == (0.5, 0)
    assert model.ndcg["1"].value == pytest.approx((1 + 0.5) / 2)


def test_what_is_not_defined_is_left_out() -> None:
    scores = score_names([made("ann", [1, 1], model=[1, 2]), made("bob", [0, 1], model=[1, 2])])
    assert scores.ways["model"].spearman.value == pytest.approx(1)
    same = score_names([made("ann", [1, 1], model=[1, 2])]).ways["model"]
    assert np.isnan(same.closed.value)
    assert np.isnan(same.spearman.value)
    with pytest.raises(InputError, match="nothing to score"):
        score_names([])


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.floats(0, 3), min_size=2, max_size=6), st.randoms())
def test_no_way_picks_above_the_best_or_leaves_its_bounds(worth: list[float], random: object) -> None:
    scores = list(worth)
    random.shuffle(scores)  # type: ignore[attr-defined]
    found = score_names([made("ann", worth, model=scores)])
    assert found.ways["model"].picked.value <= found.best + 1e-9
    value = found.ways["model"].ndcg["3"].value
    assert np.isnan(value) or -1e-9 <= value <= 1 + 1e-9


# --- what a model is compared with

CENTRES = np.array([[1.0, 0.0]], dtype=np.float32)
SUBJECT = Subject(CENTRES, 0, [frozenset()], Counter())


def candidate(text: str, x: float, source: KeywordSource, events: int, everywhere: int) -> Candidate:
    event = Activity("ann", datetime(2026, 1, 1, tzinfo=UTC), ActivityKind.SEARCH, text)
    vector = np.array([x, (1 - x * x) ** 0.5], dtype=np.float32)
    return Candidate(Keyword("ann", text, source, (event,)), vector, words_in(text), events, everywhere)


def test_the_baselines_are_what_they_are_called() -> None:
    both = [
        candidate("oak desk", 0.6, KeywordSource.ANNOTATION, 3, 6),
        candidate("desk", 0.8, KeywordSource.QUERY, 1, 1),
    ]
    assert nearest_to_centre(both, SUBJECT) == pytest.approx([0.6, 0.8])
    assert shortest(both, SUBJECT).tolist() == [-8, -4]
    # 0.4 middle + 0.15 frequency (log 2 of log 4) + 0.15 exclusive + 0.2 form + 0.1 source.
    first = 0.4 * 0.6 + 0.15 + 0.15 * 0.5 + 0.2 + 0.1
    second = 0.4 * 0.8 + 0.15 * 0.5 + 0.15 + 0.2 * 0.6 + 0.1 * 0.6
    assert hand_weights(both, SUBJECT) == pytest.approx([first, second])


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ("small kitchen", "kitchen"),
        ("small kitchen", "small kitchen with the old tiles kept as they were"),
        ("small kitchen", "how to tile"),
        ("small kitchen", "my kitchen"),
        ("small kitchen", "cómo pintar"),
        ("small kitchen", "mein garten"),
        ("small kitchen", "kitchen?"),
        ("small kitchen", "2026 07 14"),
        ("छोटी रसोई", "छोटी रसोई?"),
        ("kleine Küche", "wie streicht man"),
    ],
)
def test_a_name_is_a_few_words_that_ask_nothing_and_speak_of_no_one(better: str, worse: str) -> None:
    assert form(better) > form(worse)


def test_a_script_that_writes_its_vowels_as_marks_is_all_letters() -> None:
    assert form("छोटी रसोई") == form("small kitchen") == form("ห้องครัว เล็ก")


@pytest.mark.parametrize("text", ["", "🌸🌸", "!!!", "2026", "x" * (LONGEST_NAME + 1)])
def test_what_has_no_letter_or_is_too_long_has_no_form(text: str) -> None:
    assert form(text) == 0
