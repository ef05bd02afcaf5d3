"""The library's rows, and what they stand for."""

import json
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from sqlalchemy import Row

from assistant.audit import call_json
from assistant.changes import Change
from assistant.errors import LibraryError
from assistant.runs import DatedChange, Run, RunMode, RunParameters, RunState, UserResult, UserState
from chains.journeys import Journey

Values = dict[str, Any]
_Part = TypeVar("_Part", bound=BaseModel)


def run_row(number: int, run: Run) -> Values:
    parameters = run.parameters
    return {
        "number": number,
        "run_id": run.run_id,
        "state": run.state.value,
        "started": run.started,
        "finished": run.finished,
        "as_of": parameters.as_of,
        "mode": parameters.mode.value,
        "algorithm": parameters.algorithm,
        "embedding": parameters.embedding,
        "granularity": parameters.granularity,
        "log_position": parameters.log_position,
        "settings": json.dumps(parameters.settings, sort_keys=True),
        "fingerprint": parameters.fingerprint,
        "users": run.users,
        "journeys": run.journeys,
        "whole": False,
    }


def run_of(row: Row[Any]) -> Run:
    parameters = RunParameters(
        as_of=row.as_of,
        mode=RunMode(row.mode),
        algorithm=row.algorithm,
        embedding=row.embedding,
        granularity=row.granularity,
        log_position=row.log_position,
        settings=json.loads(row.settings),
    )
    return Run(
        run_id=row.run_id,
        parameters=parameters,
        state=RunState(row.state),
        started=row.started,
        finished=row.finished,
        users=row.users,
        journeys=row.journeys,
    )


def journey_row(journey: Journey, run_id: str) -> Values:
    return {
        "user_id": journey.user_id,
        "rank": journey.rank,
        "journey_id": journey.journey_id,
        "name": journey.name,
        "kind": journey.kind.value,
        "stage": journey.stage.value,
        "score": journey.score,
        "confidence": journey.confidence,
        "first_seen": journey.first_seen,
        "last_seen": journey.last_seen,
        "policy": journey.safety.policy.value,
        "category": journey.safety.category,
        "run_id": run_id,
        "body": journey.model_copy(update={"run_id": run_id}).model_dump_json(),
    }


def journey_of(body: str) -> Journey:
    """Raises LibraryError where the journey was stored in a form that this version does not know."""
    return _parsed(Journey, body)


def state_row(result: UserResult, run: Run) -> Values:
    parameters = run.parameters
    return {
        "user_id": result.user_id,
        "run_id": run.run_id,
        "as_of": parameters.as_of,
        "algorithm": parameters.algorithm,
        "embedding": parameters.embedding,
        "granularity": parameters.granularity,
        "log_position": parameters.log_position,
        "journeys": len(result.journeys),
        "next_change": result.next_change,
    }


def state_of(row: Row[Any]) -> UserState:
    return UserState(**row._mapping)


def change_rows(result: UserResult, run: Run) -> Iterator[Values]:
    for position, change in enumerate(result.changes):
        yield {
            "user_id": result.user_id,
            "run_id": run.run_id,
            "position": position,
            "journey_id": change.journey_id,
            "kind": change.kind.value,
            "as_of": run.parameters.as_of,
            "body": change.model_dump_json(),
        }


def call_rows(result: UserResult, run: Run) -> Iterator[Values]:
    for position, call in enumerate(result.calls):
        yield {
            "user_id": result.user_id,
            "position": position,
            "run_id": run.run_id,
            "step": call.step,
            "model": call.model,
            "prompt_version": call.prompt_version,
            "body": json.dumps(call_json(call), ensure_ascii=False),
        }


def change_of(row: Row[Any]) -> DatedChange:
    """Raises LibraryError where the change was stored in a form that this version does not know."""
    return DatedChange(row.run_id, row.as_of, _parsed(Change, row.body))


def _parsed(model: type[_Part], body: str) -> _Part:
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise LibraryError(
            f"the library holds a {model.__name__.lower()} of another version: run: journeys infer --full"
        ) from error
