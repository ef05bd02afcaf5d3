"""Small parts that every tab is made of: links, chips, sections, tables, notices, forms."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from chains.journeys import Journey, Kind, Policy, Stage
from chains.wording import date_text
from ui.markup import Child, Markup, joined, tag
from ui.place import Place

#: So many colours there are; with more journeys they come again, which is why nothing is told by colour alone.
COLOURS = 8


def link(place: Place, *children: Child, class_: str = "", label: str | None = None, current: bool = False) -> Markup:
    """A link within the page. It is a real one, so it can be opened in another window and kept."""
    return tag(
        "a",
        *children,
        href=place.query,
        class_=class_ or None,
        aria_label=label,
        aria_current="true" if current else None,
    )


def section(title: str, says: str, *children: Child, class_: str = "", aside: Child = None) -> Markup:
    """A card with a heading and one line that says what is in it."""
    head = tag("div", tag("h3", title), tag("p", says, class_="says"), class_="head-text")
    return tag("section", tag("div", head, aside, class_="head"), *children, class_=f"card {class_}".strip())


def notice(title: str, *children: Child, tone: str = "calm", action: Child = None) -> Markup:
    """What is said where there is nothing to show, or something went wrong. tone: calm, warn or bad."""
    return tag(
        "div",
        tag("p", tag("strong", title)),
        *(tag("p", child) for child in children if child),
        action,
        class_=f"notice {tone}",
        role="alert" if tone == "bad" else "status",
    )


def chip(text: Child, tone: str = "plain", title: str | None = None) -> Markup:
    return tag("span", text, class_=f"chip {tone}", title=title)


def colour(number: int) -> str:
    """The class of the colour of a journey. number: its rank, from 1."""
    return f"c{(number - 1) % COLOURS}"


def badge(rank: int) -> Markup:
    """The rank as a coloured number, the same in cards, timeline, map and legend."""
    return tag("span", rank, class_=f"badge {colour(rank)}", aria_hidden="true")


def standing(journey: Journey) -> Markup:
    """Kind and stage as chips."""
    if journey.kind is Kind.EVERGREEN:
        return chip("Evergreen", "green", "Steady over a long time; it never ends")
    ongoing = journey.stage is Stage.ONGOING
    return joined(
        (
            chip("Situational", "plain", "Engagement within a limited time"),
            chip("Ongoing", "blue", journey.stage_reason) if ongoing else chip("Ended", "grey", journey.stage_reason),
        )
    )


def safety_chip(journey: Journey) -> Markup | None:
    if journey.safety.policy is Policy.ALLOW:
        return None
    return chip(f"Sensitive: {journey.safety.category or 'topic'}", "amber", "In the app only, never sent")


def confidence_words(confidence: float) -> str:
    """How sure it is that the texts belong together, in words."""
    for least, words in ((0.8, "very sure"), (0.6, "sure"), (0.4, "fairly sure"), (0.25, "unsure")):
        if confidence >= least:
            return words
    return "a guess"


def table(headings: Sequence[str], rows: Iterable[Sequence[Child]], caption: str = "") -> Markup:
    head = tag("tr", *(tag("th", heading, scope="col") for heading in headings))
    body = joined(tag("tr", *(tag("td", cell) for cell in row)) for row in rows)
    return tag(
        "div",
        tag("table", tag("caption", caption) if caption else None, tag("thead", head), tag("tbody", body)),
        class_="table",
        tabindex="0",
        role="region",
        aria_label=caption or "Table",
    )


def as_table(summary: str, headings: Sequence[str], rows: Iterable[Sequence[Child]]) -> Markup:
    """The same as a picture says, to be read."""
    return tag("details", tag("summary", summary), table(headings, rows, summary), class_="as-table")


def facts(pairs: Iterable[tuple[str, Child]]) -> Markup:
    """Names and values, side by side."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs), class_="facts")


def search_form(place: Place, name: str, label: str, example: str, value: str) -> Markup:
    """A field that leads to the same tab with the option `name` as typed."""
    hidden = joined(
        tag("input", type="hidden", name=key, value=held)
        for key, held in (("tab", place.tab), ("user", place.user), ("journey", place.journey))
        if held
    )
    return tag(
        "form",
        hidden,
        tag("label", label, for_=f"field-{name}"),
        tag(
            "div",
            tag("input", type="search", id=f"field-{name}", name=name, value=value, placeholder=example, maxlength=200),
            tag("button", "Find", type="submit", class_="primary"),
            class_="field",
        ),
        role="search",
        class_="search",
    )


def choices(label: str, options: Iterable[tuple[str, Place, bool]]) -> Markup:
    """Links of which one is chosen: (text, where it leads, whether it is the chosen one)."""
    links = joined(link(place, text, class_="choice", current=chosen) for text, place, chosen in options)
    return tag(
        "div", tag("span", label, class_="choices-label"), links, class_="choices", role="group", aria_label=label
    )


def span_text(first: datetime, last: datetime) -> str:
    """12 June 2026, or from when to when; a year that both share is told once."""
    if first.date() == last.date():
        return date_text(first)
    begin = date_text(first)
    return f"{begin.removesuffix(f' {last.year}')} to {date_text(last)}"
