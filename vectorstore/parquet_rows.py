"""Rows of a Parquet file, some thousand at a time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import repeat
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from vectorstore.columns import Columns
from vectorstore.errors import InputError
from vectorstore.lines import Consumed
from vectorstore.rows import Row

_BATCH_ROWS = 8_192
_BUFFER_BYTES = 2**20
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (the zone is added where the column has one)
_NOT_UTF8 = b"\xff"
_OUT_OF_RANGE = "out of range"


def read_parquet(path: Path, columns: Columns, consumed: Consumed) -> Iterator[tuple[int, Row | str]]:
    """Each row with its number from 1. Raises InputError where the file is damaged or lacks a column."""
    source = str(path)
    try:
        size = path.stat().st_size
        if not size:
            return
        with pq.ParquetFile(path, pre_buffer=False, buffer_size=_BUFFER_BYTES) as file:
            names = columns.locate(file.schema_arrow.names, source)
            wanted = [name for name in names if name is not None]
            rows = max(file.metadata.num_rows, 1)
            line = 0
            for batch in file.iter_batches(_BATCH_ROWS, columns=wanted):
                values = [repeat(None) if name is None else _values(batch.column(name)) for name in names]
                # strict=False: the columns that aren't there repeat without end.
                for row in zip(*values, range(batch.num_rows), strict=False):
                    line += 1
                    yield line, row[:-1]
                consumed.size = size * line // rows
    except (pa.ArrowException, OSError, MemoryError, KeyError, UnicodeDecodeError) as error:
        told = str(error).partition("\n")[0][:200] or type(error).__name__
        raise InputError(f"{source}: not a readable Parquet file ({told}); write it again") from None


def _values(column: Any) -> list[object]:
    """A column as Python values. Times keep their microseconds; a value that has no Python form says so."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if pa.types.is_timestamp(column.type):
        return _times(column)
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError, pa.ArrowException):
        return [_value(scalar) for scalar in column]


def _value(scalar: Any) -> object:
    try:
        return scalar.as_py()
    except UnicodeDecodeError:
        return _NOT_UTF8
    except (ValueError, OverflowError, pa.ArrowException):
        return _OUT_OF_RANGE


def _times(column: Any) -> list[object]:
    """Aware datetimes where the column has a zone, as Parquet keeps those in UTC; else naive ones."""
    start = _EPOCH.replace(tzinfo=UTC) if column.type.tz else _EPOCH
    factor, divisor = {"s": (10**6, 1), "ms": (10**3, 1), "us": (1, 1), "ns": (1, 10**3)}[column.type.unit]

    def moment(count: int | None) -> object:
        if count is None:
            return None
        try:
            return start + timedelta(microseconds=count * factor // divisor)
        except OverflowError:
            return _OUT_OF_RANGE

    return [moment(count) for count in column.cast(pa.int64()).to_pylist()]
