"""`journeys notify`."""

import json
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.candidate_output import check_candidate_output, write_candidates
from assistant.commands.opened import opened
from assistant.notifications_shown import reasons_table, summary_of, summary_text
from assistant.notifying import NotifyPlan, Sources
from assistant.notifying import notify as notify_users
from assistant.progress import Bars
from assistant.sent_file import import_sent
from assistant.users_file import UsersFile
from chains.experiment_arms import assign
from chains.notification import Channel
from vectorstore.errors import InputError


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
    with opened(context) as assistant, ExitStack() as stack, Bars(quiet=as_json) as bars:
        settings = assistant.settings
        own, experiment = settings.notify, settings.experiment
        latest, inferred = assistant.log.latest(), assistant.library.ledger.inferred_as_of()
        if latest is None or inferred is None:
            raise InputError("there are no journeys to notify about: journeys infer LOG finds them")
        moment = as_of.replace(tzinfo=UTC) if as_of else midnight_after(max(latest, inferred))
        users = None
        if users_file is not None:
            users = stack.enter_context(UsersFile(users_file, own.columns, own.segments, own.least_age))
        imported = None
        if sent is not None:
            imported = import_sent(sent, assistant.library.ledger, settings.zone, settings.max_rejected)
        sources = Sources(
            log=assistant.log,
            library=assistant.library,
            embeddings=assistant.embeddings,
            expansions=assistant.expansions,
            checker=assistant.models.checker,
            forgotten=assistant.forgotten,
            users=users,
        )
        plan = NotifyPlan(
            policy=own.policy,
            zone=settings.zone,
            salt=own.salt,
            arm_of=partial(assign, salt=experiment.salt, shares=experiment.shares.by_arm),
        )
        began = time.perf_counter()
        summary = notify_users(sources, channel, moment, plan, bars.users("Notifying"))
        seconds = time.perf_counter() - began
        write_candidates(assistant.library.ledger.rows(channel, summary.run.day), output)
    if as_json:
        print(json.dumps(summary_of(summary, imported, users), indent=2))
        return
    print(summary_text(summary, seconds))
    if inferred > moment:
        print(f"journeys are known as of {inferred:%Y-%m-%d %H:%M}, later than this: infer with --as-of first")
    if imported is not None:
        print(f"sent by others: {imported.read:,} rows read, {imported.new:,} new")
    if users_file is None:
        print("without --users-file nobody has agreed to anything, so nobody is sent anything")
    elif users is not None and users.rejected:
        print(f"users file: {users.rejected.total():,} rows could not be read")
    if summary.reasons:
        Console().print(reasons_table(summary))
    print(f"written: {output}")


def midnight_after(moment: datetime) -> datetime:
    """In UTC; of midnight itself it is that."""
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day if day == moment else day + timedelta(days=1)
