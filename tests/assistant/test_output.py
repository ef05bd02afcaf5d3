"""Files that leave the program: their columns to the letter, and never half of one."""

import csv
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from made_journeys import JUNE, make_journey

from assistant.output import (
    check_folder,
    check_output,
    replacing,
    row_of,
    write_assignments,
    write_journeys,
)
from chains.journeys import Journey, NamedBy, Policy, Verdict
from vectorstore.errors import InputError

JOURNEYS = [
    make_journey("anna", "a1", texts={"Lace Veil": 1.0, "cake, “big”": 0.4}, name="Wedding", events=7),
    make_journey(
        "anna",
        "a2",
        texts=["ヨガ"],
        rank=2,
        safety=Verdict(policy=Policy.IN_APP, category="health", because="yoga"),
        last_seen=datetime(2026, 6, 1, 12, 30, 15, 250_000, tzinfo=UTC),
    ),
    make_journey("zoë", "z1", texts=['says "hi"'], named_by=NamedBy.LLM).model_copy(update={"run_id": "run-000007"}),
]


def test_a_journey_as_a_row() -> None:
    assert row_of(JOURNEYS[0]) == {
        "user_id": "anna",
        "journey_id": "a1",
        "rank": 1,
        "name": "Wedding",
        "description": "",
        "keywords": ["Lace Veil", "cake, “big”"],
        "kind": "situational",
        "stage": "ongoing",
        "return_probability": None,
        "confidence": 0.8,
        "score": 0.5,
        "first_seen": datetime(2026, 5, 2, tzinfo=UTC),
        "last_seen": JUNE,
        "events": 7,
        "active_days": 1,
        "named_by": "keyword",
        "mode": "cluster",
        "intent": None,
        "context": "",
        "model": "",
        "prompt_version": "",
        "fallback": "",
        "safety": "allow",
        "run_id": "",
        "as_of": JUNE,
        "algorithm": JOURNEYS[0].algorithm,
    }
    assert row_of(JOURNEYS[1])["safety"] == "health: in_app"


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    assert write_journeys(iter(JOURNEYS), path) == 3
    lines = path.read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert [row["journey_id"] for row in rows] == ["a1", "a2", "z1"]
    assert list(rows[0]) == list(row_of(JOURNEYS[0]))
    assert (rows[0]["first_seen"], rows[1]["last_seen"]) == ("2026-05-02T00:00:00Z", "2026-06-01T12:30:15.250000Z")
    assert "ヨガ" in lines[1], "as it is written, without escapes"
    assert (rows[2]["named_by"], rows[2]["run_id"]) == ("llm", "run-000007")
    assert lines[0].encode() == path.read_bytes().split(b"\n")[0]


def test_parquet_holds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assistant.output._ROWS_AT_ONCE", 2)
    path = tmp_path / "out.parquet"
    assert write_journeys(iter(JOURNEYS), path) == 3
    table = pq.read_table(path)
    assert table.to_pylist() == [row_of(journey) for journey in JOURNEYS]
    assert table.schema.field("first_seen").type == pa.timestamp("us", tz="UTC")
    assert table.schema.field("keywords").type == pa.list_(pa.string())
    assert table.schema.names == list(row_of(JOURNEYS[0]))


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_no_journeys_are_an_empty_file(tmp_path: Path, name: str) -> None:
    assert write_journeys([], tmp_path / name) == 0
    if name.endswith("jsonl"):
        assert (tmp_path / name).read_bytes() == b""
    else:
        assert pq.read_table(tmp_path / name).num_rows == 0


def test_assignments_have_a_row_for_each_text(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert write_assignments(JOURNEYS, path) == 4
    assert path.read_text(encoding="utf-8") == (
        'user_id,text,journey\nanna,"cake, “big”",a1\nanna,lace veil,a1\nanna,ヨガ,a2\nzoë,"says ""hi""",z1\n'
    )
    with path.open(encoding="utf-8", newline="") as file:
        assert [row["text"] for row in csv.DictReader(file)][-1] == 'says "hi"'


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet", "out.csv"])
def test_a_failure_on_the_way_leaves_the_old_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("as it was")

    def some_then_fail() -> "list[Journey]":
        raise ValueError("broke off")

    def journeys() -> "object":
        yield JOURNEYS[0]
        some_then_fail()

    write = write_assignments if name.endswith("csv") else write_journeys
    with pytest.raises(ValueError, match="broke off"):
        write(journeys(), path)  # type: ignore[arg-type]
    assert path.read_text() == "as it was"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="tells by a signal whether a process still runs")
def test_what_a_killed_process_left_half_written_is_cleared_away(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    left = tmp_path / f".out.jsonl.{ended.pid}.unfinished"
    others = [
        tmp_path / f".out.jsonl.{os.getppid()}.unfinished",  # of a process that still runs
        tmp_path / f".other.jsonl.{ended.pid}.unfinished",  # of another file
        tmp_path / ".out.jsonl.mine.unfinished",
    ]
    for path in (left, *others):
        path.write_text("half")
    write_journeys(JOURNEYS, tmp_path / "out.jsonl")
    assert not left.exists()
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "out.jsonl"])


def test_a_file_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    for path, says in (
        (tmp_path / "out.txt", "journeys are written as .jsonl or .parquet"),
        (tmp_path / "no" / "out.jsonl", f"no such folder as {tmp_path}/no: make it first"),
    ):
        with pytest.raises(InputError, match=says):
            check_output(path)
    (tmp_path / "folder.jsonl").mkdir()
    with pytest.raises(InputError, match="is a folder: name a file in it"):
        check_output(tmp_path / "folder.jsonl")
    with (
        pytest.raises(
            InputError, match=r"folder\.jsonl can't be written \(Is a directory\): make room, or name another"
        ),
        replacing(tmp_path / "folder.jsonl") as file,
    ):
        file.write("x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder.jsonl"]
    check_output(tmp_path / "out.parquet")
    check_folder(tmp_path / "any.csv")
