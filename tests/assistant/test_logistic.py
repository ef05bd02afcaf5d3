"""Logistic weighings whose signs are known before."""

import numpy as np
import pytest

from assistant.training.logistic import fit_logistic, fit_signed

DRAWN = np.random.default_rng(0)
X = np.column_stack([np.ones(400), DRAWN.normal(size=(400, 2))])
Y = (DRAWN.random(400) < 1 / (1 + np.exp(-(0.3 + 1.0 * X[:, 1] - 0.7 * X[:, 2])))).astype(np.float64)
ONES, PENALTY = np.ones(400), np.full(3, 0.5)


def test_signs_that_hold_anyway_change_nothing() -> None:
    free = fit_logistic(X, Y, ONES, PENALTY)
    assert free[1] > 0 > free[2]
    assert fit_signed(X, Y, ONES, PENALTY, np.array([0.0, 1.0, -1.0])).tolist() == pytest.approx(
        free.tolist(), abs=1e-4
    )


def test_a_sign_that_does_not_hold_leaves_nothing() -> None:
    found = fit_signed(X, Y, ONES, PENALTY, np.array([0.0, 1.0, 1.0]))
    assert found[2] == 0
    without = fit_logistic(X[:, :2], Y, ONES, PENALTY[:2])
    assert found[:2].tolist() == pytest.approx(without.tolist(), abs=1e-4)


def test_it_is_held_to_what_is_given() -> None:
    held = np.array([0.0, 3.0, -2.0])
    signs = np.array([0.0, 1.0, -1.0])
    assert fit_signed(X, Y, ONES, np.full(3, 1e7), signs, held).tolist() == pytest.approx(held.tolist(), abs=1e-3)
    assert fit_signed(X, Y, ONES, np.full(3, 1e7), -signs, held)[1:].tolist() == [0, 0], "but not beyond the signs"
