"""`journeys notify`."""

import json
import time
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.candidate_output import check_candidate_output, write_candidates
from assistant.commands.model_options import Audit, MaxCost, MaxTokens, exit_to_models
from assistant.commands.opened import opened
from assistant.notifications_shown import copy_text, reasons_table, summary_of, summary_text
from assistant.progress import Bars
from assistant.settings import Settings
from chains.notification import Channel
from chains.roles import Role
from vectorstore.errors import InputError


class CopyBy(StrEnum):
    """Templates alone, or a model with templates where its words are not taken."""

    TEMPLATES = "templates"
    MODEL = "model"


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
    copy: Annotated[CopyBy, typer.Option(help="Who words the messages.")] = CopyBy.TEMPLATES,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    audit: Audit = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Notification candidates: for each user one message about a journey, or nobody, and why not."""
    check_candidate_output(output)
    settings = Settings.load(**context.obj)
    with ExitStack() as stack:
        structured = None
        if copy is CopyBy.MODEL:
            structured = stack.enter_context(exit_to_models(settings, Role.COPYWRITER, max_cost, max_tokens, audit))
            if structured is None:
                raise InputError(
                    "no model is set to write messages: set models.copywriter.model, or take --copy templates"
                )
        assistant, bars = stack.enter_context(opened(context)), stack.enter_context(Bars(quiet=as_json))
        imported = assistant.read_sent(sent) if sent else None
        began = time.perf_counter()
        summary = assistant.notify(
            channel,
            as_of=as_of.replace(tzinfo=UTC) if as_of else None,
            users_file=users_file,
            structured=structured,
            on_progress=bars.users("Notifying"),
        )
        seconds = time.perf_counter() - began
        write_candidates(assistant.library.ledger.rows(channel, summary.run.day), output)
        known_as_of = assistant.library.ledger.inferred_as_of()
        used = structured.meter.by_step() if structured else {}
    if as_json:
        told = summary_of(summary, imported)
        usage = [{"step": step, "model": model, **asdict(own)} for (step, model), own in used.items()]
        print(json.dumps(told | {"usage": usage}, indent=2))
        return
    print(summary_text(summary, seconds))
    if structured:
        print(copy_text(summary))
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
