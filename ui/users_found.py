"""Lists of users that lead to their journeys."""

from collections.abc import Sequence

from assistant.finding import Found, FoundUser
from assistant.runs import UserState
from assistant.snapshot import BeingRead
from chains.wording import count_text
from ui.markup import Markup, joined, tag
from ui.pieces import chip, link, notice, search_form
from ui.place import Place

_SHOWN = 24
_JOURNEYS = 3


def find_form(place: Place) -> Markup:
    return search_form(
        place.go("explore"),
        "find",
        "Find a user by id, or by what they are up to",
        "kitchen renovation",
        place.option("find"),
    )


def being_read(state: BeingRead) -> Markup:
    """While all journeys are read; the page asks again by itself."""
    if state.error:
        return notice("The journeys could not be read.", state.error, tone="bad")
    told = f"{state.done:,} of {state.total:,} users" if state.total else "beginning"
    return tag(
        "div",
        notice("Reading all journeys once…", f"{told}. This page goes on by itself."),
        tag("progress", value=state.done, max=max(state.total, 1), aria_label="Users read"),
        class_="reading",
        data_again="900",
    )


def found_users(found: Found, place: Place, asked: str) -> Markup:
    """Who was found, each with the journeys that were asked for."""
    if not found.users:
        return notice(
            f"Nobody found for “{asked}”.",
            "Try a user id, or other words for what somebody does: “wedding”, “learning to sew”. "
            "Sensitive journeys are never searched.",
        )
    shown = found.users[:_SHOWN]
    more = f", the first {len(shown)} shown" if found.total > len(shown) else ""
    return tag(
        "div",
        tag("p", f"{found.total:,} user{'s' if found.total != 1 else ''} found{more}.", class_="muted", role="status"),
        tag("ul", *(tag("li", _found(each, place)) for each in shown), class_="users"),
    )


def _found(each: FoundUser, place: Place) -> Markup:
    journeys = joined(
        tag(
            "span",
            link(place.go("journey", user=each.user_id, journey=glance.journey_id), glance.name, class_="quiet"),
            tag("small", f" {near:.0%} near", class_="muted") if near < 1 else None,
            class_="hit",
        )
        for glance, near in each.journeys[:_JOURNEYS]
    )
    return joined((link(place.go("explore", user=each.user_id), each.user_id, class_="user"), journeys))


def some_users(states: Sequence[UserState], total: int, place: Place) -> Markup:
    """Users to begin with."""
    users = joined(
        tag(
            "li",
            link(place.go("explore", user=state.user_id), state.user_id, class_="user"),
            chip(count_text(state.journeys, "journey")),
        )
        for state in states
    )
    says = f"Those with most journeys, {len(states)} of {total:,}." if len(states) < total else "All of them."
    return tag(
        "div", tag("h3", "Or begin with one of these"), tag("p", says, class_="says"), tag("ul", users, class_="users")
    )
