"""The ledger of notifications: who is told what on which day, and why everybody else is told nothing."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, insert, or_, select, union, update

from assistant import tables
from assistant.candidate_facts import CandidateFacts
from assistant.candidate_output import row_of_candidate
from assistant.database import CHUNK, Database, chunks
from chains.experiment_arms import Arm
from chains.notification import Candidate, Channel, Reason, Refusal, Sent, told

#: How far back it is asked what was sent; no rule looks back further than its days are set to.
_LEAST_BACK = 7


@dataclass(frozen=True, slots=True)
class NotifyRun:
    """All candidates of one channel and day. number: of the order in which channels were first asked on a day."""

    number: int
    channel: Channel
    day: date
    as_of: datetime


@dataclass(frozen=True, slots=True)
class ForeignSend:
    """What another system sent. key: of our candidate, "" where it was none of ours."""

    send_id: str
    user_id: str
    channel: str
    at: datetime
    key: str = ""
    target_id: str = ""
    topic: str = ""


@dataclass(frozen=True, slots=True)
class NotSent:
    """Why a user was told nothing on a day. others: how often each reason held for what he could have been told of."""

    channel: Channel
    day: date
    reason: Reason
    arm: Arm
    others: Mapping[Reason, int]


@dataclass(frozen=True, slots=True)
class DoneRun:
    """A run that has ended. candidates, unsent: how many users were told something, and how many nothing."""

    channel: Channel
    day: date
    as_of: datetime
    candidates: int
    unsent: int


class Ledger:
    """Kept in the library. Every method raises LibraryError where the database cannot do as asked."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def begin(self, channel: Channel, as_of: datetime) -> NotifyRun:
        """The run of this channel on the UTC day of as_of; the same one again keeps its number."""
        table, day = tables.notify_runs, as_of.astimezone(UTC).date()
        same = (table.c.channel == channel.value, table.c.day == day.isoformat())
        with self._database.writing() as connection:
            number = connection.execute(select(table.c.number).where(*same)).scalar_one_or_none()
            if number is None:
                number = connection.execute(select(func.coalesce(func.max(table.c.number), 0))).scalar_one() + 1
                first = {
                    "number": number,
                    "channel": channel.value,
                    "day": day.isoformat(),
                    "candidates": 0,
                    "unsent": 0,
                }
                connection.execute(insert(table).values(**first, **self._begun(as_of)))
            else:
                connection.execute(update(table).where(*same).values(**self._begun(as_of)))
        return NotifyRun(number, channel, day, as_of)

    def _begun(self, as_of: datetime) -> dict[str, Any]:
        return {"as_of": as_of, "state": "running", "started": self._clock(), "finished": None}

    def put(self, run: NotifyRun, candidates: Sequence[Candidate], refusals: Sequence[Refusal]) -> None:
        """Keeps what was decided for some users, in the place of what this run said of them before: all or nothing.

        A candidate that is one no more stays as withdrawn: it may have been sent, so that it counts as if it had been.
        """
        kept, unsent = tables.candidates, tables.unsent
        day = run.day.isoformat()
        with self._database.writing() as connection:
            for some in chunks(candidates):
                connection.execute(delete(kept).where(kept.c.key.in_([each.key for each in some])))
                _drop_unsent(connection, run, [each.user_id for each in some])
                connection.execute(insert(kept), [_candidate_row(each, run) for each in some])
            for refused in chunks(refusals):
                ids = [each.user_id for each in refused]
                _drop_unsent(connection, run, ids)
                mine = (kept.c.user_id.in_(ids), kept.c.day == day, kept.c.channel == run.channel.value)
                connection.execute(update(kept).where(*mine).values(withdrawn=True))
                connection.execute(insert(unsent), [_unsent_row(each, run) for each in refused])

    def finish(self, run: NotifyRun) -> None:
        table, kept, unsent = tables.notify_runs, tables.candidates, tables.unsent
        with self._database.writing() as connection:
            sent = select(func.count()).where(kept.c.number == run.number, kept.c.withdrawn.is_(False))
            others = select(func.count()).where(unsent.c.number == run.number)
            counts = {
                "candidates": connection.execute(sent).scalar_one(),
                "unsent": connection.execute(others).scalar_one(),
            }
            ended = {"state": "finished", "finished": self._clock(), **counts}
            connection.execute(update(table).where(table.c.number == run.number).values(**ended))

    def recent(self, user_ids: Sequence[str], run: NotifyRun, days: int) -> dict[str, list[Sent]]:
        """What these users were sent in the days before the run and up to its moment, the oldest first.

        Candidates count as sent, withdrawn ones too; of the same day those of other channels that were asked before.
        Those of the run itself do not count, so that it may be made again.
        """
        since = run.day - timedelta(days=max(days, _LEAST_BACK))
        found: dict[str, list[Sent]] = {}
        with self._database.reading() as connection:
            for some in chunks(user_ids):
                for user_id, sent in _sent(connection, some, run, since):
                    found.setdefault(user_id, []).append(sent)
        for own in found.values():
            own.sort(key=lambda each: (each.day, each.channel, each.target_id, each.topic, each.template))
        return found

    def runs(self, limit: int) -> list[DoneRun]:
        """Those that have ended, the last day first."""
        table = tables.notify_runs
        asked = select(table).where(table.c.state == "finished").order_by(table.c.day.desc(), table.c.channel)
        with self._database.reading() as connection:
            return [
                DoneRun(Channel(row.channel), date.fromisoformat(row.day), row.as_of, row.candidates, row.unsent)
                for row in connection.execute(asked.limit(limit))
            ]

    def some(self, channel: Channel, day: date, limit: int) -> list[dict[str, Any]]:
        """The candidates with the highest scores first, as rows of the output."""
        found = sorted(self.rows(channel, day), key=lambda row: (-row["score"], row["user_id"]))
        return found[:limit]

    def one(self, key: str) -> dict[str, Any] | None:
        """A candidate that holds, as a row of the output."""
        table = tables.candidates
        asked = select(table.c.body).where(table.c.key == key, table.c.withdrawn.is_(False))
        with self._database.reading() as connection:
            body = connection.execute(asked).scalar_one_or_none()
        return None if body is None else dict(json.loads(body))

    def told_nothing(self, channel: Channel, day: date, reason: Reason, limit: int) -> list[str]:
        """Users who were told nothing for this reason, in order of id."""
        table = tables.unsent
        mine = (table.c.day == day.isoformat(), table.c.channel == channel.value, table.c.reason == reason.value)
        asked = select(table.c.user_id).where(*mine).order_by(table.c.user_id).limit(limit)
        with self._database.reading() as connection:
            return list(connection.execute(asked).scalars())

    def rows(self, channel: Channel, day: date) -> Iterator[dict[str, Any]]:
        """The candidates of a channel and day as rows of the output, in order of user, in constant memory."""
        table = tables.candidates
        mine = (table.c.day == day.isoformat(), table.c.channel == channel.value, table.c.withdrawn.is_(False))
        asked = select(table.c.body).where(*mine).order_by(table.c.user_id)
        with self._database.reading() as connection:
            for body in connection.execution_options(yield_per=CHUNK).execute(asked).scalars():
                yield json.loads(body)

    def reasons(self, channel: Channel, day: date) -> dict[Reason, int]:
        """How many users were told nothing, by reason, the commonest first."""
        table = tables.unsent
        mine = (table.c.day == day.isoformat(), table.c.channel == channel.value)
        asked = select(table.c.reason, func.count()).where(*mine).group_by(table.c.reason)
        with self._database.reading() as connection:
            counts = {Reason(reason): int(count) for reason, count in connection.execute(asked)}
        return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))

    def assigned(self, first: date, last: date) -> dict[Arm, int]:
        """How many users were in each arm in the runs of these days, told something or not; {} where none ran. A user
        whose arm changed counts in none."""
        kept, unsent = tables.candidates, tables.unsent
        days = (first.isoformat(), last.isoformat())
        both = union(*(select(each.c.user_id, each.c.arm).where(each.c.day.between(*days)) for each in (kept, unsent)))
        pairs = both.subquery()
        own = select(func.min(pairs.c.arm).label("arm")).group_by(pairs.c.user_id).having(func.count() == 1).subquery()
        asked = select(own.c.arm, func.count()).group_by(own.c.arm)
        with self._database.reading() as connection:
            return {Arm(arm): int(count) for arm, count in connection.execute(asked)}

    def why_not_sent(self, user_id: str, day: date) -> list[NotSent]:
        """By channel, why the user was told nothing on a day; [] where he was told something, or nobody was asked."""
        table = tables.unsent
        asked = select(table).where(table.c.user_id == user_id, table.c.day == day.isoformat())
        with self._database.reading() as connection:
            return [
                NotSent(
                    Channel(row.channel),
                    day,
                    Reason(row.reason),
                    Arm(row.arm),
                    {Reason(name): count for name, count in json.loads(row.body)["others"].items()},
                )
                for row in connection.execute(asked.order_by(table.c.channel))
            ]

    def of_user(self, user_id: str) -> list[dict[str, Any]]:
        """The user's candidates as rows of the output, the newest first, without withdrawn ones."""
        table = tables.candidates
        asked = select(table.c.body).where(table.c.user_id == user_id, table.c.withdrawn.is_(False))
        with self._database.reading() as connection:
            found = connection.execute(asked.order_by(table.c.day.desc(), table.c.channel)).scalars()
            return [json.loads(body) for body in found]

    def facts_of(self, keys: Collection[str]) -> Mapping[str, CandidateFacts]:
        """What feedback needs to know of those of these candidates that are known."""
        table = tables.candidates
        found = {}
        with self._database.reading() as connection:
            for some in chunks(sorted(keys)):
                for body in connection.execute(select(table.c.body).where(table.c.key.in_(some))).scalars():
                    row = json.loads(body)
                    found[row["key"]] = CandidateFacts(
                        user_id=row["user_id"],
                        arm=Arm(row["arm"]),
                        journey_id=row["journey_id"],
                        day=date.fromisoformat(row["day"]),
                        channel=row["channel"],
                        terms=row["terms"],
                    )
        return found

    def inferred_as_of(self) -> datetime | None:
        """The latest moment of which journeys are known; None where nothing was inferred."""
        with self._database.reading() as connection:
            latest: datetime | None = connection.execute(select(func.max(tables.user_state.c.as_of))).scalar_one()
        return latest

    def put_sends(self, sends: Sequence[ForeignSend]) -> int:
        """Keeps what others sent; the same again changes nothing. Returns how many are new."""
        table = tables.sends
        own = {each.send_id: each for each in sends}
        new = 0
        with self._database.writing() as connection:
            for some in chunks(sorted(own)):
                there = set(connection.execute(select(table.c.send_id).where(table.c.send_id.in_(some))).scalars())
                rows = [_send_row(own[send_id]) for send_id in some if send_id not in there]
                if rows:
                    connection.execute(insert(table), rows)
                new += len(rows)
        return new

    def count_of(self, user_id: str) -> int:
        """How many rows are about a user."""
        with self._database.reading() as connection:
            return sum(
                connection.execute(select(func.count()).where(table.c.user_id == user_id)).scalar_one()
                for table in tables.TOLD
            )


def forget_told(connection: Connection, user_id: str) -> int:
    """Returns how many rows of the user went."""
    return sum(connection.execute(delete(table).where(table.c.user_id == user_id)).rowcount for table in tables.TOLD)


def _sent(connection: Connection, user_ids: Sequence[str], run: NotifyRun, since: date) -> Iterator[tuple[str, Sent]]:
    kept, sends, day = tables.candidates, tables.sends, run.day.isoformat()
    names = (kept.c.user_id, kept.c.day, kept.c.channel, kept.c.target_id, kept.c.topic, kept.c.template)
    before = or_(kept.c.day < day, (kept.c.day == day) & (kept.c.number < run.number))
    asked = select(*names).where(kept.c.user_id.in_(user_ids), kept.c.day >= since.isoformat(), before)
    for user_id, *sent in connection.execute(asked):
        yield user_id, Sent(date.fromisoformat(sent[0]), *sent[1:])
    ours = select(kept.c.key).where(kept.c.key == sends.c.candidate_key).exists()
    began = datetime(since.year, since.month, since.day, tzinfo=UTC)
    foreign = select(sends).where(sends.c.user_id.in_(user_ids), sends.c.at >= began, sends.c.at <= run.as_of, ~ours)
    for row in connection.execute(foreign):
        yield row.user_id, Sent(row.at.date(), row.channel, row.target_id, row.topic)


def _drop_unsent(connection: Connection, run: NotifyRun, user_ids: Sequence[str]) -> None:
    table = tables.unsent
    mine = (table.c.day == run.day.isoformat(), table.c.channel == run.channel.value)
    connection.execute(delete(table).where(table.c.user_id.in_(user_ids), *mine))


def _candidate_row(candidate: Candidate, run: NotifyRun) -> dict[str, Any]:
    return {
        "key": candidate.key,
        "user_id": candidate.user_id,
        "channel": run.channel.value,
        "day": run.day.isoformat(),
        "number": run.number,
        "arm": candidate.arm.value,
        "target_id": candidate.target.target_id,
        "journey_id": candidate.target.source_id,
        "topic": candidate.target.name,
        "template": candidate.copy.template,
        "withdrawn": False,
        "body": json.dumps(row_of_candidate(candidate), ensure_ascii=False),
    }


def _unsent_row(refusal: Refusal, run: NotifyRun) -> dict[str, Any]:
    body = {
        "others": {reason.value: count for reason, count in sorted(refusal.others.items())},
        "targets": {arm.value: told(target) for arm, target in sorted(refusal.both.items())},
    }
    return {
        "user_id": refusal.user_id,
        "day": run.day.isoformat(),
        "channel": run.channel.value,
        "number": run.number,
        "reason": refusal.reason.value,
        "arm": refusal.arm.value,
        "body": json.dumps(body, ensure_ascii=False),
    }


def _send_row(send: ForeignSend) -> dict[str, Any]:
    return {
        "send_id": send.send_id,
        "user_id": send.user_id,
        "channel": send.channel,
        "at": send.at,
        "candidate_key": send.key,
        "target_id": send.target_id,
        "topic": send.topic,
    }
