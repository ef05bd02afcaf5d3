"""What all models that lie in files of their own have in common."""

import json
from pathlib import Path

import pytest

from chains.affinity import AffinityModel, default_affinity
from chains.model_files import FileModel
from chains.naming_model import NamingModel, default_naming
from chains.ranking import RankerModel, default_ranker
from chains.stage_model import StageModel, default_stage
from vectorstore.errors import InputError

MODELS: list[tuple[FileModel, type[FileModel], str]] = [
    (default_affinity(), AffinityModel, "affinity model of this version: make one with journeys train affinity"),
    (default_naming(), NamingModel, "naming model of this version: make one with journeys train naming"),
    (default_ranker(), RankerModel, "ranker of this version: make one with journeys train ranker"),
    (default_stage(), StageModel, "stage model of this version: make one with journeys train stage"),
]
each_model = pytest.mark.parametrize(("model", "kind", "told"), MODELS, ids=[kind.__name__ for _, kind, _ in MODELS])


@each_model
def test_a_model_comes_back_from_its_file(model: FileModel, kind: type[FileModel], told: str, tmp_path: Path) -> None:
    file = tmp_path / "model.json"
    file.write_text(json.dumps(model.to_json()))
    read = kind.load(file)
    assert read.to_json() == model.to_json(), told
    assert read.fingerprint == model.fingerprint
    assert len(model.fingerprint) == 16
    int(model.fingerprint, 16)


@each_model
def test_other_numbers_have_another_fingerprint(model: FileModel, kind: type[FileModel], told: str) -> None:
    other = kind.from_json(model.to_json() | {"trained_on": "something else"})
    assert other.fingerprint != model.fingerprint, told


@each_model
def test_what_is_no_such_model_is_told(model: FileModel, kind: type[FileModel], told: str, tmp_path: Path) -> None:
    broken = {
        "none.json": None,
        "words.json": "no JSON",
        "list.json": "[]",
        "format.json": json.dumps(model.to_json() | {"format": 99}),
        "bare.json": json.dumps({"format": model.FORMAT}),
    }
    if kind.INPUTS:
        broken["features.json"] = json.dumps(model.to_json() | {"features": ["height"]})
    for name, text in broken.items():
        if text is not None:
            (tmp_path / name).write_text(text)
        with pytest.raises(InputError, match=f"{name} is no {told}"):
            kind.load(tmp_path / name)
