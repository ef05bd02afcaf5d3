"""Parquet files with columns of every type that a log may have, and files that are none."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from vectorstore.activity import Activity, ActivityKind
from vectorstore.errors import InputError
from vectorstore.lines import Consumed
from vectorstore.readers import read_activities
from vectorstore.rows import Rejected

MOMENT = datetime(2026, 1, 4, 3, 46, tzinfo=UTC)
TIME = "2026-01-04T03:46:00Z"


def short(rows: Iterable[Activity | Rejected]) -> list[str | tuple[int, str]]:
    """The text of an activity; line and reason of a rejected row."""
    return [(row.line, str(row.reason)) if isinstance(row, Rejected) else row.text for row in rows]


def parquet(path: Path, **columns: Any) -> Path:
    given = {
        "user_id": pa.array(["u1"]),
        "timestamp": pa.array([MOMENT], pa.timestamp("us", "UTC")),
        "kind": pa.array(["search"]),
        "text": pa.array(["oak table"]),
    } | columns
    pq.write_table(pa.table(given), path)
    return path


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_parquet_timestamps(tmp_path: Path, unit: str, zone: str | None) -> None:
    times = pa.array([MOMENT.replace(tzinfo=None) if zone is None else MOMENT], pa.timestamp(unit, zone))
    (activity,) = read_activities(parquet(tmp_path / "log.parquet", timestamp=times))
    assert activity == Activity("u1", MOMENT, ActivityKind.SEARCH, "oak table")


@pytest.mark.parametrize(
    ("column", "moment"),
    [
        (pa.array([1767498360], pa.int64()), MOMENT),
        (pa.array([1767498360.0], pa.float64()), MOMENT),
        (pa.array([1767498360000], pa.uint64()), MOMENT),
        (pa.array([TIME], pa.large_string()), MOMENT),
        (pa.array([TIME.encode()], pa.binary()), MOMENT),
        (pa.array([date(2026, 1, 4)], pa.date32()), datetime(2026, 1, 4, tzinfo=UTC)),
        (pa.array([MOMENT], pa.timestamp("ms", "UTC")).dictionary_encode(), MOMENT),
        (pa.array([Decimal("1767498360.5")], pa.decimal128(20, 1)), MOMENT.replace(microsecond=500_000)),
    ],
)
def test_parquet_times_of_other_types(tmp_path: Path, column: Any, moment: datetime) -> None:
    (activity,) = read_activities(parquet(tmp_path / "log.parquet", timestamp=column))
    assert isinstance(activity, Activity)
    assert activity.timestamp == moment


def test_parquet_values_of_many_types(tmp_path: Path) -> None:
    path = parquet(
        tmp_path / "log.parquet",
        user_id=pa.array([17850.0], pa.float64()),
        kind=pa.array(["repin"]).dictionary_encode(),
        text=pa.array([b"oak table"], pa.large_binary()),
        item_id=pa.array([85123], pa.int32()),
        board=pa.array([None], pa.null()),
        annotations=pa.array([["wood", None, "oak"]], pa.large_list(pa.string())),
    )
    assert list(read_activities(path)) == [
        Activity("17850", MOMENT, ActivityKind.SAVE, "oak table", "85123", None, ("wood", "oak"))
    ]


def test_parquet_rows_that_are_none(tmp_path: Path) -> None:
    broken = pa.Array.from_buffers(
        pa.string(), 5, [None, pa.array([0, 1, 3, 4, 5, 6], pa.int32()).buffers()[1], pa.py_buffer(b"a\xff\xfebcd")]
    )
    path = parquet(
        tmp_path / "log.parquet",
        user_id=pa.array([1.0, 2.0, float("nan"), None, 5.0]),
        timestamp=pa.array([MOMENT, MOMENT, MOMENT, MOMENT, None], pa.timestamp("us")),
        kind=pa.array(["search"] * 5),
        text=broken,
    )
    assert short(read_activities(path)) == [
        "a",
        (2, "broken UTF-8"),
        (3, "missing user"),
        (4, "missing user"),
        (5, "missing time"),
    ]


def test_parquet_times_out_of_range(tmp_path: Path) -> None:
    column = pa.array([2**62], pa.int64()).cast(pa.timestamp("us"))
    assert short(read_activities(parquet(tmp_path / "log.parquet", timestamp=column))) == [(1, "unreadable time")]


def test_parquet_in_several_batches_keeps_count(tmp_path: Path) -> None:
    count = 20_000
    path = parquet(
        tmp_path / "log.parquet",
        user_id=pa.array([str(number) for number in range(count)]),
        timestamp=pa.array([MOMENT] * count, pa.timestamp("us", "UTC")),
        kind=pa.array(["search"] * (count - 1) + ["fly"]),
        text=pa.array([f"text {number}" for number in range(count)]),
    )
    consumed = Consumed()
    rows = short(read_activities(path, consumed=consumed))
    assert rows[:2] + rows[-2:] == ["text 0", "text 1", f"text {count - 2}", (count, "unknown kind")]
    assert consumed.size == path.stat().st_size


def written(folder: Path, content: bytes) -> Path:
    path = folder / "log.parquet"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", [b"PAR1", b"not parquet at all", b"PAR1" + b"\x00" * 100 + b"PAR1"])
def test_parquet_that_is_none(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InputError, match="not a readable Parquet file"):
        list(read_activities(written(tmp_path, content)))


def test_parquet_without_a_column_and_without_a_byte(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"user": ["u1"]}), path)
    with pytest.raises(InputError, match="no column for user_id, timestamp, kind, text; found: user"):
        list(read_activities(path))
    assert list(read_activities(written(tmp_path, b""))) == []
