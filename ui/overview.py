"""The tab Overview: what all users, or a segment of them, are up to."""

from assistant.errors import LibraryError
from assistant.overview import LATELY, WEEKS, EntryFigures, Order, Overview
from assistant.reading import Reading
from assistant.segments import Segments
from assistant.snapshot import BeingRead, monday_of
from chains.wording import count_text, date_text
from ui.frame import Tab
from ui.markup import Markup, joined, tag
from ui.pieces import as_table, chip, choices, link, notice, section
from ui.place import Place
from ui.timeline import bars
from ui.users_found import being_read, find_form

_ENTRIES = 20
_RISING = 6
_ORDERS = 8


def draw(reading: Reading, place: Place) -> Markup:
    column, _, value = place.option("segment").partition("=")
    try:
        found = reading.overview(column, value)
    except LibraryError as error:
        return joined((segments(reading.segments, place), notice("No such segment.", str(error), tone="warn")))
    if isinstance(found, BeingRead):
        return being_read(found)
    return joined((find_form(place), segments(reading.segments, place), overview_page(found, place)))


def overview_page(found: Overview, place: Place) -> Markup:
    least = found.least_users
    if found.too_few:
        return notice(
            f"Fewer than {least} users in this segment, or outside it.", "Nothing is told of so few.", tone="warn"
        )
    if not found.totals.journeys:
        return notice("No journeys yet.", "Run journeys infer LOG, then journeys expand.")
    return joined(
        (
            _totals(found),
            section(
                "Commonest journeys",
                f"Users with activity in each of the last {WEEKS} weeks; a dot stands for fewer than {least}. "
                "Open one to see its users.",
                _entries(found, place),
            )
            if found.entries
            else notice(
                "The catalogue is empty.",
                f"No journey is shared by {least} users yet, or none was made: run journeys expand.",
            ),
            tag(
                "div",
                section(
                    "Rising fastest", f"The last {LATELY} weeks against the {LATELY} before.", _rising(found, place)
                ),
                section(
                    "What comes before what", "Of users with both journeys, which one most began first.", _orders(found)
                ),
                class_="two even",
            ),
        )
    )


def segments(found: Segments, place: Place) -> Markup | None:
    """Each column as a line of choices."""
    if not found.all:
        return None
    chosen = place.option("segment")
    lines = [choices("Users", [("All", place.go("overview"), not chosen)])]
    for column in dict.fromkeys(each.column for each in found.all):
        named = [(each.value, f"{column}={each.value}") for each in found.all if each.column == column]
        options = [(text, place.go("overview", segment=key), key == chosen) for text, key in named]
        lines.append(choices(column.replace("_", " ").capitalize(), options))
    return tag("div", *lines, class_="segments")


def _totals(found: Overview) -> Markup:
    totals = found.totals
    figures = (
        ("Users", totals.users, ""),
        ("Journeys", totals.journeys, f"{found.sensitive} sensitive ones left out" if found.sensitive else ""),
        ("Ongoing", totals.ongoing, "situational, going on"),
        ("Ended", totals.ended, "situational, over"),
        ("Evergreen", totals.evergreen, "steady, never ended"),
        ("In the catalogue", totals.in_catalogue, f"shared by {found.least_users} users or more"),
    )
    tiles = joined(
        tag("div", tag("dt", name), tag("dd", tag("b", f"{count:,}"), tag("small", says) if says else None))
        for name, count, says in figures
    )
    return tag("dl", tiles, class_="tiles")


def _entries(found: Overview, place: Place) -> Markup:
    shown = found.entries[:_ENTRIES]
    titles = tag(
        "li",
        *(
            tag("span", each)
            for each in ("Journey", "Users", "Active by week", f"Standing, from {found.least_users} on")
        ),
        class_="titles",
        aria_hidden="true",
    )
    rows = joined((titles, *(tag("li", _entry(each, place)) for each in shown)))
    weeks = [monday_of(found.last_week - WEEKS + 1 + number) for number in range(WEEKS)]
    table = as_table(
        "Read the weeks as a table",
        ("Journey", "Users", *(f"{week.day} {week:%b}" for week in weeks)),
        (
            (each.entry.name, each.users, *(_hidden(count, found.least_users) for count in each.weekly))
            for each in shown
        ),
    )
    until = f"Weeks from {date_text(weeks[0])} to that of {date_text(weeks[-1])}."
    return joined((tag("ol", rows, class_="entries"), tag("p", until, class_="small muted"), table))


def _entry(each: EntryFigures, place: Place) -> Markup:
    told = ", ".join("few" if count is None else str(count) for count in each.weekly)
    standing = [
        chip(f"{count} {name}", tone)
        for name, count, tone in (
            ("ongoing", each.ongoing, "blue"),
            ("ended", each.ended, "grey"),
            ("evergreen", each.evergreen, "green"),
        )
        if count
    ]
    keywords = ", ".join(keyword.text for keyword in each.entry.keywords[:5] if keyword.text != each.entry.name)
    return joined(
        (
            tag(
                "div",
                link(_users(each.entry.entry_id, place), each.entry.name, class_="name"),
                tag("small", keywords, class_="muted"),
                class_="what",
            ),
            tag("span", tag("b", each.users), " users", class_="count"),
            bars(each.weekly, f"Active users by week, the oldest first: {told}", "c0"),
            tag("span", *standing, class_="chips"),
        )
    )


def _rising(found: Overview, place: Place) -> Markup:
    rising = found.rising[:_RISING]
    if not rising:
        return notice("Nothing rises.", f"No journey has more users in the last {LATELY} weeks than in those before.")
    rows = joined(
        tag(
            "li",
            link(_users(each.entry.entry_id, place), each.entry.name, class_="name"),
            chip(f"{each.before} → {each.lately} users", "green"),
        )
        for each in rising
    )
    return tag("ol", rows, class_="rising")


def _orders(found: Overview) -> Markup:
    if not found.orders:
        return notice(
            "No order to tell.", f"No two journeys have {found.least_users} users who began one before the other."
        )
    return tag("ul", *(_order(each) for each in found.orders[:_ORDERS]), class_="orders")


def _order(each: Order) -> Markup:
    return tag(
        "li",
        tag("b", each.first.name),
        tag("span", "then", class_="then"),
        tag("b", each.second.name),
        tag("small", count_text(each.times, "user"), class_="muted"),
    )


def _users(entry_id: str, place: Place) -> Place:
    return place.go("explore", user="", entry=entry_id, segment=place.option("segment"))


def _hidden(count: int | None, least: int) -> str:
    return f"under {least}" if count is None else str(count)


TAB = Tab("overview", "Overview", "All users at once: what they are up to, week by week.", draw)
