"""What the activity log says of each user in one pass: how new, how late, and what follows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore.activity import Activity, ActivityKind
from vectorstore.activity_log import ActivityLog, Extent, Seen
from vectorstore.errors import StoreError
from vectorstore.ingest import ingest

START = datetime(2026, 3, 1, tzinfo=UTC)


def event(user_id: str, day: float) -> Activity:
    return Activity(user_id, START + timedelta(days=day), ActivityKind.SEARCH, f"text {day}")


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def test_extents_by_hand(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path, buckets=1)
    assert list(log.extents(START)) == []
    log.append([event("ann", 1), event("ann", 3), event("bob", 5)])
    log.append([event("ann", 2), event("cat", 0)])

    assert dict(log.extents(day(2.5))) == {
        "ann": Extent(position=2, last=day(2), following=day(3)),
        "bob": Extent(position=1, last=None, following=day(5)),
        "cat": Extent(position=2, last=day(0), following=None),
    }
    # The moment itself counts as before; the zone it is given in does not matter.
    tokyo = day(3).astimezone(tz=None).astimezone()
    assert dict(log.extents(tokyo))["ann"] == Extent(position=2, last=day(3), following=None)
    # Late events and one file of many change nothing in this.
    log.append([event("bob", 6)])
    assert dict(log.extents(day(9)))["bob"] == Extent(position=3, last=day(6), following=None)
    log.forget("bob")
    assert {user_id for user_id, _ in log.extents(day(9))} == {"ann", "cat"}


def test_each_user_comes_once_after_many_parts(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path, buckets=4, most_parts=2)
    for number in range(6):
        log.append([event(f"user {user}", number) for user in range(5)])
    found = list(log.extents(day(2)))
    assert sorted(user_id for user_id, _ in found) == [f"user {user}" for user in range(5)]
    assert {(extent.last, extent.following) for _, extent in found} == {(day(2), day(3))}


def test_what_was_seen_is_left_out_but_for_who_it_was(tmp_path: Path) -> None:
    log = ActivityLog(tmp_path, buckets=1)
    log.append([event("ann", 1), event("bob", 2)])
    log.append([event("cat", 8)])
    log.append([event("bob", 1.5), event("dan", 2)])
    nothing = Extent(position=0, last=None, following=None)
    # All up to the second part was seen, at a clock of day 4: cat's event of day 8 was not.
    found = dict(log.extents(day(9), Seen(2, day(4), day(9))))
    assert found == {
        "ann": nothing,
        "bob": Extent(position=3, last=day(1.5), following=None),
        "cat": Extent(position=2, last=day(8), following=None),
        "dan": Extent(position=3, last=day(2), following=None),
    }
    # At a clock that stands still nothing but the new part tells.
    assert dict(log.extents(day(4), Seen(2, day(4), day(4))))["cat"] == nothing
    # The moment at which the seen time begins is seen, that at which it ends is not.
    assert dict(log.extents(day(9), Seen(3, day(8), day(9))))["cat"] == nothing
    assert dict(log.extents(day(8), Seen(3, day(4), day(8))))["cat"].last == day(8)
    assert dict(log.extents(day(9), Seen(3, day(9), day(9)))) == dict.fromkeys(["ann", "bob", "cat", "dan"], nothing)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), min_size=1), min_size=1, max_size=4),
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(0, 4),
)
def test_an_extent_is_exact_about_what_was_not_seen(
    batches: list[list[tuple[str, int]]], moment: int, clock: int, position: int
) -> None:
    """Whether anything is new to one who saw the log up to a position, at a clock, comes out the same."""
    with TemporaryDirectory() as folder:
        log = ActivityLog(Path(folder), buckets=2)
        for batch in batches:
            log.append([event(user_id, number) for user_id, number in batch])
        seen = Seen(position, day(min(moment, clock)), day(max(moment, clock)))

        def news(extent: Extent) -> bool:
            if extent.position > position:
                return True
            if moment < clock:
                return extent.following is not None and extent.following <= day(clock)
            return extent.last is not None and extent.last > day(clock)

        every, told = dict(log.extents(day(moment))), dict(log.extents(day(moment), seen))
        assert every.keys() == told.keys()
        assert {user_id: news(extent) for user_id, extent in every.items()} == {
            user_id: news(extent) for user_id, extent in told.items()
        }


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


def test_a_moment_without_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="give the moment a zone"):
        list(ActivityLog(tmp_path).extents(datetime(2026, 3, 1)))  # noqa: DTZ001


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
