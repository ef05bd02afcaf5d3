"""Log files into the activity log. Reading the same again changes nothing; a row that can't be read is set aside."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from pathlib import Path

from vectorstore.activity import Activity
from vectorstore.activity_log import ActivityLog
from vectorstore.columns import ColumnMap
from vectorstore.errors import InputError
from vectorstore.lines import Consumed
from vectorstore.readers import log_files, read_activities
from vectorstore.rejections import Rejections
from vectorstore.rows import Rejected

_PROGRESS_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Progress:
    """How far ingesting has come. rows: of all files so far. done: the share of bytes, in [0, 1]."""

    source: str
    rows: int
    done: float


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of it, in rows: read = new + known + rejected + skipped. reasons: how many were rejected for each.

    users: whom the rows that were taken are of. skipped: rows of users who are not to be read.
    """

    read: int
    new: int
    known: int
    rejected: int
    reasons: Counter[str] = field(default_factory=Counter)
    users: frozenset[str] = frozenset()
    skipped: int = 0


def ingest(
    paths: Sequence[Path],
    log: ActivityLog,
    *,
    rejected_to: Path,
    columns: ColumnMap | None = None,
    zone: tzinfo = UTC,
    now: datetime | None = None,
    max_rejected: float = 0.01,
    skip: Callable[[str], bool] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Ingested:
    """Reads files and folders of logs into `log`, and sets aside in `rejected_to` the rows that can't be read.

    zone: of times that name none. now: rows dated more than a day after it are rejected; None rejects none for its
    date. max_rejected: the share of rejected rows that is still well, in [0, 1]. skip: tells of a user id whether its
    rows are to be passed over.

    Raises InputError where a path is no log, where a file as a whole can't be read, or where more rows than
    `max_rejected` were rejected; the latter two after everything that can be read was appended. Raises StoreError where
    another process is writing to the log. Both leave a whole log, and doing it again brings what is missing.
    """
    files = [path for path in log_files(paths) if path != rejected_to]
    with Rejections(rejected_to) as rejections:
        reading = _Reading(files, columns, zone, now, rejections, skip, on_progress)
        appended = log.append(reading.activities())
        rejections.save({str(path) for path in files})
    if reading.failures:
        more = f" (and {len(reading.failures) - 1} more files)" if len(reading.failures) > 1 else ""
        raise InputError(f"{reading.failures[0]}{more}")
    rejected = reading.reasons.total()
    if rejected > max_rejected * reading.rows:
        reason, often = reading.reasons.most_common(1)[0]
        raise InputError(
            f"{rejected:,} of {reading.rows:,} rows could not be read, over the {max_rejected * 100:.3g} % allowed; "
            f"most often: {reason} ({often:,}). The others were read. See {rejected_to}, mend the rows and ingest "
            "again, or raise --max-rejected"
        )
    return Ingested(
        read=reading.rows,
        new=appended.new,
        known=appended.known,
        rejected=rejected,
        reasons=reading.reasons,
        users=frozenset(reading.users),
        skipped=reading.skipped,
    )


class _Reading:
    """One pass through the files. A file that breaks off ends itself only; why is told at the end."""

    def __init__(
        self,
        files: Sequence[Path],
        columns: ColumnMap | None,
        zone: tzinfo,
        now: datetime | None,
        rejections: Rejections,
        skip: Callable[[str], bool] | None,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self._files = files
        self._columns = columns
        self._zone = zone
        self._now = now
        self._rejections = rejections
        self._skip = skip
        self._on_progress = on_progress
        self.rows = 0
        self.reasons: Counter[str] = Counter()
        self.users: set[str] = set()
        self.skipped = 0
        self.failures: list[InputError] = []

    def activities(self) -> Iterator[Activity]:
        sizes = [path.stat().st_size if path.exists() else 0 for path in self._files]
        total = sum(sizes) or 1
        for number, path in enumerate(self._files):
            before = sum(sizes[:number])
            consumed = Consumed()
            try:
                for row in read_activities(path, self._columns, zone=self._zone, now=self._now, consumed=consumed):
                    self.rows += 1
                    if self.rows % _PROGRESS_ROWS == 0:
                        self._tell(path, (before + consumed.size) / total)
                    if isinstance(row, Rejected):
                        self.reasons[str(row.reason)] += 1
                        self._rejections.add(row)
                    elif self._skip and self._skip(row.user_id):
                        self.skipped += 1
                    else:
                        self.users.add(row.user_id)
                        yield row
            except InputError as error:
                self.failures.append(error)
            self._tell(path, (before + sizes[number]) / total)

    def _tell(self, path: Path, done: float) -> None:
        if self._on_progress:
            self._on_progress(Progress(str(path), self.rows, min(done, 1.0)))
