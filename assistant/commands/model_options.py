"""What commands that ask a model have in common: the budget, and the file of all that was said."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.model_settings import model_for
from assistant.settings import Settings
from chains.roles import Role

if TYPE_CHECKING:
    from chains.structured import Structured

MaxCost = Annotated[float | None, typer.Option(min=0, help="Ask models for no more than this, in their prices.")]
MaxTokens = Annotated[int | None, typer.Option(min=1, help="Ask models for no more tokens than this, in and out.")]
Audit = Annotated[
    Path | None, typer.Option(help="Add every prompt and reply to this file, as JSONL; it holds users' texts.")
]


@contextmanager
def exit_to_models(
    settings: Settings, role: Role, max_cost: float | None, max_tokens: int | None, audit: Path | None
) -> Iterator["Structured | None"]:
    """The exit to the models of the settings within a budget, None where this role has none."""
    if not model_for(role, settings.models).model:
        yield None
        return
    # LangChain takes longer to import than most commands take.
    from assistant.audit import AuditFile  # noqa: PLC0415
    from assistant.models import open_structured  # noqa: PLC0415
    from chains.metering import Budget  # noqa: PLC0415

    with ExitStack() as stack:
        record = [stack.enter_context(AuditFile(audit))] if audit else []
        yield open_structured(settings, budget=Budget(max_cost, max_tokens), record=record)
