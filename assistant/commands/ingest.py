"""`journeys ingest`."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.commands.read_logs import MaxRejected, counts_of, print_skipped
from assistant.commands.user_ids import ids_in
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.tables_shown import read_text


def ingest(
    context: typer.Context,
    logs: Annotated[list[Path], typer.Argument(metavar="LOG…", help="CSV, JSONL (also .gz), Parquet, or folders.")],
    max_rejected: MaxRejected = None,
    allow_forgotten: Annotated[
        str | None,
        typer.Option(help="Users who were forgotten and may be read again: ids with commas between, or @FILE."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Reads logs: validates, embeds and indexes. Reading the same again changes nothing."""
    with JourneyAssistant.from_settings(Settings.load(**context.obj, max_rejected=max_rejected)) as assistant:
        with Bars(quiet=as_json) as bars:
            read = assistant.ingest(
                logs,
                now=datetime.now(UTC),
                on_rows=bars.rows("Reading"),
                on_users=bars.users("Indexing"),
                allow_forgotten=ids_in(allow_forgotten) or (),
            )
        if as_json:
            print(json.dumps(counts_of(read), indent=2))
            return
        print(read_text(read))
        print_skipped(read)
        if read.rejected:
            reasons = ", ".join(f"{reason} ({count:,})" for reason, count in read.reasons.most_common())
            print(f"rejected: {reasons}; see {assistant.settings.home / 'rejected.jsonl'}")
