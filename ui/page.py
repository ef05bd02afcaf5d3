"""The page: the head with the tabs, one panel a tab, and the one way in which visitors move."""

from collections.abc import Sequence
from importlib import resources

import gradio as gr

from assistant.reading import Reading
from chains.wording import count_text, date_text
from ui.frame import Tab, Wiring
from ui.markup import Markup, joined, tag
from ui.pieces import link, notice
from ui.place import Place
from ui.tabs import TABS
from vectorstore.errors import JourneyError

TITLE = "Journey Assistant"


def build_page(reading: Reading, tabs: Sequence[Tab] = TABS) -> gr.Blocks:
    """Nothing is shared between visitors but what is read; where each is stands in a state of his own."""
    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with page:
        place, drawn = gr.State(Place()), gr.State(Place())
        head = gr.HTML(
            "",
            js_on_load=_text("page.js"),
            elem_id="head",
            elem_classes=["page"],
            padding=False,
            apply_default_css=False,
        )
        bodies = []
        for tab in tabs:
            with gr.Column(elem_id=f"panel-{tab.key}"):
                bodies.append(
                    gr.HTML(
                        "", elem_classes=["page", "body-of"], js_on_load=None, padding=False, apply_default_css=False
                    )
                )
                if tab.build is not None:
                    tab.build(Wiring(reading, place))
        stop = gr.Button("Stop", elem_id="stop")

        def move(here: Place, event: gr.EventData) -> tuple[object, ...]:
            """Leads to where a link, a form or the address says."""
            asked = event._data if isinstance(event._data, dict) else {}
            there = settled(Place.of(str(asked.get("query", ""))), tabs)
            return there, there, *shown(reading, there, tabs, str(asked.get("how", "none")))

        def again(here: Place, seen: Place) -> tuple[object, ...]:
            """A tab's own components led elsewhere, or changed what is here."""
            if here == seen:
                return tuple(gr.skip() for _ in range(2 + len(tabs)))
            return here, *shown(reading, settled(here, tabs), tabs, "push")

        moving = head.click(
            move,
            [place],
            [place, drawn, head, *bodies],
            api_visibility="private",
            show_progress="hidden",
            concurrency_limit=4,
            trigger_mode="multiple",
        )
        changing = place.change(
            again,
            [place, drawn],
            [drawn, head, *bodies],
            api_visibility="private",
            show_progress="hidden",
            concurrency_limit=4,
        )
        stop.click(None, cancels=[moving, changing], api_visibility="private", show_progress="hidden")
    return page


def settled(place: Place, tabs: Sequence[Tab]) -> Place:
    """The first tab where the address names none that is there."""
    known = {tab.key for tab in tabs}
    if place.tab in known:
        return place
    options = dict(place.options)
    return place.go("journey" if place.journey else "explore" if place.user else tabs[0].key, **options)


def shown(reading: Reading, place: Place, tabs: Sequence[Tab], how: str) -> tuple[object, ...]:
    """The head, and for each tab what is in it; tabs that are not open stay as they are. how: "push", "replace" or
    "none", what the address does."""
    bodies = [body(reading, place, tab) if tab.key == place.tab else gr.skip() for tab in tabs]
    return head_of(reading, place, tabs, how), *bodies


def body(reading: Reading, place: Place, tab: Tab) -> Markup:
    """What a tab shows; an expected error is shown in its place."""
    try:
        inside = tab.draw(reading, place)
    except JourneyError as error:
        inside = notice("That did not work.", str(error), tone="bad")
    return tag("div", inside, class_="body")


def head_of(reading: Reading, place: Place, tabs: Sequence[Tab], how: str) -> Markup:
    home = reading.home()
    told = f"{count_text(home.users, 'user')}, {count_text(home.journeys, 'journey')}"
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
                tag("button", "Light or dark", id="theme", type="button"),
                class_="top",
            ),
            tag("nav", links, class_="tabs", aria_label="Parts of the page"),
            tag("div", class_="bar", aria_hidden="true"),
            tag("p", own.says, class_="tab-says"),
            tag(
                "span",
                hidden=True,
                data_query=place.query,
                data_how=how,
                data_tab=place.tab,
                data_user=place.user,
                data_journey=place.journey,
                data_title=title,
            ),
        )
    )


def _markup(class_: str, script: str | None) -> gr.HTML:
    return gr.HTML("", js_on_load=script, elem_classes=["page", class_], padding=False, apply_default_css=False)


def style(tabs: Sequence[Tab] = TABS) -> str:
    """The stylesheet, with a line that opens the panel of each tab."""
    opened = "\n".join(f'body[data-tab="{tab.key}"] #panel-{tab.key} {{ display: flex !important; }}' for tab in tabs)
    return f"{_text('style.css')}\n{opened}\n"


def _text(name: str) -> str:
    return (resources.files("ui") / name).read_text(encoding="utf-8")
