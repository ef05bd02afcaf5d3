"""Real processes, really killed, at many moments: started again, they end where one undisturbed run ends."""

import json
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from homes import (
    Row,
    minilm_home,
    model_file_fixture,
    shared_fixture,
    two_of_each,
    without_run,
    write_log,
)

from assistant.assistant import JourneyAssistant
from assistant.settings import Settings

__all__ = ["model_file_fixture", "shared_fixture"]

USERS = 150
COMMAND = [sys.executable, "-c", "from assistant.cli import main; main()", "--home"]

Moment = Callable[[Path], bool]
Arguments = Sequence[str | Path]


@pytest.fixture(scope="module", name="log")
def log_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Users whose texts are their own, so that embedding takes a while, and a few rows that can't be read."""
    rows = [Row(row.user_id, f"{row.text} {row.user_id[-3:]}", row.day) for row in two_of_each(USERS)]
    return write_log(tmp_path_factory.mktemp("log") / "log.csv", [*rows, Row("user-0000", " "), Row("", "nobody's")])


def command(home: Path, *arguments: str | Path) -> list[str]:
    return [*COMMAND, str(home), *map(str, arguments)]


def finish(home: Path, *arguments: str | Path) -> None:
    """Runs to the end, undisturbed."""
    subprocess.run(command(home, *arguments), check=True, capture_output=True, timeout=300)


def killed(home: Path, moment: Moment, arguments: Arguments, wait: float = 0) -> bool:
    """Starts the command and kills it a little after the moment has come; False where it was done before that."""
    with subprocess.Popen(command(home, *arguments), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
        while child.poll() is None and not moment(home):
            time.sleep(0.002)
        time.sleep(wait)
        child.send_signal(signal.SIGKILL)
        code = child.wait()
    assert code in {-signal.SIGKILL, 0}, "it never fails because of what a kill left behind"
    return code != 0


# --- moments


def exists(pattern: str) -> Moment:
    return lambda home: next(home.glob(pattern), None) is not None


def rows_in(database: str, table: str, least: int) -> Moment:
    """When a table has so many rows, asked from outside."""

    def reached(home: Path) -> bool:
        if not (home / database).exists():
            return False
        try:
            with closing(sqlite3.connect(f"file:{home / database}?mode=ro", uri=True, timeout=1)) as asked:
                (count,) = asked.execute(f"SELECT count(*) FROM {table}").fetchone()
        except sqlite3.Error:
            return False
        return int(count) >= least

    return reached


def keywords_in_store(home: Path) -> bool:
    """When the store's log of writes has got something in it."""
    for path in home.glob("store/qdrant/shard/wal/open-*"):
        with path.open("rb") as file:
            if b"wedding" in file.read(100_000):
                return True
    return False


INGEST = {
    "the home is there": exists("*"),
    "the first part of the log is there": exists("activity/bucket=*/*.parquet"),
    "the log is read": exists("rejected.jsonl"),
    "vectors were kept": rows_in("embeddings/minilm.sqlite", "vectors", 256),
    "the store is being made": exists("store/qdrant/*"),
    "keywords are in the store": keywords_in_store,
    "more vectors were kept": rows_in("embeddings/minilm.sqlite", "vectors", 1_100),
}
INFER = {
    "the library is there": exists("library.sqlite"),
    "the run has begun": rows_in("library.sqlite", "runs", 1),
    "some users are written": rows_in("library.sqlite", "user_state", 64),
    "more users are written": rows_in("library.sqlite", "user_state", 128),
}


# --- what there is in the end


def in_log(assistant: JourneyAssistant) -> dict[str, Any]:
    return {"log": list(assistant.log.stream()), "count": assistant.log.count()}


def in_store(assistant: JourneyAssistant) -> Iterator[tuple[str, list[Any], bytes]]:
    """Each user's keywords, with the bytes of their vectors."""
    for user_id in assistant.store.users():
        keywords, vectors = assistant.store.keywords(user_id)
        yield user_id, keywords, np.ascontiguousarray(vectors).tobytes()


def in_library(assistant: JourneyAssistant) -> dict[str, Any]:
    users = list(assistant.library.users())
    return {
        "journeys": list(assistant.library.all_journeys()),
        "states": list(assistant.library.states()),
        "changes": [assistant.library.changes(user_id) for user_id in users],
        # When a run began and ended is all that may differ.
        "runs": [(run.run_id, run.parameters, run.state, run.users, run.journeys) for run in assistant.library.runs()],
    }


def left_overs(home: Path) -> list[str]:
    names = ("*.tmp", "*.part", "*.unfinished", "shard.*")
    return sorted(str(path.relative_to(home)) for name in names for path in home.rglob(name))


@pytest.fixture(scope="module", name="undisturbed")
def undisturbed_fixture(tmp_path_factory: pytest.TempPathFactory, model_file: Path, log: Path) -> Path:
    """A home after one undisturbed `ingest`."""
    home = minilm_home(tmp_path_factory.mktemp("undisturbed") / "home", model_file)
    finish(home, "ingest", log)
    return home


def copy_of(home: Path, other: Path) -> Path:
    shutil.copytree(home, other, ignore=shutil.ignore_patterns("*.onnx"))
    for path in home.glob("embeddings/*.onnx"):
        (other / "embeddings" / path.name).hardlink_to(path)
    return other


def test_ingest(undisturbed: Path, tmp_path: Path, model_file: Path, log: Path) -> None:
    home = minilm_home(tmp_path / "home", model_file)
    hits = [name for name, moment in INGEST.items() if killed(home, moment, ["ingest", log])]
    # The others may pass by too fast to be hit; these take long enough.
    assert set(hits) >= {"the home is there", "vectors were kept", "more vectors were kept"}, hits
    finish(home, "ingest", log)

    with JourneyAssistant(Settings(home=home)) as found, JourneyAssistant(Settings(home=undisturbed)) as wanted:
        assert in_log(found) == in_log(wanted)
        assert list(in_store(found)) == list(in_store(wanted))
        assert found.store.count() == wanted.store.count() > 1_500
    assert (home / "rejected.jsonl").read_bytes() == (undisturbed / "rejected.jsonl").read_bytes()
    assert left_overs(home) == []
    # It knows that it is done.
    told = subprocess.run(command(home, "ingest", log, "--json"), check=True, capture_output=True, text=True).stdout
    assert json.loads(told) == {
        "read": 1952,
        "new": 0,
        "known": 1950,
        "rejected": 2,
        "skipped": 0,
        "users": USERS,
    }


@pytest.mark.parametrize("workers", [1, 2])
def test_infer(undisturbed: Path, tmp_path: Path, workers: int) -> None:
    several, ends = ["infer", "--workers", str(workers)], []
    for name, moments in (("killed", INFER), ("undisturbed", {})):
        home = copy_of(undisturbed, tmp_path / name)
        outputs: Arguments = ["--output", home / "out.jsonl", "--assignments", home / "out.csv"]
        hits = [moment for moment, come in moments.items() if killed(home, come, [*several, *outputs])]
        assert not moments or any("written" in hit for hit in hits), hits
        finish(home, "infer", *outputs)
        with JourneyAssistant(Settings(home=home)) as assistant:
            ends.append(in_library(assistant))
        assert left_overs(home) == []
    assert ends[0] == ends[1], "every value, down to the ids of the runs"
    assert len(ends[0]["runs"]) == 1
    assert len(ends[0]["states"]) == USERS
    for output in ("out.jsonl", "out.csv"):
        killed_one = (tmp_path / "killed" / output).read_bytes()
        assert killed_one == (tmp_path / "undisturbed" / output).read_bytes()
        assert killed_one


def test_both_in_one_command_at_random_moments(tmp_path: Path, model_file: Path, log: Path) -> None:
    moments = random.Random(20260701)
    ends = []
    for name in ("killed", "undisturbed"):
        home = minilm_home(tmp_path / name, model_file)
        arguments: Arguments = ["infer", log, "--output", home / "out.parquet", "--granularity", "fine"]
        for _ in range(4 if name == "killed" else 0):
            killed(home, exists("*"), arguments, wait=moments.uniform(0.6, 4.0))
        finish(home, *arguments)
        # The same again is one more run, and changes nothing.
        finish(home, *arguments)
        with JourneyAssistant(Settings(home=home)) as assistant:
            journeys = [without_run(journey) for journey in assistant.all_journeys()]
            stored = list(in_store(assistant))
            states = [(state.user_id, state.as_of, state.journeys) for state in assistant.library.states()]
            ends.append((in_log(assistant), journeys, stored, states, _rows(home / "out.parquet")))
        assert left_overs(home) == []
    assert ends[0] == ends[1]


def _rows(path: Path) -> list[dict[str, Any]]:
    rows: Iterable[dict[str, Any]] = pq.read_table(path).to_pylist()
    return [{name: value for name, value in row.items() if name != "run_id"} for row in rows]
