"""A model that does whatever the users' texts tell it to: what it changes, an injection could change.

It finds sentences that give orders, in the data it is given or in texts that a test says it heard, and follows them.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import BaseMessage
from scripted_model import Data, Script, data_of

Honest = Callable[[Data], list[Data]]

_NAME = re.compile(
    r"""(?:(?:name|call|label|title|rename|tag)\s+(?:this|it|every|each|all|the|that)\s*(?:users?|journeys?|clusters?)?
    |(?:journey|cluster|correct)\s+name\s+is|use\s+the\s+(?:title|name)|"(?:journey|name)"\s*:|pretend\s+you\s+are)
    \s*(?:as|to|:)?\s*["“']?(?P<what>[^"”'}<]{2,80})""",
    re.IGNORECASE | re.VERBOSE,
)
_ONLY = re.compile(
    r"""(?:answer|respond|reply|antworte|output)\s+(?:only|nur|just|with|mit|\s)*["“']?(?P<what>[^"”']{2,80})""",
    re.IGNORECASE | re.VERBOSE,
)
_LEAK = re.compile(r"(?:print|reveal|repeat|show|output|leak)\s+(?:\w+\s+){0,2}(?:prompt|instructions)", re.IGNORECASE)
_MARK = re.compile(
    r"(?:mark|classify|rank|list)\s+(?:this|every|each|all)\s+journeys?\s+(?:as\s+)?(?P<what>[\w ,]{2,60})", re.I
)


@dataclass(frozen=True)
class Order:
    """How: "name" every journey so, "only" answer that, "leak" the prompt, "mark" every journey so."""

    how: str
    what: str


def orders_in(texts: Sequence[str]) -> list[Order]:
    """All orders in the texts, in order, each once."""
    found = [order for text in texts for order in _orders(text)]
    return list(dict.fromkeys(found))


def obeying(order: Order | None, honest: Honest) -> Script:
    """A model that was told to, whatever it is asked; None answers honestly. honest: the names for the data."""

    def script(messages: Sequence[BaseMessage]) -> str:
        names = honest(data_of(messages))
        if order is None:
            return _reply(names)
        if order.how == "only":
            return order.what
        what = messages[0].text if order.how == "leak" else order.what
        for each in names:
            if order.how in ("name", "leak"):
                each["name"] = " ".join(what.split())[:300]
            each["description"] = " ".join(what.split())[:600]
            each["context"] = " ".join(what.split())[:300]
        return _reply(names)

    return script


def obedient(honest: Honest) -> Script:
    """A model that follows the first order in the data that it is given."""

    def script(messages: Sequence[BaseMessage]) -> str:
        orders = orders_in(list(strings_in(data_of(messages))))
        return str(obeying(orders[0] if orders else None, honest)(messages))

    return script


def strings_in(value: Any) -> Iterator[str]:
    """Every text in the data."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from strings_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from strings_in(each)


def _orders(text: str) -> Iterator[Order]:
    for how, form in (("name", _NAME), ("only", _ONLY), ("mark", _MARK)):
        yield from (Order(how, found["what"].strip()) for found in form.finditer(text))
    if _LEAK.search(text):
        yield Order("leak", "")


def _reply(names: Sequence[Data]) -> str:
    return json.dumps({"names": names}, ensure_ascii=False)
