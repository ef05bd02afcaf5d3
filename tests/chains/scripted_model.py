"""Models for tests that answer what they were told to, and stop the test at anything else."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable

from chains.chat_models import ChatModel, Limits
from chains.metering import Price
from chains.shaping import Shaping


class UnexpectedPrompt(BaseException):
    """Not an Exception: nothing that falls back when a model fails may swallow it."""


Data = dict[str, Any]
DATA = re.compile(r"<data>\n(.*)\n</data>", re.DOTALL)

Script = Callable[[Sequence[BaseMessage]], str | Exception]


class ScriptedChat(BaseChatModel):
    """Answers by a script; each message of the conversation is kept in `asked`. Tokens are words."""

    script: Script
    asked: list[list[BaseMessage]]

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Any, **kwargs: Any) -> Runnable[Any, AIMessage]:
        return self.bind(tools=tools, **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        self.asked.append(messages)
        said = self.script(messages)
        if isinstance(said, Exception):
            raise said
        read, written = sum(len(each.text.split()) for each in messages), len(said.split())
        usage = {"input_tokens": read, "output_tokens": written, "total_tokens": read + written}
        return ChatResult(generations=[ChatGeneration(message=AIMessage(said, usage_metadata=usage))])


def exactly(answers: Mapping[str, str]) -> Script:
    """By the whole of the last message, which must be one of the keys."""

    def script(messages: Sequence[BaseMessage]) -> str:
        asked = messages[-1].text
        if asked not in answers:
            raise UnexpectedPrompt(f"no answer was given for:\n{asked}")
        return answers[asked]

    return script


def in_turn(*answers: str | Exception) -> Script:
    """One after the other, whatever is asked; one question too many stops the test."""
    left = list(answers)

    def script(messages: Sequence[BaseMessage]) -> str | Exception:
        if not left:
            raise UnexpectedPrompt(f"more was asked than expected:\n{messages[-1].text}")
        return left.pop(0)

    return script


def scripted(script: Script, *, label: str = "scripted", price: Price | None = None, attempts: int = 3) -> ChatModel:
    """A model for `Structured` that answers by a script."""
    chat = ScriptedChat(script=script, asked=[])
    return ChatModel(label, lambda: chat, Limits(attempts=attempts), price or Price(), shaping=Shaping.TEXT)


def data_of(messages: Sequence[BaseMessage]) -> Data:
    """What the first question gave as data."""
    found = next((match for message in messages if (match := DATA.search(message.text))), None)
    if found is None:
        raise UnexpectedPrompt(f"no data in:\n{messages[-1].text}")
    data: Data = json.loads(found[1])
    return data
