"""A conversation as it was shown, put together again from the messages that are kept."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage

from assistant.agent.events import AgentEvent, Answered, JourneyRef, JourneysReferred, ToolCalled, ToolReturned
from assistant.agent.label_tool import write_label
from assistant.agent.showing import shown
from assistant.agent.told_data import named_in, refs_in
from assistant.agent.told_turn import ToldTurn


def remembered(messages: Sequence[BaseMessage]) -> list[ToldTurn]:
    """A turn for each question, with its tools, the answer, and the journeys that it names.

    What was never answered counts as stopped; what models used is told only once, when it is used.
    """
    turns: list[ToldTurn] = []
    refs: dict[str, JourneyRef] = {}
    for message in messages:
        if isinstance(message, HumanMessage):
            turns.append(ToldTurn(message.text))
            refs = {}
        elif turns:
            if isinstance(message, ToolMessage):
                refs |= {ref.journey_id: ref for ref in refs_in(_artifact(message))}
            turns[-1] = turns[-1].after_all(_events(message, tuple(refs.values())))
    return [replace(turn.when_stopped(), usage=None) for turn in turns]


def _events(message: BaseMessage, refs: tuple[JourneyRef, ...]) -> list[AgentEvent]:
    if isinstance(message, ToolMessage):
        return [ToolReturned(message.tool_call_id, str(message.name), _summary(message), message.status != "error")]
    if not isinstance(message, AIMessage):
        return []
    if message.tool_calls:
        return [ToolCalled(str(call["id"]), call["name"], call["args"]) for call in message.tool_calls]
    answer = shown(message.text)
    return [JourneysReferred(named_in(answer, refs)), Answered(answer)] if answer.strip() else []


def _summary(message: ToolMessage) -> str:
    """A label that was written has a summary; without one nobody approved it."""
    return str(_artifact(message).get("summary") or ("not approved" if message.name == write_label.name else "failed"))


def _artifact(message: ToolMessage) -> dict[str, Any]:
    return message.artifact if isinstance(message.artifact, dict) else {}
