"""The one place where text becomes markup. Whatever is not Markup already is escaped, so users' words stay words."""

import html
from collections.abc import Iterable

_EMPTY = frozenset({"br", "hr", "input", "img", "meta"})


class Markup(str):
    """HTML that this package made. A plain string is never taken for it."""

    __slots__ = ()


#: What an element may have in it: text is escaped, None and "" are nothing.
Child = str | int | float | None


def escaped(value: Child) -> Markup:
    """The value as text. Markup stays as it is."""
    if isinstance(value, Markup):
        return value
    return Markup("" if value is None else html.escape(str(value), quote=True))


def joined(parts: Iterable[Child], between: Child = "") -> Markup:
    return Markup(escaped(between).join(escaped(part) for part in parts))


def tag(name: str, /, *children: Child, **attributes: str | int | float | bool | None) -> Markup:
    """An element. Attributes: `class_` and `for_` lose their underscore, others have `-` for `_`; None and False are
    left out, True is there without a value."""
    told = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in _EMPTY:
        return Markup(f"<{name}{told}>")
    return Markup(f"<{name}{told}>{joined(children)}</{name}>")


def _attribute(key: str, value: str | int | float | bool | None) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value), quote=True)}"'
