"""The Parquet files that the activity log consists of: their rows, their names, and how one comes to be.

A part is written under another name and renamed, so that it is there whole or not at all. `part-000000012.parquet`
holds what one append brought to the bucket; `whole-000000012.parquet` all that the bucket held up to then, so that it
stands for every other file of the bucket with that number or a lower one.
"""

import os
import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from vectorstore.activity import Activity, ActivityKind
from vectorstore.errors import StoreError

SCHEMA = pa.schema(
    [
        pa.field("user_id", pa.string(), nullable=False),
        pa.field("timestamp", pa.timestamp("us", tz="UTC"), nullable=False),
        pa.field("kind", pa.string(), nullable=False),
        pa.field("text", pa.string(), nullable=False),
        pa.field("item_id", pa.string()),
        pa.field("board", pa.string()),
        pa.field("annotations", pa.list_(pa.string()), nullable=False),
        pa.field("activity_id", pa.binary(16), nullable=False),
        pa.field("position", pa.int64(), nullable=False),
    ]
)
_ORDER = [("user_id", "ascending"), ("timestamp", "ascending"), ("activity_id", "ascending")]
_ACTIVITY_COLUMNS = SCHEMA.names[:7]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_KINDS = {kind.value: kind for kind in ActivityKind}
_NAME = re.compile(r"(part|whole)-(\d{9,})\.parquet")
_ROW_GROUP = 16_384


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a bucket. position: the highest of its rows."""

    path: Path
    position: int
    whole: bool

    @classmethod
    def at(cls, bucket: Path, position: int, *, whole: bool = False) -> "Part":
        return cls(bucket / f"{'whole' if whole else 'part'}-{position:09}.parquet", position, whole)


def parts_of(bucket: Path) -> tuple[list[Part], list[Path]]:
    """The files that count, in order of position, and those to remove: superseded, or left half written."""
    try:
        paths = list(bucket.iterdir())
    except FileNotFoundError:
        return [], []
    parts = []
    left = [path for path in paths if path.name.startswith(".") and path.name.endswith(".tmp")]
    for path in paths:
        if match := _NAME.fullmatch(path.name):
            parts.append(Part(path, int(match[2]), match[1] == "whole"))
    parts.sort(key=lambda part: (part.position, part.whole))
    start = max((place for place, part in enumerate(parts) if part.whole), default=0)
    return parts[start:], left + [part.path for part in parts[:start]]


def write_part(part: Part, rows: Any) -> None:
    """Puts the table in place of the part, at once. That lasts through a power cut from `sync_folder` on."""
    fresh = part.path.with_name(f".{part.path.name}.tmp")
    try:
        with fresh.open("wb") as file:
            pq.write_table(rows, file, compression="zstd", row_group_size=_ROW_GROUP, write_page_checksum=True)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(part.path)
    except OSError as error:
        raise StoreError(f"cannot write {part.path}: {error.strerror or error}; make room and start again") from None


def sync_folder(folder: Path) -> None:
    """Makes renames last through a power cut, where the system lets a folder be synced."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def read_parts(
    parts: Sequence[Part],
    columns: Collection[str],
    users: Collection[str] | None = None,
    tells: Callable[[Any], bool] = lambda group: True,
) -> Any:
    """The rows of the parts, of some users or of all, as one table, in no order.

    tells: whether a row group is to be read, by its metadata.
    Raises FileNotFoundError where a part is gone by now, StoreError where one is damaged.
    """
    wanted = None if users is None else sorted(users)
    read = list(columns) if wanted is None else list({*columns, "user_id"})
    tables = [_no_rows(columns)]
    for part in parts:
        with _opened(part) as file:
            groups = [
                number
                for number in range(file.num_row_groups)
                if (wanted is None or _holds(file, number, wanted)) and tells(file.metadata.row_group(number))
            ]
            if not groups:
                continue
            table = file.read_row_groups(groups, columns=read, use_threads=False)
        tables.append((table if users is None else rows_of(table, users)).select(list(columns)))
    return pa.concat_tables(tables)


def latest_of(parts: Sequence[Part]) -> datetime | None:
    """When the last activity was: as a rule the files tell without being read. Raises as `read_parts` does."""
    found: list[datetime | None] = []
    for part in parts:
        with _opened(part) as file:
            for number in range(file.num_row_groups):
                if bounds := bounds_of(file.metadata.row_group(number), "timestamp"):
                    found.append(bounds[1])
                else:
                    rows = file.read_row_group(number, columns=["timestamp"], use_threads=False)
                    found.append(pc.max(rows["timestamp"]).as_py())
    return max((moment for moment in found if moment is not None), default=None)


def bounds_of(group: Any, column: str) -> tuple[Any, Any] | None:
    """Least and greatest value of a column in a row group, where its metadata tells."""
    statistics = group.column(SCHEMA.get_field_index(column)).statistics
    if statistics is None or not statistics.has_min_max:
        return None
    if column != "timestamp":
        return statistics.min, statistics.max
    # As they lie in the file: for times PyArrow would import pandas, where that is installed, for a third of a second.
    begin, end = (_EPOCH + timedelta(microseconds=raw) for raw in (statistics.min_raw, statistics.max_raw))
    return begin, end


def count_rows(parts: Sequence[Part]) -> int:
    """How many rows the parts have. Raises as `read_parts` does."""
    rows = 0
    for part in parts:
        with _opened(part) as file:
            rows += file.metadata.num_rows
    return rows


# PyArrow's own `array` would import pandas, where that is installed, which takes a third of a second.


def _no_rows(columns: Collection[str]) -> Any:
    return pa.Table.from_batches([], SCHEMA).select(list(columns))


def times_in(column: Any) -> list[datetime]:
    """The times of a column in UTC."""
    return [_EPOCH + timedelta(microseconds=since) for since in column.cast(pa.int64()).to_pylist()]


def time_scalar(moment: datetime) -> Any:
    """What times of the log are compared with. moment: must have a zone."""
    return whole_scalar((moment - _EPOCH) // timedelta(microseconds=1)).cast(SCHEMA.field("timestamp").type)


def whole_scalar(number: int) -> Any:
    """What positions are compared with."""
    return pa.Array.from_buffers(pa.int64(), 1, [None, pa.py_buffer(np.array([number], dtype=np.int64))])[0]


def _strings(values: Sequence[str]) -> Any:
    encoded = [value.encode() for value in values]
    ends = np.cumsum([0, *map(len, encoded)]).astype(np.int32)
    return pa.StringArray.from_buffers(len(encoded), pa.py_buffer(ends), pa.py_buffer(b"".join(encoded)))


@contextmanager
def _opened(part: Part) -> Iterator[Any]:
    try:
        with pq.ParquetFile(part.path, page_checksum_verification=True, pre_buffer=False) as file:
            yield file
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        told = str(error).partition("\n")[0][:100]
        raise StoreError(f"{part.path} is damaged ({told}): move it away and ingest its log again") from None


def _holds(file: Any, group: int, users: list[str]) -> bool:
    """Whether a row group can hold one of the users, in order of id. A part is in order of user, so most can't."""
    bounds = bounds_of(file.metadata.row_group(group), "user_id")
    if bounds is None:
        return True
    place = bisect_left(users, bounds[0])
    return place < len(users) and users[place] <= bounds[1]


def in_order(rows: Any) -> Any:
    """By user, then timestamp, then activity_id."""
    return rows.take(pc.sort_indices(rows, sort_keys=_ORDER))


def to_rows(activities: Sequence[Activity], ids: Sequence[bytes], position: int) -> Any:
    """A table in order, of one append."""
    columns: list[Any] = [
        [activity.user_id for activity in activities],
        [(activity.timestamp - _EPOCH) // timedelta(microseconds=1) for activity in activities],
        [activity.kind.value for activity in activities],
        [activity.text for activity in activities],
        [activity.item_id for activity in activities],
        [activity.board for activity in activities],
        [activity.annotations for activity in activities],
        ids,
        [position] * len(activities),
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, SCHEMA, strict=True)]
    return in_order(pa.table(arrays, schema=SCHEMA))


def to_activities(rows: Any) -> Iterator[Activity]:
    """The rows of a table as activities, in the order of the table."""
    for batch in rows.select(_ACTIVITY_COLUMNS).to_batches(_ROW_GROUP):
        users, times, kinds, texts, items, boards, annotations = batch.columns
        for user, time, kind, text, item, board, phrases in zip(
            users.to_pylist(),
            times_in(times),
            kinds.to_pylist(),
            texts.to_pylist(),
            items.to_pylist(),
            boards.to_pylist(),
            annotations.to_pylist(),
            strict=True,
        ):
            yield Activity(user, time, _KINDS[kind], text, item, board, tuple(phrases))


def by_user(rows: Any) -> Iterator[tuple[str, list[Activity]]]:
    """Each user of a table in order, with his activities."""
    for user_id, activities in groupby(to_activities(rows), key=lambda each: each.user_id):
        yield user_id, list(activities)


def users_of(rows: Any) -> set[str]:
    """The distinct users of a table."""
    return set(pc.unique(rows["user_id"]).to_pylist())


def rows_of(rows: Any, users: Collection[str], *, without: bool = False) -> Any:
    """Those of these users, or all but those."""
    own = pc.is_in(rows["user_id"], value_set=_strings(sorted(users)))
    return rows.filter(pc.invert(own) if without else own)


def slices_of_users(rows: Any, most: int) -> Iterator[Any]:
    """A table in order of user, cut into tables of up to so many users each."""
    if not len(rows):
        return
    # Each user's first row: those where another one begins.
    codes = np.from_dlpack(rows["user_id"].combine_chunks().dictionary_encode().indices)
    firsts = np.flatnonzero(np.diff(codes, prepend=-1))[::most].tolist()
    for begin, end in pairwise([*firsts, len(rows)]):
        yield rows.slice(begin, end - begin)


def bytes_of(rows: Any) -> bytes:
    """A table for another process, without the rows that it is a slice of."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, rows.schema) as stream:
        stream.write_table(rows)
    content: bytes = sink.getvalue().to_pybytes()
    return content


def table_of(content: bytes) -> Any:
    """The table that `bytes_of` made these of."""
    with pa.ipc.open_stream(content) as stream:
        return stream.read_all()
