"""The file of rows that were set aside: one JSON object a line with source, line and reason."""

import json
import os
import tempfile
from collections.abc import Collection
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from vectorstore.errors import StoreError
from vectorstore.rows import Rejected


class Rejections:
    """Gathers rejected rows on disk, however many, and puts them in the file at the end.

    Until `save` the file is as it was: a kill changes nothing, and leaves nothing behind.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._gathered: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 (closed on leaving)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._gathered.close()

    def add(self, rejected: Rejected) -> None:
        row = {"source": rejected.source, "line": rejected.line, "reason": str(rejected.reason)}
        self._gathered.write(json.dumps(row, ensure_ascii=False) + "\n")

    def save(self, sources: Collection[str]) -> None:
        """Replaces the entries of these sources, and keeps those of others. No entries, no file."""
        replaced = {None, *sources}
        fresh = self._path.with_name(f".{self._path.name}.{os.getpid()}.tmp")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="utf-8") as file:
                if self._path.exists():
                    with self._path.open(encoding="utf-8", errors="replace") as old:
                        file.writelines(line for line in old if _source(line) not in replaced)
                self._gathered.seek(0)
                file.writelines(self._gathered)
                file.flush()
                os.fsync(file.fileno())
                empty = file.tell() == 0
            if empty:
                fresh.unlink()
                self._path.unlink(missing_ok=True)
            else:
                fresh.replace(self._path)
        except OSError as error:
            raise StoreError(f"cannot write {self._path}: {error.strerror or error}") from None


def _source(line: str) -> str | None:
    try:
        return str(json.loads(line)["source"])
    except (ValueError, TypeError, KeyError):
        return None
