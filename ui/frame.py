"""The frame that tabs hang in: what a tab is, and what it is given."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.reading import Reading
from ui.markup import Markup
from ui.place import Place

if TYPE_CHECKING:
    # Gradio takes seconds to import; what is drawn needs nothing of it.
    import gradio as gr

#: Draws a tab: pure but for what it reads.
Draw = Callable[[Reading, Place], Markup]


@dataclass(frozen=True)
class Wiring:
    """What a tab with Gradio components of its own is given to wire them.

    place: where this visitor is, a Place; a handler that returns another one there leads to it, and everything is drawn
    anew. reading.assistant does the work.
    """

    reading: Reading
    place: "gr.State"


@dataclass(frozen=True, slots=True)
class Tab:
    """key: in the address. says: one line under the title. draw: what is shown. build: adds Gradio components below it,
    within gr.Blocks; most tabs need none, since links and forms in what they draw lead anywhere by themselves."""

    key: str
    title: str
    says: str
    draw: Draw
    build: Callable[[Wiring], None] | None = None
