"""`journeys catalogue`."""

import json
from typing import Annotated

import typer
from rich.console import Console

from assistant.commands.opened import opened
from assistant.tables_of_catalogue import catalogue_table


def catalogue(
    context: typer.Context,
    limit: Annotated[int, typer.Option(min=1, help="At most so many entries.")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """The distinct journeys of all users, those with most users first."""
    with opened(context) as assistant:
        entries, total = assistant.catalogue(limit)
    if as_json:
        shown = [entry.model_dump(mode="json") for entry in entries]
        print(json.dumps({"entries": total, "shown": shown}, ensure_ascii=False, indent=2))
    else:
        Console().print(catalogue_table(entries, total))
