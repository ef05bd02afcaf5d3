"""`journeys recommend`."""

import json
from typing import Annotated

import typer
from rich.console import Console

from assistant.commands.opened import opened
from assistant.tables_of_catalogue import recommended_items_table, related_table
from chains.recommendation import RecommendOptions


def recommend(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="A user id, as in the log.")],
    limit: Annotated[int, typer.Option(min=1, help="At most so many journeys, and so many items.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Related journeys and items for a user, each with the reason."""
    with opened(context) as assistant:
        found = assistant.recommend(user, RecommendOptions(journeys=limit, items=limit))
    if as_json:
        print(json.dumps(found.model_dump(mode="json"), ensure_ascii=False, indent=2))
        return
    console = Console()
    console.print(related_table(found.journeys))
    console.print(recommended_items_table(found.items))
