"""The home folder of a command that reads or expands what is there."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from assistant.assistant import JourneyAssistant
from assistant.settings import Settings
from vectorstore.errors import InputError


@contextmanager
def opened(context: typer.Context) -> Iterator[JourneyAssistant]:
    """Raises InputError where nothing has been read yet."""
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant:
        if not assistant.has_begun():
            raise InputError(
                f"nothing has been read yet in {assistant.settings.home}: "
                "begin with journeys demo --no-ui, or journeys infer LOG --output journeys.jsonl"
            )
        yield assistant
