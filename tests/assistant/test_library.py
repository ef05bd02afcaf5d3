"""The library keeps what it was given, user by user, in each database that it can lie in."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from itertools import count
from pathlib import Path

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_journeys import JUNE, make_journey
from postgres_server import WHY_NOT, postgres_server

from assistant import library as library_module
from assistant import tables
from assistant.changes import Change, ChangeKind
from assistant.errors import LibraryError
from assistant.library import Library
from assistant.runs import Counts, DatedChange, Forgotten, RunMode, RunParameters, RunState, UserResult, UserState
from chains.call_records import About, CallRecord
from chains.metering import Usage

_NUMBERS = count()


def parameters(log_position: int = 1, **values: object) -> RunParameters:
    given_values = {"as_of": JUNE, "mode": RunMode.FULL, "algorithm": "cluster-1", "embedding": "minilm"}
    return RunParameters.model_validate(
        {**given_values, "granularity": "normal", "log_position": log_position, "settings": {"min_events": 2}, **values}
    )


def born(user_id: str, journey_id: str = "j1") -> Change:
    return Change(user_id=user_id, journey_id=journey_id, name="venue", kind=ChangeKind.BORN, detail="2 events")


def ticking() -> datetime:
    return JUNE + timedelta(seconds=next(_NUMBERS))


@pytest.fixture(scope="module", name="socket_folder")
def socket_folder_fixture() -> Iterator[str | None]:
    with postgres_server() as folder:
        yield folder


@pytest.fixture(params=["sqlite", "postgres"], name="url")
def url_fixture(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'library.sqlite'}"
    folder: str | None = request.getfixturevalue("socket_folder")
    if folder is None:
        pytest.skip(WHY_NOT)
    name = f"journeys_{next(_NUMBERS)}"
    with closing(psycopg.connect(host=folder, user="journeys", dbname="postgres", autocommit=True)) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
    return f"postgresql://journeys@/{name}?host={folder}"


@pytest.fixture(name="library")
def library_fixture(url: str) -> Iterator[Library]:
    with Library(url, clock=ticking) as opened:
        yield opened


def test_journeys_come_back_by_rank_with_their_run(library: Library) -> None:
    second, first = make_journey(journey_id="j2", rank=2), make_journey(journey_id="j1", rank=1, receipts=3)
    run = library.begin_run(parameters())
    assert run.run_id == "run-000001"
    assert library.put_user(run, "anna", [second, first])
    stamped = {"run_id": "run-000001"}
    assert library.journeys("anna") == [first.model_copy(update=stamped), second.model_copy(update=stamped)]
    assert library.journeys("nobody") == []


def test_a_later_run_replaces_a_users_journeys_and_adds_changes(library: Library) -> None:
    first = library.begin_run(parameters(1))
    library.put_user(
        first, "anna", [make_journey(journey_id="j1"), make_journey(journey_id="j2", rank=2)], [born("anna")]
    )
    library.put_user(first, "ben", [make_journey("ben")])
    library.finish_run(first)
    second = library.begin_run(parameters(2))
    grown = Change(user_id="anna", journey_id="j1", name="venue", kind=ChangeKind.GROWN, detail="1 more event")
    library.put_user(second, "anna", [make_journey(journey_id="j1", events=9)], [grown])

    assert [(j.journey_id, j.events, j.run_id) for j in library.journeys("anna")] == [("j1", 9, "run-000002")]
    assert [j.run_id for j in library.journeys("ben")] == ["run-000001"]
    assert library.changes("anna") == [
        DatedChange("run-000001", JUNE, born("anna")),
        DatedChange("run-000002", JUNE, grown),
    ]
    assert library.changes("anna", "run-000002") == [DatedChange("run-000002", JUNE, grown)]
    assert library.changes("ben") == []
    assert library.count() == Counts(users=2, journeys=2, changes=2, runs=2)


def test_a_user_without_journeys_has_a_state(library: Library) -> None:
    run = library.begin_run(parameters(7))
    library.put_users(run, [UserResult("ben", []), UserResult("anna", [make_journey()])])
    anna = UserState("anna", run.run_id, JUNE, "cluster-1", "minilm", "normal", log_position=7, journeys=1)
    ben = UserState("ben", run.run_id, JUNE, "cluster-1", "minilm", "normal", log_position=7, journeys=0)
    assert list(library.states()) == [anna, ben]
    assert library.state("ben") == ben
    assert library.state("nobody") is None
    assert list(library.users()) == ["anna", "ben"]
    assert library.journeys("ben") == []


def test_finishing_counts_what_the_run_wrote(library: Library) -> None:
    run = library.begin_run(parameters())
    two = [make_journey("ben"), make_journey("ben", "j2", rank=2)]
    library.put_users(run, [UserResult("anna", [make_journey()]), UserResult("ben", two), UserResult("eva", [])])
    finished = library.finish_run(run)
    assert (finished.state, finished.users, finished.journeys) == (RunState.FINISHED, 3, 3)
    assert finished.finished is not None
    assert finished.started < finished.finished
    assert finished.parameters == parameters()
    assert library.runs() == [finished]


def test_an_unfinished_run_goes_on_with_the_same_parameters(library: Library, url: str) -> None:
    run = library.begin_run(parameters())
    library.put_user(run, "anna", [make_journey()])
    with Library(url) as again:
        resumed = again.begin_run(parameters())
        assert (resumed.run_id, resumed.started, resumed.resumed) == (run.run_id, run.started, True)
        assert again.done_users(run.run_id) == {"anna"}
        assert len(again.runs()) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"log_position": 2},
        {"mode": RunMode.INCREMENTAL},
        {"algorithm": "cluster-2"},
        {"embedding": "openai:x"},
        {"granularity": "fine"},
        {"as_of": JUNE + timedelta(seconds=1)},
        {"settings": {"min_events": 3}},
    ],
)
def test_other_parameters_begin_a_new_run(tmp_path: Path, other: dict[str, object]) -> None:
    with Library(f"sqlite:///{tmp_path / 'library.sqlite'}") as library:
        old = library.begin_run(parameters())
        library.put_user(old, "anna", [make_journey()])
        new = library.begin_run(parameters(**other))  # type: ignore[arg-type]
        assert (new.run_id, new.resumed, library.done_users(new.run_id)) == ("run-000002", False, set())


def test_the_same_moment_in_another_zone_and_settings_in_another_order_are_the_same_parameters() -> None:
    here = parameters(as_of=datetime(2026, 6, 1, 2, tzinfo=timezone(timedelta(hours=2))), settings={"a": 1, "b": 2})
    there = parameters(as_of=datetime(2026, 6, 1, tzinfo=UTC), settings={"b": 2, "a": 1})
    assert here.fingerprint == there.fingerprint


def test_a_run_that_was_overtaken_writes_no_more(library: Library) -> None:
    old = library.begin_run(parameters(1))
    new = library.begin_run(parameters(2))
    with pytest.raises(LibraryError, match=r"^run-000001 is failed and can write no more: another run has begun"):
        library.put_user(old, "anna", [make_journey()])
    with pytest.raises(LibraryError, match="run-000001 is failed"):
        library.finish_run(old)
    assert list(library.users()) == []
    assert [(run.run_id, run.state) for run in library.runs()] == [
        (new.run_id, RunState.RUNNING),
        (old.run_id, RunState.FAILED),
    ]


def test_a_failed_run_goes_on_and_a_finished_one_does_not(library: Library) -> None:
    run = library.begin_run(parameters())
    library.finish_run(run, RunState.FAILED)
    again = library.begin_run(parameters())
    assert (again.run_id, again.state, again.resumed) == (run.run_id, RunState.RUNNING, True)
    library.finish_run(again)
    assert library.begin_run(parameters()).run_id == "run-000002"


def test_a_user_done_in_this_run_is_left_as_is(library: Library) -> None:
    run = library.begin_run(parameters())
    batch = [UserResult("anna", [make_journey()], [born("anna")]), UserResult("ben", [])]
    assert library.put_users(run, batch) == 2
    assert library.put_users(run, [UserResult("anna", [make_journey()]), UserResult("eva", [])]) == 1
    assert [dated.change for dated in library.changes("anna")] == [born("anna")]
    assert library.done_users(run.run_id) == {"anna", "ben", "eva"}


def test_a_batch_is_written_whole_or_not_at_all(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    first = library.begin_run(parameters(1))
    library.put_user(first, "anna", [make_journey(events=2)])
    library.finish_run(first)
    before = (library.journeys("anna"), list(library.states()))
    second = library.begin_run(parameters(2))
    insert = library_module._insert

    def fail_at_changes(connection: object, table: object, rows: object) -> None:
        if table is tables.changes:
            raise RuntimeError("cut off")
        insert(connection, table, rows)  # type: ignore[arg-type]

    monkeypatch.setattr(library_module, "_insert", fail_at_changes)
    with pytest.raises(RuntimeError, match="cut off"):
        library.put_users(second, [UserResult("anna", [make_journey(events=9)]), UserResult("ben", [])])
    assert (library.journeys("anna"), list(library.states())) == before


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([UserResult("anna", []), UserResult("anna", [])], "same user twice"),
        ([UserResult("anna", [make_journey("ben")])], "is of another user"),
        ([UserResult("anna", [], [born("ben")])], "is of another user"),
        ([UserResult("anna", [make_journey(), make_journey(journey_id="j2")])], "the same rank twice"),
        ([UserResult("anna", [make_journey(), make_journey(rank=2)])], "the same journey_id twice"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, results: list[UserResult], message: str) -> None:
    with Library(f"sqlite:///{tmp_path / 'library.sqlite'}") as library:
        run = library.begin_run(parameters())
        with pytest.raises(ValueError, match=message):
            library.put_users(run, results)


def test_all_journeys_stream_in_order_of_code_point_and_rank(library: Library) -> None:
    users = ["b", "ä", "A", "Z", "a b", "a", "日本", "a-b"]
    run = library.begin_run(parameters())
    library.put_users(
        run, [UserResult(user, [make_journey(user, "x", rank=2), make_journey(user, "y", rank=1)]) for user in users]
    )
    expected = [(user, rank) for user in sorted(users) for rank in (1, 2)]
    assert [(journey.user_id, journey.rank) for journey in library.all_journeys()] == expected
    assert list(library.users()) == sorted(users)


def test_a_stream_shows_one_moment_while_a_run_writes(library: Library) -> None:
    first = library.begin_run(parameters(1))
    library.put_users(first, [UserResult(f"u{i:04}", [make_journey(f"u{i:04}")]) for i in range(1200)])
    library.finish_run(first)
    stream = library.all_journeys()
    seen = [next(stream)]
    second = library.begin_run(parameters(2))
    library.put_users(second, [UserResult(f"u{i:04}", []) for i in range(1200)])
    seen += stream
    assert len(seen) == 1200
    assert list(library.all_journeys()) == []


def test_many_users_are_read_at_once(library: Library) -> None:
    users = [f"u{i:04}" for i in range(1100)]
    run = library.begin_run(parameters())
    library.put_users(run, [UserResult(user, [make_journey(user)]) for user in users])
    found = library.journeys_of([*users, "nobody"])
    assert list(found) == [*users, "nobody"]
    assert {len(found[user]) for user in users} == {1}
    assert found["nobody"] == []


def test_forgetting_leaves_nothing_of_one_user_and_all_of_the_others(library: Library) -> None:
    run = library.begin_run(parameters())
    library.put_users(
        run, [UserResult("anna", [make_journey()], [born("anna")]), UserResult("ben", [make_journey("ben")])]
    )
    assert library.forget("anna") == Forgotten(journeys=1, changes=1, states=1)
    assert library.forget("anna") == Forgotten(journeys=0, changes=0, states=0)
    assert (library.journeys("anna"), library.changes("anna"), library.state("anna")) == ([], [], None)
    assert list(library.users()) == ["ben"]
    assert len(library.journeys("ben")) == 1


def test_what_models_said_is_kept_for_the_current_journeys_alone(library: Library) -> None:
    def call(step: str) -> CallRecord:
        return CallRecord(
            step, "v1", "openai:x", About("anna"), (("human", "Anna's words"),), "{}", "{}", "", Usage(), 0
        )

    first = library.begin_run(parameters())
    library.put_users(first, [UserResult("anna", [make_journey()], calls=[call("names"), call("judge")])])
    assert [each["step"] for each in library.calls("anna")] == ["names", "judge"]
    library.finish_run(first)
    second = library.begin_run(parameters(as_of=JUNE + timedelta(days=1)))
    library.put_users(second, [UserResult("anna", [make_journey()], calls=[call("merge")])])
    assert [each["step"] for each in library.calls("anna")] == ["merge"]
    assert library.forget("anna").calls == 1
    assert library.calls("anna") == []


def test_a_forgotten_user_is_in_no_byte_of_the_file(tmp_path: Path) -> None:
    """Written often enough, in another order and size each time, that the file has gaps with old rows in them."""
    chance = random.Random(2)
    users = [f"person-{i:04}" for i in range(200)]
    with Library(f"sqlite:///{tmp_path / 'library.sqlite'}") as library:
        for position in range(3):
            run = library.begin_run(parameters(position))
            chance.shuffle(users)
            for start in range(0, len(users), 20):
                batch = []
                for user in users[start : start + 20]:
                    texts = [f"text {user} {k}" for k in range(chance.randint(1, 8))]
                    journeys = [make_journey(user, texts=texts)] * chance.randint(0, 1)
                    batch.append(UserResult(user, journeys, [born(user)] * chance.randint(0, 3)))
                library.put_users(run, batch)
            library.finish_run(run)
        forgotten = users[::2]
        for user in forgotten:
            library.forget(user)
        content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        assert users[1].encode() in content
        assert [user for user in forgotten if user.encode() in content] == []


def test_what_a_reader_still_holds_of_a_forgotten_user_is_said(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'library.sqlite'}"
    with Library(url, patience=0.05) as library, Library(url) as reader:
        run = library.begin_run(parameters())
        library.put_users(run, [UserResult(user, [make_journey(user)]) for user in ("anna", "ben")])
        held = reader.all_journeys()
        next(held)
        with pytest.raises(LibraryError, match=r"deleted, but .*-wal keeps it while another process reads: close"):
            library.forget("anna")
        assert library.journeys("anna") == []
        held.close()  # type: ignore[attr-defined]
        library.forget("anna")
        assert b"anna" not in b"".join(path.read_bytes() for path in tmp_path.iterdir())


def test_reading_waits_for_no_writer_and_a_second_writer_says_why_it_cannot(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(f"sqlite:///{path}", patience=0.05) as library:
        run = library.begin_run(parameters())
        library.put_user(run, "anna", [make_journey()])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE")
            other.execute("DELETE FROM journeys")
            with Library(f"sqlite:///{path}", patience=0.05) as reader:
                assert len(reader.journeys("anna")) == 1
                assert [journey.name for journey in reader.all_journeys()] == ["venue"]
            with pytest.raises(LibraryError, match=r"another process keeps writing to .*library.sqlite: wait until"):
                library.put_user(run, "ben", [])
            other.execute("ROLLBACK")
        assert library.put_user(run, "ben", [])


def test_a_journey_of_another_version_asks_for_a_full_run(tmp_path: Path) -> None:
    path = tmp_path / "library.sqlite"
    with Library(f"sqlite:///{path}") as library:
        library.put_user(library.begin_run(parameters()), "anna", [make_journey()])
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("""UPDATE journeys SET body = '{"user_id": "anna"}'""")
        with pytest.raises(LibraryError, match=r"a journey of another version: run: journeys infer --full$"):
            library.journeys("anna")


_WRITE_UNTIL_KILLED = """
import sys
from itertools import count
sys.path.insert(0, sys.argv[2])
from made_journeys import make_journey
from test_library import parameters
from assistant.library import Library
from assistant.runs import UserResult
library = Library(sys.argv[1])
run = library.begin_run(parameters())
done = len(library.done_users(run.run_id))
for batch in count(done // 20):
    users = [f"u{i:05}" for i in range(batch * 20, batch * 20 + 20)]
    journeys = [[make_journey(user, f"j{k}", rank=k) for k in range(1, 4)] for user in users]
    library.put_users(run, [UserResult(user, found) for user, found in zip(users, journeys)])
    print(len(library.done_users(run.run_id)), flush=True)
"""


def test_a_killed_process_leaves_whole_users_and_the_next_goes_on(url: str) -> None:
    acknowledged = 0
    for _ in range(2):
        command = [sys.executable, "-c", _WRITE_UNTIL_KILLED, url, str(Path(__file__).parent)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]) as writer:
            assert writer.stdout is not None
            lines = [int(writer.stdout.readline()) for _ in range(5)]
            os.kill(writer.pid, signal.SIGKILL)
        assert lines[0] == acknowledged + 20
        with Library(url) as library:
            acknowledged = len(library.done_users("run-000001"))
            assert acknowledged >= lines[-1]
            assert acknowledged % 20 == 0
            assert library.count() == Counts(users=acknowledged, journeys=3 * acknowledged, changes=0, runs=1)


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["put", "forget"]), st.sampled_from(["anna", "Ben", "ä"]), st.integers(0, 3)),
        max_size=12,
    )
)
@settings(max_examples=25, derandomize=True, deadline=None)
def test_the_library_agrees_with_a_dictionary(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int]]
) -> None:
    expected: dict[str, list[str]] = {}
    with Library(f"sqlite:///{tmp_path_factory.mktemp('library') / 'library.sqlite'}") as library:
        for position, (verb, user, size) in enumerate(steps):
            if verb == "forget":
                assert library.forget(user).journeys == len(expected.pop(user, []))
                continue
            run = library.begin_run(parameters(position))
            library.put_user(run, user, [make_journey(user, f"j{k}", rank=k) for k in range(size, 0, -1)])
            library.finish_run(run)
            expected[user] = [f"j{k}" for k in range(1, size + 1)]
        assert list(library.users()) == sorted(expected)
        assert {user: [j.journey_id for j in library.journeys(user)] for user in expected} == expected
        assert library.count().journeys == sum(map(len, expected.values()))
