"""Which column of a company's file is which of ours."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

from vectorstore.errors import InputError

REQUIRED = ("user_id", "timestamp", "kind", "text")
_SHOWN_COLUMNS = 20
_SHOWN_CHARACTERS = 40


class Columns(Protocol):
    """Which columns of a file are read, in which order."""

    @property
    def wanted(self) -> tuple[str, ...]:
        """What they are called in the file."""

    def locate(self, found: Sequence[str], source: str, *, sparse: bool = False) -> list[str | None]:
        """See `ColumnMap.locate`."""


@dataclass(frozen=True, slots=True)
class PlainColumns:
    """Columns that are called as they are: those that must be there, then those that may."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    @property
    def wanted(self) -> tuple[str, ...]:
        return self.required + self.optional

    def locate(self, found: Sequence[str], source: str, *, sparse: bool = False) -> list[str | None]:
        """See `ColumnMap.locate`."""
        located = [_matching(found, name, source) for name in self.wanted]
        missing = [
            name for name, match in zip(self.wanted, located, strict=True) if not match and name in self.required
        ]
        if missing:
            raise InputError(
                f"{source}: no column for {', '.join(missing)}; found: {_listed(found)}. Give it the columns "
                f"{', '.join(self.required)}, and where known {', '.join(self.optional)}"
            )
        return [match or (name if sparse else None) for name, match in zip(self.wanted, located, strict=True)]


@dataclass(frozen=True, slots=True)
class ColumnMap:
    """For each of our names, what the column is called in the file: `ColumnMap(user_id="customer", text="query")`.

    Names are compared as they stand, and where that finds nothing, without case and outer white space. Columns that
    the map does not name are passed over.
    """

    user_id: str = "user_id"
    timestamp: str = "timestamp"
    kind: str = "kind"
    text: str = "text"
    item_id: str = "item_id"
    board: str = "board"
    annotations: str = "annotations"

    @property
    def wanted(self) -> tuple[str, ...]:
        return tuple(getattr(self, field.name) for field in fields(self))

    def locate(self, found: Sequence[str], source: str, *, sparse: bool = False) -> list[str | None]:
        """The name in `found` for each of our seven columns, in the order of the fields; None for an optional one.

        sparse: `found` may lack optional columns that turn up further down, as in JSON rows. Raises InputError where
        a required column, or an optional one that was mapped by hand, is missing, and where a name stands twice.
        """
        located: list[str | None] = []
        missing = []
        for field in fields(self):
            wanted: str = getattr(self, field.name)
            match = _matching(found, wanted, source)
            mapped = wanted != field.default
            if not match and (field.name in REQUIRED or (mapped and not sparse)):
                missing.append(field.name)
            located.append(match or (wanted if sparse else None))
        if missing:
            raise InputError(
                f"{source}: no column for {', '.join(missing)}; found: {_listed(found)}. Map it in journeys.toml: "
                f'[columns] {missing[0]} = "name in the file"'
            )
        return located


def _matching(found: Sequence[str], wanted: str, source: str) -> str | None:
    """The name as it stands in the file. Raises InputError where it stands there twice."""
    exact = [name for name in found if name == wanted]
    matches = exact or [name for name in found if name.strip().casefold() == wanted.strip().casefold()]
    if len(matches) > 1:
        raise InputError(f"{source}: the column {_shown(wanted)} stands there twice: rename one of the two")
    return matches[0] if matches else None


def _listed(found: Sequence[str]) -> str:
    listed = ", ".join(_shown(name) for name in found[:_SHOWN_COLUMNS]) or "none"
    return listed + (f" and {len(found) - _SHOWN_COLUMNS} more" if len(found) > _SHOWN_COLUMNS else "")


def _shown(name: str) -> str:
    """A column name that is fit for one line of a terminal, whatever bytes it was made of."""
    printable = "".join(character if character.isprintable() else "?" for character in name)
    return printable if len(printable) <= _SHOWN_CHARACTERS else printable[: _SHOWN_CHARACTERS - 1] + "…"
