"""What people say of journeys: said, taken back, and in force at once."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from assistant.correcting import Corrections
from assistant.errors import LibraryError
from assistant.library import Library
from assistant.rows import journey_of
from assistant.runs import UserState
from chains.clustering import Granularity
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import ALGORITHM, Journey
from chains.labelled import LabelledUser
from chains.labels import Label, LabelKind, Said, Was, check_said, silenced, texts_apart
from chains.texts import Floats
from vectorstore.activity import Keyword, normalize
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError
from vectorstore.masking import mask

_TRIES = 5


class _Labelled(Protocol):
    """What of JourneyAssistant is needed here."""

    log: ActivityLog

    @property
    def library(self) -> Library: ...
    @property
    def embeddings(self) -> CachedEmbeddings: ...
    @property
    def models(self) -> InferenceModels: ...
    def models_for(self, granularity: Granularity, as_of: datetime) -> InferenceModels: ...
    def options(self, granularity: Granularity | None = None) -> InferenceOptions: ...
    def journeys(self, user_id: str) -> list[Journey]: ...
    def journey(self, user_id: str, which: str) -> Journey: ...
    def corrections(self, as_of: datetime, options: InferenceOptions) -> Corrections: ...


class Labelling:
    """The part of JourneyAssistant that keeps what people say of journeys."""

    def add_label(
        self: _Labelled,
        user_id: str,
        which: str,
        kind: LabelKind,
        *,
        by: str,
        name: str = "",
        other: str = "",
        keywords: Sequence[str] = (),
        score: int | None = None,
        note: str = "",
        at: datetime | None = None,
    ) -> Label:
        """Keeps what a person says of a journey, and changes the user's journeys by it, at once and in later runs.

        which, other: as `journey` takes them. name: for rename. other: for merge, the journey that goes into this one.
        keywords: for split. score: for verdict, 1 to 5. at: by default now. Raises LibraryError where there is no such
        journey, InputError where something is missing or may not be shown.
        """
        said = Said(
            LabelKind(kind), by.strip(), " ".join(name.split()), other, tuple(keywords), score, mask(note.strip())
        )
        check_said(said, self.models.checker)
        moment = at or datetime.now(UTC)
        for _ in range(_TRIES):
            label = _label(self, said, user_id, which, moment)
            if _put(self, user_id, moment, added=label):
                return label
        raise _busy(user_id)

    def labels(self: _Labelled, user_id: str | None = None) -> list[Label]:
        """What people said of a user's journeys, or of all users', also what they took back; the oldest first."""
        return self.library.labels(user_id)

    def withdraw_label(self: _Labelled, label_id: str) -> None:
        """Takes back what a person said, at once and for later runs; nothing happens where it was taken back before.

        Raises LibraryError where there is no such label.
        """
        for _ in range(_TRIES):
            found = self.library.labels(label_id=label_id)
            if not found:
                raise LibraryError(f"there is no label {label_id!r}: see them with journeys labels list")
            if found[0].withdrawn_at or _put(self, found[0].user_id, datetime.now(UTC), withdrawn=found[0]):
                return
        raise _busy(found[0].user_id)

    def never_notify(self: _Labelled, user_id: str) -> set[str]:
        """The ids of the user's journeys for which nothing is ever to be sent, since a person said so."""
        labels = self.library.held_labels([user_id]).get(user_id, [])
        return silenced(labels, self.library.journeys(user_id)) if labels else set()

    def silenced_of(self: _Labelled, journeys: Mapping[str, Sequence[Journey]]) -> dict[str, set[str]]:
        """The same of many users, whose journeys are given; users of whom nobody said anything are left out."""
        held = self.library.held_labels(sorted(journeys))
        return {user_id: silenced(labels, journeys[user_id]) for user_id, labels in held.items()}

    def inferred(
        self: _Labelled, keywords: Sequence[Keyword], vectors: Floats, as_of: datetime, options: InferenceOptions
    ) -> list[Journey]:
        """As `infer_journeys`, with what people said of the user's journeys; nothing is stored."""
        models = self.models_for(options.granularity, as_of)
        found = infer_journeys(keywords, vectors, as_of, options, models)
        user_id = keywords[0].user_id if keywords else ""
        labels = self.library.held_labels([user_id]).get(user_id)
        return LabelledUser(keywords, vectors, as_of, options, models, labels).applied(found) if labels else found

    def corrections(self: _Labelled, as_of: datetime, options: InferenceOptions) -> Corrections:
        """What a run needs to respect what people said."""
        return Corrections(self.log, self.embeddings, as_of, options, self.models_for(options.granularity, as_of))


def _label(assistant: _Labelled, said: Said, user_id: str, which: str, at: datetime) -> Label:
    journey = assistant.journey(user_id, which)
    other = assistant.journey(user_id, said.other) if said.other else None
    if other is not None and other.journey_id == journey.journey_id:
        raise InputError("a journey is merged with another one, not with itself")
    if said.name:
        _require_free(said.name, journey, assistant.journeys(user_id))
    apart: tuple[str, ...] = ()
    if said.kind is LabelKind.SPLIT:
        keywords = assistant.corrections(journey.as_of, assistant.options()).keywords(user_id)
        apart = texts_apart(said.keywords, journey, keywords)
    return Label(
        label_id=uuid.uuid4().hex[:12],
        user_id=user_id,
        journey_id=journey.journey_id,
        kind=said.kind,
        by=said.by,
        at=at,
        name=said.name,
        other=other.journey_id if other else "",
        keywords=said.keywords,
        score=said.score,
        note=said.note,
        apart=apart,
        was=Was.of(journey),
        other_was=Was.of(other) if other else None,
    )


def _require_free(name: str, journey: Journey, journeys: Collection[Journey]) -> None:
    if any(normalize(each.name) == normalize(name) for each in journeys if each.journey_id != journey.journey_id):
        raise InputError("another journey of this user is called so: choose another name, or merge the two")


def _put(
    assistant: _Labelled, user_id: str, at: datetime, *, added: Label | None = None, withdrawn: Label | None = None
) -> bool:
    """Whether it could be stored: not where the user's journeys changed meanwhile."""
    state, before = assistant.library.as_stored(user_id)
    if state is None:
        raise LibraryError(f"no inference of a user {user_id!r}: journeys infer, or see the ids with journeys users")
    _require_same_way(assistant, state)
    held = [each for each in assistant.library.held_labels([user_id]).get(user_id, []) if each != withdrawn]
    labels = [*held, added] if added else held
    corrections = assistant.corrections(state.as_of, assistant.options(Granularity(state.granularity)))
    stored = [journey_of(body) for body in before]
    journeys, changes = corrections.at_once(stored, labels, added=added, withdrawn=withdrawn)
    return assistant.library.put_labelled(state, before, journeys, changes, added=added, withdrawn=withdrawn, at=at)


def _require_same_way(assistant: _Labelled, state: UserState) -> None:
    if (state.algorithm, state.embedding) != (ALGORITHM, assistant.embeddings.model):
        raise LibraryError(
            f"the journeys of user {state.user_id!r} were inferred with {state.algorithm}, {state.embedding}, and not "
            f"{ALGORITHM}, {assistant.embeddings.model}: journeys infer --full, then say it again"
        )


def _busy(user_id: str) -> LibraryError:
    return LibraryError(f"the journeys of user {user_id!r} keep changing: wait until the run has ended, then try again")
