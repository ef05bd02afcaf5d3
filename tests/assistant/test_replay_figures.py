"""Rates, lifts and the choice of a baseline, worked out by hand."""

import math

import numpy as np
import pytest

from assistant.evaluation.replay_figures import chosen_on_others, figures_of

USERS = ["ann", "ann", "bob", "cat"]
DATES = ["2026-01-01", "2026-02-01", "2026-01-01", "2026-01-01"]
OURS = np.array([[1.0, 0.5], [1.0, 0.5], [0.0, 0.5], [1.0, 0.5]])
THEIRS = np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 0.0]])


def test_rates_and_lifts_by_hand() -> None:
    compared = [("ours", "theirs", "hit"), ("ours", "theirs", "days")]
    figures = figures_of({"ours": OURS, "theirs": THEIRS}, USERS, DATES, ("hit", "days"), compared)
    assert (figures.users, figures.moments) == (3, 4)
    ours = figures.systems["ours"]
    assert ours["hit"].value == 0.75
    assert figures.systems["theirs"]["hit"].value == 0.5
    assert (ours["days"].value, ours["days"].low, ours["days"].high) == (0.5, 0.5, 0.5)
    hit, days = figures.lifts
    assert hit.rate.value == pytest.approx(0.75 / 0.5 - 1)
    # Drawing only cat leaves both equal; drawing only ann, ours hits twice as often.
    assert [hit.rate.low, hit.rate.high] == pytest.approx([0, 1])
    assert math.isnan(days.rate.value), "nothing to compare with"
    assert [(date.as_of, date.users) for date in figures.dates] == [("2026-01-01", 3), ("2026-02-01", 1)]
    assert figures.dates[0].rates["ours"] == pytest.approx((2 / 3, 0.5))
    assert figures.dates[1].rates == {"ours": (1.0, 0.5), "theirs": (0.0, 0.0)}


def test_the_dates_of_a_user_are_drawn_together() -> None:
    """One user has one hit and one miss: whichever users are drawn, the rate is a half."""
    values = np.array([[1.0], [0.0], [1.0], [0.0]])
    figures = figures_of({"ours": values}, ["ann", "ann", "bob", "bob"], ["d"] * 4, ("hit",), [])
    rate = figures.systems["ours"]["hit"]
    assert (rate.value, rate.low, rate.high) == (0.5, 0.5, 0.5)


def test_a_setting_is_chosen_on_other_users() -> None:
    # The first setting is right for ann alone, the second for bob and cat.
    tried = np.array([[[1.0], [0.0], [0.0]], [[0.0], [1.0], [1.0]]])
    assert chosen_on_others(tried, ["ann", "bob", "cat"]).ravel().tolist() == [
        0.0,  # bob and cat speak for the second
        0.0,  # ann and cat are of two minds, and of equals the first counts
        0.0,
    ]
    more = np.array([[[1.0], [0.0], [0.0], [0.0]], [[0.0], [1.0], [1.0], [1.0]]])
    assert chosen_on_others(more, ["ann", "bob", "cat", "dan"]).ravel().tolist() == [0.0, 1.0, 1.0, 1.0]


def test_both_dates_of_a_user_get_the_same_setting() -> None:
    tried = np.array([[[1.0], [1.0], [0.0]], [[0.0], [0.0], [1.0]]])
    # For ann bob speaks (the second setting), for bob ann (the first).
    assert chosen_on_others(tried, ["ann", "ann", "bob"]).ravel().tolist() == [0.0, 0.0, 0.0]


def test_a_user_alone_gets_the_first_setting() -> None:
    assert chosen_on_others(np.array([[[0.25]], [[1.0]]]), ["ann"]).tolist() == [[0.25]]
