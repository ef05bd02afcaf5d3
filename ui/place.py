"""Where a visitor is: the tab, the user, the journey, and what the tab was asked. It is all in the address."""

from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import parse_qsl, urlencode

_LONGEST = 300
_MOST = 12


@dataclass(frozen=True, slots=True)
class Place:
    """options: (name, value) pairs that a tab understands, sorted by name, such as ("stage", "ended").

    version: goes up where the same place is to be drawn again, after something was changed there.
    """

    tab: str = ""
    user: str = ""
    journey: str = ""
    options: tuple[tuple[str, str], ...] = ()
    version: int = 0

    @classmethod
    def of(cls, query: str) -> Self:
        """From the query of an address, with or without its question mark. What is too long or too much is cut."""
        pairs = parse_qsl(query.lstrip("?")[: 20 * _LONGEST], max_num_fields=None)[:_MOST]
        told = {name[:_LONGEST]: value[:_LONGEST] for name, value in pairs}
        tab, user, journey = (told.pop(name, "") for name in ("tab", "user", "journey"))
        options = sorted((name, value) for name, value in told.items() if not name.startswith("_"))
        return cls(tab, user, journey, tuple(options))

    def option(self, name: str, default: str = "") -> str:
        return dict(self.options).get(name, default)

    @property
    def query(self) -> str:
        """Beginning with a question mark; `Place.of` reads it back."""
        own = [(name, getattr(self, name)) for name in ("tab", "user", "journey")]
        return "?" + urlencode([pair for pair in (*own, *self.options) if pair[1]])

    def go(self, tab: str, *, user: str | None = None, journey: str | None = None, **options: str) -> Self:
        """Another place. The user stays where none is given, the journey where neither is; options are only these."""
        stays = user is None or user == self.user
        own = self.journey if journey is None and stays else journey or ""
        wanted = tuple(sorted((name, value) for name, value in options.items() if value))
        return replace(
            self, tab=tab, user=self.user if user is None else user, journey=own, options=wanted, version=self.version
        )

    def with_options(self, **options: str) -> Self:
        """The same place with these options changed; "" takes one away."""
        return self.go(self.tab, **{**dict(self.options), **options})
