"""What stands round the tabs, as markup: the head, the body of a tab, and the stylesheet."""

from collections.abc import Sequence

from assistant.reading import Reading
from chains.wording import date_text
from ui.frame import Tab
from ui.markup import Markup, joined, tag
from ui.packaged import packaged
from ui.pieces import link, notice
from ui.place import Place
from ui.tabs import TABS
from vectorstore.errors import JourneyError

TITLE = "Journey Assistant"


def settled(place: Place, tabs: Sequence[Tab]) -> Place:
    """The first tab where the address names none that is there."""
    known = {tab.key for tab in tabs}
    if place.tab in known:
        return place
    options = dict(place.options)
    return place.go("journey" if place.journey else "explore" if place.user else tabs[0].key, **options)


def body(reading: Reading, place: Place, tab: Tab) -> Markup:
    """What a tab shows; an expected error is shown in its place."""
    try:
        inside = tab.draw(reading, place)
    except JourneyError as error:
        inside = notice("That did not work.", str(error), tone="bad")
    return tag("div", inside, class_="body")


def head_of(reading: Reading, place: Place, tabs: Sequence[Tab], how: str, drawn: str = "") -> Markup:
    """how: see `shown`. drawn: another each time, or a browser would not hear that the same was drawn again."""
    home = reading.home()
    told = f"{home.users:,} users, {home.journeys:,} journeys"
    as_of = f" as of {date_text(home.as_of)}" if home.as_of else ""
    own = next(tab for tab in tabs if tab.key == place.tab)
    links = joined(link(place.go(tab.key), tab.title, current=tab is own) for tab in tabs)
    title = " · ".join(part for part in (place.user, own.title, TITLE) if part)
    return joined(
        (
            tag("a", "Skip to the content", href=f"#panel-{own.key}", class_="skip"),
            tag(
                "header",
                tag("h1", TITLE),
                tag("span", f"{told}{as_of}", class_="state"),
                _login(place),
                tag("button", "Light or dark", id="theme", type="button"),
                class_="top",
            ),
            tag("nav", links, class_="tabs", aria_label="Parts of the page"),
            tag("div", class_="bar", aria_hidden="true"),
            tag(
                "p",
                "Something went wrong that was not foreseen. Try again; the terminal that serves the page says more.",
                class_="failed notice bad",
                role="alert",
            ),
            tag("p", own.says, class_="tab-says"),
            tag(
                "span",
                hidden=True,
                data_query=place.query,
                data_how=how,
                data_drawn=drawn,
                data_tab=place.tab,
                data_version=place.version,
                data_who=place.visitor.name,
                data_user=place.user,
                data_journey=place.journey,
                data_title=title,
            ),
        )
    )


def _login(place: Place) -> Markup | None:
    """Who is logged in, and the way out, which ends this login wherever it is open."""
    if not place.visitor.has_login:
        return None
    return tag("span", tag("b", place.visitor.name), " · ", tag("a", "Log out", href="logout"), class_="login-name")


def style(tabs: Sequence[Tab] = TABS) -> str:
    """The stylesheet, with a line that opens the panel of each tab."""
    opened = "\n".join(f'body[data-tab="{tab.key}"] #panel-{tab.key} {{ display: flex !important; }}' for tab in tabs)
    return f"{packaged('style.css')}\n{opened}\n"
