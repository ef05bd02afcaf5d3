"""The models by which kind and stage are told, as one file of numbers."""

import hashlib
import json
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Self

from chains.kinds import KindModel
from chains.returning import ReturnModel
from vectorstore.errors import InputError

_FORMAT = 1


@dataclass(frozen=True)
class StageModel:
    """returning: the probability of a return. kind: the probability of evergreen.

    ongoing: the least part of the odds of a return right after its last event that a situational journey must have kept
    not to be over. steady: the least with which an evergreen one still is one. Parts, since how likely a return is
    differs from log to log. trained_on: what the model card says of it in one line.
    """

    returning: ReturnModel
    kind: KindModel
    ongoing: float
    steady: float
    trained_on: str

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Reads a model file; without a path the one that comes with the package. Raises InputError."""
        try:
            read = path.read_text(encoding="utf-8") if path else (resources.files("chains") / "stage.json").read_text()
            return cls.from_json(json.loads(read))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path or 'stage.json'} is no stage model of this version: make one with journeys train stage"
            ) from error

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        if data["format"] != _FORMAT:
            raise ValueError("another format")
        return cls(
            ReturnModel.from_json(data["returning"]),
            KindModel.from_json(data["kind"]),
            float(data["ongoing"]),
            float(data["steady"]),
            str(data["trained_on"]),
        )

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, the same for the same numbers."""
        return hashlib.blake2b(json.dumps(self.to_json()).encode(), digest_size=8).hexdigest()

    def to_json(self) -> dict[str, Any]:
        return {
            "format": _FORMAT,
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
