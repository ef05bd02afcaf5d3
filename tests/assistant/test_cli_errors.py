"""How the command line fails: one line on standard error, and the exit code."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from filelock import FileLock
from homes import ROWS, Row, failed, home_fixture, log_fixture, run, words_fixture, write_log

from vectorstore.activity_log import ActivityLog

__all__ = ["home_fixture", "log_fixture", "words_fixture"]

HOLDS = """
import sys
from filelock import FileLock
with FileLock(sys.argv[1]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_errors_are_one_line(words: None, capsys: pytest.CaptureFixture[str], tmp_path: Path, log: Path) -> None:
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "odd.toml").write_text("stoer = 'qdrant'")
    for arguments, says in (
        (["infer"], "there is no activity to infer from: journeys ingest LOG reads one"),
        (["infer", "missing.csv"], "missing.csv: no such file or folder"),
        (["infer", log, "--output", "out.txt"], "out.txt: journeys are written as .jsonl or .parquet"),
        (["infer", log, "-o", "no/out.jsonl"], f"no/out.jsonl: no such folder as {tmp_path}/no: make it first"),
        (["infer", log, "-o", "folder.jsonl"], "folder.jsonl: is a folder: name a file in it"),
        (
            ["infer", log, "-o", "a.jsonl", "--assignments", "a.jsonl"],
            "a.jsonl: journeys and assignments are two files: name one of them otherwise",
        ),
        (["--config", "odd.toml", "show", "x"], "odd.toml: unknown setting stoer: did you mean store?"),
        (["evaluate", "clustering", log], f'{log}: no row has a label: this needs a log with a column "label"'),
        (["evaluate", "clustering", "no.csv"], "no.csv: No such file or directory"),
        (["train", "affinity", log, "-o", "no/m.json"], f"no/m.json: no such folder as {tmp_path}/no: make it first"),
        (["show", "\udcff"], ""),
    ):
        message = failed(run(capsys, *arguments))
        assert says in message
    assert not (tmp_path / "out.jsonl").exists()


def test_wrong_usage_is_one_line_with_exit_code_2(words: None, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, says in (
        (["nonsense"], "No such command 'nonsense': see journeys --help"),
        (["show"], "Missing argument 'USER': see journeys show --help"),
        (["infer", "--sideways"], "No such option: --sideways: see journeys infer --help"),
        (["users", "--limit", "many"], "see journeys users --help"),
        (
            ["infer", "--granularity", "huge"],
            "Invalid value for '--granularity': 'huge' is not one of 'coarse', 'normal', 'fine': "
            "see journeys infer --help",
        ),
        (["infer", "--as-of", "yesterday"], "'yesterday' does not match the formats"),
        (["evaluate", "clustering"], "Missing argument 'file': see journeys evaluate clustering --help"),
    ):
        message = failed(run(capsys, *arguments), code=2)
        assert says in message


def test_a_stop_by_the_keyboard_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("assistant.assistant.run_inference", stop)
    assert failed(run(capsys, "--home", home, "infer")) == "stopped; the same command goes on where it was"


def test_a_full_disk_is_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device", "/somewhere")

    monkeypatch.setattr("assistant.keyword_index.KeywordIndex.update", full)
    ran = run(capsys, "--home", home, "ingest", home.parent / "log.csv")
    assert ran.code == 1
    assert ran.err.splitlines()[-1] == "journeys: [Errno 28] No space left on device: '/somewhere'"


@pytest.mark.parametrize("name", ["activity/.lock", "store/qdrant/lock"])
def test_whoever_finds_a_lock_held_is_told_in_one_line(
    home: Path, capsys: pytest.CaptureFixture[str], log: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.home.ActivityLog", partial(ActivityLog, lock_seconds=0.1))
    command = [sys.executable, "-c", HOLDS, str(home / name)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        try:
            assert other.stdout.readline() == b"held\n"
            write_log(log, [*ROWS, Row("ann", "late")])
            ran = run(capsys, "--home", home, "ingest", log)
            assert ran.code == 1
            lines = [line for line in ran.err.splitlines() if line.startswith("journeys: ")]
            assert len(lines) == 1
            assert ran.err.endswith(f"{lines[0]}\n")
            assert lines[0].startswith("journeys: another process ")
            assert "wait until it" in lines[0]
            assert run(capsys, "--home", home, "show", "ann").code == 0, "reading needs no lock"
            forgets = run(capsys, "--home", home, "forget", "bob")
            assert forgets.code == 1
            assert forgets.err.startswith("journeys: another process ")
        finally:
            other.stdin.close()
    with FileLock(home / name, timeout=5):
        pass
    assert run(capsys, "--home", home, "ingest", log).code == 0
    assert run(capsys, "--home", home, "forget", "bob").code == 0
