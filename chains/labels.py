"""What people say of a user's journeys, so that the next inference knows better: names, merges, splits, verdicts."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from chains.journeys import Journey, NamedBy
from chains.judgement import LEVELS
from chains.model_safety import fit_text
from chains.naming import LONGEST_NAME
from chains.safety import SensitivityChecker
from vectorstore.activity import Keyword, normalize
from vectorstore.errors import InputError

#: A journey that a person has called over goes on once something is done for it more than so long after that.
WELL_AFTER = timedelta(days=7)

#: More than this share is "most of it", as where a journey continues another.
MOST = 0.5

_LONGEST_NOTE, _LONGEST_BY = 1_000, 200


class LabelKind(StrEnum):
    """
    rename: this is its name. merge: another journey belongs to this one. split: some keywords don't belong to it.
    not_a_journey: it is none. over: it has ended. never_notify: nothing is ever sent for it. verdict: 1 to 5, how good.
    """

    RENAME = "rename"
    MERGE = "merge"
    SPLIT = "split"
    NOT_A_JOURNEY = "not_a_journey"
    OVER = "over"
    NEVER_NOTIFY = "never_notify"
    VERDICT = "verdict"


class Was(BaseModel):
    """A journey as it was when it was labelled, so that the label outlives changes. texts: normalized, in order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    named_by: NamedBy
    texts: tuple[str, ...]

    @classmethod
    def of(cls, journey: Journey) -> "Was":
        return cls(name=journey.name, named_by=journey.named_by, texts=tuple(sorted(texts_in(journey))))


class Label(BaseModel):
    """One thing that one person said of one journey of a user.

    by: who. at: when. name: for rename. other: for merge, the id of the journey that goes into this one. keywords: for
    split, as they were given; apart: the normalized texts of the journey that they stand in. score: for verdict, 1 to
    5. was, other_was: the journeys when it was said. withdrawn_at: when it was taken back, None while it holds.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label_id: str
    user_id: str
    journey_id: str
    kind: LabelKind
    by: str = Field(min_length=1, max_length=_LONGEST_BY)
    at: AwareDatetime
    name: str = Field("", max_length=LONGEST_NAME)
    other: str = ""
    keywords: tuple[str, ...] = ()
    score: Annotated[int, Field(ge=LEVELS[0], le=LEVELS[-1])] | None = None
    note: str = Field("", max_length=_LONGEST_NOTE)
    apart: tuple[str, ...] = ()
    was: Was | None = None
    other_was: Was | None = None
    withdrawn_at: AwareDatetime | None = None

    @property
    def order(self) -> tuple[datetime, str]:
        """Of two labels that contradict each other, the one with the greater holds."""
        return self.at, self.label_id

    @property
    def names(self) -> frozenset[str]:
        """The one given, and those that journeys had when it was said."""
        return frozenset({self.name, *(was.name for was in (self.was, self.other_was) if was)} - {""})

    @property
    def texts(self) -> frozenset[str]:
        """Of the journey when it was labelled; {} where that isn't known."""
        return frozenset(self.was.texts) if self.was else frozenset()

    @property
    def other_texts(self) -> frozenset[str]:
        return frozenset(self.other_was.texts) if self.other_was else frozenset()


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says, before it is a label. Fields as those of a Label."""

    kind: LabelKind
    by: str
    name: str = ""
    other: str = ""
    keywords: tuple[str, ...] = ()
    score: int | None = None
    note: str = ""


#: What each kind needs; it takes nothing else beside a note.
_NEEDS = {LabelKind.RENAME: "name", LabelKind.MERGE: "other", LabelKind.SPLIT: "keywords", LabelKind.VERDICT: "score"}


def check_said(said: Said, checker: SensitivityChecker) -> None:
    """Raises InputError, in one line, where something is missing, is too much, or may not be shown."""
    if not said.by.strip() or len(said.by) > _LONGEST_BY:
        raise InputError(f"a label needs who says it, in 1 to {_LONGEST_BY} characters")
    if len(said.note) > _LONGEST_NOTE:
        raise InputError(f"a note has at most {_LONGEST_NOTE:,} characters")
    needed = _NEEDS.get(said.kind)
    for name in _NEEDS.values():
        given = getattr(said, name) not in ("", (), None)
        if name == needed and not given:
            raise InputError(f"{said.kind} needs {_SAID_OF[name]}")
        if name != needed and given:
            raise InputError(f"{said.kind} takes no {name}: leave it out")
    if said.kind is LabelKind.RENAME and (unfit := why_no_name(said.name, checker)):
        raise InputError(f"this name can't be shown: {unfit}: choose another")
    if said.score is not None and said.score not in LEVELS:
        raise InputError(f"a verdict is a score of {LEVELS[0]} to {LEVELS[-1]}, not {said.score}")


_SAID_OF = {
    "name": f"a name, of at most {LONGEST_NAME} characters",
    "other": "another journey, which goes into this one",
    "keywords": "the keywords that are split off",
    "score": f"a score of {LEVELS[0]} to {LEVELS[-1]}",
}


def why_no_name(name: str, checker: SensitivityChecker) -> str:
    """Why a name may not be shown: the checks are those of names that a model writes. "" where it may."""
    return fit_text(name, support=None, checker=checker, longest=LONGEST_NAME)


def texts_apart(wanted: Collection[str], journey: Journey, keywords: Iterable[Keyword]) -> tuple[str, ...]:
    """The normalized texts of the journey that these keywords stand in, in order.

    keywords: all of the user. Raises InputError where one is no keyword of the journey, or they stand in all of it.
    """
    own = texts_in(journey)
    stands_in: dict[str, set[str]] = {}
    for keyword in keywords:
        stands_in[keyword.key] = {normalize(event.text) for event in keyword.events} & own
    apart: set[str] = set()
    for text in wanted:
        key = normalize(text)
        found = stands_in.get(key) or ({key} & own)
        if not found:
            raise InputError(f"{text!r} is no keyword of this journey: see those it has with journeys show USER --json")
        apart |= found
    if apart == own:
        raise InputError("these keywords stand in all of the journey, so nothing would be left: split off fewer")
    return tuple(sorted(apart))


def texts_in(journey: Journey) -> frozenset[str]:
    """Its texts, normalized."""
    return frozenset(normalize(text) for text in journey.texts)


def labelled_journey(label: Label, journeys: Sequence[Journey]) -> Journey | None:
    """Which of a user's journeys the label is about now: the one with its id, else the one that is mostly the same."""
    for journey in journeys:
        if journey.journey_id == label.journey_id:
            return journey
    best, shared = None, 0.0
    for journey in journeys:
        own = texts_in(journey)
        common = len(own & label.texts)
        if common > MOST * len(label.texts) and common > MOST * len(own) and common / len(own) > shared:
            best, shared = journey, common / len(own)
    return best


def has_lapsed(label: Label, journey: Journey) -> bool:
    """Whether something was done for a journey well after a person called it over."""
    return journey.last_seen > label.at + WELL_AFTER


def silenced(labels: Iterable[Label], journeys: Sequence[Journey]) -> set[str]:
    """The ids of journeys for which nothing is ever sent: those labelled so, all that hold most of the texts of one,
    and all that mostly come from one."""
    ids: set[str] = set()
    for label in labels:
        if label.kind is LabelKind.NEVER_NOTIFY and label.withdrawn_at is None:
            ids.add(label.journey_id)
            ids |= {journey.journey_id for journey in journeys if mostly(texts_in(journey), label.texts)}
    return ids


def mostly(texts: frozenset[str], others: frozenset[str]) -> bool:
    """Whether most of either is in the other."""
    common = len(texts & others)
    return common > MOST * len(texts) or common > MOST * len(others)
