"""What commands that read logs have in common."""

from typing import Annotated

import typer

from vectorstore.ingest import Ingested

MaxRejected = Annotated[float | None, typer.Option(min=0, max=1, help="Share of unreadable rows that is still well.")]


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
