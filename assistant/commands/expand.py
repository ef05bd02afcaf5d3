"""`journeys expand`."""

import json
from typing import Annotated

import typer

from assistant.commands.model_options import Audit, MaxCost, MaxTokens, exit_to_models
from assistant.commands.opened import opened
from assistant.expanding import Expanded
from assistant.progress import Bars
from assistant.tables_of_catalogue import expanded_text
from chains.metering import BudgetSpent
from chains.roles import Role


def expand(
    context: typer.Context,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    audit: Audit = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Merges all users' journeys into a catalogue, with what its entries lead to and their items.

    With a model for the role expander, it also writes related journeys, and what is poor among them is dropped.
    """
    with (
        opened(context) as assistant,
        Bars(quiet=as_json) as bars,
        exit_to_models(assistant.settings, Role.EXPANDER, max_cost, max_tokens, audit) as structured,
    ):
        made = assistant.expand(
            on_progress=bars.users("Items"), on_written=bars.users("Writing"), structured=structured
        )
    if as_json:
        _print_json(made)
    else:
        print(expanded_text(made))
    if made.written and made.written.stopped:
        raise BudgetSpent(made.written.stopped)


def _print_json(made: Expanded) -> None:
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
                "written": made.written.as_json() if made.written else None,
                "as_of": made.about.as_of.isoformat(),
                "store": made.location,
            },
            indent=2,
        )
    )
