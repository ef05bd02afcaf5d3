"""The command line, command by command: what it prints, as a table and as JSON, and how it fails."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
import typer
from homes import ROWS, Row, failed, home_fixture, log_fixture, made, made_rows, run, words_fixture, write_log

from assistant import cli
from assistant.sample import AS_OF, KnownJourney, SampleUser
from vectorstore.activity import Activity, ActivityKind

__all__ = ["home_fixture", "log_fixture", "words_fixture"]

BEGIN = "begin with journeys demo --no-ui, or journeys infer LOG --output journeys.jsonl"


def all_commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, sub in getattr(command, "commands", {}).items():
        yield from all_commands(sub, (*path, name))


# --- help, and how to begin


@pytest.mark.parametrize("command", sorted(all_commands(typer.main.get_command(cli.app))), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help(capsys: pytest.CaptureFixture[str], command: tuple[str, ...], option: str) -> None:
    ran = run(capsys, *command, option)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(f"Usage: journeys {' '.join(command)}".rstrip())
    assert "Show this message and exit." in ran.out
    first = ran.out.split("\n\n")[1].strip()
    assert first.endswith(".") or command == ()
    assert max(map(len, ran.out.splitlines())) <= 80


@pytest.mark.parametrize("command", [(), ("evaluate",), ("train",)], ids=" ".join)
def test_a_command_without_its_arguments_prints_its_help(
    capsys: pytest.CaptureFixture[str], command: tuple[str, ...]
) -> None:
    ran = run(capsys, *command)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"Usage: journeys {' '.join(command)}".rstrip())


@pytest.mark.parametrize(
    "command", [("show", "x"), ("explain", "x", "1"), ("changes", "x"), ("users",), ("forget", "x")], ids=" ".join
)
def test_without_a_home_every_reading_command_says_how_to_begin(
    words: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: tuple[str, ...]
) -> None:
    assert failed(run(capsys, *command)) == f"nothing has been read yet in .journeys: {BEGIN}"
    assert (
        failed(run(capsys, "--home", tmp_path / "h", *command)) == f"nothing has been read yet in {tmp_path}/h: {BEGIN}"
    )
    assert list(tmp_path.iterdir()) == [], "and makes none"
    # The doctor makes a home, but reads nothing.
    assert run(capsys, "doctor").code == 0
    assert failed(run(capsys, *command)) == f"nothing has been read yet in .journeys: {BEGIN}"


# --- the main job


def test_infer_reads_infers_and_writes(
    words: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, log: Path
) -> None:
    ran = run(capsys, "infer", log, "--output", "out.jsonl", "--assignments", "out.csv")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert lines[0] == "19 rows read: 19 new, 0 known, 0 rejected; 3 users"
    assert lines[1].startswith("run-000001: ")
    assert lines[1].endswith("as of 4 March 2026")
    assert lines[2:] == ["written: out.jsonl", "written: out.csv"]
    assert (tmp_path / ".journeys" / "library.sqlite").exists()

    journeys = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
    with Path("out.csv").open(newline="") as file:
        assigned = list(csv.DictReader(file))
    by_id = {(row["user_id"], row["journey_id"]) for row in journeys}
    assert {(row["user_id"], row["journey"]) for row in assigned} == by_id
    texts = [(row["user_id"], row["text"]) for row in assigned]
    assert len(texts) == len(set(texts))
    assert set(texts) <= {(row.user_id, row.text) for row in ROWS}


def test_infer_as_json_and_as_parquet(words: None, capsys: pytest.CaptureFixture[str], log: Path) -> None:
    ran = run(capsys, "infer", log, "--output", "out.parquet", "--json")
    told = json.loads(ran.out)
    assert (ran.code, ran.err) == (0, "")
    assert told.pop("journeys") == pq.read_table("out.parquet").num_rows
    assert told.pop("changes") > 0
    assert told == {
        "run_id": "run-000001",
        "failed": {},
        "users": 3,
        "resumed": 0,
        "as_of": "2026-03-04T12:36:00+00:00",
        "ingested": {"read": 19, "new": 19, "known": 0, "rejected": 0, "skipped": 0, "users": 3},
        "usage": [],
        "fell_back": {},
    }
    again = json.loads(run(capsys, "infer", "--as-of", "2026-03-09", "--json").out)
    assert (again["run_id"], again["as_of"], again["ingested"]) == ("run-000002", "2026-03-09T00:00:00+00:00", None)


def test_progress_is_a_few_lines_where_there_is_no_terminal(
    words: None, capsys: pytest.CaptureFixture[str], log: Path
) -> None:
    ran = run(capsys, "infer", log)
    bars = [line for line in ran.err.splitlines() if line.strip()]
    assert [line.split()[0] for line in bars] == ["Reading", "Indexing", "Inferring"]
    assert len(ran.err.splitlines()) <= 4
    assert "\x1b" not in ran.err + ran.out


def test_infer_takes_only_the_users_named(
    words: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, log: Path
) -> None:
    (tmp_path / "ids.txt").write_text("bob\n\n  cat \n")
    for users, names in (("ann", ["ann"]), ("bob, cat", ["bob"]), ("@ids.txt", ["bob"])):
        ran = run(capsys, "infer", log, "--users", users, "--output", "out.jsonl")
        assert ran.code == 0
        rows = [json.loads(line) for line in Path("out.jsonl").read_text().splitlines()]
        assert sorted({row["user_id"] for row in rows}) == names
    refused = failed(run(capsys, "infer", "--users", "@nowhere.txt"))
    assert refused == "nowhere.txt: no such file: give ids with commas between, or @FILE with one a line"
    (tmp_path / "ids.txt").write_bytes(b"\xff\xfe")
    assert "is not in UTF-8" in failed(run(capsys, "infer", "--users", "@ids.txt"))
    assert failed(run(capsys, "infer", "--users", "nobody")).startswith("there is no activity of these users")


def test_granularity_changes_journeys(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    counts = []
    for granularity in ("coarse", "normal", "fine"):
        told = json.loads(run(capsys, "--home", home, "infer", "--granularity", granularity, "--json").out)
        with made(home) as assistant:
            state = assistant.library.state("ann")
        assert state is not None
        assert state.granularity == granularity
        counts.append(told["users"])
    assert counts == [3, 3, 3]


def test_ingest_alone(words: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", [*ROWS, Row("ann", " ")])
    refused = run(capsys, "ingest", log)
    assert refused.code == 1
    assert refused.err.splitlines()[-1].startswith("journeys: 1 of 20 rows could not be read, over the 1 % allowed;")
    ran = run(capsys, "ingest", log, "--max-rejected", "0.1")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "20 rows read: 0 new, 19 known, 1 rejected; 3 users",
        "rejected: empty text (1); see .journeys/rejected.jsonl",
    ]
    assert failed(run(capsys, "show", "ann")).startswith("no inference of a user 'ann': journeys infer")


# --- reading


def test_show(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with made(home) as assistant:
        journeys = assistant.journeys("ann")
    ran = run(capsys, "--home", home, "show", "ann")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("ann  12 activities on 3 days, 2 March 2026 to 4 March 2026\n")
    for journey in journeys:
        assert journey.name in ran.out
    rows = json.loads(run(capsys, "--home", home, "show", "ann", "--json").out)
    assert [row["journey_id"] for row in rows] == [journey.journey_id for journey in journeys]
    assert [row["rank"] for row in rows] == [journey.rank for journey in journeys]
    assert json.loads(run(capsys, "--home", home, "show", "cat", "--json").out) == []
    assert "No journeys" in run(capsys, "--home", home, "show", "cat").out
    assert failed(run(capsys, "--home", home, "show", "dan")) == (
        "no inference of a user 'dan': journeys infer, or see the ids with journeys users"
    )


def test_explain(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with made(home) as assistant:
        first = assistant.journeys("bob")[0]
    for which in ("1", first.name, first.journey_id):
        ran = run(capsys, "--home", home, "explain", "bob", which)
        assert ran.code == 0
        assert ran.out.startswith(f"{first.name}: situational, ")
        assert json.loads(run(capsys, "--home", home, "explain", "bob", which, "--json").out)["name"] == first.name
    assert failed(run(capsys, "--home", home, "explain", "bob", "99")).startswith(
        "user 'bob' has no one journey '99'; "
    )


def test_changes_and_users(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "--home", home, "infer", "--as-of", "2026-03-20")
    told = json.loads(run(capsys, "--home", home, "changes", "ann", "--json").out)
    assert {each["kind"] for each in told if each["run_id"] == "run-000001"} == {"born"}
    assert [each["run_id"] for each in told] == sorted((each["run_id"] for each in told), reverse=True)
    assert "born" in run(capsys, "--home", home, "changes", "ann").out

    with made(home) as assistant:
        counts = {user_id: len(assistant.journeys(user_id)) for user_id in ("ann", "bob", "cat")}
    listed = json.loads(run(capsys, "--home", home, "users", "--json").out)
    assert {each["user_id"]: each["journeys"] for each in listed} == counts
    assert [each["journeys"] for each in listed] == sorted(counts.values(), reverse=True)
    few = run(capsys, "--home", home, "users", "--limit", "1").out
    assert "1 of 3 users" in few
    assert "cat" not in few


def test_words_of_users_are_never_markup(words: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    rows = [Row("[bold]ann[/bold]", f"[red]{text}[/red] {number}", number) for number, text in enumerate(["veil"] * 5)]
    run(capsys, "infer", write_log(tmp_path / "log.csv", rows))
    assert run(capsys, "show", "[bold]ann[/bold]").out.startswith("[bold]ann[/bold]  5 activities")
    assert "[bold]ann[/bold]" in run(capsys, "users").out


# --- demo and doctor


def a_small_sample() -> list[SampleUser]:
    """Two users in the place of all of them."""
    users = []
    for user_id, topic in (("s01", "wedding"), ("s02", "garden")):
        journey = KnownJourney(user_id, topic, topic, "situational", "ongoing")
        activities = [
            Activity(user_id, AS_OF.replace(day=1 + number), ActivityKind.SEARCH, row.text)
            for number, row in enumerate(made_rows(user_id, topic))
        ]
        users.append(SampleUser(user_id, (journey,), tuple((each, topic) for each in activities)))
    return users


def test_demo_prints_journeys_of_sample_users(
    words: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("assistant.demo.sample_users", a_small_sample)
    monkeypatch.setattr("assistant.demo._BROKEN", ())
    ran = run(capsys, "demo", "--no-ui", "--users", "1")
    assert ran.code == 0
    assert "12 rows read: 12 new, 0 known, 0 rejected; 2 users" in ran.out
    assert "s01  6 activities" in ran.out
    assert "s02" not in ran.out
    assert "More: journeys --home .journeys/demo show USER" in ran.out
    assert run(capsys, "--home", ".journeys/demo", "show", "s02").code == 0

    # Where the home folder is set in another way, the demo lies inside it; one that is given is taken as it is.
    monkeypatch.setenv("JOURNEYS_HOME", str(tmp_path / "mine"))
    assert run(capsys, "demo", "--no-ui").code == 0
    assert (tmp_path / "mine" / "demo" / "sample.csv").exists()
    assert not (tmp_path / "mine" / "library.sqlite").exists()
    assert run(capsys, "--home", tmp_path / "here", "demo", "--no-ui").code == 0
    assert (tmp_path / "here" / "sample.csv").exists()


def test_doctor(words: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNEYS_STORE_API_KEY", "very-secret")
    ran = run(capsys, "doctor")
    assert (ran.code, ran.err) == (0, "")
    told = json.loads(run(capsys, "doctor", "--json").out)
    settings = {each["name"]: (each["value"], each["source"]) for each in told["settings"]}
    assert settings["store"] == ("qdrant", "default")
    assert settings["store_api_key"] == ("set", "environment")
    assert {each["state"] for each in told["checks"]} <= {"on", "off"}
    assert "very-secret" not in ran.out + str(told)

    monkeypatch.setenv("JOURNEYS_STORE", "cassandra")
    broken = run(capsys, "doctor")
    assert broken.code == 1
    assert "broken" in broken.out
    assert run(capsys, "doctor", "--json").code == 1
