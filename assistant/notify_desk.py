"""What the page's Notifications read: candidates of a day and channel, who gets none, and what a policy would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from assistant.kept_candidates import DoneRun
from assistant.notify_power import Power, power_of
from assistant.users_file import UsersFile
from chains.journeys import Journey, Policy, Stage
from chains.notification import Channel, Reason
from chains.notification_rules import NotifyPolicy, refuse_user
from chains.notify_simulation import Simulated, SimulatedTarget, SimulatedUser, simulate
from vectorstore.errors import InputError

if TYPE_CHECKING:
    from assistant.assistant import JourneyAssistant

#: Of more users the simulator takes the first so many, in order of id.
MOST_SIMULATED = 2_000
_RUNS = 16
_LONGEST = 60


@dataclass(frozen=True, slots=True)
class NotifyDay:
    """A run with its candidates, the highest scores first, and why all others are told nothing."""

    run: DoneRun
    rows: tuple[dict[str, Any], ...]
    reasons: Mapping[Reason, int]


@dataclass(frozen=True, slots=True)
class Trial:
    """What the simulator is asked. rate: of clicking users without the messages, in (0, 1). lift: the relative one that
    is looked for, above 0."""

    policy: NotifyPolicy
    days: int = 14
    rate: float = 0.05
    lift: float = 0.1


@dataclass(frozen=True, slots=True)
class Tried:
    """all: whether nobody was left out. agreed: the share of users with a journey to tell of who agreed to a channel
    and are no minors, who alone count; None where no users file tells, so that all count."""

    trial: Trial
    simulated: Simulated
    power: Power
    all: bool
    agreed: float | None = None


@dataclass
class NotifyDesk:
    """assistant: whose notifications. users_file: where there is one, those who agreed to nothing are left out of what
    is tried. Any thread may ask."""

    assistant: "JourneyAssistant"
    users_file: Path | None = None
    _lock: Lock = field(default_factory=Lock)
    _kept: tuple[object, tuple[SimulatedUser, ...], bool] | None = None

    def runs(self) -> list[DoneRun]:
        """The last day first."""
        return self.assistant.library.ledger.runs(_RUNS)

    def day(self, run: DoneRun, limit: int) -> NotifyDay:
        ledger = self.assistant.library.ledger
        rows = ledger.some(run.channel, run.day, limit)
        return NotifyDay(run, tuple(rows), ledger.reasons(run.channel, run.day))

    def one(self, key: str) -> dict[str, Any] | None:
        return self.assistant.library.ledger.one(key)

    def told_nothing(self, channel: Channel, day: date, reason: Reason, limit: int) -> list[str]:
        return self.assistant.library.ledger.told_nothing(channel, day, reason, limit)

    def trial(self, asked: Mapping[str, str]) -> Trial:
        """The policy of the settings with what was asked: a_day, a_week, quiet_from, quiet_until, floor, penalty, days,
        rate and lift. Raises InputError where one is out of bounds."""
        own = self.assistant.settings.notify.policy
        policy = replace(
            own,
            a_day=_count(asked, "a_day", own.a_day, 20),
            a_week=_count(asked, "a_week", own.a_week, 50),
            quiet_from=_clock(asked, "quiet_from", own.quiet_from),
            quiet_until=_clock(asked, "quiet_until", own.quiet_until),
            score_floor=_share(asked, "floor", own.score_floor, 0.0, 1.0),
            repeat_penalty=_share(asked, "penalty", own.repeat_penalty, 0.01, 1.0),
        )
        plain = Trial(policy)
        return Trial(
            policy,
            days=_count(asked, "days", plain.days, _LONGEST),
            rate=_share(asked, "rate", plain.rate, 0.001, 0.9),
            lift=_share(asked, "lift", plain.lift, 0.001, 9.0),
        )

    def tried(self, trial: Trial) -> Tried:
        """What the policy would come to for those who agreed; users do not react, and no journey changes. Raises
        InputError where the users file cannot be read."""
        assistant = self.assistant
        users, everybody = self._users(trial.policy.confidence_floor)
        agreed = self._agreed([user.user_id for user in users])
        found = simulate(
            users if agreed is None else [user for user in users if user.user_id in agreed],
            trial.policy,
            assistant.day_to_notify(),
            trial.days,
            assistant.settings.zone,
        )
        power, share = power_of(found, trial.rate, trial.lift), None
        if agreed is not None and users:
            share = len(agreed) / len(users)
        return Tried(trial, found, power, everybody, share)

    def read_ahead(self) -> None:
        """What the first who simulates would wait for."""
        self._users(self.assistant.settings.notify.policy.confidence_floor)

    def _users(self, floor: float) -> tuple[tuple[SimulatedUser, ...], bool]:
        """Those with a journey to tell of, and whether nobody was left out. Read anew only where a run or a correction
        has changed something. floor: of confidence."""
        library = self.assistant.library
        newest = next((run.run_id for run in library.runs()), "")
        key = (floor, newest, library.count(), library.corrected())
        with self._lock:
            if self._kept is None or self._kept[0] != key:
                self._kept = (key, *self._read(floor))
            return self._kept[1:]

    def _read(self, floor: float) -> tuple[tuple[SimulatedUser, ...], bool]:
        library = self.assistant.library
        ids = list(islice(library.users(), MOST_SIMULATED + 1))
        some = ids[:MOST_SIMULATED]
        never = {user_id: self.assistant.never_notify(user_id) for user_id in library.held_labels(some)}
        targets: dict[str, list[SimulatedTarget]] = {}
        for journey in library.all_journeys(some):
            if _may_be_told(journey, floor) and journey.journey_id not in never.get(journey.user_id, ()):
                target = SimulatedTarget(journey.journey_id, journey.name, journey.score)
                targets.setdefault(journey.user_id, []).append(target)
        users = tuple(SimulatedUser(user_id, tuple(own)) for user_id, own in targets.items())
        return users, len(ids) <= MOST_SIMULATED

    def _agreed(self, user_ids: Sequence[str]) -> set[str] | None:
        """Those of these users who may be sent something on some channel; None where no file tells."""
        own = self.assistant.settings.notify
        if self.users_file is None:
            return None
        with UsersFile(self.users_file, own.columns, least_age=own.least_age) as file:
            if not file.tells_consent:
                return None
            found = file.recipients(user_ids)
        return {
            user_id
            for user_id, recipient in found.items()
            if any(refuse_user(recipient, channel) is None for channel in Channel)
        }


def _may_be_told(journey: Journey, floor: float) -> bool:
    allowed = journey.safety.policy is Policy.ALLOW
    return allowed and journey.stage is not Stage.ENDED and journey.confidence >= floor


def _count(asked: Mapping[str, str], name: str, default: int, most: int) -> int:
    given = asked.get(name, "").strip()
    if not given:
        return default
    if not given.isdecimal() or not 1 <= int(given) <= most:
        raise InputError(f"{name.replace('_', ' ')} is a number from 1 to {most}, not {given!r}")
    return int(given)


def _share(asked: Mapping[str, str], name: str, default: float, least: float, most: float) -> float:
    given = asked.get(name, "").strip()
    if not given:
        return default
    try:
        value = float(given)
    except ValueError:
        value = -1.0
    if not least <= value <= most:
        raise InputError(f"{name} is a number from {least:g} to {most:g}, not {given!r}")
    return value


def _clock(asked: Mapping[str, str], name: str, default: time) -> time:
    given = asked.get(name, "").strip()
    if not given:
        return default
    try:
        return time.fromisoformat(given).replace(tzinfo=None)
    except ValueError:
        raise InputError(f"{name.replace('_', ' ')} is a time such as 21:00, not {given!r}") from None
