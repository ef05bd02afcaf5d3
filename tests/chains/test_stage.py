"""Situational or evergreen, ongoing or ended: told by models whose weights were chosen by hand."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import START, act

from chains.journeys import Kind, Stage
from chains.kinds import KIND_FEATURES, KindModel
from chains.returning import RETURN_FEATURES, ReturnModel
from chains.rhythm import USER_FEATURES, UserRhythm
from chains.stage import Staged, Staging, odds_kept, stage
from chains.stage_model import StageModel

WIDE, USER, KINDS = len(RETURN_FEATURES), len(USER_FEATURES), len(KIND_FEATURES)
ONGOING = (Kind.SITUATIONAL, Stage.ONGOING)
ENDED = (Kind.SITUATIONAL, Stage.ENDED)
EVERGREEN = (Kind.EVERGREEN, Stage.ONGOING)


def made_model(*, evergreen: float = -5.0, meaning: Sequence[float] = (0.0, 0.0)) -> StageModel:
    """Odds of a return in each stretch are 1 / (days of silence + a quarter). Evergreen by bias and meaning.

    Right after the last event the odds in each are 4, and at 1.75 days of silence 0.5.
    """
    weights, nothing = np.zeros((1, WIDE)), np.zeros(KINDS)
    weights[0, RETURN_FEATURES.index("gap")] = -1.0
    returning = ReturnModel(
        np.zeros(WIDE),
        np.ones(WIDE),
        np.array([[0.0, -50.0, -50.0, -50.0]]),
        weights,
        np.zeros(USER),
        np.ones(USER),
        np.zeros((1, 1 + USER)),
    )
    both = np.array([evergreen, *nothing])
    kind = KindModel("made", nothing, np.ones(KINDS), both, np.zeros(2), np.array(meaning), np.array([-5.0, *nothing]))
    return StageModel(returning, kind, ongoing=0.1, steady=0.05, trained_on="nothing")


def staged(
    days: Sequence[float],
    silent: float,
    model: StageModel | None = None,
    *,
    called_off: bool = False,
    embedding: str = "made",
) -> Staged:
    """Events on these days after the start, looked at so many days after the last."""
    events = [act("veil", day) for day in sorted(days)]
    now = (events[-1].timestamp + timedelta(days=silent)).timestamp() / 86_400
    asked = Staging(events, 1, np.array([1.0, 0.0], dtype=np.float32), called_off)
    (found,) = stage([asked], UserRhythm.of(events, now), model or made_model(), embedding)
    return found


def what(found: Staged) -> tuple[Kind, Stage]:
    return found.kind, found.stage


def test_a_situational_journey_is_over_when_most_of_its_odds_are_gone() -> None:
    # A tenth of odds of 4 is left after 2.25 days: 1 / 2.5 = 0.4.
    assert what(staged([0, 1, 2], 2.24)) == ONGOING
    assert what(staged([0, 1, 2], 2.26)) == ENDED
    assert staged([0, 1, 2], 1.75).return_probability == pytest.approx(0.5 / 1.5, abs=1e-5)
    assert staged([0, 1, 2], 0).return_probability == pytest.approx(0.8, abs=1e-5)


def test_evergreen_is_what_the_model_takes_for_it_while_it_goes_on() -> None:
    evergreen = made_model(evergreen=5.0)
    # A twentieth of the odds is left after 4.75 days: 1 / 5 = 0.2.
    assert what(staged([0, 1, 2], 4.74, evergreen)) == EVERGREEN
    assert what(staged([0, 1, 2], 4.76, evergreen)) == ENDED, "one that stops is no longer evergreen"
    assert what(staged([0, 1], 0, evergreen)) == ONGOING, "two days are no habit"


def test_meaning_counts_in_the_embedding_that_it_was_learned_in_and_in_no_other() -> None:
    model = made_model(evergreen=-5.0, meaning=(10.0, 0.0))
    assert what(staged([0, 1, 2], 0, model)) == EVERGREEN
    assert what(staged([0, 1, 2], 0, model, embedding="other")) == ONGOING
    longer = replace(model, kind=replace(model.kind, centre=np.zeros(3), meaning=np.full(3, 10.0)))
    assert what(staged([0, 1, 2], 0, longer)) == ONGOING, "vectors of another length are of another model"


def test_what_was_called_off_is_over_at_once() -> None:
    assert what(staged([0, 1, 2], 0, called_off=True)) == ENDED
    assert what(staged([0, 1, 2], 0, made_model(evergreen=5.0), called_off=True)) == ENDED


@pytest.mark.parametrize(
    ("days", "silent", "evergreen", "reason"),
    [
        ([0], 1.75, -5, "active on 5 January 2026, quiet for 2 days; 33 % chance of a return within 28 days"),
        (
            [0, 8],
            0.75,
            -5,
            "active from 5 January 2026 to 13 January 2026, quiet for 1 day; 50 % chance of a return within 28 days",
        ),
        ([0], 40, -5, "quiet for 40 days; 2 % chance of a return within 28 days"),
        ([0, 9, 18], 41, -5, "quiet for 41 days, usually every 9 days; 2 % chance of a return within 28 days"),
        (
            [0, 1, 2],
            0,
            5,
            "active on 3 days since 5 January 2026, usually every day; 80 % chance of a return within 28 days",
        ),
    ],
)
def test_the_reason_has_the_figures(days: Sequence[float], silent: float, evergreen: float, reason: str) -> None:
    assert staged(days, silent, made_model(evergreen=evergreen)).reason == reason


def test_a_hard_end_is_told_as_one() -> None:
    assert staged([0, 8], 1, called_off=True).reason == "called off; last activity 13 January 2026"


def test_what_is_left_of_odds() -> None:
    kept = odds_kept(np.array([0.2, 0.5, 0.0, 1.0]), np.array([0.5, 0.5, 0.5, 1.0]))
    assert kept == pytest.approx([0.25, 1, 0, 1], abs=1e-5)


def test_several_journeys_are_told_each_by_its_own_and_none_is_none() -> None:
    one, other = [act("veil", 0), act("veil", 1)], [act("beds", 9)]
    user = UserRhythm.of([*one, *other], (START + timedelta(days=10)).timestamp() / 86_400)
    centre = np.array([1.0, 0.0], dtype=np.float32)
    asked = [Staging(one, 1, centre), Staging(other, 1, centre)]
    found = stage(asked, user, made_model(), "made")
    assert [what(each) for each in found] == [ENDED, ONGOING]
    assert stage(asked[::-1], user, made_model(), "made") == found[::-1]
    assert stage([], user, made_model(), "made") == []


_DAYS = st.lists(st.integers(0, 200), min_size=1, max_size=25)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_DAYS, st.integers(0, 150), st.booleans(), st.sampled_from([-5.0, 5.0]))
def test_evergreen_is_ongoing_and_order_is_nothing(
    days: list[int], silent: int, called_off: bool, evergreen: float
) -> None:
    model = made_model(evergreen=evergreen)
    now = staged(days, silent, model, called_off=called_off)
    assert now.kind is Kind.SITUATIONAL or now.stage is Stage.ONGOING
    assert 0 <= now.return_probability <= 1
    assert staged(random.Random(silent).sample(days, len(days)), silent, model, called_off=called_off) == now
