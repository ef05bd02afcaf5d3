"""Incremental runs: whom they take up, that a full run would find the same, and when they refuse."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from homes import START, MadeAssistant, Row, made, made_rows, run, without_run, words_fixture, write_log
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.errors import LibraryError
from assistant.incremental import users_to_infer
from assistant.library import Library
from assistant.runs import RunMode, RunParameters, UserResult
from assistant.settings import Settings
from chains.clustering import Granularity
from chains.journeys import ALGORITHM
from vectorstore.activity import Activity, ActivityKind
from vectorstore.activity_log import ActivityLog

__all__ = ["words_fixture"]

BASE = [
    *made_rows("ann", "wedding", "kitchen", day=2),
    *made_rows("bob", "garden", day=3),
    *made_rows("cat", "sewing", "garden", day=4),
]
LATER = [
    *made_rows("ann", "wedding", day=9),
    # A late event: dated before all that is known of him.
    Row("cat", "tomato seedlings", 0.5),
    *made_rows("new", "kitchen", day=8),
]


def both_ways(tmp_path: Path) -> tuple[MadeAssistant, MadeAssistant]:
    """Two homes with a full run each, and then the later log."""
    homes = made(tmp_path / "incremental"), made(tmp_path / "full")
    for assistant in homes:
        assistant.ingest([write_log(tmp_path / "base.csv", BASE)])
        assistant.infer()
        assistant.ingest([write_log(tmp_path / "later.csv", LATER)])
    return homes


def test_touched_users_get_what_a_full_run_gives_and_silent_ones_stay(tmp_path: Path) -> None:
    incremental, full = both_ways(tmp_path)
    with incremental, full:
        before = {user_id: incremental.journeys(user_id) for user_id in ("ann", "bob", "cat")}
        summary = incremental.infer(mode=RunMode.INCREMENTAL)
        full.infer()

        assert summary.users == 3
        assert summary.run.parameters.mode is RunMode.INCREMENTAL
        for user_id in ("ann", "cat", "new"):
            assert incremental.journeys(user_id) == full.journeys(user_id)
            assert incremental.changes(user_id) == full.changes(user_id)
        assert [each.user_id for each in incremental.journeys("new")]
        assert incremental.journeys("cat")[0].as_of == START + timedelta(days=11.05)
        assert min(journey.first_seen for journey in incremental.journeys("cat")) == START + timedelta(days=0.5)
        # Nobody has touched him: not even the run's id is new.
        assert incremental.journeys("bob") == before["bob"]
        state = incremental.library.state("bob")
        assert state is not None
        assert state.run_id == "run-000001"
        assert full.journeys("bob")[0].run_id == "run-000002"


def test_a_second_incremental_run_finds_nothing_to_do(tmp_path: Path) -> None:
    incremental, full = both_ways(tmp_path)
    with incremental, full:
        incremental.infer(mode=RunMode.INCREMENTAL)
        before = list(incremental.all_journeys())
        summary = incremental.infer(mode=RunMode.INCREMENTAL)
        assert (summary.users, summary.journeys, summary.changes) == (0, 0, 0)
        assert list(incremental.all_journeys()) == before


def test_without_a_run_before_an_incremental_run_is_a_full_one(tmp_path: Path) -> None:
    log = write_log(tmp_path / "base.csv", BASE)
    with made(tmp_path / "a") as incremental, made(tmp_path / "b") as full:
        for assistant, mode in ((incremental, RunMode.INCREMENTAL), (full, RunMode.FULL)):
            assistant.ingest([log])
            assert assistant.infer(mode=mode).users == 3
        assert list(incremental.all_journeys()) == list(full.all_journeys())


def test_activity_that_the_clock_of_the_last_run_hid_counts_as_new(tmp_path: Path) -> None:
    with made(tmp_path / "a") as incremental, made(tmp_path / "b") as full:
        for assistant in (incremental, full):
            assistant.ingest([write_log(tmp_path / "base.csv", [*BASE, *LATER])])
            assistant.infer(as_of=START + timedelta(days=6.5))
        # ann and new were active after that clock; bob and cat were not, and a full run would see the same of them.
        assert incremental.infer(mode=RunMode.INCREMENTAL).users == 2
        full.infer()
        for user_id in ("ann", "new"):
            assert incremental.journeys(user_id) == full.journeys(user_id)
        for user_id in ("bob", "cat"):
            seen = {(journey.texts, journey.events) for journey in incremental.journeys(user_id)}
            assert seen == {(journey.texts, journey.events) for journey in full.journeys(user_id)}
        # And back again: what the earlier clock hides is gone.
        assert incremental.infer(mode=RunMode.INCREMENTAL, as_of=START + timedelta(days=6.5)).users == 2
        assert incremental.journeys("new") == []


def test_users_may_be_named_too(tmp_path: Path) -> None:
    incremental, full = both_ways(tmp_path)
    with incremental, full:
        before = incremental.journeys("cat")
        assert incremental.infer(mode=RunMode.INCREMENTAL, users=["ann", "bob"]).users == 1
        assert incremental.journeys("cat") == before
        assert incremental.infer(mode=RunMode.INCREMENTAL).users == 2, "cat and new are still to be done"


def test_a_forgotten_user_is_not_taken_up_again(tmp_path: Path) -> None:
    incremental, full = both_ways(tmp_path)
    with incremental, full:
        incremental.forget("ann")
        assert incremental.infer(mode=RunMode.INCREMENTAL).users == 2
        assert incremental.library.state("ann") is None


def test_another_granularity_embedding_or_setting_is_refused(tmp_path: Path) -> None:
    incremental, full = both_ways(tmp_path)
    with incremental, full:
        before = list(incremental.all_journeys())
        with pytest.raises(LibraryError) as refused:
            incremental.infer(mode=RunMode.INCREMENTAL, granularity=Granularity.FINE)
        assert str(refused.value) == (
            f"journeys were inferred with {ALGORITHM}, words, normal; this run would use {ALGORITHM}, words, fine: "
            "infer with --full"
        )
    stricter = MadeAssistant(Settings.load(home=tmp_path / "incremental", inference__min_events=5))
    with stricter:
        with pytest.raises(LibraryError) as refused:
            stricter.infer(mode=RunMode.INCREMENTAL)
        assert str(refused.value) == (
            "journeys were inferred with another setting of min_events than this run has: infer with --full"
        )
        assert list(stricter.all_journeys()) == before, "refused before anything was written"
        assert stricter.library.count().runs == 1
        stricter.infer()
        assert stricter.infer(mode=RunMode.INCREMENTAL).users == 0


@pytest.mark.parametrize("changed", [{"algorithm": "cluster-0"}, {"embedding": "openai:x"}])
def test_another_algorithm_or_embedding_is_refused(tmp_path: Path, changed: dict[str, str]) -> None:
    parameters = parameters_at(START, 1)
    log = ActivityLog(tmp_path / "activity")
    with Library(f"sqlite:///{tmp_path / 'library.sqlite'}") as library:
        run_before = library.begin_run(parameters.model_copy(update=changed))
        library.put_users(run_before, [UserResult("ann", [])])
        with pytest.raises(LibraryError, match=r"^journeys were inferred with .*: infer with --full$"):
            users_to_infer(log, library, parameters)


def parameters_at(as_of: datetime, position: int) -> RunParameters:
    return RunParameters(
        as_of=as_of,
        mode=RunMode.INCREMENTAL,
        algorithm=ALGORITHM,
        embedding="words",
        granularity="normal",
        log_position=position,
    )


EVENTS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=5)
STEPS = st.lists(st.tuples(EVENTS, st.integers(0, 10)), min_size=2, max_size=4)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(STEPS)
def test_whoever_a_full_run_would_see_otherwise_is_taken_up_and_nobody_without_cause(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[list[tuple[str, int]], int]]
) -> None:
    home = tmp_path_factory.mktemp("steps")
    log = ActivityLog(home / "activity", buckets=2)
    known: set[Activity] = set()
    seen: dict[str, set[Activity]] = {}
    read_since: dict[str, set[Activity]] = {user_id: set() for user_id in "abc"}
    with Library(f"sqlite:///{home / 'library.sqlite'}") as library:
        for events, clock in steps:
            fresh = {
                Activity(user_id, START + timedelta(days=day), ActivityKind.SEARCH, f"text {day}")
                for user_id, day in events
            } - known
            log.append(sorted(fresh, key=lambda each: each.activity_id))
            known |= fresh
            for each in fresh:
                read_since[each.user_id].add(each)
            parameters = parameters_at(START + timedelta(days=clock), log.position)
            taken = users_to_infer(log, library, parameters).all
            for user_id in "abc":
                of_user = {each for each in known if each.user_id == user_id}
                visible = {each for each in of_user if each.timestamp <= parameters.as_of}
                needs = bool(of_user) and (user_id not in seen or seen[user_id] != visible)
                assert (user_id in taken) >= needs
                assert needs or user_id not in taken or read_since[user_id]
                if user_id in taken:
                    seen[user_id], read_since[user_id] = visible, set()
            library.put_users(library.begin_run(parameters), [UserResult(user_id, []) for user_id in sorted(taken)])


def test_the_command_line(words: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home, base, later = tmp_path / "home", tmp_path / "base.csv", tmp_path / "later.csv"
    write_log(base, BASE)
    write_log(later, LATER)
    assert run(capsys, "--home", home, "infer", base).code == 0
    ran = run(capsys, "--home", home, "infer", later, "--incremental", "--output", "out.jsonl")
    assert ran.code == 0
    assert "run-000002: " in ran.out
    assert " of 3 users, " in ran.out
    assert run(capsys, "--home", home, "infer", "--incremental").out.startswith("run-000003: 0 journeys of 0 users, ")
    refused = run(capsys, "--home", home, "infer", "--incremental", "--granularity", "fine")
    assert refused.code == 1
    assert refused.out == ""
    assert refused.err == (
        f"journeys: journeys were inferred with {ALGORITHM}, words, normal; "
        f"this run would use {ALGORITHM}, words, fine: infer with --full\n"
    )
    with made(home) as assistant:
        assert [without_run(each).user_id for each in assistant.journeys("new")]


def test_once_a_run_has_looked_at_all_users_only_what_came_since_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, asked = ActivityLog(tmp_path / "activity"), list[str]()

    def events(user_id: str, day: int) -> list[Activity]:
        return [Activity(user_id, START + timedelta(days=day), ActivityKind.SEARCH, f"text {day}")]

    everyone = ActivityLog.users

    def users(log: ActivityLog) -> Iterator[str]:
        asked.append("users")
        return everyone(log)

    monkeypatch.setattr(ActivityLog, "users", users)
    with Library(f"sqlite:///{tmp_path / 'library.sqlite'}") as library:

        def infer(day: int, users: set[str], *, whole: bool) -> None:
            run_now = library.begin_run(parameters_at(START + timedelta(days=day), log.position))
            library.put_users(run_now, [UserResult(user_id, []) for user_id in sorted(users)])
            library.finish_run(run_now, whole=whole)

        def taken(day: int) -> set[str]:
            return users_to_infer(log, library, parameters_at(START + timedelta(days=day), log.position)).all

        log.append([*events("a", 1), *events("b", 2)])
        # A run for one user says nothing of the other: all of the log are looked at.
        infer(2, {"a"}, whole=False)
        assert (taken(2), asked) == ({"b"}, ["users"])
        infer(2, {"b"}, whole=True)
        log.append([*events("c", 1), *events("d", 8)])
        assert (taken(3), asked) == ({"c", "d"}, ["users"])
        infer(3, {"c", "d"}, whole=True)
        # What its clock hid, and what an earlier clock hides, is still found; also after a run for one user only.
        assert taken(8) == {"d"}
        infer(8, {"d"}, whole=False)
        assert taken(8) == set()
        assert taken(7) == {"d"}
        # A log that was begun again knows nothing of that run.
        begun = ActivityLog(tmp_path / "again")
        begun.append([*events("a", 1), *events("e", 1)])
        again = users_to_infer(begun, library, parameters_at(START + timedelta(days=8), begun.position)).all
        assert again >= {"e"}
    assert asked == ["users", "users"]


def test_who_was_inferred_at_a_later_clock_is_looked_at_again_at_an_earlier_one(tmp_path: Path) -> None:
    with made(tmp_path / "a") as incremental, made(tmp_path / "b") as full:
        for assistant in (incremental, full):
            assistant.ingest([write_log(tmp_path / "base.csv", BASE)])
            assistant.infer(as_of=START + timedelta(days=90))
        assert incremental.infer(mode=RunMode.INCREMENTAL, as_of=START + timedelta(days=20)).users == 3
        full.infer(as_of=START + timedelta(days=20))
        for user_id in ("ann", "bob", "cat"):
            assert [without_run(each) for each in incremental.journeys(user_id)] == [
                without_run(each) for each in full.journeys(user_id)
            ]
