"""Journeys and assignments as files, whole or not at all."""

import csv
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from glob import escape
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.parquet as pq

from chains.journeys import Journey
from vectorstore.errors import InputError

_ROWS_AT_ONCE = 5_000

_SCHEMA = pa.schema(
    [
        ("user_id", pa.string()),
        ("journey_id", pa.string()),
        ("rank", pa.int32()),
        ("name", pa.string()),
        ("description", pa.string()),
        ("keywords", pa.list_(pa.string())),
        ("kind", pa.string()),
        ("stage", pa.string()),
        ("return_probability", pa.float64()),
        ("confidence", pa.float64()),
        ("score", pa.float64()),
        ("first_seen", pa.timestamp("us", tz="UTC")),
        ("last_seen", pa.timestamp("us", tz="UTC")),
        ("events", pa.int64()),
        ("active_days", pa.int32()),
        ("named_by", pa.string()),
        ("mode", pa.string()),
        ("intent", pa.string()),
        ("context", pa.string()),
        ("model", pa.string()),
        ("prompt_version", pa.string()),
        ("fallback", pa.string()),
        ("safety", pa.string()),
        ("run_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("algorithm", pa.string()),
    ]
)


def check_output(path: Path) -> None:
    """Raises InputError where journeys can't be written there; better before the work than after."""
    if path.suffix not in {".jsonl", ".parquet"}:
        raise InputError(f"{path}: journeys are written as .jsonl or .parquet")
    check_folder(path)


def check_folder(path: Path) -> None:
    """Raises InputError where a file can't be written because its folder is not there, or is what it names itself."""
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: no such folder as {path.absolute().parent}: make it first")
    if path.is_dir():
        raise InputError(f"{path}: is a folder: name a file in it")


def row_of(journey: Journey) -> dict[str, Any]:
    """One journey in the columns that leave the program. safety: "allow", or the category with its policy."""
    row = {name: getattr(journey, name) for name in _SCHEMA.names}
    row["keywords"] = [keyword.text for keyword in journey.keywords]
    safety = journey.safety
    row["safety"] = f"{safety.category}: {safety.policy}" if safety.category else str(safety.policy)
    return row


def write_journeys(journeys: Iterable[Journey], path: Path) -> int:
    """One row a journey, as JSONL or Parquet by the file's ending; returns how many."""
    rows = (row_of(journey) for journey in journeys)
    if path.suffix == ".parquet":
        return _write_parquet(rows, path)
    count = 0
    with replacing(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, default=_as_text) + "\n")
            count += 1
    return count


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value)} has no place in a journey's row")


def write_assignments(journeys: Iterable[Journey], path: Path) -> int:
    """CSV `user_id,text,journey`: a row for each distinct text of each user that went into a journey."""
    count = 0
    with replacing(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("user_id", "text", "journey"))
        for journey in journeys:
            for text in journey.texts:
                writer.writerow((journey.user_id, text, journey.journey_id))
                count += 1
    return count


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text file that takes the place of `path` once it is whole. Raises InputError where it can't be written."""
    with unfinished(path) as part, part.open("w", encoding="utf-8", newline="") as file:
        yield file


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """The path to write to; what is there in the end takes the place of `path`."""
    _remove_abandoned(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        yield part
        part.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} can't be written ({error.strerror or error}): make room, or name another file"
        ) from error
    finally:
        part.unlink(missing_ok=True)


def _remove_abandoned(path: Path) -> None:
    """Removes what a killed process left half written. Of one that still runs nothing is touched."""
    if os.name != "posix":
        return
    for left in path.parent.glob(f".{escape(path.name)}.*.unfinished"):
        process = left.suffixes[-2].removeprefix(".")
        if process.isdecimal() and not _runs(int(process)):
            left.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _write_parquet(rows: Iterable[dict[str, Any]], path: Path) -> int:
    count, waiting = 0, []
    with unfinished(path) as part, pq.ParquetWriter(part, _SCHEMA) as writer:
        for row in rows:
            waiting.append(row)
            count += 1
            if len(waiting) == _ROWS_AT_ONCE:
                writer.write_table(pa.Table.from_pylist(waiting, schema=_SCHEMA))
                waiting.clear()
        writer.write_table(pa.Table.from_pylist(waiting, schema=_SCHEMA))
    return count
