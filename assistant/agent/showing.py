"""What a model wrote, as it may be shown."""

import re

from assistant.agent.leaks import leaks
from assistant.agent.prompt import SYSTEM_PROMPT

WITHHELD = "The answer was withheld, because it repeated the instructions of the assistant."
# They steer a terminal.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def plain(text: str) -> str:
    """Without what would steer a terminal; new lines and tabs stay."""
    return _CONTROLS.sub("", text)


def shown(text: str) -> str:
    """A whole answer."""
    return WITHHELD if leaks(text, SYSTEM_PROMPT) else plain(text)
