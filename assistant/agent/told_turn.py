"""A question with all that is told about its answer so far, put together from the agent's events."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pydantic import JsonValue

from assistant.agent.events import (
    AgentEvent,
    Answered,
    ApprovalAsked,
    Failed,
    JourneyRef,
    JourneysReferred,
    LabelProposal,
    Token,
    ToolCalled,
    ToolReturned,
    Withdrawn,
)
from chains.metering import Usage


@dataclass(frozen=True, slots=True)
class ToolUse:
    """summary: "" while it looks. ok: None until it has returned."""

    call_id: str
    tool: str
    arguments: dict[str, JsonValue]
    summary: str = ""
    ok: bool | None = None


@dataclass(frozen=True, slots=True)
class ToldTurn:
    """question: "" where the turn goes on after a decision. text: of the answer so far. waiting: labels that a person
    is asked about. failed: why there is no answer. is_over: nothing more comes. stopped: by the person."""

    question: str
    text: str = ""
    tools: tuple[ToolUse, ...] = ()
    journeys: tuple[JourneyRef, ...] = ()
    waiting: tuple[LabelProposal, ...] = ()
    failed: str = ""
    usage: Usage | None = None
    is_over: bool = False
    stopped: bool = False

    def after(self, event: AgentEvent) -> "ToldTurn":
        """With what the event tells."""
        match event:
            case Token(text):
                return replace(self, text=self.text + text)
            case Withdrawn():
                return replace(self, text="")
            case ToolCalled(call_id, tool, arguments):
                return replace(self, text="", tools=(*self.tools, ToolUse(call_id, tool, arguments)))
            case ToolReturned(call_id, tool, summary, ok):
                known = [each.call_id for each in self.tools]
                tools = self.tools if call_id in known else (*self.tools, ToolUse(call_id, tool, {}))
                return replace(self, tools=tuple(_returned(each, call_id, summary, ok=ok) for each in tools))
            case JourneysReferred(journeys):
                return replace(self, journeys=journeys)
            case ApprovalAsked(_, labels):
                return replace(self, waiting=labels, is_over=True)
            case Answered(text, usage):
                return replace(self, text=text, usage=usage, is_over=True)
            case Failed(message, usage):
                return replace(self, text="", failed=message, usage=usage, is_over=True)

    def after_all(self, events: Iterable[AgentEvent]) -> "ToldTurn":
        turn = self
        for event in events:
            turn = turn.after(event)
        return turn

    def when_stopped(self) -> "ToldTurn":
        return self if self.is_over else replace(self, stopped=True, is_over=True)

    def when_decided(self) -> "ToldTurn":
        """Nothing waits any more."""
        return replace(self, waiting=())


def _returned(use: ToolUse, call_id: str, summary: str, *, ok: bool) -> ToolUse:
    return replace(use, summary=summary, ok=ok) if use.call_id == call_id else use
