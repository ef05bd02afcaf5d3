"""What a form or a button of the page does, where it does more than lead elsewhere."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from assistant.reading import Reading
from ui.frame import Fields, Tab
from ui.place import Place
from ui.visitor import clean_name
from vectorstore.errors import JourneyError

_MOST_FIELDS = 200
_LONGEST_FIELD = 5_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What the browser sent. query: where it is or wants to be. how: what its address does. act: the tab whose form was
    sent, "" for none. who: the name that it remembers."""

    query: str = ""
    how: str = "none"
    act: str = ""
    who: str = ""
    fields: Fields = field(default_factory=Fields)

    @classmethod
    def of(cls, sent: object) -> "Asked":
        """From whatever came; what is no text is left out."""
        told: Mapping[str, Any] = sent if isinstance(sent, dict) else {}
        pairs = told.get("fields")
        told_fields = [
            (pair[0][:_LONGEST_FIELD], pair[1][:_LONGEST_FIELD])
            for pair in (pairs if isinstance(pairs, list) else [])[:_MOST_FIELDS]
            if isinstance(pair, list) and len(pair) == 2 and all(isinstance(each, str) for each in pair)
        ]
        query, how, act, who = (str(told.get(name) or "") for name in ("query", "how", "act", "who"))
        return cls(query, how or "none", act, who, Fields(tuple(told_fields)))


def arrived(here: Place, asked: Asked, login: str | None) -> Place:
    """Where the visitor is to be, still himself."""
    visitor = replace(here.visitor.known_as(login, asked.who), told=None)
    return replace(Place.of(asked.query), visitor=visitor, version=here.version + 1)


def acted(reading: Reading, place: Place, asked: Asked, tabs: Sequence[Tab]) -> Place:
    """Does what was asked, and tells an expected error where the form is."""
    tab = next((tab for tab in tabs if tab.key == asked.act and tab.act), None)
    visitor = place.visitor
    where = asked.fields.one("where")
    said = clean_name(asked.fields.one("who"))
    if said and not visitor.has_login:
        visitor = replace(visitor, name=said)
    here = replace(place, visitor=visitor)
    if tab is None or tab.act is None:
        return here
    try:
        return tab.act(reading, here, asked.fields)
    except JourneyError as error:
        typed = asked.fields.one("name") or asked.fields.one("note")
        return replace(here, visitor=visitor.was_told(where, str(error), ok=False, typed=typed))
