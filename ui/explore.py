"""The tab Explore: one user, the journeys as cards, in time, and on a map."""

from collections.abc import Sequence
from datetime import datetime

from assistant.errors import LibraryError
from assistant.reading import Reading, UserView
from assistant.snapshot import BeingRead
from chains.journeys import Journey, Kind, Stage
from chains.wording import count_text, date_text, shortened
from ui.frame import Tab
from ui.map_plot import keyword_plot
from ui.markup import Markup, joined, tag
from ui.pieces import (
    as_table,
    badge,
    chip,
    choices,
    colour,
    confidence_words,
    link,
    notice,
    safety_chip,
    section,
    span_text,
    standing,
)
from ui.place import Place
from ui.timeline import axis, key, lane, lane_label, sparkline
from ui.users_found import being_read, find_form, found_users, some_users
from vectorstore.activity import Activity, days_of

_KEYWORDS = 4
_CHANGES = 12
_USERS = 12
_STANDINGS = {"": "All", "ongoing": "Ongoing", "ended": "Ended", "evergreen": "Evergreen"}


def draw(reading: Reading, place: Place) -> Markup:
    if find := place.option("find"):
        found = reading.find(find)
        listed = being_read(found) if isinstance(found, BeingRead) else found_users(found, place, find)
        return joined((find_form(place), listed))
    if entry := place.option("entry"):
        return joined((find_form(place), _users_of(reading, place, entry)))
    if not place.user:
        home = reading.home()
        if not home.users:
            return notice("No journeys yet.", "Run journeys infer LOG, then come back: the page reads what it stored.")
        return joined((find_form(place), some_users(reading.some_users(_USERS), home.users, place)))
    try:
        view = reading.user(place.user)
    except LibraryError:
        return joined(
            (
                find_form(place),
                notice(f"No user “{place.user}” here.", "Find one by id or by what they are up to.", tone="warn"),
            )
        )
    return joined((find_form(place), user_page(reading, view, place)))


def user_page(reading: Reading, view: UserView, place: Place) -> Markup:
    """Everything about one user."""
    if not view.journeys:
        return joined(
            (
                heading(view),
                notice("No journeys.", "There is too little that belongs together, or nothing that may be shown."),
            )
        )
    events = _all_events(view)
    first, last = events[0].timestamp, events[-1].timestamp
    ranks = {journey.journey_id: journey.rank for journey in view.journeys}
    keywords = reading.keyword_map(view)
    rows = [(ranks[each.journey_id], each.text, f"{each.weight:.2f}") for each in keywords]
    return joined(
        (
            heading(view),
            cards(view, place, first, last),
            section(
                "In time",
                "One lane for each journey; a sign for everything that was done.",
                timeline(view, place, first, last),
                aside=key(),
            ),
            tag(
                "div",
                section(
                    "Keyword map",
                    "Near in meaning is near on the map; the number says which journey it belongs to.",
                    keyword_plot(keywords, ranks),
                    _legend(view, place),
                    as_table("Read the map as a table", ("Journey", "Keyword", "Weight"), rows),
                ),
                section("Since the last run", "What is new about this user.", changed(view, place)),
                class_="two",
            ),
        )
    )


def heading(view: UserView) -> Markup:
    events = _all_events(view)
    told = "No activity in the log."
    if events:
        span = span_text(events[0].timestamp, events[-1].timestamp)
        told = f"{count_text(len(events), 'event')} on {count_text(len(days_of(events)), 'day')}, {span}."
    return tag(
        "div",
        tag("h2", view.user_id, tabindex="-1", class_="subject"),
        tag(
            "p",
            f"{count_text(len(view.journeys), 'journey')} from {told} Inferred as of {date_text(view.state.as_of)}.",
            class_="muted",
        ),
        class_="heading",
    )


def cards(view: UserView, place: Place, first: datetime, last: datetime) -> Markup:
    wanted = place.option("show")
    shown = [journey for journey in view.journeys if not wanted or _standing_of(journey) == wanted]
    counted = {each: sum(_standing_of(journey) == each for journey in view.journeys) for each in _STANDINGS}
    filters = choices(
        "Show",
        [
            (f"{text} {counted[each] if each else len(view.journeys)}", place.go("explore", show=each), each == wanted)
            for each, text in _STANDINGS.items()
        ],
    )
    body = (
        tag("ol", *(tag("li", card(journey, view, place, first, last)) for journey in shown), class_="cards")
        if shown
        else notice(f"No {_STANDINGS.get(wanted, wanted).lower()} journeys.", "Choose another filter.")
    )
    return tag(
        "section",
        tag(
            "div",
            tag(
                "div",
                tag("h3", "Journeys"),
                tag("p", "Best first: what this user most likely goes on with. Open one to see why.", class_="says"),
                class_="head-text",
            ),
            filters,
            class_="head",
        ),
        body,
        class_="plain",
    )


def card(journey: Journey, view: UserView, place: Place, first: datetime, last: datetime) -> Markup:
    events = view.events[journey.journey_id]
    keywords = ", ".join(keyword.text for keyword in journey.keywords[:_KEYWORDS])
    return tag(
        "article",
        tag(
            "div",
            badge(journey.rank),
            tag("h4", link(place.go("journey", user=view.user_id, journey=journey.journey_id), journey.name)),
            tag(
                "span",
                tag("small", "Score"),
                f"{journey.score:.2f}",
                class_="score",
                title="The chance that it is gone on with",
            ),
            class_="card-head",
        ),
        tag("p", standing(journey), safety_chip(journey), class_="chips"),
        tag("p", shortened(keywords, 110), class_="keywords"),
        sparkline(events, first, last, journey.rank, f"Activity by week: {lane_label(journey.name, events)}"),
        tag(
            "p",
            f"{count_text(journey.events, 'event')} on {count_text(journey.active_days, 'day')} · "
            f"{span_text(journey.first_seen, journey.last_seen)}",
            class_="small",
        ),
        tag("p", f"Confidence: {confidence_words(journey.confidence)}, {journey.confidence:.0%}", class_="small"),
        class_=f"journey {colour(journey.rank)}",
    )


def timeline(view: UserView, place: Place, first: datetime, last: datetime) -> Markup:
    lanes = [
        tag(
            "div",
            tag(
                "span",
                badge(journey.rank),
                link(place.go("journey", user=view.user_id, journey=journey.journey_id), journey.name, class_="quiet"),
                class_="lane-name",
            ),
            lane(
                view.events[journey.journey_id],
                first,
                last,
                journey.rank,
                lane_label(journey.name, view.events[journey.journey_id]),
            ),
            class_="lane-row",
        )
        for journey in view.journeys
    ]
    if view.others:
        name = tag("span", "In no journey", class_="lane-name muted")
        lanes.append(
            tag(
                "div",
                name,
                lane(view.others, first, last, 0, lane_label("In no journey", view.others)),
                class_="lane-row",
            )
        )
    lanes.append(tag("div", tag("span", class_="lane-name"), axis(first, last), class_="lane-row"))
    rows = (
        (
            journey.rank,
            journey.name,
            len(view.events[journey.journey_id]),
            date_text(journey.first_seen),
            date_text(journey.last_seen),
        )
        for journey in view.journeys
    )
    told = as_table("Read the lanes as a table", ("Rank", "Journey", "Events", "First", "Last"), rows)
    return joined((tag("div", *lanes, class_="lanes"), told))


def changed(view: UserView, place: Place) -> Markup:
    """What the run that made the journeys changed."""
    if view.first:
        return notice("This was the first run for this user.", "From the next one on, you see here what changed.")
    if not view.changes:
        return notice("Nothing changed since the run before.")
    rows = view.changes[:_CHANGES]
    known = {journey.journey_id for journey in view.journeys}
    items = joined(
        tag(
            "li",
            chip(str(each.change.kind).capitalize(), _TONES.get(each.change.kind, "plain")),
            tag(
                "span",
                link(
                    place.go("journey", user=view.user_id, journey=each.change.journey_id),
                    each.change.name,
                    class_="quiet",
                )
                if each.change.journey_id in known
                else each.change.name,
                tag("small", f" {each.change.detail}", class_="muted"),
            ),
        )
        for each in rows
    )
    more = (
        tag("p", f"and {len(view.changes) - len(rows)} more", class_="muted") if len(view.changes) > len(rows) else None
    )
    return joined((tag("ul", items, class_="changes"), more))


_TONES = {"born": "blue", "grown": "green", "ended": "grey", "gone": "grey", "revived": "blue"}


def _legend(view: UserView, place: Place) -> Markup:
    items = joined(
        tag(
            "li",
            badge(journey.rank),
            link(place.go("journey", user=view.user_id, journey=journey.journey_id), journey.name, class_="quiet"),
        )
        for journey in view.journeys
    )
    return tag("ul", items, class_="legend")


def _users_of(reading: Reading, place: Place, entry: str) -> Markup:
    column, _, value = place.option("segment").partition("=")
    try:
        found = reading.users_of(entry, column, value)
    except LibraryError as error:
        return notice("No such segment.", str(error), tone="warn")
    name = reading.entry_name(entry) or "this journey"
    if isinstance(found, BeingRead):
        return being_read(found)
    if not found.users:
        return notice(
            "Too few users to list.",
            f"Fewer than {reading.assistant.settings.catalogue.min_users} have it, or it is gone.",
        )
    where = f" in {column} {value}" if column else ""
    return joined(
        (tag("h2", f"Users with {name}{where}", tabindex="-1", class_="subject"), found_users(found, place, name))
    )


def _standing_of(journey: Journey) -> str:
    if journey.kind is Kind.EVERGREEN:
        return "evergreen"
    return "ended" if journey.stage is Stage.ENDED else "ongoing"


def _all_events(view: UserView) -> Sequence[Activity]:
    return sorted(
        (*view.others, *(event for own in view.events.values() for event in own)), key=lambda event: event.timestamp
    )


TAB = Tab("explore", "Explore", "One user: the journeys, in time and on a map.", draw)
