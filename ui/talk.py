"""A conversation with the agent, as markup: questions, what was looked up, answers, and what waits for a decision."""

import json
from collections.abc import Sequence

from assistant.agent.told_turn import ToldTurn, ToolUse
from chains.wording import count_text, shortened
from ui.markup import Markup, joined, tag
from ui.pieces import link, notice
from ui.place import Place

_LONGEST_QUESTION = 4_000


def talk(turns: Sequence[ToldTurn], *, asks_name: bool, problem: str = "") -> Markup:
    """All turns, and below them the form for the next question, or a stop button while one is answered."""
    busy = bool(turns) and not turns[-1].is_over
    waits = bool(turns) and bool(turns[-1].waiting)
    spoken = (
        tag("ol", *(tag("li", turn(each)) for each in turns), class_="turns", aria_live="polite") if turns else None
    )
    return joined((spoken, _form(asks_name=asks_name, problem=problem, busy=busy, waits=waits, begun=bool(turns))))


def turn(each: ToldTurn) -> Markup:
    return joined(
        (
            tag("p", each.question, class_="asked") if each.question else None,
            _tools(each),
            tag("div", each.text, class_="answer") if each.text else None,
            tag("p", "Thinking…", class_="small thinking") if not each.is_over and not each.text else None,
            _journeys(each),
            _approval(each),
            notice("Stopped.", "The answer was not finished.") if each.stopped else None,
            notice("There is no answer.", each.failed, tone="bad") if each.failed else None,
        )
    )


def _tools(each: ToldTurn) -> Markup | None:
    if not each.tools:
        return None
    told = f"{count_text(len(each.tools), 'tool')} used"
    if not each.is_over and each.tools[-1].ok is None:
        told = f"Looking up: {each.tools[-1].tool.replace('_', ' ')}…"
    rows = joined(tag("li", _use(use)) for use in each.tools)
    return tag("details", tag("summary", told), tag("ul", rows), class_="tools")


def _use(use: ToolUse) -> Markup:
    given = shortened(json.dumps(use.arguments, ensure_ascii=False), 200)
    end = "…" if use.ok is None else use.summary or ("done" if use.ok else "failed")
    return joined(
        (
            tag("b", use.tool.replace("_", " ")),
            " ",
            tag("code", given),
            tag("span", f" {'✗ ' if use.ok is False else ''}{end}", class_="muted"),
        )
    )


def _journeys(each: ToldTurn) -> Markup | None:
    if not each.journeys:
        return None
    links = joined(
        tag(
            "li",
            link(Place("journey", ref.user_id, ref.journey_id), ref.name),
            tag("small", " of ", link(Place("explore", ref.user_id), ref.user_id, class_="quiet"), class_="muted"),
        )
        for ref in each.journeys
    )
    return tag("ul", links, class_="referred", aria_label="Journeys it speaks of")


def _approval(each: ToldTurn) -> Markup | None:
    if not each.waiting:
        return None
    what = joined(tag("li", proposal.text) for proposal in each.waiting)
    return tag(
        "div",
        tag("p", tag("strong", "Shall this be kept?")),
        tag("ul", what),
        tag(
            "div",
            tag("button", "Keep it", type="button", data_approve="yes", class_="primary"),
            tag("button", "Leave it", type="button", data_approve="no", class_="plain-button"),
            class_="row",
        ),
        class_="notice approval",
        role="group",
        aria_label="Decide on a label",
    )


def _form(*, asks_name: bool, problem: str, busy: bool, waits: bool, begun: bool) -> Markup:
    if busy:
        return tag(
            "div",
            tag("button", "Stop", type="button", data_stop=True, class_="plain-button"),
            class_="ask-form",
        )
    name = (
        tag(
            "span",
            tag("label", "Your name, kept with what you decide", for_="ask-who"),
            tag("input", type="text", id="ask-who", name="who", required=True, maxlength=60, placeholder="Ada"),
            class_="text-field",
        )
        if asks_name
        else None
    )
    label = "Another question leaves this undecided" if waits else "Your question"
    return tag(
        "form",
        name,
        tag(
            "span",
            tag("label", label, for_="ask-question"),
            tag(
                "textarea",
                id="ask-question",
                name="question",
                rows=2,
                required=True,
                maxlength=_LONGEST_QUESTION,
                placeholder="Who is renovating a kitchen?",
            ),
            class_="text-field wide",
        ),
        tag(
            "div",
            tag("button", "Ask", type="submit", class_="primary"),
            tag("button", "New conversation", type="button", data_fresh=True, class_="plain-button") if begun else None,
            tag("span", "Enter sends, shift and Enter begins a line.", class_="small wide-only"),
            class_="row",
        ),
        tag("p", problem, class_="told bad", role="alert") if problem else None,
        data_own=True,
        class_="ask-form",
    )
