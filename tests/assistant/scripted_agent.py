"""A chat model that streams and calls tools by a script, and stops the test at anything else."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from homes import MadeAssistant
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from scripted_model import UnexpectedPrompt

from assistant.agent.agent import Agent
from assistant.agent.conversations import Conversations
from assistant.agent.events import AgentEvent
from assistant.agent.scope import MaySee
from chains.chat_models import ChatModel, Limits
from chains.metering import Price

Calls = tuple[tuple[str, dict[str, Any]], ...]


@dataclass(frozen=True)
class Says:
    """One reply. to: the whole last message, or a pattern that must match all of it. text: streamed word by word.
    calls: (tool, arguments). error: raised after so many words of the text as are given."""

    to: str | re.Pattern[str]
    text: str = ""
    calls: Calls = ()
    error: Exception | None = None

    def require(self, message: BaseMessage) -> None:
        said = str(message.text)
        fits = said == self.to if isinstance(self.to, str) else self.to.fullmatch(said)
        if not fits:
            raise UnexpectedPrompt(f"expected {self.to!r}, was asked:\n{said}")


@dataclass
class Script:
    """The replies in turn, or by whoever gives one for each conversation. asked: all that was sent, by call; tools:
    those that were sent with the last."""

    replies: Sequence[Says] | Callable[[Sequence[BaseMessage]], Says]
    asked: list[list[BaseMessage]] = field(default_factory=list)
    tools: list[Any] = field(default_factory=list)

    def next(self, messages: Sequence[BaseMessage], tools: Any) -> tuple[int, Says]:
        number = len(self.asked)
        self.asked.append(list(messages))
        self.tools = list(tools or [])
        if callable(self.replies):
            return number, self.replies(messages)
        if number >= len(self.replies):
            raise UnexpectedPrompt(f"more was asked than expected:\n{messages[-1].text}")
        self.replies[number].require(messages[-1])
        return number, self.replies[number]


class ScriptedToolCaller(BaseChatModel):
    """Tokens are words of the last message and of the reply."""

    script: Any

    @property
    def _llm_type(self) -> str:
        return "scripted-tool-caller"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=tools, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        whole = None
        for chunk in self._stream(messages, stop, None, **kwargs):
            whole = chunk.message if whole is None else whole + chunk.message
        assert isinstance(whole, AIMessageChunk)
        return ChatResult(
            generations=[
                ChatGeneration(
                    message=AIMessage(whole.text, tool_calls=whole.tool_calls, usage_metadata=whole.usage_metadata)
                )
            ]
        )

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        number, says = self.script.next(messages, kwargs.get("tools"))
        pieces = re.findall(r"\S+\s*", says.text)
        for piece in pieces:
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=piece))
            if run_manager:
                run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk
        if says.error:
            raise says.error
        calls = [
            tool_call_chunk(name=name, args=json.dumps(arguments), id=f"call-{number}-{place}", index=place)
            for place, (name, arguments) in enumerate(says.calls)
        ]
        read, written = len(messages[-1].text.split()), len(pieces) + len(calls)
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                tool_call_chunks=calls,
                usage_metadata={"input_tokens": read, "output_tokens": written, "total_tokens": read + written},
            )
        )


def scripted(*replies: Says, label: str = "scripted", attempts: int = 1, price: Price | None = None) -> ChatModel:
    """A model that answers in turn."""
    return by(Script(replies), label=label, attempts=attempts, price=price)


def by(script: Script, *, label: str = "scripted", attempts: int = 1, price: Price | None = None) -> ChatModel:
    chat = ScriptedToolCaller(script=script)
    return ChatModel(label, lambda: chat, Limits(attempts=attempts), price or Price())


def script_of(model: ChatModel) -> Script:
    chat = model.chat
    assert isinstance(chat, ScriptedToolCaller)
    script = chat.script
    assert isinstance(script, Script)
    return script


def agent_of(
    assistant: MadeAssistant,
    *models: ChatModel,
    may_see: MaySee = None,
    by: str = "tester",
    memory: Conversations | None = None,
    **others: Any,
) -> Agent:
    return Agent(assistant, models, may_see=may_see, by=by, memory=memory, **others)


def of_kind(events: Sequence[AgentEvent], kind: type) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]
