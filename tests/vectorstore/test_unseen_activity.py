"""What came into the activity log since it was looked at, and whom it knows."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore.activity import Activity, ActivityKind
from vectorstore.activity_log import ActivityLog, Seen
from vectorstore.ingest import ingest

START = datetime(2026, 3, 1, tzinfo=UTC)


def event(user_id: str, day: float) -> Activity:
    return Activity(user_id, START + timedelta(days=day), ActivityKind.SEARCH, f"text {day}")


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def unseen(log: ActivityLog, seen: Seen, users: list[str] | None = None) -> list[tuple[str, int, float]]:
    return sorted(
        (user_id, position, (time - START) / timedelta(days=1)) for user_id, position, time in log.unseen(seen, users)
    )


def test_what_was_not_seen_by_hand(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path, buckets=1)
    assert unseen(log, Seen(0, START, START)) == []
    log.append([event("ann", 1), event("bob", 2)])
    log.append([event("cat", 8)])
    log.append([event("bob", 1.5), event("dan", 2)])
    # All up to the second part was seen, at a clock of day 4: cat's event of day 8 was not.
    new = [("bob", 3, 1.5), ("dan", 3, 2.0)]
    assert unseen(log, Seen(2, day(4), day(9))) == [new[0], ("cat", 2, 8.0), new[1]]
    assert unseen(log, Seen(2, day(4), day(9)), ["cat", "ann"]) == [("cat", 2, 8.0)]
    # At a clock that stands still nothing but the new part tells.
    assert unseen(log, Seen(2, day(4), day(4))) == new
    # The moment at which the time between the clocks begins is seen, that at which it ends is not.
    assert unseen(log, Seen(3, day(8), day(9))) == []
    assert unseen(log, Seen(3, day(4), day(8))) == [("cat", 2, 8.0)]
    assert len(unseen(log, Seen(-1, day(0), day(0)))) == 5
    # The zone a clock is given in does not matter.
    assert unseen(log, Seen(3, day(4).astimezone(timezone(timedelta(hours=9))), day(8))) == [("cat", 2, 8.0)]


def test_who_is_known(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path, buckets=4)
    assert log.known(["ann"]) == set()
    log.append([event("ann", 1), event("bob", 2), event("cät", 2)])
    assert log.known(["ann", "cät", "nobody"]) == {"ann", "cät"}
    log.forget("ann")
    assert log.known({"ann", "bob"}) == {"bob"}


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1), min_size=1, max_size=6),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 6),
)
def test_nothing_that_was_not_seen_is_left_out(
    batches: list[list[tuple[str, int]]], start: int, end: int, position: int
) -> None:
    """Also where many parts became one file, whose rows keep their positions."""
    with TemporaryDirectory() as folder:
        log, brought = ActivityLog(Path(folder), buckets=1, most_parts=2), dict[tuple[str, int], int]()
        for batch in batches:
            log.append([event(user_id, number) for user_id, number in batch])
            for key in batch:
                brought.setdefault(key, log.position)
        expected = sorted(
            (user_id, at, float(number))
            for (user_id, number), at in brought.items()
            if at > position or start < number <= end
        )
        assert unseen(log, Seen(position, day(start), day(end))) == expected


def test_the_latest_of_all_is_told_by_the_files(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path, buckets=2, most_parts=2)
    assert log.latest() is None
    for number in (3, 7, 5, 1):
        log.append([event("ann", number), event("bob", number - 1)])
        assert log.latest() == max(found[-1].timestamp for _, found in log.stream())
    log.forget("ann")
    assert log.latest() == day(6) == log.latest(["bob"])
    log.forget("bob")
    assert log.latest() is None


def test_users_who_are_to_be_skipped_are_counted_and_not_read(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text(
        "user_id,timestamp,kind,text\n"
        "ann,2026-03-01,search,veil\n"
        "bob,2026-03-01,search,saw\n"
        " bob ,2026-03-02,search,drill\n"
        "bob,soon,search,nail\n"
    )
    log = ActivityLog(tmp_path / "log")
    read = ingest(
        [path], log, rejected_to=tmp_path / "rejected.jsonl", max_rejected=1, skip=lambda user_id: user_id == "bob"
    )
    assert (read.read, read.new, read.known, read.rejected, read.skipped) == (4, 1, 0, 1, 2)
    assert read.users == {"ann"}
    assert list(log.users()) == ["ann"]
