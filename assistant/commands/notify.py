"""`journeys notify`."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.candidate_output import check_candidate_output, write_candidates
from assistant.commands.opened import opened
from assistant.notifications_shown import reasons_table, summary_of, summary_text
from assistant.progress import Bars
from chains.notification import Channel


def notify(
    context: typer.Context,
    channel: Annotated[Channel, typer.Option(help="How they are sent.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Write candidates as .jsonl or .parquet.")],
    as_of: Annotated[
        datetime | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"],
            help="The moment of the run, in UTC, on the day of sending; by default midnight after what is known.",
        ),
    ] = None,
    users_file: Annotated[
        Path | None, typer.Option(help="CSV, JSONL, Parquet: user_id, email_consent, push_consent, timezone, language.")
    ] = None,
    sent: Annotated[
        Path | None, typer.Option(help="What others sent: user_id, timestamp, and where known channel, key, target_id.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Notification candidates: for each user one message about a journey, or nobody, and why not."""
    check_candidate_output(output)
    with opened(context) as assistant, Bars(quiet=as_json) as bars:
        imported = assistant.read_sent(sent) if sent else None
        began = time.perf_counter()
        summary = assistant.notify(
            channel,
            as_of=as_of.replace(tzinfo=UTC) if as_of else None,
            users_file=users_file,
            on_progress=bars.users("Notifying"),
        )
        seconds = time.perf_counter() - began
        write_candidates(assistant.library.ledger.rows(channel, summary.run.day), output)
        known_as_of = assistant.library.ledger.inferred_as_of()
    if as_json:
        print(json.dumps(summary_of(summary, imported), indent=2))
        return
    print(summary_text(summary, seconds))
    if known_as_of and known_as_of > summary.run.as_of:
        print(f"journeys are known as of {known_as_of:%Y-%m-%d %H:%M}, later than this: infer with --as-of first")
    if imported is not None:
        print(f"sent by others: {imported.read:,} rows read, {imported.new:,} new")
    if users_file is None:
        print("without --users-file nobody has agreed to anything, so nobody is sent anything")
    if summary.rejected:
        print(f"users file: {summary.rejected.total():,} rows could not be read")
    if summary.reasons:
        Console().print(reasons_table(summary))
    print(f"written: {output}")
