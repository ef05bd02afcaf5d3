"""The page: the head with the tabs, one panel a tab, and the one way in which visitors move."""

import secrets
from collections.abc import Sequence

import gradio as gr

from assistant.reading import Reading
from ui.acting import Asked, acted, arrived
from ui.frame import Tab, Wiring
from ui.packaged import packaged
from ui.place import Place
from ui.shell import TITLE, body, head_of, settled
from ui.tabs import TABS


def build_page(reading: Reading, tabs: Sequence[Tab] = TABS) -> gr.Blocks:
    """Nothing is shared between visitors but what is read; where each is stands in a state of his own."""
    page = gr.Blocks(title=TITLE, analytics_enabled=False, fill_width=True)
    with page:
        place, drawn = gr.State(Place()), gr.State(Place())
        head = gr.HTML(
            "",
            js_on_load=packaged("page.js"),
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

        def move(here: Place, event: gr.EventData, request: gr.Request) -> tuple[object, ...]:
            """Leads to where a link, a form or the address says, and does what a form asks for."""
            asked = Asked.of(event._data)
            there = settled(arrived(here, asked, request.username), tabs)
            if asked.act:
                there = settled(acted(reading, there, asked, tabs), tabs)
            return there, there, *shown(reading, there, tabs, asked.how)

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
        for event in (moving, changing):
            # What nobody expected: the page says so, and goes on.
            event.failure(None, js="() => { document.dispatchEvent(new Event('journeys-failed')); }")
        stop.click(None, cancels=[moving, changing], api_visibility="private", show_progress="hidden")
    return page


def shown(reading: Reading, place: Place, tabs: Sequence[Tab], how: str) -> tuple[object, ...]:
    """The head, and for each tab what is in it; tabs that are not open stay as they are. how: "push", "replace" or
    "none", what the address does."""
    bodies = [body(reading, place, tab) if tab.key == place.tab else gr.skip() for tab in tabs]
    return head_of(reading, place, tabs, how, secrets.token_hex(4)), *bodies


def _markup(class_: str, script: str | None) -> gr.HTML:
    return gr.HTML("", js_on_load=script, elem_classes=["page", class_], padding=False, apply_default_css=False)
