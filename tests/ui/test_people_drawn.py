"""Correct, Review, Quality and Ask without a browser: what is said holds at once, and is told."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from homes import MadeAssistant, made, made_rows, write_log
from test_markup import Seen

from assistant.agent.conversations import Conversations
from assistant.agent.events import (
    AgentEvent,
    Answered,
    ApprovalAsked,
    JourneyRef,
    JourneysReferred,
    LabelProposal,
    Token,
    ToolCalled,
    ToolReturned,
)
from assistant.agent.told_turn import ToldTurn, ToolUse
from assistant.kept_judgements import JudgeTask, Validation
from assistant.reading import Reading
from chains.judgement import Judgement
from chains.notification import Channel
from ui import ask, correct, notifications, quality, review
from ui.acting import Asked, acted
from ui.asking import Asking, Said, Turns
from ui.markup import Markup
from ui.place import Place
from ui.tabs import TABS
from ui.talk import talk
from ui.visitor import Visitor
from vectorstore.errors import InputError

SESSION = "0123456789abcdef"


@pytest.fixture(name="assistant")
def assistant_fixture(tmp_path: Path) -> Iterator[MadeAssistant]:
    with made(tmp_path / "home") as assistant:
        rows = [row for user in ("ann", "bob") for row in made_rows(user, "wedding", "garden")]
        assistant.ingest([write_log(tmp_path / "log.csv", rows)])
        assistant.infer()
        yield assistant


def text_of(markup: str) -> str:
    seen = Seen()
    seen.feed(markup)
    seen.close()
    return " ".join(seen.text.split())


def at(tab: str, user: str = "", journey: str = "", who: str = "Ada") -> Place:
    return Place(tab, user, journey, visitor=Visitor(who))


def do(reading: Reading, place: Place, **fields: str) -> Place:
    asked = Asked.of({"act": place.tab, "fields": [[name, value] for name, value in fields.items()]})
    return acted(reading, place, asked, TABS)


def say(reading: Reading, place: Place, kind: str, **fields: str) -> Place:
    return do(reading, place, where=kind, journey=place.journey, kind=kind, **fields)


def told(place: Place) -> str:
    return place.visitor.told.text if place.visitor.told else ""


# --- Correct


def test_nothing_can_be_said_before_the_name_is(assistant: MadeAssistant) -> None:
    drawn = correct.draw(assistant.reading, at("correct", "ann", who=""))
    assert "Who are you?" in text_of(drawn)
    assert 'value="rename"' not in drawn
    first = assistant.journeys("ann")[0]
    nobody = say(assistant.reading, at("correct", "ann", first.journey_id, who=""), "rename", name="Big day")
    assert told(nobody) == "say first who you are"
    assert assistant.labels() == []


def test_a_name_is_in_force_at_once_on_every_tab_and_comes_back(assistant: MadeAssistant) -> None:
    first = assistant.journeys("ann")[0]
    here = say(assistant.reading, at("correct", "ann", first.journey_id), "rename", name="Big day")
    assert told(here) == "Renamed. Later runs keep the name."
    for tab in TABS:
        if tab.key in ("correct", "explore", "journey"):
            assert "Big day" in text_of(tab.draw(assistant.reading, replace(here, tab=tab.key)))
    drawn = text_of(correct.draw(assistant.reading, here))
    assert f"“{first.name}” is called “Big day”" in drawn
    assert "Ada, " in drawn
    label = assistant.labels("ann")[0]
    back = do(assistant.reading, here, where="said", withdraw=label.label_id)
    assert told(back) == "Taken back."
    assert assistant.journeys("ann")[0].name == first.name
    assert "taken back" in text_of(correct.draw(assistant.reading, back))


def test_an_error_stands_in_its_form_with_what_was_typed(assistant: MadeAssistant) -> None:
    first, second = assistant.journeys("ann")[:2]
    here = say(assistant.reading, at("correct", "ann", first.journey_id), "rename", name=second.name)
    drawn = correct.draw(assistant.reading, here)
    assert "another journey of this user is called so" in text_of(drawn)
    assert drawn.count('role="alert"') == 1
    assert f'value="{second.name}"' in drawn


def test_two_are_merged_and_what_is_no_journey_is_gone_and_said(assistant: MadeAssistant) -> None:
    first, second = assistant.journeys("ann")[:2]
    here = say(assistant.reading, at("correct", "ann", first.journey_id), "merge", other=second.journey_id)
    assert told(here) == "Merged. Later runs keep them together."
    (only,) = assistant.journeys("ann")
    assert only.journey_id == first.journey_id
    gone = do(assistant.reading, here, where="flag", journey=only.journey_id, kind="not_a_journey")
    drawn = text_of(correct.draw(assistant.reading, gone))
    assert "This user has no journeys." in drawn
    assert "Taken out: it is no journey." in drawn


def test_split_needs_keywords_and_never_notify_is_shown(assistant: MadeAssistant) -> None:
    first = assistant.journeys("ann")[0]
    here = at("correct", "ann", first.journey_id)
    assert told(say(assistant.reading, here, "split")) == "split needs the keywords that are split off"
    here = do(assistant.reading, here, where="flag", journey=first.journey_id, kind="never_notify")
    assert "Nothing is ever sent" in text_of(correct.draw(assistant.reading, here))
    split = say(assistant.reading, here, "split", keyword=first.keywords[0].text)
    assert told(split) == "Split off. Later runs keep them apart."


def test_without_a_user_what_was_said_lately_is_listed_with_links(assistant: MadeAssistant) -> None:
    first = assistant.journeys("bob")[0]
    say(assistant.reading, at("correct", "bob", first.journey_id), "verdict", score="4", note="<b>clear</b>")
    drawn = correct.draw(assistant.reading, at("correct"))
    assert f"bob: “{first.name}” is 4 of 5, clear (<b>clear</b>)" in text_of(drawn)
    assert "<b>clear" not in drawn
    assert "user=bob" in drawn


# --- Review


def rate(reading: Reading, place: Place, **fields: str) -> Place:
    item = reading.review.before(place.visitor.name, place.visitor.skipped)
    assert item.journey is not None
    journey = item.journey
    return do(reading, place, where="review", user=journey.user_id, journey=journey.journey_id, **fields)


def test_review_goes_on_skips_and_undoes(assistant: MadeAssistant) -> None:
    reading, here = assistant.reading, at("review")
    total = reading.review.before("Ada").waiting
    first = reading.review.before("Ada").journey
    here = rate(reading, here, score="4")
    assert first is not None
    assert told(here) == f"“{first.name}”: 4, clear."
    assert reading.review.before("Ada").waiting == total - 1
    passed = reading.review.before("Ada").journey
    here = rate(reading, here, skip="1")
    assert reading.review.before("Ada", here.visitor.skipped).journey != passed
    here = do(reading, here, where="review", undo="1")
    assert told(here) == "Undone: the last verdict is taken back."
    assert reading.review.before("Ada").journey == first
    assert told(do(reading, here, where="review", undo="1")) == "There is nothing to undo."


def test_two_reviewers_have_lists_of_their_own_and_agree(assistant: MadeAssistant) -> None:
    reading, ada, ben = assistant.reading, at("review"), at("review", who="Ben")
    before = reading.review.before("Ben")
    for _ in range(2):
        ada = rate(reading, ada, score="4")
    assert reading.review.before("Ben").waiting == before.waiting
    assert "Nobody to compare with." in text_of(review.draw(reading, ada))
    for _ in range(2):
        ben = rate(reading, ben, score="4")
    assert "2 pairs of" in text_of(review.draw(reading, ben))


def test_a_verdict_that_is_none_is_said(assistant: MadeAssistant) -> None:
    assert told(rate(assistant.reading, at("review"), score="9")) == "verdict needs a score of 1 to 5"


def test_at_the_end_nothing_is_left(assistant: MadeAssistant) -> None:
    reading, here = assistant.reading, at("review")
    while reading.review.before("Ada").item is not None:
        here = rate(reading, here, score="5")
    drawn = text_of(review.draw(reading, here))
    assert "Nothing is left." in drawn
    assert "not known: all say one level" not in drawn


# --- Quality


def test_a_judge_that_nobody_validated_is_marked(assistant: MadeAssistant) -> None:
    first = assistant.journeys("ann")[0]
    scores = (4, 4, 5)
    assistant.library.put_judgements(
        [
            Judgement(
                "ann",
                first.journey_id,
                first.run_id,
                1,
                first.name,
                scores,
                model="openai:judge",
                prompt_version="relevance/1",
            )
        ]
    )
    drawn = text_of(quality.draw(assistant.reading, at("quality")))
    assert "unvalidated judge" in drawn
    assert "1 journey judged, mean 4.00, 100% good" in drawn
    when = assistant.library.runs()[0].started
    assistant.library.put_validation(
        Validation(JudgeTask.JOURNEYS, "openai:judge", "relevance/1", passes=True, validated_at=when, figures={})
    )
    assert "validated judge" in (drawn := text_of(quality.draw(assistant.reading, at("quality"))))
    assert "unvalidated" not in drawn


def test_two_runs_stand_side_by_side_and_what_is_lost_is_said(assistant: MadeAssistant) -> None:
    one = text_of(quality.draw(assistant.reading, at("quality")))
    assert "There has been one run." in one
    assistant.infer(as_of=assistant.library.runs()[0].parameters.as_of.replace(year=2027))
    two = text_of(quality.draw(assistant.reading, at("quality")))
    assert "run-000001" in two
    assert "No longer known." in two
    assert "all users still current" in two
    same = at("quality").with_options(left="run-000001", right="run-9")
    assert "run-000002" in text_of(quality.draw(assistant.reading, same))


# --- Ask


def test_without_a_model_it_is_told_how_to_set_one(assistant: MadeAssistant) -> None:
    drawn = text_of(ask.draw(assistant.reading, at("ask")))
    assert "No model is set" in drawn
    assert 'model = "openai:gpt-5-mini"' in drawn
    assert 'base_url = "http://127.0.0.1:8000/v1"' in drawn


def test_what_a_model_says_is_text_and_journeys_are_links() -> None:
    turn = ToldTurn("<b>q</b>").after_all(
        [
            ToolCalled("1", "find_users", {"words": "<script>"}),
            ToolReturned("1", "find_users", "<i>none</i>", ok=False),
            Token("<img src=x> [win](http://example.com)"),
            JourneysReferred((JourneyRef("a&b", "j1", "Wedding"),)),
            Answered("<img src=x> [win](http://example.com)"),
        ]
    )
    drawn = talk([turn], asks_name=False)
    for bad in ("<b>q", "<img", "<i>none", "<script>", 'href="http'):
        assert bad not in drawn
    assert 'href="?tab=journey&amp;user=a%26b&amp;journey=j1"' in drawn
    assert "✗ <i>none</i>" in text_of(drawn)


class Scripted:
    """An agent whose answers are given; what was decided is kept."""

    def __init__(self, *answers: list[AgentEvent]) -> None:
        self.answers, self.asked, self.closed = list(answers), [], 0  # type: ignore[var-annotated]

    def __call__(self, assistant: object, *, may_see: object, by: str) -> Any:
        return SimpleNamespace(
            stream=lambda question, thread: self._next(("ask", by, question, thread)),
            approve=lambda thread, yes: self._next(("approve", by, yes, thread)),
            close=self._close,
        )

    def _close(self) -> None:
        self.closed += 1

    def _next(self, asked: tuple[object, ...]) -> Iterator[AgentEvent]:
        self.asked.append(asked)
        if not self.answers:
            raise InputError("nothing waits for a decision in this conversation")
        return iter(self.answers.pop(0))


def spoken(asking: Asking, turns: Turns, **sent: object) -> tuple[Markup, Turns]:
    *_, last = asking.steps(turns, Said.of({"session": SESSION, "who": "Ada", **sent}, None))
    return last


def test_a_question_an_approval_and_what_came_of_it(assistant: MadeAssistant) -> None:
    proposal = LabelProposal("user ann: rename “Wedding” to “Big day”", {})
    agent = Scripted([ApprovalAsked("t", (proposal,))], [Token("Done."), Answered("Done.")])
    asking = Asking(assistant, opened=agent)
    drawn, turns = spoken(asking, (), question=" Rename it ")
    assert "Shall this be kept?" in drawn
    assert "“Big day”" in text_of(drawn)
    drawn, turns = spoken(asking, turns, approve="yes")
    assert "Shall this be kept?" not in drawn
    assert [turn.text for turn in turns] == ["", "Done."]
    assert [asked[:3] for asked in agent.asked] == [("ask", "Ada", "Rename it"), ("approve", "Ada", True)]
    assert agent.closed == 2


def test_an_error_is_one_line_by_the_form_and_a_name_is_needed(assistant: MadeAssistant) -> None:
    asking = Asking(assistant, opened=Scripted())
    assert "nothing waits for a decision" in text_of(spoken(asking, (), approve="no")[0])
    drawn, turns = spoken(asking, (), question="What?", who="")
    assert "Say first who you are" in drawn
    assert 'name="who"' in drawn
    assert turns == ()


def test_a_fresh_conversation_is_empty_and_threads_are_of_one_person() -> None:
    ada, ben = (Said.of({"session": SESSION, "who": who}, None) for who in ("Ada", "Ben"))
    assert ada.thread != ben.thread
    assert Said.of({"session": "../x", "who": "Ada"}, None).session == ""
    assert Said.of({"who": "Mallory"}, "ada").who == "ada"


def test_opening_the_page_brings_back_what_was_said(assistant: MadeAssistant) -> None:
    said = Said.of({"session": SESSION, "who": "Ada", "load": True}, None)
    use = ToolUse("1", "list_journeys", {"user_id": "ann"}, "2 journeys", ok=True)
    turns = [ToldTurn("What?", "Two journeys.", (use,), (JourneyRef("ann", "j1", "Wedding"),), is_over=True)]
    agent: Any = SimpleNamespace(history=lambda thread: turns, close=lambda: None)
    asking = Asking(assistant, opened=lambda *args, **named: agent)
    assert list(asking.steps((), said))[-1][1] == ()
    Conversations(assistant.settings.home).begin(said.thread, "Ada")
    drawn, told_before = list(asking.steps((), said))[-1]
    assert told_before == tuple(turns)
    assert "1 tool used" in drawn
    assert "?tab=journey&amp;user=ann&amp;journey=j1" in drawn
    assert "New conversation" in drawn


def test_a_stop_ends_the_turn_that_runs(assistant: MadeAssistant) -> None:
    asking = Asking(assistant, opened=Scripted())
    said = Said.of({"session": SESSION, "who": "Ada"}, None)
    flag = asking.stops.begin(said.thread)
    drawn, turns = asking.stop((ToldTurn("What?", "Half"),), said)
    assert flag.is_set()
    assert turns[0].stopped
    assert "Stopped." in drawn


# --- Notifications


def test_before_any_run_of_notifications_the_simulator_is_there(assistant: MadeAssistant) -> None:
    drawn = text_of(notifications.draw(assistant.reading, at("notifications")))
    assert "Nobody has been chosen for a message yet." in drawn
    assert "Messages by day" in drawn
    wrong = at("notifications").with_options(a_day="many")
    assert "a day is a number from 1 to 20, not 'many'" in text_of(notifications.draw(assistant.reading, wrong))


def test_candidates_are_previewed_and_who_gets_none_is_said(assistant: MadeAssistant, tmp_path: Path) -> None:
    users = tmp_path / "users.csv"
    users.write_text("user_id,email_consent\nann,no\n", encoding="utf-8")
    assistant.notify(Channel.EMAIL, users_file=users)
    drawn = text_of(notifications.draw(assistant.reading, at("notifications").with_options(reason="no_consent")))
    assert "The user has not agreed to this channel." in drawn
    assert "Users: no consentann" in drawn
    assert "Nobody is told anything on this day." in drawn


def test_a_preview_is_text_whatever_was_written() -> None:
    row = {
        "channel": "email",
        "title": "<b>Big</b>",
        "preheader": "<script>",
        "body": "[win](http://example.com)",
        "language": "en",
        "items": [{"item": "1", "text": "<img src=x>"}],
    }
    for channel in Channel:
        drawn = notifications.preview({**row, "channel": channel.value})
        assert "<b>Big" not in drawn
        assert "<img" not in drawn
        assert "href" not in drawn
        assert "<b>Big</b>" in text_of(drawn)
