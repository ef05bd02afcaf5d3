"""What a store was made with, which it remembers and holds every later opening to."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vectorstore.errors import StoreError

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Origin:
    """The embedding model and dimension of a store. dimension: at least 1."""

    model: str
    dimension: int

    def __post_init__(self) -> None:
        if self.dimension < 1:
            raise StoreError(f"an embedding has at least one dimension, not {self.dimension}")

    def as_metadata(self) -> dict[str, str | int]:
        return {"format": FORMAT, "model": self.model, "dimension": self.dimension}

    def refuse_other(self, found: Mapping[str, Any] | None, where: str) -> None:
        """Raises StoreError unless the store at `where` was made with this model and dimension.

        found: the metadata it was made with, None or empty where it has none.
        """
        if not found or "model" not in found or "dimension" not in found:
            raise StoreError(
                f"{where} says no embedding model, so this program did not make it: name another place for the store"
            )
        if found.get("format") != FORMAT:
            raise StoreError(
                f"{where} has format {found.get('format')!r}, and this version reads {FORMAT}: "
                "move it away and run `journeys ingest` again"
            )
        if (found["model"], found["dimension"]) != (self.model, self.dimension):
            raise StoreError(
                f"{where} was made with embedding model {found['model']!r} ({found['dimension']} dimensions), "
                f"not {self.model!r} ({self.dimension}): go back to {found['model']!r}, "
                "or move the store away and run `journeys ingest` again"
            )

    def write(self, path: Path) -> None:
        """Writes the metadata so that a reader finds all of it or none."""
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            json.dump(self.as_metadata(), file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)


def read_metadata(path: Path) -> dict[str, Any] | None:
    """The metadata in a file, None where there is no file. Raises StoreError where it is not JSON."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise StoreError(
            f"{path} cannot be read: move the store's folder away and run `journeys ingest` again"
        ) from error
    return found if isinstance(found, dict) else {}
