"""What commands that read logs have in common: which users are meant, and what is told of the reading."""

from pathlib import Path
from typing import Annotated

import typer

from vectorstore.errors import InputError
from vectorstore.ingest import Ingested

MaxRejected = Annotated[float | None, typer.Option(min=0, max=1, help="Share of unreadable rows that is still well.")]


def ids_in(given: str | None) -> set[str] | None:
    """The users meant by ids with commas between, or by @FILE; None for all. Raises InputError."""
    if given is None:
        return None
    if given.startswith("@"):
        path = Path(given[1:])
        if not path.is_file():
            raise InputError(f"{path}: no such file: give ids with commas between, or @FILE with one a line")
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            raise InputError(f"{path} is not in UTF-8: save it as UTF-8, with one id a line") from None
        return {line.strip() for line in lines if line.strip()}
    return {user_id.strip() for user_id in given.split(",") if user_id.strip()}


def counts_of(read: Ingested) -> dict[str, int]:
    return {
        "read": read.read,
        "new": read.new,
        "known": read.known,
        "rejected": read.rejected,
        "skipped": read.skipped,
        "users": len(read.users),
    }


def print_skipped(read: Ingested) -> None:
    if read.skipped:
        print(
            f"skipped: {read.skipped:,} rows of users who were forgotten; "
            "journeys ingest LOG --allow-forgotten ID reads them"
        )
