"""What the activity log says of each user in one pass: how new, how late, and what follows."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from vectorstore.activity import Activity, ActivityKind
from vectorstore.activity_log import ActivityLog, Extent
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
