"""What the commands that read labelled logs have in common."""

import re
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.evaluation.labelled import LabelledUser, read_labelled
from vectorstore.errors import InputError

_DAYS = re.compile(r"(\d+)\s*d?(?:ays?)?")

AlsoFrom = Annotated[
    list[Path] | None, typer.Option("--also", help="Another labelled log to learn from; may be repeated.")
]
WithSample = Annotated[bool, typer.Option("--sample/--no-sample", help="Learn from the sample users too.")]


def clock_of(users: Sequence[LabelledUser]) -> datetime:
    return max(event.timestamp for user in users for event in user.activities)


def read_users(paths: Sequence[Path], assistant: JourneyAssistant, *, fine: bool = False) -> list[LabelledUser]:
    settings = assistant.settings
    return [user for path in paths for user in read_labelled(path, settings.columns, settings.zone, fine=fine)]


def horizon_days(horizon: str) -> int:
    """Such as 28d or 28. Raises InputError."""
    found = _DAYS.fullmatch(horizon.strip())
    if not found or int(found[1]) < 1:
        raise InputError(f"--horizon {horizon}: give days, such as 28d")
    return int(found[1])
