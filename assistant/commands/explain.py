"""`journeys explain`."""

import json
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import BaseModel

from assistant.commands.model_options import Audit, MaxCost, MaxTokens, exit_to_models
from assistant.commands.opened import opened
from assistant.errors import SettingsError
from assistant.explaining import ExplainedBy
from assistant.recommending import one_of
from chains.roles import Role


class Of(StrEnum):
    """What is explained."""

    JOURNEY = "journey"
    RELATED = "related"
    ITEM = "item"


def explain(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="A user id, as in the log.")],
    journey: Annotated[str, typer.Argument(help="Rank, name or id of the journey.")],
    of: Annotated[Of, typer.Option(help="A journey of the user, or what is recommended: by rank, name or id.")] = (
        Of.JOURNEY
    ),
    written: Annotated[
        bool | None, typer.Option("--written/--template", help="By a model or not; by default where one is set.")
    ] = None,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    audit: Audit = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Why a journey is claimed, and why it ranks where it ranks; or why something is recommended."""
    with (
        opened(context) as assistant,
        exit_to_models(assistant.settings, Role.EXPLAINER, max_cost, max_tokens, audit) as structured,
    ):
        if written and structured is None:
            raise SettingsError("no model is set to write it: set models.explainer.model, or models.default.model")
        explainer = assistant.explainer(None if written is False else structured)
        about: BaseModel
        if of is Of.JOURNEY:
            about = own = assistant.journey(user, journey)
            told = explainer.journey(own)
        elif of is Of.RELATED:
            found = assistant.recommend(user).journeys
            about = related = one_of(found, journey, lambda each: (each.name, each.entry_id))
            told = explainer.related(related, assistant.journeys(user))
        else:
            items = assistant.recommend(user).items
            about = item = one_of(items, journey, lambda each: (each.text, each.item))
            told = explainer.item(item, assistant.journeys(user))
    if as_json:
        shown = about.model_dump(mode="json") | {"explanation": told.as_json()}
        print(json.dumps(shown, ensure_ascii=False, indent=2))
        return
    print(told.text)
    if told.by is ExplainedBy.LLM and told.written:
        print(f"Written by {told.written.model} ({told.written.prompt_version}); every claim was checked.")
    elif told.because:
        print(f"From the template: {told.because}.")
