"""What the commands that ask a judge share: their options, and the way to the judge."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.audit import AuditFile
from chains.metering import Budget
from chains.roles import Role
from vectorstore.errors import InputError

if TYPE_CHECKING:
    from chains.structured import Structured

Samples = Annotated[int, typer.Option(min=1, max=25, help="How often the judge is asked; the middle score counts.")]
MaxCost = Annotated[float | None, typer.Option(min=0, help="Stop before the calls cost more, in the prices' currency.")]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Stop before the calls use more tokens, in and out.")]
Audit = Annotated[Path | None, typer.Option(help="Add every prompt and reply to this JSONL file.")]

NO_JUDGE = (
    'no model is set to judge with: set models.judge.model in journeys.toml, such as model = "openai:gpt-5-mini" '
    "under [models.judge], or JOURNEYS_MODELS__JUDGE__MODEL"
)


@contextmanager
def judge_of(
    assistant: JourneyAssistant, max_cost: float | None, max_tokens: int | None, audit: Path | None
) -> Iterator["Structured"]:
    """The exit to the judge. Raises InputError where the settings name no model for it."""
    # LangChain takes longer to import than most commands take.
    from assistant.models import open_structured  # noqa: PLC0415

    with ExitStack() as stack:
        record = [stack.enter_context(AuditFile(audit))] if audit else []
        structured = open_structured(assistant.settings, budget=Budget(max_cost, max_tokens), record=record)
        if not structured.has(Role.JUDGE):
            raise InputError(NO_JUDGE)
        yield structured
