"""Feedback as the library keeps it. It is a set of events: reading one twice, or in another order, changes nothing.

Events of candidates that are not known are kept aside, without a user, and find theirs once the candidate is known.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection, delete, func, insert, select, update

from assistant import tables
from assistant.candidate_facts import CandidateFacts, Candidates
from assistant.database import CHUNK, chunks
from assistant.feedback_rows import POSITIVE, FeedbackEvent, Outcome

_Grouped = tuple[str, list[FeedbackEvent]]


@dataclass(frozen=True, slots=True)
class Kept:
    """In events. new + known is what was given, where each id was given once."""

    new: int
    known: int


@dataclass(frozen=True, slots=True)
class CandidateOutcome:
    """All that came of one candidate. events: in order of time, at least one."""

    key: str
    facts: CandidateFacts
    events: tuple[FeedbackEvent, ...]

    def first(self, *kinds: Outcome) -> FeedbackEvent | None:
        return next((event for event in self.events if event.kind in kinds), None)

    @property
    def clicked(self) -> bool:
        return self.first(Outcome.CLICKED) is not None

    @property
    def opened(self) -> bool:
        """A click is an open too: mail that shows no images tells no open."""
        return self.first(Outcome.OPENED, Outcome.CLICKED) is not None

    @property
    def answer(self) -> int | None:
        """The last one, and of two at one time the worse."""
        answers = [event for event in self.events if event.kind is Outcome.SURVEY]
        return min(event.answer for event in answers if event.at == answers[-1].at) if answers else None

    def counts(self) -> dict[str, float]:
        """As a row of results. Whatever came of it, it was sent."""
        answer = self.answer
        told = {
            "sent": True,
            "opened": self.opened,
            "clicked": self.clicked,
            "unsubscribed": self.first(Outcome.UNSUBSCRIBED) is not None,
            "complained": self.first(Outcome.COMPLAINED) is not None,
            "answered": answer is not None,
            "survey_positive": answer is not None and answer >= POSITIVE,
        }
        return {name: float(value) for name, value in told.items()}


def put_feedback(connection: Connection, events: Sequence[FeedbackEvent], candidates: Candidates) -> Kept:
    """Adds events to the set, each with the user of its candidate where that is known."""
    least: dict[str, FeedbackEvent] = {}
    for event in events:
        least[event.event_id] = min(event, least.get(event.event_id, event))
    table = tables.feedback
    new = 0
    for ids in chunks(sorted(least)):
        found = {
            row.event_id: _event(row) for row in connection.execute(select(table).where(table.c.event_id.in_(ids)))
        }
        changed = [own for name in ids if found.get(name) != (own := min(least[name], found.get(name, least[name])))]
        new += sum(own.event_id not in found for own in changed)
        if not changed:
            continue
        users = candidates.facts_of({own.key for own in changed})
        connection.execute(delete(table).where(table.c.event_id.in_([own.event_id for own in changed])))
        connection.execute(
            insert(table),
            [
                {
                    "event_id": own.event_id,
                    "candidate_key": own.key,
                    "user_id": users[own.key].user_id if own.key in users else None,
                    "kind": own.kind.value,
                    "at": own.at,
                    "answer": own.answer,
                }
                for own in changed
            ],
        )
    return Kept(new, len(least) - new)


def resolve_feedback(connection: Connection, candidates: Candidates) -> int:
    """Gives events that were kept aside to users, where their candidates are known by now; returns how many stay."""
    table = tables.feedback
    aside = select(table.c.candidate_key).where(table.c.user_id.is_(None)).distinct()
    for keys in chunks(sorted(connection.execute(aside).scalars())):
        for key, facts in candidates.facts_of(keys).items():
            connection.execute(update(table).where(table.c.candidate_key == key).values(user_id=facts.user_id))
    left = select(func.count()).select_from(table).where(table.c.user_id.is_(None))
    return connection.execute(left).scalar_one()


def outcomes_in(connection: Connection, candidates: Candidates) -> Iterator[CandidateOutcome]:
    """What came of each candidate that is known, in order of key."""
    table = tables.feedback
    asked = select(table).where(table.c.user_id.is_not(None)).order_by(table.c.candidate_key)
    rows = connection.execution_options(yield_per=CHUNK).execute(asked)
    grouped = ((key, sorted(map(_event, own))) for key, own in groupby(rows, key=attrgetter("candidate_key")))
    for some in _batches(grouped):
        facts = candidates.facts_of([key for key, _ in some])
        for key, events in some:
            if key in facts:
                yield CandidateOutcome(key, facts[key], tuple(events))


def forget_feedback(connection: Connection, user_id: str) -> int:
    """Returns how many events of the user went."""
    return connection.execute(delete(tables.feedback).where(tables.feedback.c.user_id == user_id)).rowcount


def _event(row: object) -> FeedbackEvent:
    key, kind, at, answer, event_id = attrgetter("candidate_key", "kind", "at", "answer", "event_id")(row)
    return FeedbackEvent(at, key, Outcome(kind), answer, event_id)


def _batches(items: Iterable[_Grouped]) -> Iterator[list[_Grouped]]:
    batch: list[_Grouped] = []
    for item in items:
        batch.append(item)
        if len(batch) == CHUNK:
            yield batch
            batch = []
    if batch:
        yield batch
