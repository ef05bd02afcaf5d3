"""What came of candidates that were sent, as feedback that the ranker learns from.

A click says that the journey is wanted, a survey answer what it says; who unsubscribed or complained dismissed it. Sent
and not clicked within the wait says, weakly, that it is not: where the log shows that the user went on with the journey
by himself, that counts. An open says nothing, since mail programs open mail by themselves.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from assistant.feedback_rows import Outcome
from assistant.kept_feedback import CandidateOutcome
from assistant.training.feedback import IGNORE

#: How long a candidate may wait for its click.
WAIT = timedelta(days=7)


def label_rows(
    outcomes: Iterable[CandidateOutcome], as_of: datetime, wait: timedelta = WAIT
) -> Iterator[dict[str, Any]]:
    """One row for each candidate that says something about a journey, in the columns of `read_feedback`, and with arm,
    channel, day, and terms: what made up the journey's score when it was chosen. as_of: until when feedback is in."""
    for outcome in outcomes:
        facts = outcome.facts
        said = _said(outcome, as_of, wait)
        if not facts.journey_id or said is None:
            continue
        kind, moment, value = said
        yield {
            "user_id": facts.user_id,
            "journey_id": facts.journey_id,
            "timestamp": moment.isoformat(),
            "kind": kind,
            "value": value,
            "arm": str(facts.arm),
            "channel": facts.channel,
            "day": facts.day.isoformat(),
            "terms": dict(sorted(facts.terms.items())),
        }


def _said(outcome: CandidateOutcome, as_of: datetime, wait: timedelta) -> tuple[str, datetime, int | None] | None:
    if dismissed := outcome.first(Outcome.UNSUBSCRIBED, Outcome.COMPLAINED):
        return "dismiss", dismissed.at, None
    if (answer := outcome.answer) is not None:
        return "verdict", max(event.at for event in outcome.events if event.kind is Outcome.SURVEY), answer
    if clicked := outcome.first(Outcome.CLICKED):
        return "click", clicked.at, None
    sent = outcome.first(Outcome.SENT, Outcome.OPENED)
    return (IGNORE, sent.at, None) if sent and sent.at + wait <= as_of else None
