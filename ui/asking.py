"""A conversation of one visitor, step by step: what comes from the browser goes to the agent, and back as markup."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from assistant.agent import open_agent
from assistant.agent.conversations import Conversations
from assistant.agent.events import AgentEvent
from assistant.agent.pumping import Events, Stops, pumped
from assistant.agent.told_turn import ToldTurn
from assistant.assistant import JourneyAssistant
from ui.markup import Markup
from ui.talk import talk
from ui.visitor import clean_name
from vectorstore.errors import JourneyError

if TYPE_CHECKING:
    from assistant.agent.agent import Agent

Turns = tuple[ToldTurn, ...]
Step = tuple[Markup, Turns]
_SESSION = re.compile(r"[0-9a-f]{8,64}")


@dataclass(frozen=True, slots=True)
class Said:
    """What the browser sent. session: of the window. approve: a decision, None for none. fresh: a new conversation.
    load: the page was opened."""

    session: str = ""
    who: str = ""
    question: str = ""
    approve: bool | None = None
    fresh: bool = False
    load: bool = False

    @classmethod
    def of(cls, sent: object, login: str | None) -> "Said":
        told = sent if isinstance(sent, dict) else {}
        session, question, approve = (str(told.get(name) or "") for name in ("session", "question", "approve"))
        return cls(
            session=session if _SESSION.fullmatch(session) else "",
            who=login or clean_name(str(told.get("who") or "")),
            question=question.strip(),
            approve={"yes": True, "no": False}.get(approve),
            fresh=bool(told.get("fresh")),
            load=bool(told.get("load")),
        )

    @property
    def thread(self) -> str:
        """A conversation is one person's: another name in the same window has another."""
        return f"page-{self.session}-{hashlib.blake2b(self.who.encode(), digest_size=4).hexdigest()}"


@dataclass
class Asking:
    """assistant: whose journeys are asked about. Any thread may ask, each visitor with turns of his own."""

    assistant: JourneyAssistant
    opened: Callable[..., "Agent"] = open_agent
    stops: Stops = field(default_factory=Stops)

    def steps(self, turns: Turns, said: Said) -> Iterator[Step]:
        """What is to be shown, again and again until the answer is there."""
        if said.fresh:
            yield self._shown((), said)
        elif said.load:
            yield self._shown(turns or self._before(said), said)
        elif not said.session or not said.who:
            yield self._shown(turns, said, "Say first who you are: it is kept with what you decide.")
        elif said.approve is not None:
            decided = (*turns[:-1], turns[-1].when_decided()) if turns else ()
            approve = said.approve
            yield from self._answer(decided, ToldTurn(""), said, lambda agent: agent.approve(said.thread, approve))
        else:
            kept = tuple(each.when_stopped().when_decided() for each in turns)
            yield from self._answer(
                kept, ToldTurn(said.question), said, lambda agent: agent.stream(said.question, said.thread)
            )

    def stop(self, turns: Turns, said: Said) -> Step:
        self.stops.stop(said.thread)
        return self._shown(tuple(each.when_stopped() for each in turns), said)

    def _answer(
        self, before: Turns, turn: ToldTurn, said: Said, ask: "Callable[[Agent], Iterator[AgentEvent]]"
    ) -> Iterator[Step]:
        flag = self.stops.begin(said.thread)
        yield self._shown((*before, turn), said)
        try:
            for some in pumped(lambda: self._events(said, ask), flag):
                if some:
                    turn = turn.after_all(some)
                    yield self._shown((*before, turn), said)
        except JourneyError as error:
            yield self._shown(before, said, str(error))
            return
        finally:
            self.stops.end(said.thread, flag)
        yield self._shown((*before, turn.when_stopped()), said)

    def _events(self, said: Said, ask: "Callable[[Agent], Iterator[AgentEvent]]") -> Events:
        with closing(self.opened(self.assistant, may_see=None, by=said.who)) as agent:
            yield from ask(agent)

    def _before(self, said: Said) -> Turns:
        """What was said before the page was opened anew."""
        if not said.who or said.thread not in _threads(self.assistant, said.who):
            return ()
        try:
            with closing(self.opened(self.assistant, may_see=None, by=said.who)) as agent:
                return tuple(agent.history(said.thread))
        except JourneyError:
            return ()

    def _shown(self, turns: Turns, said: Said, problem: str = "") -> Step:
        return talk(turns, asks_name=not said.who, problem=problem), turns


def _threads(assistant: JourneyAssistant, by: str) -> set[str]:
    """Without importing what an agent takes."""
    return {each.thread_id for each in Conversations(assistant.settings.home).threads(by)}
