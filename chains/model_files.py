"""Models as files of numbers: JSON with a format, read with one error, and told apart by a fingerprint."""

import hashlib
import json
from abc import ABC, abstractmethod
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar, Self

from vectorstore.errors import InputError


class FileModel(ABC):
    """What a model that lies in a file of its own has in common with the others.

    FILE: the one that comes with the package. NOUN: what it is called in an error. MADE_BY: the command that trains
    one. FORMAT: the number of its form; another is not read. INPUTS: the names that the numbers stand for, in their
    order; without any the parts of the model check theirs.
    """

    FILE: ClassVar[str]
    NOUN: ClassVar[str]
    MADE_BY: ClassVar[str]
    FORMAT: ClassVar[int]
    INPUTS: ClassVar[tuple[str, ...]] = ()

    @classmethod
    @abstractmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """Raises KeyError, TypeError, AttributeError or ValueError for what is no such model."""

    @abstractmethod
    def to_json(self) -> dict[str, Any]: ...

    @classmethod
    def load(cls, path: Path | None = None) -> Self:
        """Reads a model file; without a path the one that comes with the package. Raises InputError."""
        try:
            file = path or resources.files("chains") / cls.FILE
            return cls.from_json(json.loads(file.read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path or cls.FILE} is no {cls.NOUN} of this version: make one with journeys {cls.MADE_BY}"
            ) from error

    @classmethod
    def check_format(cls, data: dict[str, Any]) -> None:
        """Raises ValueError for another format or other features, KeyError where neither is said."""
        if data["format"] != cls.FORMAT or (cls.INPUTS and tuple(data["features"]) != cls.INPUTS):
            raise ValueError("another format or other features")

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits, the same for the same numbers."""
        return hashlib.blake2b(json.dumps(self.to_json()).encode(), digest_size=8).hexdigest()
