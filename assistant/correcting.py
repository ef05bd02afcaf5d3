"""One user's journeys with what people have said of them: in a run, and at once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from threadpoolctl import threadpool_limits

from assistant.changes import Change, ChangeKind
from assistant.identity import continue_journeys
from chains.inference import InferenceModels, InferenceOptions
from chains.journeys import Journey, NamedBy
from chains.keywords import extract_keywords
from chains.labelled import LabelledUser
from chains.labels import Label, LabelKind, Was, labelled_journey, texts_in
from chains.silence import next_change
from chains.texts import Floats
from vectorstore.activity import Keyword
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.nearest import unit_rows

Continued = tuple[list[Journey], list[Change]]

#: Labels that change nothing about what is stored of a journey.
_SILENT = {LabelKind.NEVER_NOTIFY, LabelKind.VERDICT}
_NO_JOURNEY = "a person has said that it is no journey"


@dataclass(frozen=True)
class Corrections:
    """What it takes to make anew what a label changes. as_of, options: those of the inference."""

    log: ActivityLog
    embeddings: CachedEmbeddings
    as_of: datetime
    options: InferenceOptions
    models: InferenceModels

    def in_run(self, previous: Sequence[Journey], found: Sequence[Journey], labels: Sequence[Label]) -> Continued:
        """As `continue_journeys`, with the labels that hold for the user.

        previous: stored before. found: inferred now. A label that no journey is left for changes nothing.
        """
        if all(label.kind in _SILENT for label in labels):
            return continue_journeys(previous, found)
        user = self._user(labels[0].user_id, labels)
        return continue_journeys(previous, found) if user is None else _continued(user, previous, found)

    def next_change(self, journeys: Sequence[Journey]) -> datetime | None:
        """See `chains.silence`; of journeys of one user that labels have changed."""
        keywords = self.keywords(journeys[0].user_id) if journeys else []
        if not keywords:
            return None
        vectors = self._vectors(keywords)
        return next_change(keywords, vectors, journeys, as_of=self.as_of, options=self.options, models=self.models)

    def at_once(
        self, stored: Sequence[Journey], labels: Sequence[Label], *, added: Label | None, withdrawn: Label | None
    ) -> Continued:
        """The stored journeys of a user with these labels, of which one was added, or one withdrawn, just now."""
        label = added or withdrawn
        if label is None or label.kind in _SILENT:
            return list(stored), []
        user = self._user(label.user_id, labels, [withdrawn] if withdrawn else [])
        if user is None:
            return list(stored), []
        anchored = _anchored(stored, label, withdrawn=label is withdrawn)
        kept, changes = _continued(user, stored, stored, anchored)
        gone = label.journey_id if label.kind is LabelKind.NOT_A_JOURNEY else ""
        return kept, [_told(change, gone) for change in changes]

    def keywords(self, user_id: str) -> list[Keyword]:
        """All of the user up to the clock."""
        for _, activities in self.log.stream(users=[user_id], until=self.as_of):
            return extract_keywords(activities)
        return []

    def _user(self, user_id: str, labels: Sequence[Label], withdrawn: Sequence[Label] = ()) -> LabelledUser | None:
        keywords = self.keywords(user_id)
        if not keywords:
            return None
        vectors = self._vectors(keywords)
        return LabelledUser(keywords, vectors, self.as_of, self.options, self.models, labels, withdrawn)

    def _vectors(self, keywords: Sequence[Keyword]) -> Floats:
        embedded = self.embeddings.embed([keyword.key for keyword in keywords])
        # To the bit what a run makes of them.
        return unit_rows(embedded, *embedded.shape)


def _continued(
    user: LabelledUser, previous: Sequence[Journey], found: Sequence[Journey], anchored: Sequence[Journey] | None = None
) -> Continued:
    """anchored: the stored journeys as they are to be seen where a label changes them at once."""
    seen_as = _by_machine(previous if anchored is None else anchored, [*user.labels, *user.withdrawn])
    # As in a run: with more threads sums are made in another order, and differ in the last bit.
    with threadpool_limits(limits=1, user_api="blas"):
        journeys = list(found)
        if anchored is not None or user.needs_regrouping():
            journeys = user.journeys(user.groups(found), found, {})
        if any(label.kind is LabelKind.OVER for label in user.labels):
            over = user.over(continue_journeys(previous, journeys, seen_as=seen_as)[0])
            if over:
                journeys = user.journeys([texts_in(journey) for journey in journeys], found, over)
    return continue_journeys(previous, journeys, seen_as=seen_as, named=user.named)


def _by_machine(journeys: Sequence[Journey], labels: Iterable[Label]) -> list[Journey]:
    """The journeys with the names that they had before a person named them, which come back when the label goes."""
    renames = sorted((each for each in labels if each.kind is LabelKind.RENAME), key=lambda label: label.order)
    before: dict[str, Was] = {}
    for label in renames:
        journey = labelled_journey(label, journeys)
        if journey is not None and label.was and label.was.named_by is not NamedBy.PERSON:
            before[journey.journey_id] = label.was
    return [
        _seen(journey, was.name, was.named_by)
        if journey.named_by is NamedBy.PERSON and (was := before.get(journey.journey_id))
        else journey
        for journey in journeys
    ]


def _anchored(stored: Sequence[Journey], label: Label, *, withdrawn: bool) -> list[Journey]:
    """The stored journeys with the texts that those which the label speaks of have from now on, so that each keeps the
    id by which it was spoken of; also those that come back."""
    apart = frozenset(label.apart)
    texts = {
        (LabelKind.MERGE, False): {label.journey_id: label.texts | label.other_texts},
        (LabelKind.MERGE, True): {label.journey_id: label.texts, label.other: label.other_texts},
        (LabelKind.SPLIT, False): {label.journey_id: label.texts - apart},
        (LabelKind.SPLIT, True): {label.journey_id: label.texts},
        (LabelKind.NOT_A_JOURNEY, True): {label.journey_id: label.texts},
    }.get((label.kind, withdrawn), {})
    was = {label.journey_id: label.was, label.other: label.other_was}
    known = {journey.journey_id for journey in stored}
    seen = [_holding(journey, texts.get(journey.journey_id, frozenset())) for journey in stored]
    if withdrawn:
        seen = [
            _named_as(journey, was.get(journey.journey_id)) if journey.journey_id in texts else journey
            for journey in seen
        ]
    for journey_id in sorted(texts.keys() - known):
        if stored and (before := was[journey_id]):
            back = stored[0].model_copy(update={"journey_id": journey_id, "rank": len(seen) + 1})
            seen.append(_seen(_holding(back, texts[journey_id]), before.name, before.named_by))
    return seen


def _holding(journey: Journey, texts: frozenset[str]) -> Journey:
    return journey.model_copy(update={"texts": tuple(sorted(texts))}) if texts else journey


def _named_as(journey: Journey, was: Was | None) -> Journey:
    """With the name that it had, unless a person has given it one."""
    if was is None or NamedBy.PERSON in {journey.named_by, was.named_by}:
        return journey
    return _seen(journey, was.name, was.named_by)


def _seen(journey: Journey, name: str, named_by: NamedBy) -> Journey:
    return journey.model_copy(update={"name": name, "named_by": named_by})


def _told(change: Change, gone: str) -> Change:
    if change.kind is ChangeKind.GONE and change.journey_id == gone:
        return change.model_copy(update={"detail": _NO_JOURNEY})
    return change
