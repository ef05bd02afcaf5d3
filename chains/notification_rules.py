"""Who may be told something, and about what: each rule has a name, and the first that holds is told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from chains.journeys import Journey, Policy, Stage
from chains.naming_candidates import words_in
from chains.notification import Channel, Reason, Recipient, Sent
from chains.quiet_hours import Slot, slot_on
from chains.safety import loss

_ALIKE = 0.5
_WEEK = 7


@dataclass(frozen=True, slots=True)
class NotifyPolicy:
    """a_day, a_week: messages at most on a UTC day, and in seven days, over all channels. quiet_from, quiet_until: on
    the user's clock. least_minutes: a shorter slot is none. cool_down_days: before the same journey or entry is told
    again. repeat_days: how long what was told counts against what is like it, by the factor repeat_penalty each.
    score_floor, expansion_floor, confidence_floor: least scores of a journey and of a related one, least confidence.
    interest_floor: the least part of recent activity that an interest has.
    """

    a_day: int = 1
    a_week: int = 3
    quiet_from: time = time(21)
    quiet_until: time = time(8)
    least_minutes: int = 30
    cool_down_days: int = 14
    repeat_days: int = 14
    repeat_penalty: float = 0.5
    score_floor: float = 0.4
    expansion_floor: float = 0.05
    confidence_floor: float = 0.4
    interest_floor: float = 0.05


def refuse_user(recipient: Recipient | None, channel: Channel) -> Reason | None:
    """Whether a user may be sent nothing on this channel, whatever it is about."""
    if recipient is None:
        return Reason.NOT_LISTED
    if not recipient.consent.get(channel, False):
        return Reason.NO_CONSENT
    if recipient.channel not in {"", channel.value}:
        return Reason.OTHER_CHANNEL
    return Reason.MINOR if recipient.minor else None


def refuse_often(sent: Sequence[Sent], day: date, policy: NotifyPolicy) -> Reason | None:
    """sent: to the user, on all channels. Seven days are this one and the six before."""
    if sum(each.day == day for each in sent) >= policy.a_day:
        return Reason.DAY_CAP
    since = day - timedelta(days=_WEEK - 1)
    return Reason.WEEK_CAP if sum(since <= each.day <= day for each in sent) >= policy.a_week else None


def find_slot(zone: str, default: tzinfo, as_of: datetime, policy: NotifyPolicy) -> Slot | Reason:
    """When the user may be sent something on the day of as_of."""
    try:
        own = ZoneInfo(zone) if zone else default
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Reason.UNKNOWN_ZONE
    least = timedelta(minutes=policy.least_minutes)
    return slot_on(as_of, own, policy.quiet_from, policy.quiet_until, least) or Reason.QUIET_HOURS


def refuse_journey(journey: Journey, never: Collection[str], policy: NotifyPolicy) -> Reason | None:
    """Whether nothing may be sent for a journey, nor for what it leads to. never: ids that people named."""
    if journey.safety.policy is not Policy.ALLOW:
        return Reason.SENSITIVE
    if loss(journey.texts):
        return Reason.CALLED_OFF
    if journey.stage is not Stage.ONGOING:
        return Reason.ENDED
    if journey.journey_id in never:
        return Reason.NEVER_NOTIFY
    return Reason.LOW_CONFIDENCE if journey.confidence < policy.confidence_floor else None


def refuse_target(
    target_id: str, topic: str, score: float, floor: float, sent: Sequence[Sent], day: date, policy: NotifyPolicy
) -> tuple[Reason | None, float]:
    """Whether a target is refused for its score or what was told before; and its score with the penalty for that."""
    if score < floor:
        return Reason.LOW_SCORE, score
    since = day - timedelta(days=policy.cool_down_days)
    if any(each.target_id == target_id and since < each.day <= day for each in sent):
        return Reason.COOL_DOWN, score
    left = score * policy.repeat_penalty ** _times_told(topic, sent, day - timedelta(days=policy.repeat_days), day)
    return (Reason.REPEATS if left < floor else None), left


def _times_told(topic: str, sent: Sequence[Sent], since: date, day: date) -> int:
    words = frozenset(words_in(topic))
    others = [frozenset(words_in(each.topic)) for each in sent if since < each.day <= day and each.topic]
    return sum(bool(words) and len(words & other) >= _ALIKE * len(words | other) for other in others)
