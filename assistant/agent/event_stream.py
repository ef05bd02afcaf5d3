"""From what LangGraph streams to the events of an answer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage

from assistant.agent.events import (
    AgentEvent,
    Answered,
    ApprovalAsked,
    Failed,
    JourneysReferred,
    LabelProposal,
    Token,
    ToolCalled,
    ToolReturned,
    Withdrawn,
)
from assistant.agent.label_tool import write_label
from assistant.agent.leaks import LeakGuard
from assistant.agent.prompt import SYSTEM_PROMPT
from assistant.agent.scope import Scope
from assistant.agent.showing import WITHHELD, plain, shown
from assistant.agent.told_data import named_in, refs_in


class EventStream:
    """The events of one question."""

    def __init__(self, thread: str, scope: Scope) -> None:
        self._thread, self._scope = thread, scope
        self._writing = ""
        self._given_up: set[str] = set()
        self._guard = LeakGuard(SYSTEM_PROMPT)
        self._any_shown = False
        self._answer = ""
        self._waits = False

    def of(self, mode: str, payload: Any) -> Iterator[AgentEvent]:
        """mode: "messages" or "updates", as LangGraph has it."""
        if mode == "messages":
            chunk, about = payload
            if isinstance(chunk, AIMessage) and about.get("langgraph_node") == "model":
                yield from self._piece(chunk)
        else:
            for node, update in payload.items():
                if node == "__interrupt__":
                    yield from self._asked(update)
                elif isinstance(update, Mapping):
                    yield from self._done(node, update.get("messages"))

    def end(self) -> Iterator[AgentEvent]:
        """What comes last, once nothing more is streamed."""
        if self._waits:
            return
        used = self._scope.meter.total
        if not self._answer:
            yield Failed("the model gave no answer: ask again", used)
            return
        named = named_in(self._answer, self._scope.journeys.values())
        if named:
            yield JourneysReferred(named)
        yield Answered(self._answer, used)

    def _piece(self, chunk: AIMessage) -> Iterator[AgentEvent]:
        own = chunk.id or ""
        if own in self._given_up:
            return
        if self._writing and own != self._writing:
            # It began anew: the call before was given up.
            self._given_up.add(self._writing)
            yield from self._withdraw()
        self._writing = own
        if text := self._guard.take(chunk.text):
            self._any_shown = True
            yield Token(plain(text))

    def _withdraw(self) -> Iterator[AgentEvent]:
        if self._any_shown:
            yield Withdrawn()
        self._guard, self._any_shown = LeakGuard(SYSTEM_PROMPT), False

    def _done(self, node: str, messages: object) -> Iterator[AgentEvent]:
        for message in messages if isinstance(messages, Sequence) else []:
            if isinstance(message, ToolMessage):
                yield self._returned(message)
            elif isinstance(message, AIMessage) and node == "model":
                yield from self._written(message)

    def _written(self, message: AIMessage) -> Iterator[AgentEvent]:
        """A whole message of the model."""
        if self._guard.leaked:
            yield from self._withdraw()
            yield Token(WITHHELD)
        elif rest := self._guard.rest():
            yield Token(plain(rest))
        self._guard, self._any_shown, self._writing = LeakGuard(SYSTEM_PROMPT), False, ""
        self._given_up.add(message.id or "")
        self._answer = "" if message.tool_calls else shown(message.text)
        for call in message.tool_calls:
            yield ToolCalled(str(call["id"]), call["name"], call["args"])

    def _returned(self, message: ToolMessage) -> ToolReturned:
        told = message.artifact if isinstance(message.artifact, dict) else {}
        for ref in refs_in(told):
            self._scope.journeys[ref.journey_id] = ref
        ok = message.status != "error"
        denied = message.name == write_label.name and message.tool_call_id not in self._scope.approved
        summary = "not approved" if denied else str(told.get("summary") or "failed")
        return ToolReturned(message.tool_call_id, str(message.name), summary, ok)

    def _asked(self, interrupts: Sequence[Any]) -> Iterator[AgentEvent]:
        labels = [
            LabelProposal(request["description"], request["args"])
            for each in interrupts
            for request in each.value["action_requests"]
        ]
        self._waits = True
        yield ApprovalAsked(self._thread, tuple(labels))
