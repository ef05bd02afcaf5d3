"""Watching a folder and a Redis stream: what arrives is read once, journeys are fresh, and a kill loses nothing."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import redis
from homes import (
    START,
    Row,
    made,
    made_rows,
    minilm_home,
    model_file_fixture,
    run,
    shared_fixture,
    words_fixture,
    write_log,
)
from redis_server import WHY_NOT, redis_server

from assistant.arriving import ArrivingFiles
from assistant.settings import Settings
from assistant.watching import watch
from vectorstore.errors import StoreError
from vectorstore.redis_stream import RedisStream

__all__ = ["model_file_fixture", "shared_fixture", "words_fixture"]

COMMAND = [sys.executable, "-c", "from assistant.cli import main; main()", "--home"]


@pytest.fixture(scope="module", name="server")
def server_fixture() -> Iterator[str]:
    with redis_server() as url:
        if url is None:
            pytest.skip(WHY_NOT)
        yield url.partition("?")[0]


@pytest.fixture(name="client")
def client_fixture(server: str) -> Iterator[Any]:
    client = redis.Redis.from_url(server, decode_responses=True)
    client.flushall()
    yield client
    client.close()


def add(client: Any, rows: Sequence[Row]) -> None:
    for row in rows:
        moment = (START + timedelta(days=row.day)).isoformat()
        client.xadd("activity", {"user_id": row.user_id, "timestamp": moment, "kind": row.kind, "text": row.text})


def files_in(folder: Path, home: Path, settled: float = 0) -> ArrivingFiles:
    return ArrivingFiles(folder, home / "watched.json", settled)


def told(home: Path) -> dict[str, list[tuple[str, int]]]:
    with made(home) as assistant:
        return {user: [(j.name, j.events) for j in assistant.journeys(user)] for user in assistant.library.users()}


# --- a folder


def test_files_are_read_as_they_come_and_only_touched_users_are_inferred(words: None, tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "in"
    folder.mkdir()
    settings, lines = Settings(home=home), list[str]()

    def once() -> tuple[int, int, int]:
        watched = watch(settings, files_in(folder, home), every=0, once=True, tell=lines.append)
        return watched.batches, watched.events, watched.users

    assert once() == (0, 0, 0)
    write_log(folder / "one.csv", [*made_rows("ann", "wedding"), *made_rows("bob", "garden")])
    assert once() == (1, 12, 2)
    assert once() == (0, 0, 0), "it is remembered"
    write_log(folder / "two.csv", [*made_rows("bob", "garden"), *made_rows("bob", "sewing", day=2)])
    (folder / ".three.csv").write_text("not yet there")
    assert once() == (1, 6, 1)
    # A file that grew is read again, and what it had before changes nothing.
    write_log(
        folder / "one.csv", [*made_rows("ann", "wedding"), *made_rows("bob", "garden"), *made_rows("cat", "kitchen")]
    )
    assert once() == (1, 6, 1)
    assert [line.partition(": ")[0] for line in lines] == ["one.csv", "two.csv", "one.csv"]
    with made(tmp_path / "at-once") as other:
        other.ingest([folder])
        other.infer()
    assert told(home) == told(tmp_path / "at-once")


def test_a_file_that_is_still_written_waits(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_log(folder / "one.csv", made_rows("ann", "wedding"))
    assert files_in(folder, tmp_path, settled=3_600).take(0) is None
    os.utime(folder / "one.csv", (time.time() - 4_000, time.time() - 4_000))
    found = files_in(folder, tmp_path, settled=3_600).take(0)
    assert found is not None
    assert found.files == [folder / "one.csv"]
    (tmp_path / "watched.json").write_text("{")
    with pytest.raises(StoreError, match="is damaged: delete it"):
        files_in(folder, tmp_path).take(0)


def test_what_cannot_be_read_is_told_and_does_not_stop_it(
    words: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "bad.csv").write_text("what,is,this\n1,2,3\n")
    write_log(folder / "good.csv", made_rows("ann", "wedding"))
    ran = run(capsys, "--home", tmp_path / "home", "watch", folder, "--once", "--settle", "0")
    assert ran.code == 1
    assert "bad.csv" in ran.err
    assert ran.out == "watched: 1 batches, 0 new events, 1 users inferred, 1 batches with what could not be read\n"
    assert list(told(tmp_path / "home")) == ["ann"]
    assert run(capsys, "--home", tmp_path / "home", "watch", folder, "--once", "--settle", "0").code == 0
    missing = run(capsys, "--home", tmp_path / "home", "watch", tmp_path / "none")
    assert (missing.code, missing.err.count("\n")) == (1, 1)
    assert "no such folder: make it first" in missing.err


# --- a stream


def test_entries_come_until_they_are_acknowledged_also_those_of_a_consumer_that_is_gone(
    server: str, client: Any
) -> None:
    add(client, made_rows("ann", "wedding"))
    url = f"{server}?stream=activity&group=g"
    gone, other = RedisStream(url, consumer="gone"), RedisStream(url, consumer="other", claim_after=0.01)
    first = gone.take(4, 0.01)
    assert [entry.row["text"] for entry in first[:2]] == ["wedding venue", "lace veil"]
    assert len(first) == 4
    gone.close()
    time.sleep(0.05)
    claimed = other.take(10, 0.01)
    assert claimed == first
    other.acknowledge(claimed)
    rest = other.take(10, 0.01)
    assert len(rest) == 2
    # The same consumer, started again before it acknowledged, gets them first.
    again = RedisStream(url, consumer="other")
    assert again.take(10, 0.01) == rest
    again.acknowledge(rest)
    assert RedisStream(url, consumer="third", claim_after=0).take(10, 0.01) == []
    assert again.location.endswith("/activity")


def test_an_address_without_a_stream_or_a_server_says_what_to_do(server: str, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="names no stream: give it as redis://"):
        RedisStream(server)
    with pytest.raises(StoreError, match="does not answer as it should") as refused:
        RedisStream(f"unix://:secret@{tmp_path}/none?stream=activity")
    assert "secret" not in str(refused.value)


def test_a_stream_gives_what_a_log_gives(
    words: None, server: str, client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [*made_rows("ann", "wedding"), *made_rows("bob", "garden", "sewing")]
    add(client, rows)
    client.xadd("activity", {"user_id": "ann", "timestamp": "never", "kind": "search", "text": "x"})
    command = ["--home", str(tmp_path / "home"), "watch", f"{server}?stream=activity", "--once"]
    ran = run(capsys, *command)
    assert (ran.code, "could not be read, over the 1 % allowed" in ran.err) == (1, True)
    assert client.xpending("activity", "journeys")["pending"] == 0
    add(client, made_rows("ann", "kitchen"))
    # Twice the same entry is one event.
    add(client, made_rows("ann", "kitchen"))
    assert run(capsys, *command).out.startswith("watched: 1 batches, 6 new events, 1 users inferred")
    with made(tmp_path / "at-once") as other:
        other.ingest([write_log(tmp_path / "log.csv", [*rows, *made_rows("ann", "kitchen")])])
        other.infer()
    assert told(tmp_path / "home") == told(tmp_path / "at-once")
    assert list((tmp_path / "home" / "watch").iterdir()) == []


# --- real processes, killed


def until(moment: Callable[[], bool], child: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 120
    while not moment():
        assert child.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)


def watching(home: Path, *arguments: str | Path) -> "subprocess.Popen[bytes]":
    command = [*COMMAND, str(home), "watch", *map(str, arguments), "--every", "0.1"]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def in_log(home: Path) -> int:
    with made(home) as assistant:
        return assistant.log.count()


def test_a_killed_watch_of_a_stream_loses_nothing_and_reads_nothing_twice(
    server: str, client: Any, tmp_path: Path, model_file: Path
) -> None:
    home = minilm_home(tmp_path / "home", model_file)
    rows = [row for number in range(40) for row in made_rows(f"user-{number:02d}", "garden", "kitchen")]
    source = f"{server}?stream=activity"
    for part, moment in enumerate(("activity/bucket=*/*.parquet", "library.sqlite", "index.json")):
        add(client, rows[part * 160 : (part + 1) * 160])
        for path in home.glob(moment) if part else ():
            path.stat()
        before = in_log(home) if part else 0
        with watching(home, source, "--claim-after", "0") as child:
            until(lambda before=before, moment=moment: next(home.glob(moment), None) is not None, child)  # type: ignore[misc]
            child.kill()
        assert in_log(home) >= before
    with watching(home, source, "--claim-after", "0") as child:
        until(lambda: client.xpending("activity", "journeys")["pending"] == 0 and in_log(home) == 480, child)
        child.send_signal(signal.SIGTERM)
        out, _ = child.communicate(timeout=120)
    assert child.returncode == 0
    assert out.startswith(b"watched: ")
    with made(home) as assistant:
        assert assistant.log.count() == 480
        assert len(list(assistant.library.users())) == 40
        positions = {state.log_position for state in assistant.library.states()}
        assert max(positions) == assistant.log.position
        assert not assistant.library.failures()
    assert list((home / "watch").iterdir()) == []


def test_a_killed_watch_of_a_folder_goes_on(tmp_path: Path, model_file: Path) -> None:
    home, folder = minilm_home(tmp_path / "home", model_file), tmp_path / "in"
    folder.mkdir()
    write_log(folder / "one.csv", [row for n in range(30) for row in made_rows(f"user-{n:02d}", "garden", "sewing")])
    for moment in ("activity/bucket=*/*.parquet", "library.sqlite"):
        with watching(home, folder, "--settle", "0") as child:
            until(lambda moment=moment: next(home.glob(moment), None) is not None, child)  # type: ignore[misc]
            child.kill()
    done = subprocess.run(
        [*COMMAND, str(home), "watch", str(folder), "--settle", "0", "--once"], check=True, capture_output=True
    )
    assert b"30 users inferred" in done.stdout or len(told(home)) == 30
    assert in_log(home) == 30 * 12
    assert list(json.loads((home / "watched.json").read_text())) == [str(folder / "one.csv")]
