"""The library: every user's current journeys, what changed, and the runs that found them, in SQL.

One process writes at a time; any number read meanwhile, without waiting.
"""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, delete, func, insert, select, update

from assistant import tables
from assistant.candidate_facts import Candidates
from assistant.changes import Change
from assistant.database import CHUNK, Database, chunks
from assistant.errors import LibraryError
from assistant.feedback_rows import FeedbackEvent
from assistant.kept_candidates import Ledger, forget_told
from assistant.kept_failures import failures_in, put_failures, take_back
from assistant.kept_feedback import (
    CandidateOutcome,
    Kept,
    forget_feedback,
    outcomes_in,
    put_feedback,
    resolve_feedback,
)
from assistant.kept_judgements import (
    DatedJudgement,
    Validation,
    judgements_of,
    put_judgements,
    put_validation,
    validations_in,
)
from assistant.kept_states import AllSeen, due_before, inferred_after, seen_by_all, ways_of
from assistant.kept_usage import UsageByStep, add_usage, usage_of
from assistant.library_labels import LibraryLabels
from assistant.migrations import upgrade
from assistant.rows import (
    Values,
    call_rows,
    change_of,
    change_rows,
    journey_of,
    journey_row,
    run_of,
    run_row,
    state_of,
    state_row,
)
from assistant.run_checks import require_running, require_sound
from assistant.runs import Counts, DatedChange, Forgotten, Run, RunParameters, RunState, UserResult, UserState
from chains.journeys import Journey
from chains.judgement import Judgement
from vectorstore.closing import Closing

# In the order of `Forgotten`.
_OF_JOURNEYS = (tables.journeys, tables.changes, tables.user_state, tables.calls, tables.judgements)
_OF_USERS = (*_OF_JOURNEYS, tables.labels, tables.failed_users)


def _now() -> datetime:
    return datetime.now(UTC)


class Library(LibraryLabels, Closing):
    """Opens the library, and makes or upgrades it where needed.

    url, patience: see `Database`. clock: says when a run began and ended, which no result depends on.
    Every method raises LibraryError where the database cannot do as asked, and opening it MissingExtra where
    PostgreSQL's driver is missing.
    """

    def __init__(self, url: str, *, patience: float = 30.0, clock: Callable[[], datetime] = _now) -> None:
        self._database = Database(url, patience=patience)
        self._clock = clock
        try:
            upgrade(self._database)
        except LibraryError:
            self.close()
            raise

    @cached_property
    def ledger(self) -> Ledger:
        """Who is told what, and why everybody else is not."""
        return Ledger(self._database, self._clock)

    @property
    def location(self) -> str:
        """The file, or the URL without its password."""
        return self._database.location

    def begin_run(self, parameters: RunParameters) -> Run:
        """The newest run goes on where it was not finished and had the same parameters; else a new run begins.

        A run that begins overtakes one that is still running, which is failed from then on and can write no more.
        """
        runs = tables.runs
        with self._database.writing() as connection:
            newest = connection.execute(select(runs).order_by(runs.c.number.desc()).limit(1)).first()
            if newest and newest.state != RunState.FINISHED and newest.fingerprint == parameters.fingerprint:
                _end(connection, newest.run_id, state=RunState.RUNNING.value, finished=None)
                return replace(run_of(newest), state=RunState.RUNNING, finished=None, resumed=True)
            if newest and newest.state == RunState.RUNNING:
                _end(connection, newest.run_id, state=RunState.FAILED.value, finished=self._clock())
            number = newest.number + 1 if newest else 1
            run = Run(f"run-{number:06d}", parameters, RunState.RUNNING, self._clock())
            connection.execute(insert(runs), [run_row(number, run)])
            return run

    def finish_run(self, run: Run, state: RunState = RunState.FINISHED, *, whole: bool = False) -> Run:
        """Ends a run, as finished or failed, and counts what it wrote. Raises LibraryError where it was overtaken.

        whole: whether it looked at every user of the log, see `seen_by_all`.
        """
        found = select(func.count(), func.coalesce(func.sum(tables.user_state.c.journeys), 0))
        with self._database.writing() as connection:
            require_running(connection, run)
            users, journeys = connection.execute(found.where(tables.user_state.c.run_id == run.run_id)).one()
            counted: dict[str, Any] = {"users": users, "journeys": journeys, "whole": whole}
            _end(connection, run.run_id, state=state.value, finished=self._clock(), **counted)
            return run_of(connection.execute(select(tables.runs).where(tables.runs.c.run_id == run.run_id)).one())

    def add_usage(self, run: Run, used: UsageByStep) -> None:
        """Adds what models used since this was told last, of a run that may have been cut off and gone on."""
        if used:
            with self._database.writing() as connection:
                add_usage(connection, run.run_id, used)

    def usage(self, run_id: str) -> UsageByStep:
        """What models used in a run, by step and model, in order of both; nothing for a run without a model."""
        with self._database.reading() as connection:
            return usage_of(connection, run_id)

    def runs(self) -> list[Run]:
        """All runs, the newest first."""
        with self._database.reading() as connection:
            return [
                run_of(row) for row in connection.execute(select(tables.runs).order_by(tables.runs.c.number.desc()))
            ]

    def done_users(self, run_id: str) -> set[str]:
        """The users whose journeys are from this run."""
        statement = select(tables.user_state.c.user_id).where(tables.user_state.c.run_id == run_id)
        with self._database.reading() as connection:
            return set(connection.execute(statement).scalars())

    def put_user(self, run: Run, user_id: str, journeys: Sequence[Journey], changes: Sequence[Change] = ()) -> bool:
        """`put_users` for one user; False where this run had done the user before."""
        return self.put_users(run, [UserResult(user_id, journeys, changes)]) == 1

    def put_users(self, run: Run, results: Sequence[UserResult]) -> int:
        """Replaces the journeys of each user, and writes the changes and the user's state: for all users or none.

        The journeys are stored with the id of the run. A user whom this run has done already is left as is, so a
        batch may be given twice. Returns how many users were written. Raises LibraryError where the run was
        overtaken; ValueError where a user comes twice, or a journey is of another user or has a rank or id twice.
        """
        require_sound(results)
        state, journeys = tables.user_state, tables.journeys
        with self._database.writing() as connection:
            require_running(connection, run)
            asked = select(state.c.user_id).where(state.c.run_id == run.run_id)
            done = set(_among(connection, asked, state.c.user_id, [result.user_id for result in results]))
            todo = [result for result in results if result.user_id not in done]
            for some in chunks([result.user_id for result in todo]):
                connection.execute(delete(journeys).where(journeys.c.user_id.in_(some)))
                connection.execute(delete(state).where(state.c.user_id.in_(some)))
                connection.execute(delete(tables.calls).where(tables.calls.c.user_id.in_(some)))
            take_back(connection, [result.user_id for result in todo])
            _insert(connection, journeys, [journey_row(one, run.run_id) for each in todo for one in each.journeys])
            _insert(connection, state, [state_row(each, run) for each in todo])
            _insert(connection, tables.changes, [row for each in todo for row in change_rows(each, run)])
            _insert(connection, tables.calls, [row for each in todo for row in call_rows(each, run)])
        return len(todo)

    def put_failures(self, run: Run, reasons: Mapping[str, str]) -> None:
        """Sets users aside, each with the reason; what is stored of them stays. Raises as `put_users`."""
        if reasons:
            with self._database.writing() as connection:
                require_running(connection, run)
                put_failures(connection, run, reasons)

    def failures(self, run_id: str | None = None) -> dict[str, str]:
        """The users whom this run set aside, or any run that has not been made good since, with the reason."""
        with self._database.reading() as connection:
            return failures_in(connection, run_id)

    def users(self) -> Iterator[str]:
        """Every user with an inference, with or without journeys, in order of id."""
        yield from self._stream(select(tables.user_state.c.user_id).order_by(tables.user_state.c.user_id))

    def states(self, among: Collection[str] | None = None) -> Iterator[UserState]:
        """With what each user's journeys were last inferred, of all in order of id, or of these."""
        asked, own = select(tables.user_state).order_by(tables.user_state.c.user_id), tables.user_state.c.user_id
        with self._database.reading() as connection:
            streaming = connection.execution_options(yield_per=CHUNK)
            for each in [asked] if among is None else [asked.where(own.in_(some)) for some in chunks(sorted(among))]:
                yield from map(state_of, streaming.execute(each))

    def seen_by_all(self) -> AllSeen | None:
        """What of the log every user's journeys rest on already, None where there is no inference."""
        with self._database.reading() as connection:
            return seen_by_all(connection)

    def ways(self, users: Collection[str] | None = None) -> list[RunParameters]:
        """The parameters, one of each way to infer, of the runs that current journeys are from, or those of users."""
        with self._database.reading() as connection:
            return ways_of(connection, users)

    def due(self, moment: datetime) -> set[str]:
        """The users of whose journeys one may be another by the clock alone, before this moment."""
        with self._database.reading() as connection:
            return due_before(connection, moment)

    def inferred_after(self, moment: datetime) -> set[str]:
        """The users with journeys from a later clock than this; a look at all states."""
        with self._database.reading() as connection:
            return inferred_after(connection, moment)

    def state(self, user_id: str) -> UserState | None:
        """None where the user has had no inference."""
        with self._database.reading() as connection:
            row = connection.execute(select(tables.user_state).where(tables.user_state.c.user_id == user_id)).first()
        return None if row is None else state_of(row)

    def journeys(self, user_id: str) -> list[Journey]:
        """The user's current journeys by rank; [] where there are none, or no such user."""
        return self.journeys_of([user_id])[user_id]

    def journeys_of(self, user_ids: Sequence[str]) -> dict[str, list[Journey]]:
        """The current journeys by rank of each user asked for, [] for those without: one statement for many users."""
        asked = select(tables.journeys.c.user_id, tables.journeys.c.body)
        ordered = asked.order_by(tables.journeys.c.user_id, tables.journeys.c.rank)
        found: dict[str, list[Journey]] = {user_id: [] for user_id in user_ids}
        with self._database.reading() as connection:
            for some in chunks(list(found)):
                for user_id, body in connection.execute(ordered.where(tables.journeys.c.user_id.in_(some))):
                    found[user_id].append(journey_of(body))
        return found

    def all_journeys(self, users: Collection[str] | None = None) -> Iterator[Journey]:
        """Every current journey, or those of these users, in order of user and rank.

        All are from one moment, and come in constant memory.
        """
        own = tables.journeys.c.user_id
        ordered = select(tables.journeys.c.body).order_by(own, tables.journeys.c.rank)
        asked = [ordered] if users is None else [ordered.where(own.in_(some)) for some in chunks(sorted(users))]
        with self._database.reading() as connection:
            streaming = connection.execution_options(yield_per=CHUNK)
            for each in asked:
                for body in streaming.execute(each).scalars():
                    yield journey_of(body)

    def changes(self, user_id: str, run_id: str | None = None) -> list[DatedChange]:
        """What changed for a user: in one run, or in all runs, the oldest first."""
        changes = tables.changes
        statement = select(changes).where(changes.c.user_id == user_id).order_by(changes.c.run_id, changes.c.position)
        if run_id is not None:
            statement = statement.where(changes.c.run_id == run_id)
        with self._database.reading() as connection:
            return [change_of(row) for row in connection.execute(statement)]

    def change_counts(self, run_id: str) -> dict[str, int]:
        """How many changes of each kind a run found, also those of users who have been inferred anew since."""
        table = tables.changes
        asked = select(table.c.kind, func.count().label("found")).where(table.c.run_id == run_id)
        ordered = asked.group_by(table.c.kind).order_by(table.c.kind)
        with self._database.reading() as connection:
            return {row.kind: row.found for row in connection.execute(ordered)}

    def calls(self, user_id: str) -> list[dict[str, Any]]:
        """What models answered to make the user's current journeys, as lines of an audit file, in order."""
        calls = tables.calls
        asked = select(calls.c.body).where(calls.c.user_id == user_id).order_by(calls.c.position)
        with self._database.reading() as connection:
            return [json.loads(body) for body in connection.execute(asked).scalars()]

    def put_judgements(self, judgements: Sequence[Judgement]) -> int:
        """Keeps those that have a score, in the place of what the same judge said of the same journey in the same run.

        Of a user who was forgotten meanwhile, or has no inference, nothing is kept. Returns how many were kept.
        """
        with self._database.writing() as connection:
            return put_judgements(connection, judgements, self._clock())

    def judgements(self, user_id: str | None = None) -> list[DatedJudgement]:
        """All that judges said of a user's journeys, or of all users', in order of run, rank, and when."""
        with self._database.reading() as connection:
            return judgements_of(connection, user_id)

    def put_validation(self, validation: Validation) -> None:
        with self._database.writing() as connection:
            put_validation(connection, validation)

    def validations(self) -> list[Validation]:
        """How judges agreed with people, the newest first."""
        with self._database.reading() as connection:
            return validations_in(connection)

    def put_feedback(self, events: Sequence[FeedbackEvent], candidates: Candidates) -> Kept:
        """Adds what came of candidates; the same again changes nothing."""
        with self._database.writing() as connection:
            return put_feedback(connection, events, candidates)

    def resolve_feedback(self, candidates: Candidates) -> int:
        """Gives feedback of candidates that were not known to their users; returns how many events stay aside."""
        with self._database.writing() as connection:
            return resolve_feedback(connection, candidates)

    def outcomes(self, candidates: Candidates) -> Iterator[CandidateOutcome]:
        """What came of each candidate that is known, in order of key."""
        with self._database.reading() as connection:
            yield from outcomes_in(connection, candidates)

    def forget(self, user_id: str) -> Forgotten:
        """Removes all of a user, and in SQLite writes the file anew, so that no byte of it stays behind.

        A run that has the user in hand would write the journeys again, so it must have ended before.
        """
        with self._database.writing() as connection:
            counts = [
                connection.execute(delete(table).where(table.c.user_id == user_id)).rowcount for table in _OF_USERS
            ]
            counts.append(forget_feedback(connection, user_id))
            counts.append(forget_told(connection, user_id))
        self._database.scrub()
        return Forgotten(*counts)

    def count(self) -> Counts:
        with self._database.reading() as connection:
            users, journeys, changes, runs = (
                connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (tables.user_state, tables.journeys, tables.changes, tables.runs)
            )
        return Counts(users=users, journeys=journeys, changes=changes, runs=runs)

    def close(self) -> None:
        self._database.close()

    def _stream(self, statement: Select[str]) -> Iterator[str]:
        with self._database.reading() as connection:
            yield from connection.execution_options(yield_per=CHUNK).execute(statement).scalars()


def _end(connection: Connection, run_id: str, **values: Any) -> None:
    connection.execute(update(tables.runs).where(tables.runs.c.run_id == run_id).values(**values))


def _among(
    connection: Connection, statement: Select[str], column: ColumnElement[str], ids: Sequence[str]
) -> Iterator[str]:
    for some in chunks(ids):
        yield from connection.execute(statement.where(column.in_(some))).scalars()


def _insert(connection: Connection, table: Table, rows: Sequence[Values]) -> None:
    if rows:
        connection.execute(insert(table), rows)
