"""The agent of one person: a question goes in, events come out, and what was said is remembered by thread."""

import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import (
    AgentState,
    ClearToolUsesEdit,
    ContextEditingMiddleware,
    HumanInTheLoopMiddleware,
    ModelCallLimitMiddleware,
    ModelFallbackMiddleware,
    ModelRetryMiddleware,
    ToolCallLimitMiddleware,
    ToolErrorMiddleware,
)
from langchain.agents.middleware.human_in_the_loop import InterruptOnConfig
from langchain.agents.middleware.model_call_limit import ModelCallLimitExceededError
from langchain_core.messages import AIMessage, HumanMessage, ToolCall
from langchain_core.runnables import RunnableConfig
from langchain_core.tools import BaseTool
from langgraph.runtime import Runtime
from langgraph.types import Command, StreamMode

from assistant.agent.checkpoints import open_saver
from assistant.agent.conversations import Conversations, Thread, told_as
from assistant.agent.event_stream import EventStream
from assistant.agent.events import AgentEvent, ApprovalAsked, Failed, LabelProposal
from assistant.agent.journey_tools import explain_journey, journey_evidence, related_journeys, search_activity
from assistant.agent.label_tool import proposal_text, write_label
from assistant.agent.model_calls import ModelCalls
from assistant.agent.prompt import SYSTEM_PROMPT
from assistant.agent.remembered import remembered
from assistant.agent.run_tools import run_figures
from assistant.agent.scope import MaySee, Scope, allows
from assistant.agent.told_turn import ToldTurn
from assistant.agent.tool_calls import TimedTools, failure_text
from assistant.agent.user_tools import find_users, journey_changes, list_journeys, why_sent_or_not
from assistant.assistant import JourneyAssistant
from chains.call_records import Recorder
from chains.chat_models import ChatModel
from chains.faults import Fault, may_pass
from chains.metering import Budget, BudgetSpent, Meter, Usage
from vectorstore.errors import InputError, JourneyError

READING: tuple[BaseTool, ...] = (
    find_users,
    list_journeys,
    journey_evidence,
    search_activity,
    related_journeys,
    explain_journey,
    journey_changes,
    why_sent_or_not,
    run_figures,
)
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0
_NOTHING_WAITS = "nothing waits for a decision in this conversation"
_TOOL_RESULTS_KEPT = 4
_LONGEST_QUESTION = 4_000
# Of the graph: a question takes several steps for each call that the limits allow.
_STEPS_A_CALL = 20


class Agent:
    """For one person; open it with `open_agent`. Several threads may ask at once, each in a conversation of its own."""

    def __init__(
        self,
        assistant: JourneyAssistant,
        models: Sequence[ChatModel],
        *,
        may_see: MaySee,
        by: str,
        memory: Conversations | None = None,
        record: Sequence[Recorder] = (),
    ) -> None:
        self._assistant, self._may_see, self._by = assistant, may_see, by
        self._limits = assistant.settings.agent
        self.memory = memory or Conversations(assistant.settings.home)
        self._calls = ModelCalls(models, record=record)
        self._saver = open_saver(self.memory.path)
        self._graph = create_agent(
            models[0].chat,
            [*READING, write_label],
            system_prompt=SYSTEM_PROMPT,
            middleware=self._middleware(models),
            context_schema=Scope,
            checkpointer=self._saver,
        )

    def _middleware(self, models: Sequence[ChatModel]) -> list[Any]:
        """The first is outermost: what stands in is asked when the first was asked again in vain."""
        limits = self._limits
        asking = InterruptOnConfig(allowed_decisions=["approve", "reject"], description=_description)
        standing_in = [ModelFallbackMiddleware(*(model.chat for model in models[1:]))] if models[1:] else []
        return [
            ModelCallLimitMiddleware(run_limit=limits.model_calls, exit_behavior="error"),
            ToolCallLimitMiddleware(run_limit=limits.tool_calls, exit_behavior="continue"),
            HumanInTheLoopMiddleware({write_label.name: asking}),
            ContextEditingMiddleware(edits=[ClearToolUsesEdit(trigger=limits.context_tokens, keep=_TOOL_RESULTS_KEPT)]),
            *standing_in,
            ModelRetryMiddleware(
                max_retries=models[0].limits.attempts - 1,
                retry_on=may_pass,
                on_failure="error",
                initial_delay=_FIRST_PAUSE,
                max_delay=_LONGEST_PAUSE,
            ),
            self._calls,
            ToolErrorMiddleware(failure_text),
            TimedTools(),
        ]

    @property
    def usage(self) -> Usage:
        """Of all questions since the agent was opened."""
        return self._calls.total.total

    # --- asking

    def stream(self, question: str, thread: str) -> Iterator[AgentEvent]:
        """The answer as it comes; the last event is Answered, ApprovalAsked or Failed.

        A label that still waits for a decision in this thread is not written any more. Raises InputError for a thread
        that this person may not read or a question that is empty or too long, StoreError where the thread is busy.
        """
        if not question.strip() or len(question) > _LONGEST_QUESTION:
            raise InputError(f"a question has 1 to {_LONGEST_QUESTION:,} characters")
        self._enter(thread)
        return self._events(thread, {"messages": [HumanMessage(question)]})

    def approve(self, thread: str, yes: bool) -> Iterator[AgentEvent]:
        """Decides on what `pending` tells, and goes on with the answer. Raises InputError where nothing waits."""
        self._enter(thread)
        if not self._waiting(thread):
            raise InputError(_NOTHING_WAITS)
        return self._events(thread, yes)

    def pending(self, thread: str) -> ApprovalAsked | None:
        """What waits for a decision, also from before the program was ended."""
        if not self._knows(thread) or not (calls := self._waiting(thread)):
            return None
        scope = self._scope(thread)
        labels = [LabelProposal(proposal_text(scope, call["args"]), call["args"]) for call in calls]
        return ApprovalAsked(thread, tuple(labels))

    # --- what was said

    def threads(self) -> list[Thread]:
        """This person's conversations that tell of nobody whom he may not see, the last one first."""
        return [thread for thread in self.memory.threads(self._by) if self._may_read(thread.thread_id)]

    def history(self, thread: str) -> list[ToldTurn]:
        """What was asked, looked up and answered, in order, with what waits; [] for a thread that isn't there."""
        if not self._knows(thread):
            return []
        turns = remembered(self._graph.get_state(self._config(thread)).values.get("messages", []))
        if turns and (waiting := self.pending(thread)):
            turns[-1] = replace(turns[-1], stopped=False).after(waiting)
        return turns

    def delete(self, thread: str) -> bool:
        """Removes a conversation; False where there is none of this person."""
        return self._knows(thread) and self.memory.delete(thread, self._by)

    def close(self) -> None:
        """Closes the file of conversations."""
        self._saver.conn.close()

    # --- inside

    def _events(self, thread: str, given: dict[str, Any] | bool) -> Iterator[AgentEvent]:
        """given: the question, or the decision on what waits."""
        scope = self._scope(thread)
        events = EventStream(thread, scope)
        try:
            with self.memory.alone(thread):
                for mode, payload in self._steps(thread, given, scope):
                    yield from events.of(mode, payload)
            yield from events.end()
        except (Fault, JourneyError, ModelCallLimitExceededError, sqlite3.Error) as error:
            yield Failed(self._words(error), scope.meter.total)
        finally:
            self._erase_forgotten(thread, scope.told)

    def _steps(self, thread: str, given: dict[str, Any] | bool, scope: Scope) -> Iterator[Any]:
        asked: Any = given
        if isinstance(given, bool):
            # Only now nobody else can decide on it.
            calls = self._waiting(thread)
            if not calls:
                raise InputError(_NOTHING_WAITS)
            scope.approved = frozenset(str(call["id"]) for call in calls) if given else frozenset()
            decision = {"type": "approve" if given else "reject"}
            asked = Command(resume={"decisions": [decision for _ in calls]})
        modes: list[StreamMode] = ["messages", "updates"]
        return self._graph.stream(asked, self._config(thread), context=scope, stream_mode=modes, durability="sync")

    def _words(self, error: Exception) -> str:
        """What stopped an answer, in one line that says what to do."""
        if isinstance(error, Fault):
            return f"the model gave no answer ({error.reason}): try again, or test it with journeys doctor"
        if isinstance(error, BudgetSpent):
            return (
                "the question would use more than agent.max_tokens or agent.max_cost allow: ask a smaller one, "
                "or raise that setting"
            )
        if isinstance(error, ModelCallLimitExceededError):
            return (
                f"the question took more than {self._limits.model_calls} calls to the model: ask a smaller one, "
                "or raise agent.model_calls"
            )
        return str(told_as(error, self.memory.path) if isinstance(error, sqlite3.Error) else error)

    def _waiting(self, thread: str) -> list[Any]:
        """The calls that wait for a decision."""
        state = self._graph.get_state(self._config(thread))
        last = next((each for each in reversed(state.values.get("messages", [])) if isinstance(each, AIMessage)), None)
        if last is None or not state.interrupts:
            return []
        return [call for call in last.tool_calls if call["name"] == write_label.name]

    def _erase_forgotten(self, thread: str, told: Collection[str]) -> None:
        """What a question wrote while a user was being forgotten goes too."""
        is_forgotten = self._assistant.forgotten.matcher()
        if any(is_forgotten(user_id) for user_id in {*told, *self.memory.told(thread)}):
            self.memory.erase({thread})

    def _scope(self, thread: str) -> Scope:
        limits = self._limits
        return Scope(
            self._assistant,
            self._may_see,
            self._by,
            limits,
            partial(self.memory.tell, thread),
            Meter(Budget(limits.max_cost, limits.max_tokens)),
            time.monotonic() + limits.timeout,
        )

    def _config(self, thread: str) -> RunnableConfig:
        most = self._limits.model_calls + self._limits.tool_calls
        return {"configurable": {"thread_id": thread}, "recursion_limit": _STEPS_A_CALL * most}

    def _enter(self, thread: str) -> None:
        self.memory.begin(thread, self._by)
        if not self._may_read(thread):
            raise InputError("this conversation cannot be opened: begin one with another name")

    def _knows(self, thread: str) -> bool:
        return thread in {each.thread_id for each in self.threads()}

    def _may_read(self, thread: str) -> bool:
        return all(allows(self._may_see, user_id) for user_id in self.memory.told(thread))


def _description(tool_call: ToolCall, state: AgentState[Any], runtime: Runtime[Any]) -> str:
    return proposal_text(runtime.context, tool_call["args"])
