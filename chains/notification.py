"""A notification candidate and what it is made of: to whom, about what, and why somebody is told nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from hashlib import blake2b
from typing import Any

from chains.experiment_arms import Arm
from chains.journeys import Kind, Term


class Channel(StrEnum):
    EMAIL = "email"
    PUSH = "push"


class TargetKind(StrEnum):
    """A journey of the user, a related journey that he does not have yet, or the interest that he shares with most."""

    JOURNEY = "journey"
    EXPANSION = "expansion"
    INTEREST = "interest"


class Reason(StrEnum):
    """Why a user is told nothing, in the order in which it is asked. Of several journeys, the last of their reasons is
    told: that of the one that came nearest to a message."""

    NOT_LISTED = "not_listed"
    NO_CONSENT = "no_consent"
    OTHER_CHANNEL = "other_channel"
    MINOR = "minor"
    UNKNOWN_ZONE = "unknown_zone"
    DAY_CAP = "day_cap"
    WEEK_CAP = "week_cap"
    QUIET_HOURS = "quiet_hours"
    NO_JOURNEY = "no_journey"
    SENSITIVE = "sensitive"
    CALLED_OFF = "called_off"
    ENDED = "ended"
    NEVER_NOTIFY = "never_notify"
    LOW_CONFIDENCE = "low_confidence"
    LOW_SCORE = "low_score"
    COOL_DOWN = "cool_down"
    REPEATS = "repeats"
    NO_INTEREST = "no_interest"
    NO_NAME = "no_name"
    NOTHING_TO_SHOW = "nothing_to_show"
    NO_COPY = "no_copy"
    HOLDOUT = "holdout"


#: What each reason means, for a person.
MEANS = {
    Reason.NOT_LISTED: "is not in the users file, so no consent is known",
    Reason.NO_CONSENT: "has not agreed to this channel",
    Reason.OTHER_CHANNEL: "wants another channel",
    Reason.MINOR: "is or may be a minor",
    Reason.UNKNOWN_ZONE: "has a time zone that does not exist, so quiet hours are not known",
    Reason.DAY_CAP: "was sent enough today, over all channels",
    Reason.WEEK_CAP: "was sent enough in seven days, over all channels",
    Reason.QUIET_HOURS: "has quiet hours for the rest of the day",
    Reason.NO_JOURNEY: "has no journey",
    Reason.SENSITIVE: "has sensitive journeys only, which are never sent",
    Reason.CALLED_OFF: "has a journey that was called off or lost",
    Reason.ENDED: "has journeys that have ended only",
    Reason.NEVER_NOTIFY: "has a journey that nothing is to be sent for",
    Reason.LOW_CONFIDENCE: "has journeys that are too unsure only",
    Reason.LOW_SCORE: "has journeys of too low a score only",
    Reason.COOL_DOWN: "was told about this journey not long ago",
    Reason.REPEATS: "was told of much the same not long ago",
    Reason.NO_INTEREST: "is to be told of an interest, and has none that others share",
    Reason.NO_NAME: "has no journey with a name fit to send",
    Reason.NOTHING_TO_SHOW: "has nothing to be shown on what could be told: no items, no subjects beside it",
    Reason.NO_COPY: "has no journey of which a message can be written that says nothing of a person",
    Reason.HOLDOUT: "is in the arm that is sent nothing",
}


@dataclass(frozen=True, slots=True)
class Recipient:
    """What the users file says of a user. consent: by channel. zone: a name such as "Europe/Berlin", "" for none.

    channel: the one wanted, "" for any. segments: other columns, by name.
    """

    user_id: str
    consent: Mapping[Channel, bool]
    zone: str = ""
    language: str = ""
    minor: bool = False
    channel: str = ""
    segments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent before. day: in UTC. target_id: of the journey or entry it was about, "" where not known. topic:
    its words. template: by which its copy was written."""

    day: date
    channel: str
    target_id: str = ""
    topic: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True)
class Option:
    """What a user could be told about.

    target_id: the journey's id, or that of the catalogue entry. source_id, source: id and name of the journey that
    leads there; of a journey itself. score: in [0, 1], with the penalty for what was told lately; terms:
    what makes it up, as known. written: the texts that tell how the name is written.
    """

    kind: TargetKind
    target_id: str
    name: str
    score: float
    terms: tuple[Term, ...] = ()
    source_id: str = ""
    source: str = ""
    journey_kind: Kind = Kind.SITUATIONAL
    keywords: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Copy:
    """One message in words, plain text on one line each. preheader: of an e-mail, "" of a push. fallback: why a model
    that was asked has no part in it. model, prompt_version: which wrote it, "" for a template."""

    template: str
    title: str
    body: str
    preheader: str = ""
    fallback: str = ""
    model: str = ""
    prompt_version: str = ""


@dataclass(frozen=True, slots=True)
class ShownItem:
    item: str
    text: str


@dataclass(frozen=True, slots=True)
class Receipts:
    """The dated activity that a candidate rests on, as counts; of the user's texts only keywords that may be shown."""

    first_seen: datetime
    last_seen: datetime
    events: int
    active_days: int
    kinds: Mapping[str, int] = field(default_factory=dict)
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that may be sent. day: in UTC. send_after, send_before: aware, in UTC, on that day.

    target: what the arm is told about; both: by arm what its target is, None where it has none.
    """

    key: str
    user_id: str
    channel: Channel
    day: date
    arm: Arm
    target: Option
    copy: Copy
    send_after: datetime
    send_before: datetime
    receipts: Receipts
    items: tuple[ShownItem, ...] = ()
    language: str = "en"
    segments: Mapping[str, str] = field(default_factory=dict)
    both: Mapping[Arm, Option | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A user who is told nothing. others: how often each reason held for what he could have been told about."""

    user_id: str
    reason: Reason
    others: Mapping[Reason, int] = field(default_factory=dict)
    arm: Arm = Arm.JOURNEY
    both: Mapping[Arm, Option | None] = field(default_factory=dict)


def candidate_key(user_id: str, channel: Channel, day: date, salt: str) -> str:
    """32 hexadecimal digits, the same for the same user, channel and day: two messages that bear it are one."""
    parts = (user_id, channel.value, day.isoformat(), salt)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def told(option: Option | None) -> dict[str, Any] | None:
    """A target as it is recorded for the experiment."""
    if option is None:
        return None
    return {
        "kind": option.kind.value,
        "target_id": option.target_id,
        "name": option.name,
        "score": round(option.score, 6),
        "journey_id": option.source_id,
    }
