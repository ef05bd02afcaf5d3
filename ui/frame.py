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


@dataclass(frozen=True, slots=True)
class Fields:
    """What stood in a form when it was sent, in its order; a name may come several times."""

    pairs: tuple[tuple[str, str], ...] = ()

    def one(self, name: str) -> str:
        """The last of that name, "" for none: a button that sends the form comes last."""
        return next((value for key, value in reversed(self.pairs) if key == name), "")

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.pairs if key == name)


#: Does what a form with data-act asks for, and returns where to be then. It may raise JourneyError, which is told where
#: the form is.
Act = Callable[[Reading, Place, Fields], Place]


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
    within gr.Blocks; most tabs need none, since links and forms in what they draw lead anywhere by themselves. act:
    does what a form with data-act="key" asks for, and then the tab is drawn anew."""

    key: str
    title: str
    says: str
    draw: Draw
    build: Callable[[Wiring], None] | None = None
    act: Act | None = None
