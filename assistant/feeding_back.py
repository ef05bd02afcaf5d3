"""Feedback files into the library, and out of it as results of the experiment."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from assistant.candidate_facts import Candidates
from assistant.experiment.results import Results, UserRow, gather
from assistant.feedback_rows import FeedbackEvent, read_events
from assistant.kept_feedback import CandidateOutcome
from assistant.library import Library
from assistant.settings import Settings
from chains.experiment_arms import Arm
from vectorstore.errors import InputError
from vectorstore.readers import log_files
from vectorstore.rejections import Rejections
from vectorstore.rows import Rejected

REJECTED = "feedback_rejected.jsonl"
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class FedBack:
    """In rows: read = new + known + rejected. aside: events in the library whose candidate is not known, of all files
    so far."""

    read: int
    new: int
    known: int
    rejected: int
    aside: int
    reasons: Counter[str] = field(default_factory=Counter)


def feed_back(
    paths: Sequence[Path],
    library: Library,
    candidates: Candidates,
    settings: Settings,
    *,
    now: datetime | None = None,
    on_rows: Callable[[int], None] = lambda count: None,
) -> FedBack:
    """Reads files and folders into the library, and sets aside in the home folder the rows that can't be read.

    Some thousand rows are kept at a time; killed in between, the same again keeps the rest. Raises InputError where a
    file as a whole can't be read, or more than settings.max_rejected of the rows; what can be read was kept then.
    """
    files = log_files(paths)
    read = new = 0
    reasons: Counter[str] = Counter()
    batch: list[FeedbackEvent] = []
    with Rejections(settings.home / REJECTED) as rejections:
        try:
            for path in files:
                for row in read_events(path, settings.zone, now):
                    read += 1
                    if isinstance(row, Rejected):
                        reasons[str(row.reason)] += 1
                        rejections.add(row)
                        continue
                    batch.append(row)
                    if len(batch) == _AT_ONCE:
                        new += library.put_feedback(batch, candidates).new
                        batch = []
                        on_rows(read)
        finally:
            new += library.put_feedback(batch, candidates).new
            rejections.save({str(path) for path in files})
    aside = library.resolve_feedback(candidates)
    rejected = reasons.total()
    if rejected > settings.max_rejected * read:
        reason, often = reasons.most_common(1)[0]
        raise InputError(
            f"{rejected:,} of {read:,} rows could not be read, over the {settings.max_rejected * 100:.3g} % allowed; "
            f"most often: {reason} ({often:,}). The others were kept. See {settings.home / REJECTED}, mend the rows "
            "and read them again, or raise max_rejected"
        )
    return FedBack(read, new, read - rejected - new, rejected, aside, reasons)


@dataclass(frozen=True, slots=True)
class FromFeedback:
    """days: from the first event to the last, as days of the calendar. first, last: days of the candidates."""

    results: Results
    days: int
    first: date
    last: date

    def with_assigned(self, assigned: Mapping[Arm, int]) -> Results:
        """The results beside how many users each arm was given; {} where nobody knows."""
        return replace(self.results, assigned=assigned or None)


def results_of(outcomes: Iterable[CandidateOutcome]) -> FromFeedback:
    """What came of candidates, as results by user and arm. Raises InputError where nothing has come yet."""
    days: list[datetime] = []
    of_candidates: list[date] = []

    def rows() -> Iterator[UserRow]:
        for outcome in outcomes:
            moments = [event.at for event in outcome.events]
            days[:] = [min([*days[:1], *moments]), max([*days[1:], *moments])]
            sent = outcome.facts.day
            of_candidates[:] = [min([*of_candidates[:1], sent]), max([*of_candidates[1:], sent])]
            yield UserRow(outcome.facts.user_id, outcome.facts.arm, outcome.counts())

    results = gather(rows())
    if not results.arms:
        raise InputError("there is no feedback on any known candidate yet: journeys feedback FILE reads it")
    return FromFeedback(results, (days[1].date() - days[0].date()) // timedelta(days=1) + 1, *of_candidates)
