"""What the commands that ask a judge share: their options, and the way to the judge."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.commands.model_options import exit_to_models
from chains.roles import Role
from vectorstore.errors import InputError

if TYPE_CHECKING:
    from chains.structured import Structured

Samples = Annotated[int, typer.Option(min=1, max=25, help="How often the judge is asked; the middle score counts.")]

NO_JUDGE = (
    'no model is set to judge with: set models.judge.model in journeys.toml, such as model = "openai:gpt-5-mini" '
    "under [models.judge], or JOURNEYS_MODELS__JUDGE__MODEL"
)


@contextmanager
def judge_of(
    assistant: JourneyAssistant, max_cost: float | None, max_tokens: int | None, audit: Path | None
) -> Iterator["Structured"]:
    """The exit to the judge. Raises InputError where the settings name no model for it."""
    with exit_to_models(assistant.settings, Role.JUDGE, max_cost, max_tokens, audit) as structured:
        if structured is None:
            raise InputError(NO_JUDGE)
        yield structured
