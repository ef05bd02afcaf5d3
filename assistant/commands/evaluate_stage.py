"""`journeys evaluate stage`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import clock_of, read_users
from assistant.evaluation.labelled import infer_labelled
from assistant.evaluation.stage_agreement import read_known, stage_agreement
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.tables_shown import agreement_table
from chains.wording import date_text


def stage(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A log with a column label.")],
    known: Annotated[Path, typer.Argument(help="A CSV of user_id, label, kind, stage.")],
    as_of: Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The clock, in UTC.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Whether kind and stage of the journeys found agree with what is known of them."""
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars(quiet=as_json) as bars:
        users = read_users([file], assistant)
        clock = as_of.replace(tzinfo=UTC) if as_of else clock_of(users)
        scored = bars.count("Inferring", len(users))
        found = infer_labelled(users, assistant.embeddings, assistant.options(), assistant.models, clock, scored)
        agreement = stage_agreement(found, read_known(known))
    if as_json:
        print(json.dumps(asdict(agreement), indent=2))
    else:
        Console().print(agreement_table(agreement, f"{file.name}, as of {date_text(clock)}"))
