"""The probability of a return: worked out by hand from weights that were chosen, and what must always hold."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.returning import EDGES, RETURN_FEATURES, ReturnModel, stretches_of
from chains.rhythm import FEATURES, USER_FEATURES, Numbers
from chains.stage_model import StageModel, default_stage
from vectorstore.errors import InputError

WIDE, USER = len(RETURN_FEATURES), len(USER_FEATURES)
GAP = RETURN_FEATURES.index("gap")


def odds(probability: float) -> float:
    return float(np.log(probability / (1 - probability)))


def made(biases: list[list[float]], gap: float = 0.0) -> ReturnModel:
    """A weighing of gap alone for each log; the second log's users search, the first's don't."""
    logs = len(biases)
    weights = np.zeros((logs, WIDE))
    weights[:, GAP] = gap
    gate = np.zeros((logs, 1 + USER))
    gate[-1, 1 + USER_FEATURES.index("searches")] = 100.0 if logs > 1 else 0.0
    gate[0, 0] = 50.0 if logs > 1 else 0.0
    return ReturnModel(np.zeros(WIDE), np.ones(WIDE), np.array(biases), weights, np.zeros(USER), np.ones(USER), gate)


def asked(gap: float = 0.0, searches: float = 0.0) -> tuple[Numbers, Numbers]:
    features, user = np.zeros((1, len(FEATURES))), np.zeros((1, USER))
    features[0, FEATURES.index("gap")] = gap
    user[0, USER_FEATURES.index("searches")] = searches
    return features, user


STAYS = [0.5, 0.8, 0.9, 0.6]  # the part that does not come back in each stretch
PLAIN = made([[odds(1 - part) for part in STAYS]])


@pytest.mark.parametrize(
    ("horizon", "away"),
    [
        (7, 0.5),
        (14, 0.5 * 0.8),
        (28, 0.5 * 0.8 * 0.9),
        (56, 0.5 * 0.8 * 0.9 * 0.6),
        (3.5, 0.5**0.5),
        (21, 0.5 * 0.8 * 0.9**0.5),
        (84, 0.5 * 0.8 * 0.9 * 0.6**2),
    ],
)
def test_who_stays_away_stays_away_in_each_stretch(horizon: float, away: float) -> None:
    assert PLAIN.probability(*asked(), horizon) == pytest.approx([1 - away])


def test_stretches_of_a_horizon() -> None:
    assert stretches_of(10).tolist() == pytest.approx([1, 3 / 7, 0, 0])
    assert stretches_of(112).tolist() == pytest.approx([1, 1, 1, 3])


def test_each_user_is_told_as_those_he_is_like() -> None:
    model = made([[odds(0.2)] * 4, [odds(0.7)] * 4])
    assert model.probability(*asked(searches=0), 7) == pytest.approx([0.2])
    assert model.probability(*asked(searches=1), 7) == pytest.approx([0.7])
    assert model.probability(*asked(searches=0.5), 7) == pytest.approx([0.45])
    assert model.like(np.zeros((3, USER))).sum(axis=1) == pytest.approx([1, 1, 1])


def test_features_are_cut_so_that_another_log_drives_the_model_nowhere() -> None:
    model = made([[0.0] * 4], gap=-1.0)
    assert model.probability(*asked(gap=4), 7) == model.probability(*asked(gap=400), 7)
    assert model.probability(*asked(gap=4), 7) < model.probability(*asked(gap=3), 7)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.floats(-6, 6), min_size=len(FEATURES), max_size=len(FEATURES)),
    st.lists(st.floats(-6, 6), min_size=USER, max_size=USER),
    st.floats(0.1, 200),
    st.floats(0.1, 200),
)
def test_a_longer_horizon_is_never_less_probable(
    features: list[float], user: list[float], one: float, other: float
) -> None:
    model, (short, long) = default_stage().returning, sorted((one, other))
    x, u = np.array([features]), np.array([user])
    near, far = model.probability(x, u, short)[0], model.probability(x, u, long)[0]
    assert 0 <= near <= far + 1e-12 <= 1 + 1e-9


def test_the_model_is_numbers_and_comes_back_from_json() -> None:
    model = default_stage()
    again = StageModel.from_json(json.loads(json.dumps(model.to_json())))
    assert again.fingerprint == model.fingerprint
    assert len(model.fingerprint) == 16
    assert set(model.to_json()) == {"format", "trained_on", "ongoing", "steady", "returning", "kind"}
    assert tuple(model.to_json()["returning"]["edges"]) == EDGES
    assert 0 < model.steady <= model.ongoing < 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("format",), 99),
        (("returning", "features"), ["gap"]),
        (("returning", "user_features"), []),
        (("returning", "edges"), [0, 7]),
        (("returning", "weights"), [[1.0]]),
        (("kind", "features"), ["gap"]),
        (("kind", "both"), [1.0]),
        (("kind", "meaning"), [1.0]),
        (("kind",), None),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, path: Sequence[str], value: object) -> None:
    data = default_stage().to_json()
    inner: Any = data
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    file = tmp_path / "model.json"
    file.write_text(json.dumps(data))
    with pytest.raises(InputError, match="is no stage model of this version: make one with journeys train stage"):
        StageModel.load(file)


def test_one_user_may_stand_for_all_rows() -> None:
    x, user = asked(gap=2)
    rows = np.concatenate([x, x + 1])
    assert PLAIN.probability(rows, user) == pytest.approx(PLAIN.probability(rows, np.concatenate([user, user])))
