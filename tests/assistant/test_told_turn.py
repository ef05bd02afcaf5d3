"""An answer put together from events, and events by way of a thread that may be stopped."""

import time
from threading import Event

import pytest

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
from assistant.agent.pumping import Events, Stops, pumped
from assistant.agent.told_turn import ToldTurn
from chains.metering import Usage
from vectorstore.errors import InputError

REF = JourneyRef("ann", "a1", "Wedding")


def test_a_turn_is_what_its_events_tell() -> None:
    events: list[AgentEvent] = [
        Token("Let me "),
        ToolCalled("1", "list_journeys", {"user_id": "ann"}),
        ToolReturned("1", "list_journeys", "2 journeys"),
        Token("half an ans"),
        Withdrawn(),
        Token("Two "),
        Token("journeys."),
        JourneysReferred((REF,)),
        Answered("Two journeys.", Usage(2, 10, 5)),
    ]
    turn = ToldTurn("What?").after_all(events)
    assert (turn.question, turn.text, turn.journeys, turn.is_over) == ("What?", "Two journeys.", (REF,), True)
    assert [(use.tool, use.summary, use.ok) for use in turn.tools] == [("list_journeys", "2 journeys", True)]


def test_an_approval_ends_a_turn_that_waits() -> None:
    proposal = LabelProposal("user ann: rename", {"name": "x"})
    turn = ToldTurn("Rename it").after(ApprovalAsked("t", (proposal,)))
    assert (turn.waiting, turn.is_over) == ((proposal,), True)
    assert turn.when_decided().waiting == ()


def test_a_failure_leaves_no_half_answer() -> None:
    turn = ToldTurn("What?").after_all([Token("half"), Failed("the model gave no answer")])
    assert (turn.text, turn.failed, turn.is_over) == ("", "the model gave no answer", True)


def test_what_is_over_cannot_be_stopped() -> None:
    assert ToldTurn("What?").when_stopped().stopped
    assert not ToldTurn("What?", is_over=True).when_stopped().stopped


def test_a_tool_that_was_never_called_is_told_once_it_returns() -> None:
    turn = ToldTurn("").after(ToolReturned("9", "write_label", "kept"))
    assert [(use.call_id, use.ok) for use in turn.tools] == [("9", True)]


def test_all_events_come_in_their_order() -> None:
    events = [Token(str(number)) for number in range(50)]
    assert [event for some in pumped(lambda: (event for event in events), Event()) for event in some] == events


def test_whoever_waits_can_stop_while_nothing_comes() -> None:
    hang, closed = Event(), Event()

    def slowly() -> Events:
        try:
            yield Token("one")
            hang.wait(20)
            yield Token("two")
        finally:
            closed.set()

    stop = Event()
    begun = time.monotonic()
    seen = []
    for some in pumped(slowly, stop):
        seen += some
        if seen:
            stop.set()
    assert seen == [Token("one")]
    assert time.monotonic() - begun < 5
    hang.set()
    assert closed.wait(5)


def test_an_expected_error_is_raised_where_the_events_are_read() -> None:
    def failing() -> Events:
        yield Token("one")
        raise InputError("a question has 1 to 4,000 characters")

    with pytest.raises(InputError, match="1 to 4,000"):
        list(pumped(failing, Event()))


def test_a_second_answer_stops_the_first_of_the_same_conversation() -> None:
    stops = Stops()
    first, other = stops.begin("a"), stops.begin("b")
    second = stops.begin("a")
    assert (first.is_set(), second.is_set(), other.is_set()) == (True, False, False)
    stops.end("a", first)
    stops.stop("a")
    assert second.is_set()
    stops.end("a", second)
    stops.stop("a")
