"""The naming model as numbers: what is loaded, what is refused, what a weight does."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chains.naming_features import NAME_FEATURES
from chains.naming_model import NamingModel, default_naming
from vectorstore.errors import InputError

SIZE = len(NAME_FEATURES)


def made(weights: dict[str, float]) -> NamingModel:
    values = np.array([weights.get(name, 0.0) for name in NAME_FEATURES])
    return NamingModel(np.full(SIZE, 0.5), np.full(SIZE, 2.0), values, "nothing")


def test_worth_is_the_weighted_sum_of_what_is_standardized_and_cut() -> None:
    features = np.full((3, SIZE), 0.5, dtype=np.float32)
    features[1, NAME_FEATURES.index("centre")] = 1.5
    features[2, NAME_FEATURES.index("centre")] = 100
    assert made({"centre": 3.0, "share": 7.0}).worth(features).tolist() == [0, 1.5, 12]


def test_a_model_comes_back_from_its_file_with_its_fingerprint(tmp_path: Path) -> None:
    model = made({"centre": 1 / 3})
    path = tmp_path / "naming.json"
    path.write_text(json.dumps(model.to_json()))
    again = NamingModel.load(path)
    assert again.fingerprint == model.fingerprint
    assert again.weights[0] == 0.333333
    assert again.fingerprint != made({"centre": 0.3}).fingerprint
    assert len(model.fingerprint) == 16


@pytest.mark.parametrize(
    "change",
    [
        {"format": 99},
        {"features": ["centre"]},
        {"weights": [1.0]},
        {"scale": [0.0] * SIZE},
        {"mean": "abc"},
    ],
)
def test_a_file_that_is_no_model_of_this_version_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    path = tmp_path / "naming.json"
    path.write_text(json.dumps(made({}).to_json() | change))
    with pytest.raises(InputError, match="make one with journeys train naming"):
        NamingModel.load(path)


def test_a_file_that_is_missing_or_broken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no naming model"):
        NamingModel.load(tmp_path / "none.json")
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InputError, match="no naming model"):
        NamingModel.load(tmp_path / "broken.json")


def test_the_default_model_knows_what_no_reader_would_take_for_a_name() -> None:
    model = default_naming()
    weights = dict(zip(NAME_FEATURES, model.weights.tolist(), strict=True))
    assert all(weights[name] <= 0 for name in ("asks", "speaks_of_self", "more_words", "one_word", "unseen"))
    assert weights["centre"] > 0
    assert weights["searched"] == 0.4
    assert "rated names" in model.trained_on
    assert default_naming() is model
