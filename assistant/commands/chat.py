"""`journeys chat`."""

import json
import secrets
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assistant.agent import open_agent
from assistant.agent.conversations import Conversations
from assistant.agent.events import (
    AgentEvent,
    Answered,
    ApprovalAsked,
    Failed,
    JourneysReferred,
    Token,
    ToolCalled,
    ToolReturned,
    Withdrawn,
)
from assistant.agent_settings import NO_MODEL
from assistant.commands.model_options import Audit
from assistant.commands.opened import opened
from assistant.commands.user_ids import ids_in
from assistant.errors import SettingsError
from assistant.model_settings import model_for
from assistant.settings import Settings
from chains.roles import Role
from vectorstore.errors import InputError, JourneyError

if TYPE_CHECKING:
    from assistant.agent.agent import Agent

_BY = "command line"


class NoAnswer(JourneyError):
    """The agent could not answer; the message is its own line."""


def chat(
    context: typer.Context,
    question: Annotated[str | None, typer.Option("--question", "-q", help="Answer one question, then exit.")] = None,
    thread: Annotated[str | None, typer.Option(help="Go on with this conversation; by default a new one.")] = None,
    users: Annotated[
        str | None, typer.Option(help="Tell of no other users: ids with commas between, or @FILE with one a line.")
    ] = None,
    threads: Annotated[bool, typer.Option("--threads", help="List the conversations, and exit.")] = False,
    delete: Annotated[str | None, typer.Option(metavar="THREAD", help="Remove a conversation, and exit.")] = None,
    audit: Audit = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs; with -q or --threads.")] = False,
) -> None:
    """Ask about users and their journeys in plain words; a model looks things up and answers."""
    settings = Settings.load(**context.obj)
    kept = Conversations(settings.home)
    if threads:
        _list(kept, as_json)
    elif delete is not None:
        if not kept.delete(delete, _BY):
            raise InputError(f"there is no conversation {delete!r}: journeys chat --threads lists them")
        print(f"removed: {delete}")
    elif as_json and question is None:
        raise InputError("--json needs a question: journeys chat -q QUESTION --json")
    elif not model_for(Role.AGENT, settings.models).model:
        raise SettingsError(NO_MODEL)
    else:
        with opened(context) as assistant, ExitStack() as stack:
            record = []
            if audit:
                from assistant.audit import AuditFile  # noqa: PLC0415 - it takes LangChain along

                record.append(stack.enter_context(AuditFile(audit)))
            agent = open_agent(assistant, may_see=ids_in(users), by=_BY, memory=kept, record=record)
            stack.callback(agent.close)
            name = thread or f"{datetime.now(UTC):%Y-%m-%d-%H%M%S}-{secrets.token_hex(2)}"
            if question is None:
                _converse(agent, name)
            else:
                _answer_one(agent, name, question, as_json)


def _list(kept: Conversations, as_json: bool) -> None:
    found = kept.threads(_BY)
    if as_json:
        rows = [{"thread": each.thread_id, "begun": each.begun, "last": each.last} for each in found]
        print(json.dumps(rows, ensure_ascii=False, indent=2, default=lambda moment: moment.isoformat()))
    else:
        for each in found:
            print(f"{each.last:%Y-%m-%d %H:%M}  {each.thread_id}")
        if not found:
            print("no conversations yet")


@dataclass
class _Telling:
    """Shows events as they come, unless it is quiet, and keeps what is told at the end."""

    quiet: bool = False
    tools: dict[str, dict[str, Any]] = field(default_factory=dict)
    approval: ApprovalAsked | None = None
    answered: Answered | None = None
    failed: Failed | None = None
    journeys: list[dict[str, Any]] = field(default_factory=list)
    _in_line: bool = False

    def show(self, events: Iterable[AgentEvent]) -> None:
        self.approval = None
        for event in events:
            self._take(event)
        self._end_line()

    def _take(self, event: AgentEvent) -> None:
        match event:
            case Token(text):
                self._write(text)
            case Withdrawn():
                self._line("[what was written so far is withdrawn]")
            case ToolCalled(call_id, tool, arguments):
                self.tools[call_id] = {"tool": tool, "arguments": arguments, "summary": "", "ok": False}
                self._line(f"[{tool} {json.dumps(arguments)}]")
            case ToolReturned(call_id, tool, summary, ok):
                self.tools.setdefault(call_id, {"tool": tool, "arguments": {}}).update(summary=summary, ok=ok)
                self._line(f"[{tool}: {summary}]")
            case JourneysReferred(journeys):
                self.journeys = [asdict(each) for each in journeys]
            case ApprovalAsked():
                self.approval = event
                for label in event.labels:
                    self._line(f"[to be stored: {label.text}]")
            case Answered():
                self.answered = event
            case Failed():
                self.failed = event

    def _write(self, text: str) -> None:
        if not self.quiet:
            print(text, end="", flush=True)
            self._in_line = not text.endswith("\n")

    def _line(self, text: str) -> None:
        self._end_line()
        self._write(f"{text}\n")

    def _end_line(self) -> None:
        if self._in_line:
            self._write("\n")

    def as_json(self, thread: str) -> dict[str, Any]:
        end = self.answered or self.failed
        waiting = [asdict(label) for label in self.approval.labels] if self.approval else None
        return {
            "thread": thread,
            "answer": self.answered.text if self.answered else None,
            "tools": list(self.tools.values()),
            "journeys": self.journeys,
            "approval": waiting,
            "problem": self.failed.message if self.failed else None,
            "usage": asdict(end.usage) if end else None,
        }


def _answer_one(agent: "Agent", thread: str, question: str, as_json: bool) -> None:
    telling = _Telling(quiet=as_json)
    telling.show(agent.stream(question, thread))
    if as_json:
        print(json.dumps(telling.as_json(thread), ensure_ascii=False, indent=2))
    elif telling.approval:
        print(f"not stored yet: journeys chat --thread {thread} asks whether to")
    if telling.failed:
        raise NoAnswer(telling.failed.message)


def _converse(agent: "Agent", thread: str) -> None:
    print(f"Conversation {thread}. An empty line ends it.")
    telling = _Telling()
    waiting = agent.pending(thread)
    if waiting:
        telling.show([waiting])
        _decide(agent, thread, telling)
    while question := _read("> "):
        telling.failed = None
        telling.show(agent.stream(question, thread))
        _decide(agent, thread, telling)


def _decide(agent: "Agent", thread: str, telling: _Telling) -> None:
    """Asks until nothing waits any more."""
    while telling.approval:
        said = _read("Store this? [y/n] ").casefold()
        if said in ("y", "yes", "n", "no"):
            telling.show(agent.approve(thread, said.startswith("y")))
        elif not said:
            print(f"not stored yet: journeys chat --thread {thread} asks again")
            return
    if telling.failed:
        print(telling.failed.message)


def _read(prompt: str) -> str:
    """What was typed; "" at the end of the input."""
    try:
        return input(prompt).strip()
    except EOFError:
        print()
        return ""
