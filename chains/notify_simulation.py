"""What a policy would come to, day by day, before anybody is sent anything: how many messages, and what keeps others
back. Pure: users do not react, and no journey changes."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from chains.notification import Reason, Sent
from chains.notification_rules import NotifyPolicy, find_slot, refuse_often, refuse_target


@dataclass(frozen=True, slots=True)
class SimulatedTarget:
    """score: in [0, 1], without any penalty."""

    target_id: str
    topic: str
    score: float


@dataclass(frozen=True, slots=True)
class SimulatedUser:
    """Who may be sent something, and what he could be told about. zone: "" for the default."""

    user_id: str
    targets: Sequence[SimulatedTarget]
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Simulated:
    """a_day: messages on each day. reached: users with at least one. messages: all of them. crowded_out: how often a
    user was told nothing, by what held the best target back."""

    a_day: tuple[int, ...]
    users: int
    reached: int
    messages: int
    crowded_out: Mapping[Reason, int]

    @property
    def mean_a_day(self) -> float:
        return self.messages / len(self.a_day) if self.a_day else 0.0


def simulate(
    users: Iterable[SimulatedUser], policy: NotifyPolicy, start: datetime, days: int, zone: tzinfo = UTC
) -> Simulated:
    """start: the moment of the first day's run; it is the same on each of the days. channels count as one."""
    a_day = [0] * days
    crowded: Counter[Reason] = Counter()
    everybody = reached = 0
    for user in users:
        everybody += 1
        sent: list[Sent] = []
        for number in range(days):
            told = _told(user, sent, policy, start + timedelta(days=number), zone)
            if isinstance(told, Reason):
                crowded[told] += 1
            else:
                sent.append(told)
                a_day[number] += 1
        reached += bool(sent)
    return Simulated(tuple(a_day), everybody, reached, sum(a_day), dict(sorted(crowded.items())))


def _told(
    user: SimulatedUser, sent: Sequence[Sent], policy: NotifyPolicy, as_of: datetime, zone: tzinfo
) -> Sent | Reason:
    day = as_of.astimezone(UTC).date()
    if refused := refuse_often(sent, day, policy):
        return refused
    slot = find_slot(user.zone, zone, as_of, policy)
    if isinstance(slot, Reason):
        return slot
    best: tuple[float, SimulatedTarget] | None = None
    first: Reason | None = None
    for target in sorted(user.targets, key=lambda each: (-each.score, each.target_id)):
        own = (target.target_id, target.topic, target.score, policy.score_floor)
        reason, left = refuse_target(*own, sent, day, policy)
        first = first or reason
        if reason is None and (best is None or round(left, 9) > round(best[0], 9)):
            best = (left, target)
    if best is None:
        return first or Reason.NO_JOURNEY
    return Sent(day, "", best[1].target_id, best[1].topic)
