"""One call to a model for the agent: within the question's budget and time, counted and recorded."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain.agents.middleware import AgentMiddleware, ModelRequest, ModelResponse
from langchain_core.messages import AIMessage, AnyMessage, BaseMessage, ToolMessage
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from assistant.agent.prompt import PROMPT_VERSION
from assistant.agent.scope import Scope
from chains.call_records import About, CallRecord, Recorder
from chains.chat_models import ChatModel
from chains.deadline import within
from chains.faults import Fault, FaultKind, fault_of
from chains.metering import Meter, Usage

STEP = "agent"
# As in `structured`: of English there are about 4, and a budget is kept by the smallest that is usual.
_LEAST_CHARACTERS_A_TOKEN = 2.5
_NOT_CARRIED_OUT = "This was not carried out: no person approved it, or the conversation went on before it was done."


@dataclass(eq=False)
class ModelCalls(AgentMiddleware[Any, Scope, Any]):
    """models: all that may be asked. total: counts for as long as the agent lives. record: told of each call."""

    models: Sequence[ChatModel]
    total: Meter = field(default_factory=Meter)
    record: Sequence[Recorder] = ()

    def wrap_model_call(
        self, request: ModelRequest[Scope], handler: Callable[[ModelRequest[Scope]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        """Raises Fault where the model fails, BudgetSpent and OutOfTime before a call that there is no room for."""
        scope = request.runtime.context
        scope.require_time()
        model = next(each for each in self.models if each.chat is request.model)
        request = request.override(messages=_answered(request.messages))
        sent: list[BaseMessage] = [*([request.system_message] if request.system_message else []), *request.messages]
        characters = sum(len(_text_of(each)) for each in sent) + len(_tools_text(request.tools))
        most = int(characters / _LEAST_CHARACTERS_A_TOKEN) + 1
        started = time.perf_counter()
        message, usage, problem = None, Usage(), ""
        try:
            with scope.meter.reserved(most, model.max_reply_tokens, model.price), model.turnstile:
                response = _within(model.limits.timeout, lambda: handler(request))
                message = _message_of(response)
                usage = model.usage_of(message, characters)
                scope.meter.add(STEP, model.label, usage)
                self.total.add(STEP, model.label, usage)
            _require_answer(message)
        except Fault as fault:
            problem = fault.reason
            raise
        finally:
            if message is not None or problem:
                self._note(model, scope, sent, message, problem, usage, time.perf_counter() - started)
        return response

    def _note(
        self,
        model: ChatModel,
        scope: Scope,
        sent: Sequence[BaseMessage],
        message: AIMessage | None,
        problem: str,
        usage: Usage,
        seconds: float,
    ) -> None:
        about = About(next(iter(scope.told)) if len(scope.told) == 1 else None, tuple(sorted(scope.journeys)))
        said = tuple((each.type, _text_of(each)) for each in sent)
        reply = "" if message is None else _text_of(message)
        call = CallRecord(STEP, PROMPT_VERSION, model.label, about, said, reply, "", problem, usage, seconds)
        for each in self.record:
            each(call)


def _within(seconds: float, call: Callable[[], ModelResponse[Any]]) -> ModelResponse[Any]:
    try:
        return within(seconds, call)
    except Exception as error:
        raise fault_of(error) from error


def _message_of(response: ModelResponse[Any]) -> AIMessage:
    message = response.result[-1]
    if not isinstance(message, AIMessage):
        raise Fault(FaultKind.BROKEN, "the server's answer is not as the protocol has it")
    return message


def _require_answer(message: AIMessage) -> None:
    """Raises Fault for a refusal, and for a message that says and asks for nothing."""
    if message.response_metadata.get("finish_reason") == "content_filter":
        raise Fault(FaultKind.REFUSED, "the server's content filter stopped it")
    if message.text.strip() or message.tool_calls or message.invalid_tool_calls:
        return
    if message.additional_kwargs.get("refusal"):
        raise Fault(FaultKind.REFUSED, "the model declined")
    raise Fault(FaultKind.BROKEN, "the answer was empty")


def _text_of(message: BaseMessage) -> str:
    """What was said, calls of tools included."""
    calls = getattr(message, "tool_calls", None)
    if not calls:
        return str(message.text)
    told = [{"tool": call["name"], "arguments": call["args"]} for call in calls]
    return f"{message.text}{json.dumps(told, ensure_ascii=False)}"


def _tools_text(tools: Sequence[BaseTool | dict[str, Any]]) -> str:
    return json.dumps([convert_to_openai_tool(each) for each in tools])


def _answered(messages: Sequence[AnyMessage]) -> list[AnyMessage]:
    """With an answer to each call of a tool that has none, since servers refuse a conversation without: the program
    was ended, or the person asked something else instead of deciding."""
    done = {message.tool_call_id for message in messages if isinstance(message, ToolMessage)}
    whole: list[AnyMessage] = []
    for message in messages:
        whole.append(message)
        if isinstance(message, AIMessage):
            whole += [
                ToolMessage(_NOT_CARRIED_OUT, tool_call_id=call["id"], name=call["name"], status="error")
                for call in message.tool_calls
                if call["id"] not in done and call["id"]
            ]
    return whole
