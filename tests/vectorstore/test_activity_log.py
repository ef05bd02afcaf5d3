"""The activity log: what goes in once comes out in order, whatever is killed on the way."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from filelock import FileLock
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vectorstore import activity_log
from vectorstore.activity import Activity, ActivityKind
from vectorstore.activity_log import ActivityLog, Appended
from vectorstore.errors import StoreError
from vectorstore.parts import Part, parts_of

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """A power cut is not what is tried here, and syncing is most of the time."""
    monkeypatch.setattr(os, "fsync", lambda handle: None)


def event(user: str, minute: int = 0, text: str = "oak table", **more: Any) -> Activity:
    return Activity(user, START + timedelta(minutes=minute), ActivityKind.SEARCH, text, **more)


def events(count: int, users: int = 7, first: int = 0) -> list[Activity]:
    return [event(f"u{number % users}", number, f"text {number}") for number in range(first, first + count)]


def content(log: ActivityLog) -> list[Activity]:
    return [activity for _, activities in log.stream() for activity in activities]


def expected(activities: list[Activity]) -> list[Activity]:
    return sorted(set(activities), key=lambda each: (each.user_id, each.timestamp, each.activity_id))


def by_user(activities: list[Activity]) -> list[Activity]:
    return sorted(activities, key=lambda each: each.user_id)


def test_an_empty_log_is_no_folder(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log")
    assert (log.position, log.count(), list(log.users()), list(log.stream())) == (0, 0, [], [])
    assert (log.of("u1"), log.touched_since(0), log.forget("u1")) == ([], set(), 0)
    assert not (tmp_path / "log").exists()


def test_every_field_comes_back(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log")
    moment = START + timedelta(microseconds=1)
    full = Activity("ü 1", moment, ActivityKind.SAVE, "Küche 🍳", "https://x.example/1", "Zuhause", ("a", "b|c"))
    plain = event("ü 1")
    assert log.append(iter([full, plain])) == Appended(new=2, known=0)
    assert log.of("ü 1") == [plain, full]
    assert log.of("ü 1")[0].timestamp.tzinfo is UTC
    assert log.count() == 2


def test_appending_twice_is_appending_once(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log", batch_rows=4)
    first = events(10)
    assert log.append([*first, first[0], first[9]]) == Appended(new=10, known=2)
    position = log.position
    assert log.append(reversed(first)) == Appended(new=0, known=10)
    assert log.position == position
    assert log.append(events(12)) == Appended(new=2, known=10)
    assert log.position > position
    assert by_user(content(log)) == expected(events(12))


def test_of_two_that_differ_in_annotations_the_first_stays(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log")
    assert log.append([event("u1", annotations=("a",)), event("u1", annotations=("b",))]) == Appended(1, 1)
    assert log.append([event("u1")]) == Appended(0, 1)
    assert log.of("u1") == [event("u1", annotations=("a",))]


def test_a_stream_has_one_order(tmp_path: Path) -> None:
    one = ActivityLog(tmp_path / "one", batch_rows=3, most_parts=2)
    other = ActivityLog(tmp_path / "other")
    one.append(events(40, users=20))
    other.append(reversed(events(40, users=20)))
    assert list(one.stream()) == list(other.stream())
    assert list(one.users()) == [user for user, _ in one.stream()]
    assert len(set(one.users())) == 20
    for _, activities in one.stream():
        assert activities == sorted(activities, key=lambda each: (each.timestamp, each.activity_id))


def test_a_stream_of_some_users_up_to_a_moment(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log", batch_rows=5)
    log.append(events(30, users=3))
    until = START + timedelta(minutes=6)
    streamed = dict(log.stream(users={"u1", "u2", "nobody"}, until=until))
    assert streamed == {
        "u1": [event("u1", 1, "text 1"), event("u1", 4, "text 4")],
        "u2": [event("u2", 2, "text 2"), event("u2", 5, "text 5")],
    }
    assert dict(log.stream(users=["u0"], until=until))["u0"][-1] == event("u0", 6, "text 6")
    assert list(log.stream(until=START - timedelta(seconds=1))) == []
    assert list(log.stream(users=[])) == []
    with pytest.raises(StoreError, match="give `until` a zone"):
        list(log.stream(until=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_when_the_last_activity_was(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log")
    assert log.latest() is None
    log.append(events(30, users=3))
    assert log.latest() == START + timedelta(minutes=29)
    assert log.latest(["u1", "nobody"]) == START + timedelta(minutes=28)
    assert log.latest(["nobody"]) is None


def test_who_was_active_since(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log", batch_rows=2, most_parts=2, buckets=2)
    assert log.touched_since(0) == set()
    log.append(events(14))
    position = log.position
    assert log.touched_since(0) == {f"u{number}" for number in range(7)}
    assert log.touched_since(position) == set()
    log.append([*events(14), event("u3", 99), event("new", 1)])
    assert log.touched_since(position) == {"u3", "new"}
    later = log.position
    # Enough appends that the parts become one: who came when is still told apart.
    for minute in range(100, 110):
        log.append([event("u5", minute)])
        log.append([event("new", minute)])
    assert any(path.name.startswith("whole-") for path in (tmp_path / "log").rglob("*.parquet"))
    assert log.touched_since(later) == {"u5", "new"}
    assert log.touched_since(position) == {"u3", "u5", "new"}


def test_parts_stay_few_and_nothing_is_lost(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log", batch_rows=3, most_parts=2, buckets=2)
    for first in range(0, 120, 20):
        log.append(events(20, first=first))
        for bucket in (tmp_path / "log").glob("bucket=*"):
            parts, left = parts_of(bucket)
            assert len(parts) <= 2
            assert left == []
    assert by_user(content(log)) == expected(events(120))
    assert log.count() == 120


def test_forgetting_a_user_leaves_nothing(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log", batch_rows=6, most_parts=3, buckets=2)
    log.append(events(70))
    log.append([event("only", text="a text that nobody else has")])
    position, count = log.position, log.count()
    assert log.forget("only") == 1
    assert log.forget("u3") == 10
    assert log.forget("u3") == 0
    assert log.position == position
    assert log.count() == count - 11
    assert log.of("u3") == []
    assert {"u3", "only"}.isdisjoint(log.users())
    assert {"u3", "only"}.isdisjoint(log.touched_since(0))
    for path in (tmp_path / "log").rglob("*.parquet"):
        stored = pq.read_table(path).to_pydict()
        assert {"u3", "only"}.isdisjoint(stored["user_id"])
        assert b"a text that nobody else has" not in path.read_bytes()
    log.append([event("u3", 5)])
    assert log.position == position + 1
    assert log.touched_since(position) == {"u3"}


class Killed(BaseException):
    """In the place of a signal: nothing in the code may catch it."""


def kill_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Each renaming and removing of a file makes two steps: the process dies right before it, or right after."""
    steps = 0
    after = bool(step % 2)

    def counted(method: Callable[..., Any]) -> Callable[..., Any]:
        def stepping(self: Path, *args: Any, **options: Any) -> Any:
            nonlocal steps
            steps += 1
            if steps > step // 2 and not after:
                raise Killed
            result = method(self, *args, **options)
            if steps > step // 2:
                raise Killed
            return result

        return stepping

    monkeypatch.setattr(Path, "replace", counted(Path.replace))
    monkeypatch.setattr(Path, "unlink", counted(Path.unlink))


def test_an_append_killed_at_any_step_goes_on_where_it_stopped(tmp_path: Path) -> None:
    wanted = expected(events(60))
    for step in range(0, 200, 3):
        log = ActivityLog(tmp_path / f"log-{step}", batch_rows=9, most_parts=1, buckets=2)
        with pytest.MonkeyPatch.context() as monkeypatch:
            kill_at(monkeypatch, step)
            try:
                log.append(events(60))
            except Killed:
                pass
            else:
                break
        seen = by_user(content(log))
        assert set(seen) <= set(wanted)
        assert len(seen) == len(set(seen)) == log.count()
        position = log.position
        assert log.append(events(60)) == Appended(new=60 - len(seen), known=len(seen))
        assert by_user(content(log)) == wanted
        assert log.touched_since(position) == {each.user_id for each in set(wanted) - set(seen)}
    assert 30 < step < 199


def test_forgetting_killed_at_any_step_is_completed_by_forgetting_again(tmp_path: Path) -> None:
    whole = [each for each in expected(events(60)) if each.user_id != "u3"]
    for step in range(100):
        log = ActivityLog(tmp_path / f"log-{step}", batch_rows=9, buckets=2)
        log.append(events(60))
        with pytest.MonkeyPatch.context() as monkeypatch:
            kill_at(monkeypatch, step)
            try:
                log.forget("u3")
            except Killed:
                assert {each for each in content(log) if each.user_id != "u3"} == set(whole)
            else:
                break
        log.forget("u3")
        assert by_user(content(log)) == whole
        assert not list((tmp_path / f"log-{step}").rglob("*.tmp"))
    assert 2 < step < 99


def test_what_a_kill_left_is_not_read_and_goes_with_the_next_append(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log", buckets=1)
    log.append(events(10))
    bucket = tmp_path / "log" / "bucket=00"
    (bucket / ".part-000000002.parquet.tmp").write_bytes(b"half a file")
    # As if killed after one file was put in the place of all, and before they were removed.
    whole = Part.at(bucket, 1, whole=True).path
    whole.write_bytes(Part.at(bucket, 1).path.read_bytes())
    assert log.count() == 10
    assert by_user(content(log)) == expected(events(10))
    assert log.append(events(11)) == Appended(new=1, known=10)
    assert sorted(path.name for path in bucket.iterdir()) == ["part-000000002.parquet", whole.name]


def test_what_is_named_is_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Content first, then the name, then the folder: after a power cut a part is whole or not there."""
    steps: list[str] = []
    rename = Path.replace

    def synced(handle: int) -> None:
        steps.append("sync " + Path(f"/proc/self/fd/{handle}").readlink().name)

    def replaced(self: Path, target: Path) -> Path:
        steps.append(f"name {target.name}")
        return rename(self, target)

    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to tell what is synced")
    log = ActivityLog(tmp_path / "log", buckets=1, most_parts=1)
    log.append(events(3))
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", replaced)
    log.append(events(4))
    assert steps == [
        "sync .part-000000002.parquet.tmp",
        "name part-000000002.parquet",
        "sync bucket=00",
        "sync .whole-000000002.parquet.tmp",
        "name whole-000000002.parquet",
        "sync bucket=00",
    ]


def test_one_process_writes_at_a_time(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log", lock_seconds=0.05)
    log.append(events(3))
    held, done = threading.Event(), threading.Event()

    def hold() -> None:
        with FileLock(tmp_path / "log" / ".lock"):
            held.set()
            done.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert held.wait(30)
        for write in (lambda: log.append(events(4)), lambda: log.forget("u1")):
            with pytest.raises(StoreError, match="another process is writing to the activity log"):
                write()
        assert by_user(content(log)) == expected(events(3))
    finally:
        done.set()
        holder.join()
    assert log.append(events(4)) == Appended(new=1, known=3)


def test_a_failure_in_what_is_appended_frees_the_log(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log", batch_rows=2, lock_seconds=0.05)

    def breaking() -> Iterator[Activity]:
        yield from events(3)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        log.append(breaking())
    assert log.count() == 2
    assert log.append(events(3)) == Appended(new=1, known=2)


def test_a_reader_goes_on_when_parts_become_one_under_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = ActivityLog(tmp_path / "log", buckets=1, batch_rows=5, most_parts=100)
    log.append(events(20))
    stale = parts_of(tmp_path / "log" / "bucket=00")
    ActivityLog(tmp_path / "log", most_parts=1).append([event("u1", 99)])
    listings = [stale]
    monkeypatch.setattr(activity_log, "parts_of", lambda bucket: listings.pop() if listings else parts_of(bucket))
    assert by_user(content(log)) == expected([*events(20), event("u1", 99)])
    monkeypatch.setattr(activity_log, "parts_of", lambda bucket: stale)
    with pytest.raises(StoreError, match="keeps changing while it is read"):
        log.count()


def test_a_folder_that_cannot_be_read_says_what_to_do(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path / "log", buckets=1)
    log.append(events(10))
    part = next((tmp_path / "log").rglob("*.parquet"))
    whole = part.read_bytes()
    for damaged in (whole[:-9], b"", whole[:60] + bytes([whole[60] ^ 1]) + whole[61:]):
        part.write_bytes(damaged)
        with pytest.raises(StoreError, match=r"part-000000001.parquet is damaged .*ingest its log again") as raised:
            content(log)
        assert "\n" not in str(raised.value)
    part.write_bytes(whole)
    path = tmp_path / "log" / "format.json"
    path.write_text(json.dumps({"format": 2, "buckets": 1}))
    with pytest.raises(StoreError, match="has format 2, this version reads 1"):
        log.count()
    for text in ("", "[]", '{"format": 1}'):
        path.write_text(text)
        with pytest.raises(StoreError, match=r"format\.json is damaged"):
            log.count()


def test_a_place_that_takes_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="cannot write to the activity log"):
        ActivityLog(tmp_path / "file" / "log").append(events(1))


def test_the_number_of_buckets_is_the_log_s_own(tmp_path: Path) -> None:
    ActivityLog(tmp_path / "log", buckets=3).append(events(30))
    assert json.loads((tmp_path / "log" / "format.json").read_text()) == {"format": 1, "buckets": 3}
    again = ActivityLog(tmp_path / "log", buckets=64)
    assert again.append(events(31)) == Appended(new=1, known=30)
    assert by_user(content(again)) == expected(events(31))


def test_ids_beyond_the_memory_given_are_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity_log, "_MOST_IDS_KEPT", 5)
    log = ActivityLog(tmp_path / "log", batch_rows=7, buckets=3)
    assert log.append([*events(50), *events(50)]) == Appended(new=50, known=50)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(st.integers(0, 40), max_size=12), min_size=1, max_size=6),
    st.integers(1, 9),
    st.integers(1, 3),
)
def test_any_appends_make_one_set(
    tmp_path_factory: pytest.TempPathFactory, appends: list[list[int]], batch_rows: int, most_parts: int
) -> None:
    log = ActivityLog(tmp_path_factory.mktemp("log") / "log", buckets=2, batch_rows=batch_rows, most_parts=most_parts)
    seen: set[Activity] = set()
    for numbers in appends:
        batch = [event(f"u{number % 5}", number) for number in numbers]
        position = log.position
        assert log.append(batch) == Appended(new=len(set(batch) - seen), known=len(batch) - len(set(batch) - seen))
        assert log.touched_since(position) == {each.user_id for each in set(batch) - seen}
        seen |= set(batch)
    assert by_user(content(log)) == expected(list(seen))
