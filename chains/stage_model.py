"""The models by which kind and stage are told, as one file of numbers."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from chains.kinds import KindModel
from chains.model_files import FileModel
from chains.returning import ReturnModel


@dataclass(frozen=True)
class StageModel(FileModel):
    """returning: the probability of a return. kind: the probability of evergreen.

    ongoing: the least part of the odds of a return right after its last event that a situational journey must have kept
    not to be over. steady: the least with which an evergreen one still is one. Parts, since how likely a return is
    differs from log to log. trained_on: what the model card says of it in one line.
    """

    FILE = "stage.json"
    NOUN = "stage model"
    MADE_BY = "train stage"
    FORMAT = 1

    returning: ReturnModel
    kind: KindModel
    ongoing: float
    steady: float
    trained_on: str

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        cls.check_format(data)
        return cls(
            ReturnModel.from_json(data["returning"]),
            KindModel.from_json(data["kind"]),
            float(data["ongoing"]),
            float(data["steady"]),
            str(data["trained_on"]),
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "format": self.FORMAT,
            "trained_on": self.trained_on,
            "ongoing": round(self.ongoing, 4),
            "steady": round(self.steady, 4),
            "returning": self.returning.to_json(),
            "kind": self.kind.to_json(),
        }


@cache
def default_stage() -> StageModel:
    """The model that comes with the package, read once."""
    return StageModel.load()
