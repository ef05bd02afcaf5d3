"""`journeys expand`."""

import json
from typing import Annotated

import typer

from assistant.commands.opened import opened
from assistant.progress import Bars
from assistant.tables_of_catalogue import expanded_text


def expand(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Merges all users' journeys into a catalogue, with what its entries lead to and their items."""
    with opened(context) as assistant:
        with Bars(quiet=as_json) as bars:
            made = assistant.expand(on_progress=bars.users("Items"))
        if not as_json:
            print(expanded_text(made))
            return
    print(
        json.dumps(
            {
                "entries": made.entries,
                "journeys": made.about.journeys,
                "users": made.about.users,
                "matched": made.matched,
                "sensitive": made.sensitive,
                "relations": made.relations,
                "items": made.items,
                "dropped": dict(made.about.dropped),
                "as_of": made.about.as_of.isoformat(),
                "store": made.location,
            },
            indent=2,
        )
    )
