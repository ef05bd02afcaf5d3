"""How a function becomes a tool of the agent: its docstring is what the model reads of it."""

import inspect
from collections.abc import Callable

from langchain_core.tools import BaseTool, tool

from assistant.agent.told_data import Told


def agent_tool(function: Callable[..., Told]) -> BaseTool:
    """The docstring goes to the model on one line, and what is `told` comes back with its line for a person."""
    description = " ".join((inspect.getdoc(function) or "").split())
    return tool(description=description, response_format="content_and_artifact")(function)
