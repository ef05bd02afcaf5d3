"""Judgements and validations of judges, as the library keeps them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue, TypeAdapter, ValidationError
from sqlalchemy import Connection, delete, func, insert, select

from assistant import tables
from assistant.errors import LibraryError
from chains.judgement import Judgement

_JUDGEMENT = TypeAdapter(Judgement)


class JudgeTask(StrEnum):
    """What a judge was asked about. Only a validation on journeys opens the gate of `journeys judge`."""

    JOURNEYS = "journeys"
    RESULTS = "results"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class DatedJudgement:
    judgement: Judgement
    judged_at: datetime


@dataclass(frozen=True, slots=True)
class Validation:
    """A judge against people. figures: as `journeys evaluate judge --json` has them. passes: the bars are reached."""

    task: JudgeTask
    model: str
    prompt_version: str
    passes: bool
    validated_at: datetime
    figures: Mapping[str, JsonValue]


def put_judgements(connection: Connection, judgements: Sequence[Judgement], now: datetime) -> int:
    """See `Library.put_judgements`."""
    table, state = tables.judgements, tables.user_state
    users = {each.user_id for each in judgements}
    known = set(connection.execute(select(state.c.user_id).where(state.c.user_id.in_(users))).scalars())
    rows = []
    for each in judgements:
        if each.score is None or each.user_id not in known:
            continue
        key = {name: getattr(each, name) for name in ("user_id", "run_id", "journey_id", "model", "prompt_version")}
        same = [table.c[name] == value for name, value in key.items()]
        connection.execute(delete(table).where(*same))
        rows.append(
            {
                **key,
                "rank": each.rank,
                "score": each.score,
                "scores": json.dumps(each.scores),
                "agreement": each.agreement,
                "spread": each.spread,
                "explanation": each.explanation,
                "judged_at": now,
                "body": json.dumps(asdict(each), ensure_ascii=False),
            }
        )
    if rows:
        connection.execute(insert(table), rows)
    return len(rows)


def judgements_of(connection: Connection, user_id: str | None) -> list[DatedJudgement]:
    """Of a user, or of all. Raises LibraryError where one was stored in a form that this version does not know."""
    table = tables.judgements
    asked = select(table.c.body, table.c.judged_at)
    if user_id is not None:
        asked = asked.where(table.c.user_id == user_id)
    ordered = asked.order_by(
        table.c.run_id, table.c.rank, table.c.judged_at, table.c.journey_id, table.c.model, table.c.prompt_version
    )
    try:
        return [DatedJudgement(_JUDGEMENT.validate_json(body), at) for body, at in connection.execute(ordered)]
    except ValidationError as error:
        raise LibraryError("the library holds a judgement of another version: run journeys judge again") from error


def put_validation(connection: Connection, validation: Validation) -> None:
    table = tables.validations
    number = connection.execute(select(func.coalesce(func.max(table.c.number), 0))).scalar_one() + 1
    connection.execute(
        insert(table).values(
            number=number,
            task=validation.task.value,
            model=validation.model,
            prompt_version=validation.prompt_version,
            passes=validation.passes,
            validated_at=validation.validated_at,
            body=json.dumps(dict(validation.figures)),
        )
    )


def validations_in(connection: Connection) -> list[Validation]:
    table = tables.validations
    return [
        Validation(
            task=JudgeTask(row.task),
            model=row.model,
            prompt_version=row.prompt_version,
            passes=row.passes,
            validated_at=row.validated_at,
            figures=json.loads(row.body),
        )
        for row in connection.execute(select(table).order_by(table.c.number.desc()))
    ]
