"""From files to the log, and what is told of the rows that did not make it."""

import csv
import gzip
import io
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vectorstore.activity import Activity
from vectorstore.activity_log import ActivityLog
from vectorstore.errors import InputError
from vectorstore.ingest import Ingested, Progress, ingest
from vectorstore.readers import read_activities
from vectorstore.rejections import Rejections
from vectorstore.rows import Rejected

SHARED_DATA = Path(__file__).parents[3] / "shared" / "data"
START = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "user_id,timestamp,kind,text\n"


def lines(count: int, first: int = 0) -> str:
    times = [(START + timedelta(minutes=number)).isoformat() for number in range(first, first + count)]
    return "".join(f"u{number % 5},{time},search,text {number}\n" for number, time in enumerate(times, start=first))


def written(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def content(log: ActivityLog) -> list[Activity]:
    return [activity for _, activities in log.stream() for activity in activities]


def counts(ingested: Ingested) -> tuple[int, int, int, int]:
    return ingested.read, ingested.new, ingested.known, ingested.rejected


def rejected_rows(path: Path) -> list[tuple[str, int, str]]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert all(list(row) == ["source", "line", "reason"] for row in rows)
    return [(row["source"], row["line"], row["reason"]) for row in rows]


@pytest.fixture
def log(tmp_path: Path) -> ActivityLog:
    return ActivityLog(tmp_path / "home" / "activity_log", buckets=4)


@pytest.fixture
def rejected_to(tmp_path: Path) -> Path:
    return tmp_path / "home" / "rejected.jsonl"


def test_reading_twice_changes_nothing(tmp_path: Path, log: ActivityLog, rejected_to: Path) -> None:
    path = written(tmp_path / "a.csv", HEADER + lines(20))
    assert ingest([path], log, rejected_to=rejected_to) == Ingested(
        20, 20, 0, 0, users=frozenset({"u0", "u1", "u2", "u3", "u4"})
    )
    before, position = content(log), log.position
    assert counts(ingest([path], log, rejected_to=rejected_to)) == (20, 0, 20, 0)
    overlapping = written(tmp_path / "b.csv", HEADER + lines(20, first=10))
    assert counts(ingest([path, overlapping], log, rejected_to=rejected_to)) == (40, 10, 30, 0)
    assert set(before) < set(content(log))
    assert log.position > position
    assert not rejected_to.exists()


def test_the_same_event_in_three_formats_is_one(tmp_path: Path, log: ActivityLog, rejected_to: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    written(folder / "a.csv", HEADER + "1,2026-01-01T00:00:00Z,save,Café\n")
    written(folder / "b.jsonl", '{"user_id": 1.0, "timestamp": 1767225600, "kind": "repin", "text": "Cafe\\u0301 "}')
    table = {
        "user_id": pa.array([1]),
        "timestamp": pa.array([START], pa.timestamp("ns", "Asia/Tokyo")),
        "kind": ["SAVE"],
        "text": ["Café"],
    }
    pq.write_table(pa.table(table), folder / "c.parquet")
    assert counts(ingest([folder], log, rejected_to=rejected_to)) == (3, 1, 2, 0)


def test_bad_rows_are_set_aside(tmp_path: Path, log: ActivityLog, rejected_to: Path) -> None:
    path = written(tmp_path / "a.csv", HEADER + "u1,soon,search,x\n" + lines(98) + ",2026-01-01,search,x\n")
    ingested = ingest([path], log, rejected_to=rejected_to, max_rejected=0.02)
    assert counts(ingested) == (100, 98, 0, 2)
    assert ingested.reasons == Counter({"unreadable time": 1, "missing user": 1})
    assert rejected_rows(rejected_to) == [(str(path), 2, "unreadable time"), (str(path), 101, "missing user")]


def test_too_many_bad_rows_fail_after_the_good_ones_are_in(tmp_path: Path, log: ActivityLog, rejected_to: Path) -> None:
    bad = "u1,2026-01-01,fly,x\n" * 2 + "u1,soon,search,x\n"
    path = written(tmp_path / "a.csv", HEADER + bad + lines(97))
    with pytest.raises(InputError) as raised:
        ingest([path], log, rejected_to=rejected_to)
    assert str(raised.value) == (
        "3 of 100 rows could not be read, over the 1 % allowed; most often: unknown kind (2). The others were read. "
        f"See {rejected_to}, mend the rows and ingest again, or raise --max-rejected"
    )
    assert log.count() == 97
    assert [line for _, line, _ in rejected_rows(rejected_to)] == [2, 3, 4]
    assert ingest([path], log, rejected_to=rejected_to, max_rejected=0.03).known == 97


def test_rejected_rows_of_a_source_are_replaced(tmp_path: Path, log: ActivityLog, rejected_to: Path) -> None:
    a = written(tmp_path / "a.csv", HEADER + "u1,soon,search,x\n")
    b = written(tmp_path / "b.csv", HEADER + "u1,2026-01-01,fly,x\n")
    ingest([a, b], log, rejected_to=rejected_to, max_rejected=1)
    with rejected_to.open("a") as file:
        file.write("half a li")
    ingest([a], log, rejected_to=rejected_to, max_rejected=1)
    assert rejected_rows(rejected_to) == [(str(b), 2, "unknown kind"), (str(a), 2, "unreadable time")]
    written(a, HEADER + lines(1))
    ingest([a], log, rejected_to=rejected_to)
    assert rejected_rows(rejected_to) == [(str(b), 2, "unknown kind")]
    written(b, HEADER)
    ingest([b], log, rejected_to=rejected_to)
    assert not rejected_to.exists()
    assert [path.name for path in rejected_to.parent.iterdir()] == ["activity_log"]


def test_rejections_that_were_never_saved_leave_the_file_alone(tmp_path: Path) -> None:
    path = written(tmp_path / "rejected.jsonl", '{"source": "a", "line": 1, "reason": "x"}\n')
    with Rejections(path) as rejections:
        rejections.add(Rejected("a", 2, "y"))
    assert rejected_rows(path) == [("a", 1, "x")]


def test_a_file_that_cannot_be_read_does_not_stop_the_others(
    tmp_path: Path, log: ActivityLog, rejected_to: Path
) -> None:
    headless = written(tmp_path / "a.csv", lines(5))
    torn = tmp_path / "b.csv.gz"
    torn.write_bytes(gzip.compress((HEADER + lines(5)).encode())[:-12])
    whole = written(tmp_path / "c.csv", HEADER + lines(5, first=5))
    with pytest.raises(InputError, match=r"a\.csv: no column for user_id, .* \(and 1 more files\)"):
        ingest([headless, torn, whole], log, rejected_to=rejected_to)
    assert set(content(log)) >= set(content_of(whole))


def content_of(path: Path) -> list[Activity]:
    return [row for row in read_activities(path) if isinstance(row, Activity)]


def test_times_are_checked_against_the_given_now_and_zone(tmp_path: Path, log: ActivityLog, rejected_to: Path) -> None:
    path = written(tmp_path / "a.csv", HEADER + "u1,2026-01-02T12:00:00,search,x\nu1,2026-01-02T12:00:01,search,y\n")
    now = datetime(2026, 1, 1, 12, tzinfo=UTC)
    ingested = ingest([path], log, rejected_to=rejected_to, now=now, max_rejected=1)
    assert ingested.reasons == {"time in the far future": 1}
    assert ingest([path], log, rejected_to=rejected_to).new == 1


def test_progress_goes_up_to_one(tmp_path: Path, log: ActivityLog, rejected_to: Path) -> None:
    a = written(tmp_path / "a.csv", HEADER + lines(5_000))
    b = tmp_path / "b.csv.gz"
    b.write_bytes(gzip.compress((HEADER + lines(3_000)).encode()))
    told: list[Progress] = []
    ingest([a, b], log, rejected_to=rejected_to, on_progress=told.append)
    assert [(each.source, each.rows) for each in told] == [
        (str(a), 2_000),
        (str(a), 4_000),
        (str(a), 5_000),
        (str(b), 6_000),
        (str(b), 8_000),
        (str(b), 8_000),
    ]
    shares = [each.done for each in told]
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[-1] == 1.0


def test_a_folder_passes_over_the_file_of_rejections(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", HEADER + "u1,soon,search,x\n")
    for _ in range(2):
        ingested = ingest(
            [tmp_path], ActivityLog(tmp_path / "log"), rejected_to=tmp_path / "rejected.jsonl", max_rejected=1
        )
        assert (ingested.read, ingested.rejected) == (1, 1)


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["boards.csv", "collections.csv"])
def test_development_data_is_read_whole(name: str, log: ActivityLog, rejected_to: Path) -> None:
    path = SHARED_DATA / name
    if not path.exists():
        pytest.skip("no development data beside the project")
    with path.open(newline="") as file:
        count = sum(1 for _ in csv.DictReader(file))
    ingested = ingest([path], log, rejected_to=rejected_to)
    assert (ingested.read, ingested.rejected) == (count, 0)


# --- what must always hold

ROW = st.tuples(
    st.sampled_from(["u1", "u2", " u1", "7", "7.0"]),
    st.integers(0, 5).map(lambda minute: (START + timedelta(minutes=minute)).isoformat()),
    st.sampled_from(["search", "SAVE", "repin", "board"]),
    st.sampled_from(["oak", " oak", "a, b", 'say "x"', "two\nlines", "café", "cafe\u0301", "", "mail a@b.co"]),
)


def as_csv(rows: Sequence[tuple[str, ...]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEADER.strip().split(","), *rows])
    return out.getvalue().encode()


def as_jsonl(rows: Sequence[tuple[str, ...]]) -> bytes:
    names = HEADER.strip().split(",")
    return "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows).encode()


def as_parquet(rows: Sequence[tuple[str, ...]]) -> bytes:
    out = io.BytesIO()
    names = HEADER.strip().split(",")
    pq.write_table(pa.table({name: pa.array([row[i] for row in rows]) for i, name in enumerate(names)}), out)
    return out.getvalue()


FORMATS = {"x.csv": as_csv, "x.jsonl": as_jsonl, "x.parquet": as_parquet}


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(sorted(FORMATS)), st.lists(ROW, max_size=8)), max_size=4), st.randoms())
def test_files_in_any_order_and_twice_make_the_same_log(
    tmp_path_factory: pytest.TempPathFactory,
    files: list[tuple[str, list[tuple[str, ...]]]],
    random: Random,
) -> None:
    folder = tmp_path_factory.mktemp("logs")
    paths = []
    for number, (name, rows) in enumerate(files):
        path = folder / f"{number}-{name}"
        path.write_bytes(FORMATS[name](rows) if rows or name != "x.parquet" else b"")
        paths.append(path)
    once, twice = ActivityLog(folder / "once", buckets=2), ActivityLog(folder / "twice", buckets=2, batch_rows=3)
    first = ingest(paths, once, rejected_to=folder / "rejected.jsonl", max_rejected=1)
    assert first.read == first.new + first.known + first.rejected == sum(len(rows) for _, rows in files)
    assert first.new == once.count()
    random.shuffle(paths)
    ingest(paths, twice, rejected_to=folder / "rejected.jsonl", max_rejected=1)
    again = ingest(paths, twice, rejected_to=folder / "rejected.jsonl", max_rejected=1)
    assert again == replace(first, new=0, known=first.new + first.known)
    assert list(once.stream()) == list(twice.stream())


ROWS = [(f"u{number}", START.isoformat(), "search", f'text "{number}", é') for number in range(12)]
FILES = {name: make(ROWS) for name, make in FORMATS.items()} | {"x.csv.gz": gzip.compress(as_csv(ROWS), mtime=0)}


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(FILES)), st.integers(0, 10**6), st.integers(0, 12), st.binary(max_size=6))
def test_bad_bytes_anywhere_raise_nothing_but_input_errors(
    tmp_path_factory: pytest.TempPathFactory, name: str, at: int, cut: int, put: bytes
) -> None:
    whole = FILES[name]
    at %= len(whole) + 1
    path = tmp_path_factory.mktemp("bad") / name
    path.write_bytes(whole[:at] + put + whole[at + cut :])
    try:
        rows = list(read_activities(path))
    except InputError as error:
        assert "\n" not in str(error)
        assert str(error).startswith(str(path))
    else:
        for row in rows:
            assert isinstance(row, Rejected) or row.activity_id
            assert isinstance(row, Activity) or row.source == str(path)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["x.csv", "x.jsonl", "x.csv.gz", "x.parquet"]), st.binary(max_size=200))
def test_any_bytes_raise_nothing_but_input_errors(
    tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes
) -> None:
    path = tmp_path_factory.mktemp("any") / name
    path.write_bytes(content)
    try:
        list(read_activities(path))
    except InputError as error:
        assert str(error).startswith(str(path))
