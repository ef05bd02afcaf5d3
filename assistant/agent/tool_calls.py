"""One call of a tool: alone, within its time, and a failure told to the model in one line."""

from collections.abc import Callable
from typing import Any, cast

from langchain.agents.middleware import AgentMiddleware
from langchain.agents.middleware.types import ToolCallRequest
from langchain_core.messages import ToolMessage
from langgraph.types import Command

from assistant.agent.scope import Scope
from chains.deadline import within
from chains.steps import data_block
from vectorstore.errors import JourneyError


class TimedTools(AgentMiddleware[Any, Scope, Any]):
    """Tools of one assistant take turns: what it is made of is opened when first needed, and not for many at once."""

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], ToolMessage | Command[Any]]
    ) -> ToolMessage | Command[Any]:
        """Raises TimeoutError, and OutOfTime before a call that there is no time for."""
        scope = cast("Scope", request.runtime.context)
        scope.require_time()

        def alone() -> ToolMessage | Command[Any]:
            with scope.assistant.in_turn:
                return handler(request)

        return within(scope.limits.tool_timeout, alone)


def failure_text(error: Exception, request: ToolCallRequest) -> str:
    """What the model is told. The words of an error may be a user's, so they are data; of one that nobody expected only
    its kind is told."""
    if isinstance(error, JourneyError | TimeoutError):
        return data_block({"failed": " ".join(str(error).split())})
    return data_block({"failed": f"{request.tool_call['name']} does not work now ({type(error).__name__})"})
