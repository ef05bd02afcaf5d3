"""Engines: the same to the byte in this process, in one other and in several; workers that die, users that break."""

import json
import os
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from homes import START, made_rows, run, two_of_each, word_embeddings, words_fixture, write_log

from assistant.batch import RunSummary, run_inference
from assistant.engines import Engine, ThisProcess
from assistant.errors import EngineError
from assistant.incremental import users_to_infer
from assistant.library import Library
from assistant.local_engine import LocalEngine
from assistant.runs import RunMode, RunParameters
from assistant.user_work import UserWork
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import ALGORITHM, Journey
from chains.texts import Floats
from vectorstore.activity import Activity, ActivityKind, Keyword
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings

__all__ = ["words_fixture"]

AS_OF = START + timedelta(days=30)
OPTIONS, MODELS = InferenceOptions(), InferenceModels()
USERS = 150
BROKEN, DEADLY, LAST = "user-0007", "user-0011", "user-0149"


@dataclass(frozen=True)
class Inference:
    """As a run infers, but for one user whom it cannot, and for one who kills the process. marks: a file for each
    death, and for each process. slow: seconds a user, so that it can be killed from outside."""

    broken: str = ""
    deadly: str = ""
    marks: Path | None = None
    slow: float = 0

    def __call__(self, keywords: Sequence[Keyword], vectors: Floats) -> list[Journey]:
        user_id = keywords[0].user_id
        time.sleep(self.slow)
        if self.marks:
            (self.marks / f"process-{os.getpid()}").touch()
        if user_id == self.broken:
            raise ZeroDivisionError("division by\nnothing")
        if user_id == self.deadly:
            assert self.marks
            (self.marks / f"death-{time.monotonic_ns()}").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return infer_journeys(keywords, vectors, AS_OF, OPTIONS, MODELS)


@dataclass
class Runs:
    """A log of 150 users, read by one run after the other into libraries of their own."""

    folder: Path
    log: ActivityLog
    embeddings: CachedEmbeddings

    def run(self, name: str, engine: Engine | None, work: UserWork) -> tuple[RunSummary, bytes]:
        """With every row of the library but for when the run was."""
        path = self.folder / f"{name}.sqlite"
        parameters = RunParameters(
            as_of=AS_OF, mode=RunMode.FULL, algorithm=ALGORITHM, embedding="words", granularity="normal",
            log_position=self.log.position,
        )  # fmt: skip
        with Library(f"sqlite:///{path}", clock=lambda: START) as library:
            summary = run_inference(self.log, library, self.embeddings, parameters, work, engine=engine)
        with sqlite3.connect(path) as database:
            dumped = "\n".join(database.iterdump()).encode()
        database.close()
        return summary, dumped


@pytest.fixture(name="made")
def made_fixture(tmp_path: Path) -> Runs:
    log = ActivityLog(tmp_path / "activity", buckets=4)
    log.append(
        Activity(row.user_id, START + timedelta(days=row.day), ActivityKind(row.kind), row.text)
        for row in two_of_each(USERS)
    )
    return Runs(tmp_path, log, word_embeddings(tmp_path))


@pytest.fixture(name="marks")
def marks_fixture(tmp_path: Path) -> Path:
    folder = tmp_path / "marks"
    folder.mkdir()
    return folder


def test_any_number_of_processes_gives_the_same_to_the_byte(made: Runs, marks: Path) -> None:
    work = UserWork(Inference(marks=marks))
    _, alone = made.run("alone", None, work)
    assert [path.name for path in marks.iterdir()] == [f"process-{os.getpid()}"]
    for workers in (1, 2):
        engine = LocalEngine(work, made.embeddings, workers)
        summary, found = made.run(f"with-{workers}", engine, work)
        assert summary.users == USERS
        assert found == alone
        assert engine.processes == []
    assert len(list(marks.iterdir())) == 4, "this process, one other, and two others"


def test_what_is_not_embedded_yet_is_embedded_by_the_driver_once(made: Runs, tmp_path: Path) -> None:
    work = UserWork(Inference())
    _, known = made.run("known", None, work)
    made.embeddings = word_embeddings(tmp_path / "empty")
    _, found = made.run("unknown", LocalEngine(work, made.embeddings, 2), work)
    assert found == known
    texts = made.embeddings._model.texts  # type: ignore[attr-defined]
    assert len(texts) == len(set(texts)) == len(made.embeddings.cache)


def test_a_killed_worker_loses_nothing(made: Runs, marks: Path) -> None:
    plain, work = UserWork(Inference()), UserWork(Inference(slow=0.01, marks=marks))
    _, undisturbed = made.run("undisturbed", None, plain)
    engine = LocalEngine(work, made.embeddings, 2)
    killed: set[int] = set()

    def kill() -> None:
        while len(killed) < 2:
            time.sleep(0.05)
            # One that is at work, and another one after that.
            for path in list(marks.iterdir()):
                process = int(path.name.removeprefix("process-"))
                if process not in killed and len(killed) < 2:
                    os.kill(process, signal.SIGKILL)
                    killed.add(process)
                    break

    killing = threading.Thread(target=kill)
    killing.start()
    summary, found = made.run("killed", engine, work)
    killing.join()
    assert found == undisturbed
    assert summary.failed == {}
    assert len(list(marks.iterdir())) >= 3


def test_workers_that_cannot_start_end_the_run_with_a_reason(made: Runs) -> None:
    work = UserWork(Dying())
    engine = LocalEngine(work, made.embeddings, 1)
    with pytest.raises(EngineError, match="3 workers died before they began"):
        made.run("dying", engine, work)
    assert engine.processes == []


class Dying:
    """Kills the process that unpickles it."""

    def __call__(self, keywords: Sequence[Keyword], vectors: Floats) -> list[Journey]:
        return []

    def __setstate__(self, state: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def __getstate__(self) -> object:
        return {"some": "thing"}


def test_engines_stop_when_the_driver_gives_up(made: Runs) -> None:
    engine = LocalEngine(UserWork(Inference()), made.embeddings, 2)
    stream: Iterator[object] = engine.infer(made.log.row_batches(8))
    next(stream)
    processes = engine.processes
    assert len(processes) == 2
    stream.close()  # type: ignore[attr-defined]
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_errors_of_all_users_are_not_taken_for_those_of_one(made: Runs) -> None:
    damaged = replace(made, embeddings=word_embeddings(made.folder / "other"))
    damaged.embeddings.embed(["some text"])
    damaged.embeddings.cache.path.write_bytes(b"no database")
    work = UserWork(Inference())
    for engine in (LocalEngine(work, damaged.embeddings, 1), ThisProcess(work, damaged.embeddings.embed)):
        with pytest.raises(Exception, match="damaged"):
            damaged.run("damaged", engine, work)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_user_whose_data_breaks_something_is_set_aside_and_the_others_are_done(made: Runs, workers: int) -> None:
    broken, plain = UserWork(Inference(broken=BROKEN)), UserWork(Inference())
    engine = LocalEngine(broken, made.embeddings, workers) if workers else None
    summary, _ = made.run("home", engine, broken)
    assert (summary.users, summary.run.users) == (USERS - 1, USERS - 1)
    assert list(summary.failed) == [BROKEN]
    assert re.fullmatch(r"ZeroDivisionError: division by nothing \(test_engines\.py:\d+\)", summary.failed[BROKEN])
    path = made.folder / "home.sqlite"
    with Library(f"sqlite:///{path}") as library:
        assert library.failures() == library.failures("run-000001") == summary.failed
        assert library.failures("run-000002") == {}
        assert (library.state(BROKEN), library.journeys(BROKEN)) == (None, [])
        assert users_to_infer(made.log, library, summary.run.parameters).all == {BROKEN}

    # A later run makes it good; what breaks after that leaves what is stored.
    again, _ = made.run("home", None, plain)
    assert (again.users, again.failed) == (USERS, {})
    once_more, _ = made.run("home", None, broken)
    assert list(once_more.failed) == [BROKEN]
    with Library(f"sqlite:///{path}") as library:
        assert {journey.run_id for journey in library.journeys(BROKEN)} == {"run-000002"}
        assert library.forget(BROKEN).failures == 1
        assert library.failures() == {}


def test_a_run_that_goes_on_leaves_aside_whom_it_has_set_aside(made: Runs) -> None:
    broken = next(made.log.users())
    work = UserWork(Inference(broken=broken))
    stopping = UserWork(Stopping(broken=broken))
    with pytest.raises(KeyboardInterrupt):
        made.run("home", None, stopping)
    with Library(f"sqlite:///{made.folder / 'home.sqlite'}") as library:
        before = library.count().users
        assert list(library.failures()) == [broken]
    summary, _ = made.run("home", None, work)
    assert (summary.run.run_id, summary.resumed, summary.users) == ("run-000001", before, USERS - 1 - before)
    assert list(summary.failed) == [broken]


class Stopping(Inference):
    """Stops at the last user."""

    def __call__(self, keywords: Sequence[Keyword], vectors: Floats) -> list[Journey]:
        if keywords[0].user_id == LAST:
            raise KeyboardInterrupt
        return super().__call__(keywords, vectors)


def test_who_kills_the_worker_again_and_again_is_found_and_set_aside(made: Runs, marks: Path) -> None:
    work = UserWork(Inference(deadly=DEADLY, marks=marks))
    summary, _ = made.run("home", LocalEngine(work, made.embeddings, 2), work)
    assert summary.failed == {DEADLY: "its worker died twice (exit code -9)"}
    assert summary.users == USERS - 1
    assert len(list(marks.glob("death-*"))) == 3, "among others, and twice alone"


def test_the_command_says_who_was_set_aside_and_fails_over_the_share(
    words: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.inferring.infer_journeys", breaking)
    log = write_log(tmp_path / "log.csv", [*made_rows("ann", "garden"), *made_rows("bob", "sewing")])
    ran = run(capsys, "--home", tmp_path / "home", "infer", log)
    assert ran.code == 1
    assert ran.err.splitlines()[-1].startswith(
        "journeys: 1 of 2 users were set aside, over the 1 % allowed; the others are written."
    )
    assert "set aside: 1 users, most often: ValueError: it is bob (test_engines.py:" in ran.out
    home: list[str | Path] = ["--home", tmp_path / "home"]
    assert run(capsys, *home, "users", "--failed").out.startswith("bob: ValueError: it is bob (test_engines.py:")
    told = run(capsys, *home, "infer", "--max-failed", "0.5", "--json")
    assert told.code == 0
    assert list(json.loads(told.out)["failed"]) == ["bob"]


def breaking(keywords: Sequence[Keyword], vectors: Floats, **others: object) -> list[Journey]:
    if keywords[0].user_id == "bob":
        raise ValueError("it is bob")
    return []
