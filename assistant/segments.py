"""Segments: users by a column of a file about them, such as their country."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vectorstore.errors import InputError

USER = "user_id"
# A column with more values than that groups nobody.
_MOST_VALUES = 40


@dataclass(frozen=True, slots=True)
class Segment:
    """column, value: as in the file. users: whose row has it."""

    column: str
    value: str
    users: frozenset[str]


@dataclass(frozen=True, slots=True)
class Segments:
    """All segments that may be looked at, in order of column and value."""

    all: tuple[Segment, ...] = ()

    def one(self, column: str, value: str) -> Segment | None:
        return next((each for each in self.all if (each.column, each.value) == (column, value)), None)


def read_segments(path: Path) -> Segments:
    """A CSV or Parquet file with a column user_id, one row a user; every other column with at most 40 values makes
    segments. Raises InputError."""
    rows = _rows(path)
    if rows and USER not in rows[0]:
        raise InputError(f"{path}: has no column {USER}: name the column with the users' ids so")
    found = []
    for column in [name for name in (rows[0] if rows else {}) if name != USER]:
        of_value: dict[str, set[str]] = {}
        for row in rows:
            if row[column] is not None and str(row[column]).strip():
                of_value.setdefault(str(row[column]).strip(), set()).add(str(row[USER]))
        if 1 < len(of_value) <= _MOST_VALUES:
            found += [Segment(column, value, frozenset(users)) for value, users in sorted(of_value.items())]
    return Segments(tuple(found))


def _rows(path: Path) -> list[dict[str, Any]]:
    # PyArrow takes longer to import than reading journeys takes.
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import csv, parquet  # noqa: PLC0415

    if not path.is_file():
        raise InputError(f"{path}: no such file: give a CSV or Parquet file with a column {USER}")
    try:
        if path.suffix == ".parquet":
            table = parquet.read_table(path)
        else:
            # Ids such as 007 stay as they are written.
            options = csv.ConvertOptions(column_types={USER: pa.string()})
            table = csv.read_csv(path, convert_options=options)
    except (pa.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{path}: cannot be read as a table of users: {reason}") from error
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
