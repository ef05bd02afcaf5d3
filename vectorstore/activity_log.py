"""The raw log, the system of record: everything else can be made from it again.

    activity_log/
      format.json                        the version and the number of buckets
      bucket=07/part-000000012.parquet   the users whose id hashes to 7, in order of user and time

A position counts the parts ever written. It tells how far the log had come, and so who has been active since.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
from filelock import FileLock, Timeout

from vectorstore.activity import Activity
from vectorstore.errors import StoreError
from vectorstore.known_ids import KnownIds
from vectorstore.parts import (
    SCHEMA,
    Part,
    bounds_of,
    by_user,
    count_rows,
    in_order,
    latest_of,
    parts_of,
    read_parts,
    slices_of_users,
    sync_folder,
    time_scalar,
    times_in,
    to_rows,
    whole_scalar,
    write_part,
)

FORMAT = 1
_BUCKETS = 64
_BATCH_ROWS = 50_000
_MOST_PARTS = 16
_MOST_PARTS_MEANWHILE = 4  # times as many, while an append goes on: less to rewrite
_MOST_IDS_KEPT = 16_000_000  # 256 MB
_LOCK_SECONDS = 5.0
_TRIES = 20
_SIGHTING_COLUMNS = ("user_id", "timestamp", "position")

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seen:
    """Activities up to and with the position, but for those after `start` and up to and with `end`."""

    position: int
    start: datetime
    end: datetime

    def is_left_by(self, group: Any) -> bool:
        """Whether a row group of a part may hold anything else, by its metadata."""
        positions, times = bounds_of(group, "position"), bounds_of(group, "timestamp")
        if positions is None or times is None or positions[1] > self.position:
            return True
        return bool(times[1] > self.start and times[0] <= self.end)

    def left_by(self, rows: Any) -> Any:
        """Those of the rows that are anything else."""
        times = rows["timestamp"]
        between = pc.and_(pc.greater(times, time_scalar(self.start)), pc.less_equal(times, time_scalar(self.end)))
        return rows.filter(pc.or_(pc.greater(rows["position"], whole_scalar(self.position)), between))


@dataclass(frozen=True, slots=True)
class Appended:
    """new: activities that were written. known: those that were there already, or came twice."""

    new: int
    known: int


class ActivityLog:
    """The activities of all users in a folder, which is made by the first append.

    One process writes at a time; readers need no lock, and see each part whole or not at all. Of two activities that
    differ in their annotations only, the one that came first stays. buckets: of a log that is yet to be made.
    batch_rows: how many activities are held at once while appending. most_parts: of a bucket; where an append leaves
    more, they become one file.
    """

    def __init__(
        self,
        folder: Path,
        *,
        buckets: int = _BUCKETS,
        batch_rows: int = _BATCH_ROWS,
        most_parts: int = _MOST_PARTS,
        lock_seconds: float = _LOCK_SECONDS,
    ) -> None:
        self.folder = folder
        self._new_buckets = buckets
        self._batch_rows = batch_rows
        self._most_parts = most_parts
        self._lock_seconds = lock_seconds

    # --- reading

    @property
    def position(self) -> int:
        """How many parts were ever written; 0 of an empty log. It never falls.

        Taken before a stream, it stands for no more than what the stream gives: nothing that comes later is missed by
        `touched_since`.
        """
        return max((part.position for bucket in self._buckets() for part in parts_of(bucket)[0]), default=0)

    def count(self) -> int:
        """How many activities the log holds."""
        return sum(self._read(bucket, count_rows) for bucket in self._buckets())

    def latest(self, users: Collection[str] | None = None) -> datetime | None:
        """When the last activity was, of all users or only these; None where there is none."""
        if users is None:
            newest = [self._read(bucket, latest_of) for bucket in self._buckets()]
        else:
            newest = [
                pc.max(self._rows(bucket, ["timestamp"], wanted)["timestamp"]).as_py()
                for bucket, wanted in self._buckets_of(users)
            ]
        return max((moment for moment in newest if moment is not None), default=None)

    def users(self) -> Iterator[str]:
        """Every user, each once, in the order of `stream`."""
        for bucket in self._buckets():
            yield from sorted(_distinct_users(self._rows(bucket, ["user_id"])))

    def of(self, user_id: str) -> list[Activity]:
        """The activities of a user in order of timestamp and activity_id; none of a user that is not there."""
        return [activity for _, activities in self.stream(users=[user_id]) for activity in activities]

    def stream(
        self, *, users: Collection[str] | None = None, until: datetime | None = None
    ) -> Iterator[tuple[str, list[Activity]]]:
        """Each user with at least one activity, with all of them in order of timestamp and activity_id.

        Bucket by bucket, and by user_id inside a bucket: the order is always the same. users: only these. until: only
        activities up to and with this moment; must have a zone. One bucket is held in memory at a time.
        """
        for rows in self.row_batches(_BATCH_ROWS, users=users, until=until):
            yield from by_user(rows)

    def row_batches(
        self, most: int, *, users: Collection[str] | None = None, until: datetime | None = None
    ) -> Iterator[Any]:
        """What `stream` gives, as tables of up to so many users, each of whom is whole and in one table only."""
        if until is not None and until.tzinfo is None:
            raise StoreError("the activity log is in UTC: give `until` a zone")
        for bucket, wanted in self._buckets_of(users):
            rows = self._rows(bucket, SCHEMA.names, wanted)
            if until is not None:
                rows = rows.filter(pc.less_equal(rows["timestamp"], time_scalar(until)))
            yield from slices_of_users(in_order(rows), most)

    def known(self, users: Collection[str]) -> set[str]:
        """Those of the users who have any activity."""
        return set().union(
            *(_distinct_users(self._rows(bucket, ["user_id"], wanted)) for bucket, wanted in self._buckets_of(users))
        )

    def touched_since(self, position: int) -> set[str]:
        """The users with an activity that was written after the log stood at `position`."""

        def touched(parts: list[Part]) -> set[str]:
            later = [part for part in parts if part.position > position]
            rows = read_parts(later, ["user_id", "position"])
            return _distinct_users(rows.filter(pc.greater(rows["position"], position)))

        return set().union(*(self._read(bucket, touched) for bucket in self._buckets()))

    def unseen(self, seen: Seen, users: Collection[str] | None = None) -> Iterator[tuple[str, int, datetime]]:
        """User, position and time of each activity that was not seen, bucket by bucket. users: only theirs.

        Row groups that hold nothing else are not read, so that the cost follows what came since.
        """
        for bucket, wanted in self._buckets_of(users):
            rows = seen.left_by(self._rows(bucket, _SIGHTING_COLUMNS, wanted, seen.is_left_by))
            yield from zip(
                rows["user_id"].to_pylist(), rows["position"].to_pylist(), times_in(rows["timestamp"]), strict=True
            )

    # --- writing

    def append(self, activities: Iterable[Activity]) -> Appended:
        """Writes those that are not there yet, by their activity_id, a batch at a time.

        A kill leaves whole parts; appending the same again brings what is missing. The ids of the buckets are read once
        and kept, 16 bytes each, up to 16 million; those of further buckets are read again for each batch. Raises
        StoreError where another process is writing, or the disk is full.
        """
        new = known = kept = 0
        cache: dict[int, KnownIds] = {}
        with self._writing() as buckets:
            position = self.position
            written: set[Path] = set()
            stream = iter(activities)
            while batch := list(islice(stream, self._batch_rows)):
                sorted_out = _by_bucket(batch, len(buckets))
                known += len(batch)
                for number, fresh in sorted(sorted_out.items()):
                    ids = cache.get(number) or self._known_ids(buckets[number])
                    seen = ids.contain(b"".join(fresh))
                    unseen = {key: each for (key, each), old in zip(fresh.items(), seen, strict=True) if not old}
                    if unseen:
                        position += 1
                        rows = to_rows(list(unseen.values()), list(unseen), position)
                        write_part(Part.at(buckets[number], position), rows)
                        written.add(buckets[number])
                        self._compact(buckets[number], self._most_parts * _MOST_PARTS_MEANWHILE)
                        ids.add(b"".join(unseen))
                        new += len(unseen)
                        known -= len(unseen)
                    if number in cache or kept + len(ids) <= _MOST_IDS_KEPT:
                        cache[number] = ids
                        kept = sum(map(len, cache.values()))
            for bucket in written:
                sync_folder(bucket)
                self._compact(bucket, self._most_parts)
        return Appended(new, known)

    def forget(self, user_id: str) -> int:
        """Removes a user from every part; returns how many activities went.

        After a kill, forgetting again removes the rest. Positions stay.
        """
        if not self._buckets():
            return 0
        gone = 0
        with self._writing() as buckets:
            bucket = buckets[_bucket_of(user_id, len(buckets))]
            for part in parts_of(bucket)[0]:
                if read_parts([part], ["user_id"], [user_id]):
                    rows = read_parts([part], SCHEMA.names)
                    left = rows.filter(pc.not_equal(rows["user_id"], user_id))
                    write_part(part, left)
                    gone += len(rows) - len(left)
            sync_folder(bucket)
        return gone

    def _compact(self, bucket: Path, most_parts: int) -> None:
        """Makes one file of many. It counts for all of them as soon as it is there; then they are removed."""
        parts = parts_of(bucket)[0]
        if len(parts) > most_parts:
            write_part(Part.at(bucket, parts[-1].position, whole=True), in_order(read_parts(parts, SCHEMA.names)))
            sync_folder(bucket)
            _tidy(bucket)

    @contextmanager
    def _writing(self) -> Iterator[list[Path]]:
        """Holds the folder alone, and gives its buckets."""
        lock = FileLock(self.folder / ".lock", timeout=self._lock_seconds)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            lock.acquire()
        except Timeout:
            raise StoreError(
                f"another process is writing to the activity log {self.folder}: wait until it is done, or stop it"
            ) from None
        except OSError as error:
            raise StoreError(f"cannot write to the activity log {self.folder}: {error.strerror or error}") from None
        try:
            if not self._buckets():
                _write_format(self.folder, self._new_buckets)
            buckets = self._buckets()
            for bucket in buckets:
                _tidy(bucket)
            yield buckets
        finally:
            lock.release()

    # --- buckets

    def _buckets(self) -> list[Path]:
        """The folders of the buckets; none before the first append."""
        path = self.folder / "format.json"
        try:
            found = json.loads(path.read_bytes())
            version, buckets = found["format"], int(found["buckets"])
        except FileNotFoundError:
            return []
        except (OSError, ValueError, TypeError, KeyError):
            raise StoreError(f"{path} is damaged: move {self.folder} away and ingest the logs again") from None
        if version != FORMAT:
            raise StoreError(f"{self.folder} has format {version}, this version reads {FORMAT}: ingest the logs again")
        return _bucket_folders(self.folder, buckets)

    def _buckets_of(self, users: Collection[str] | None) -> Iterator[tuple[Path, list[str] | None]]:
        buckets = self._buckets()
        if users is None:
            yield from ((bucket, None) for bucket in buckets)
            return
        wanted: dict[int, list[str]] = defaultdict(list)
        for user_id in users if buckets else ():
            wanted[_bucket_of(user_id, len(buckets))].append(user_id)
        yield from ((buckets[number], wanted[number]) for number in sorted(wanted))

    def _read(self, bucket: Path, read: Callable[[list[Part]], T]) -> T:
        """Reads again where a part vanished on the way, as a writer has put one file in the place of many."""
        for _ in range(_TRIES):
            try:
                return read(parts_of(bucket)[0])
            except FileNotFoundError:
                continue
        raise StoreError(f"{bucket} keeps changing while it is read: try again")

    def _rows(
        self,
        bucket: Path,
        columns: Sequence[str],
        users: list[str] | None = None,
        tells: Callable[[Any], bool] = lambda group: True,
    ) -> Any:
        return self._read(bucket, lambda parts: read_parts(parts, columns, users, tells))

    def _known_ids(self, bucket: Path) -> KnownIds:
        column = read_parts(parts_of(bucket)[0], ["activity_id"])["activity_id"].combine_chunks()
        return KnownIds(b"".join(column.cast(pa.binary()).to_pylist()))


def _by_bucket(batch: list[Activity], buckets: int) -> dict[int, dict[bytes, Activity]]:
    """By bucket and id; of activities with one id the first."""
    numbers: dict[str, int] = {}
    sorted_out: dict[int, dict[bytes, Activity]] = defaultdict(dict)
    for activity in batch:
        number = numbers.get(activity.user_id)
        if number is None:
            number = numbers[activity.user_id] = _bucket_of(activity.user_id, buckets)
        sorted_out[number].setdefault(bytes.fromhex(activity.activity_id), activity)
    return sorted_out


def _bucket_of(user_id: str, buckets: int) -> int:
    return int.from_bytes(blake2b(user_id.encode(), digest_size=8).digest()) % buckets


def _bucket_folders(folder: Path, buckets: int) -> list[Path]:
    return [folder / f"bucket={number:02}" for number in range(buckets)]


def _distinct_users(rows: Any) -> set[str]:
    return set(pc.unique(rows["user_id"]).to_pylist())


def _write_format(folder: Path, buckets: int) -> None:
    """Last of all, so that a log with a format has its buckets."""
    try:
        for bucket in _bucket_folders(folder, buckets):
            bucket.mkdir(exist_ok=True)
        fresh = folder / ".format.json.tmp"
        fresh.write_text(json.dumps({"format": FORMAT, "buckets": buckets}) + "\n")
        fresh.replace(folder / "format.json")
        sync_folder(folder)
    except OSError as error:
        raise StoreError(f"cannot write to the activity log {folder}: {error.strerror or error}") from None


def _tidy(bucket: Path) -> None:
    """Removes what a kill left behind: half-written files, and those that one file stands for."""
    for path in parts_of(bucket)[1]:
        path.unlink(missing_ok=True)
