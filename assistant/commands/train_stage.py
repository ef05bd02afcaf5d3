"""`journeys train stage`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import WithSample, clock_of
from assistant.demo import AS_OF, known_sample, labelled_sample
from assistant.evaluation.labelled import LabelledUser, infer_labelled, read_any
from assistant.evaluation.stage_agreement import read_known
from assistant.output import check_folder, replacing
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.training.kinds import KnownRow, known_rows
from assistant.training.stage import CUTS, fit_stage, log_rows
from vectorstore.errors import InputError

_UNKNOWN = "nothing is known of kinds and stages: give --known, or leave out --no-sample"

Known = Annotated[
    list[Path] | None,
    typer.Option("--known", help="A CSV of user_id, label, kind, stage for the logs with labels; may be repeated."),
]


def stage(
    context: typer.Context,
    logs: Annotated[list[Path], typer.Argument(help="Logs, with or without a column label.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file to write, JSON.")],
    known: Known = None,
    known_as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The clock of what is known, in UTC; by default each log's end."),
    ] = None,
    users: Annotated[int | None, typer.Option(min=10, help="Of each log at most so many users.")] = None,
    sample: WithSample = True,
) -> None:
    """Trains the probability of a return, and what is evergreen and what is over."""
    check_folder(output)
    if not known and not sample:
        raise InputError(_UNKNOWN)
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars() as bars:
        settings, embeddings, models = assistant.settings, assistant.embeddings, assistant.models
        options = assistant.options()
        read = {path.stem: read_any(path, settings.columns, settings.zone) for path in logs}
        if len(read) < len(logs):
            raise InputError("two logs have one name: rename one, since a model is told from which log a user is")
        taken = {name: each if users is None else _spread(each, users) for name, each in read.items()}
        if sample:
            taken["sample users"] = labelled_sample()
        counted = bars.count("Cutting", CUTS * sum(map(len, taken.values())))
        returns = [
            row
            for name, each in taken.items()
            for row in log_rows(name, each, embeddings, options, models, on_user=counted)
        ]
        rows: list[KnownRow] = []
        said = {key: truth for path in known or [] for key, truth in read_known(path).items()}
        for name, each in taken.items():
            own = known_sample() if name == "sample users" else said
            clock = AS_OF if name == "sample users" else _clock(known_as_of) or clock_of(each)
            labelled = [user for user in each if any(user_id == user.user_id for user_id, _ in own)]
            found = infer_labelled(labelled, embeddings, options, models, clock)
            rows += known_rows(found, own, clock, embeddings)
        if not rows:
            raise InputError(_UNKNOWN)
        count = sum(map(len, taken.values()))
        model = fit_stage(returns, rows, embeddings.model, f"{count:,} users: {', '.join(taken)}")
    with replacing(output) as file:
        json.dump(model.to_json(), file, separators=(",", ":"))
    print(f"written: {output}, trained on {model.trained_on}")


def _clock(day: datetime | None) -> datetime | None:
    return day.replace(tzinfo=UTC) if day else None


def _spread(users: list[LabelledUser], most: int) -> list[LabelledUser]:
    """At most so many, evenly spread over the order of their ids."""
    if len(users) <= most:
        return users
    return [users[place * len(users) // most] for place in range(most)]
