"""One calibration error for whatever says a probability."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.evaluation.calibration import calibration_error


def test_probabilities_that_hold_are_calibrated() -> None:
    said = np.repeat([0.2, 0.8], 50)
    assert calibration_error(said, np.repeat([0.2, 0.8], 50)) == pytest.approx(0)
    assert calibration_error(said, np.tile([0.0, 1.0], 50)) == pytest.approx(0.3)
    assert calibration_error(np.array([0.6]), np.array([1.0])) == pytest.approx(0.4)


def test_errors_of_two_bins_do_not_cancel() -> None:
    said = np.repeat([0.4, 0.6], 10)
    assert calibration_error(said, np.repeat([False, True], 10)) == pytest.approx(0.4), "though the means agree"


def test_weights_are_as_good_as_copies() -> None:
    said, happened = np.array([0.1, 0.5, 0.9]), np.array([1.0, 0.0, 1.0])
    by_weight = calibration_error(said, happened, np.array([12.0, 8.0, 20.0]))
    assert by_weight == pytest.approx((0.9 * 12 + 0.5 * 8 + 0.1 * 20) / 40)
    # Of forty rows each bin holds four, so no bin mixes the three.
    assert by_weight == pytest.approx(calibration_error(said.repeat([12, 8, 20]), happened.repeat([12, 8, 20])))


@given(st.permutations(range(12)))
def test_order_is_nothing(order: list[int]) -> None:
    said, happened = np.arange(12) / 12, np.arange(12) % 3 / 2
    assert calibration_error(said[order], happened[order]) == pytest.approx(calibration_error(said, happened))
