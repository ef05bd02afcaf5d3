"""Who looks at the page, and what he did last: kept for each browser session, never shared."""

from dataclasses import dataclass, replace
from typing import Self

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What became of what a visitor did. where: the form that it was done with, so that it is told there.

    text: one line. ok: False for an error. typed: what stood in the form's field, to be mended.
    """

    where: str
    text: str
    ok: bool = True
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Visitor:
    """name: who signs labels, "" until it is said. has_login: then the name is that of the login.

    told: of what was done just now. skipped: journeys passed over in Review, by user and journey. said: the ids of the
    labels given in Review, the newest last.
    """

    name: str = ""
    has_login: bool = False
    told: Told | None = None
    skipped: frozenset[tuple[str, str]] = frozenset()
    said: tuple[str, ...] = ()

    def known_as(self, login: str | None, name: str) -> Self:
        """A login is who he is; without one, the name that the browser remembers."""
        if login:
            return replace(self, name=login, has_login=True)
        return replace(self, name=clean_name(name) or self.name, has_login=False)

    def was_told(self, where: str, text: str, *, ok: bool = True, typed: str = "") -> Self:
        return replace(self, told=Told(where, text, ok, typed))


def clean_name(name: str) -> str:
    return " ".join(name.split())[:_LONGEST_NAME]
