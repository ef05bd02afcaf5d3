"""What the page's Review reads: the journeys that wait for a verdict, and the agreement so far."""

from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from assistant.evaluation.judge_agreement import JudgeAgreement
from assistant.judge_gate import Gate, gate_for
from assistant.reviewing import (
    Because,
    Reviewable,
    ReviewItem,
    Which,
    held_verdicts,
    helped,
    review_agreement,
    review_queue,
)
from chains.journeys import Journey, Policy
from vectorstore.activity import Activity, normalize

if TYPE_CHECKING:
    from collections.abc import Collection

    from assistant.assistant import JourneyAssistant


@dataclass(frozen=True, slots=True)
class Desk:
    """What lies before one reviewer. item, journey, events: what comes next, None and () where nothing is left.

    waiting: journeys without a verdict of this person, those passed over included. reasons: how many of them by the
    strongest. verdicts: of this person, of all time. agreement: of all people. gate: whether the judge may be relied
    on.
    """

    item: ReviewItem | None
    journey: Journey | None
    events: tuple[Activity, ...]
    waiting: int
    reasons: dict[Because, int]
    verdicts: int
    agreement: JudgeAgreement
    gate: Gate


@dataclass
class ReviewDesk:
    """assistant: whose journeys are reviewed. Any thread may ask."""

    assistant: "JourneyAssistant"
    _lock: Lock = field(default_factory=Lock)
    _kept: tuple[object, tuple[Reviewable, ...]] | None = None

    def before(self, by: str, skipped: "Collection[Which]" = ()) -> Desk:
        """What lies before this person, who may have passed over some."""
        library = self.assistant.library
        labels, judgements = library.labels(), library.judgements()
        queue = review_queue(self._reviewable(), judgements, labels, by=by, skipped=skipped)
        item = journey = None
        events: tuple[Activity, ...] = ()
        for each in queue:
            own = {found.journey_id: found for found in library.journeys(each.about.user_id)}
            # What was forgotten or changed since the list was read is passed over.
            if journey := own.get(each.about.journey_id):
                item, events = each, self._events(journey)
                break
        agreement = review_agreement(judgements, labels)
        return Desk(
            item=item,
            journey=journey,
            events=events,
            waiting=len(queue),
            reasons=helped(queue),
            verdicts=sum(label.by == by for label in held_verdicts(labels)),
            agreement=agreement,
            gate=gate_for(agreement.model, agreement.prompt_version, library.validations()),
        )

    def read_ahead(self) -> None:
        """What the first reviewer would wait for."""
        self._reviewable()

    def _events(self, journey: Journey) -> tuple[Activity, ...]:
        own = {normalize(text) for text in journey.texts}
        return tuple(
            event
            for event in self.assistant.log.of(journey.user_id)
            if event.timestamp <= journey.as_of and normalize(event.text) in own
        )

    def _reviewable(self) -> tuple[Reviewable, ...]:
        """Read anew only where a run, or a correction, has changed something."""
        library = self.assistant.library
        newest = next((run.run_id for run in library.runs()), "")
        key = (newest, library.count())
        with self._lock:
            if self._kept is None or self._kept[0] != key:
                self._kept = (key, tuple(_reviewable(journey) for journey in library.all_journeys()))
            return self._kept[1]


def _reviewable(journey: Journey) -> Reviewable:
    sensitive = journey.safety.policy is not Policy.ALLOW
    return Reviewable(
        user_id=journey.user_id,
        journey_id=journey.journey_id,
        rank=journey.rank,
        confidence=journey.confidence,
        category=(journey.safety.category or "topic") if sensitive else "",
    )
