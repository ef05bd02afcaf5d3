"""What the agent tells while it answers a question, one event after the other."""

from dataclasses import dataclass, field

from pydantic import JsonValue

from chains.metering import Usage


@dataclass(frozen=True, slots=True)
class Token:
    """The next piece of what the model writes, to be shown as text, never as markup."""

    text: str


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What was streamed since the last tool or the beginning is no longer said: the model failed half-way, and is asked
    again, or it was not fit to show."""


@dataclass(frozen=True, slots=True)
class ToolCalled:
    """The model looks something up. call_id: the same in the ToolReturned that follows."""

    call_id: str
    tool: str
    arguments: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class ToolReturned:
    """summary: one line on what came back. ok: False where the tool failed, was refused, or was not approved."""

    call_id: str
    tool: str
    summary: str
    ok: bool = True


@dataclass(frozen=True, slots=True)
class JourneyRef:
    """A journey that the answer speaks of."""

    user_id: str
    journey_id: str
    name: str


@dataclass(frozen=True, slots=True)
class JourneysReferred:
    """Those that tools told of for this question and that the answer names."""

    journeys: tuple[JourneyRef, ...]


@dataclass(frozen=True, slots=True)
class LabelProposal:
    """What would be written. text: one line for a person to decide on. arguments: as the model gave them."""

    text: str
    arguments: dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class ApprovalAsked:
    """The answer waits for `Agent.approve(thread, yes)`; the stream ends here. One decision holds for all labels."""

    thread: str
    labels: tuple[LabelProposal, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """The stream's end. text: the whole answer. usage: of this question."""

    text: str
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Failed:
    """The stream's end without an answer: one line that says why and what to do."""

    message: str
    usage: Usage = field(default_factory=Usage)


AgentEvent = Token | Withdrawn | ToolCalled | ToolReturned | JourneysReferred | ApprovalAsked | Answered | Failed
