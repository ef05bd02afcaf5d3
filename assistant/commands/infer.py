"""`journeys infer`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.batch import RunSummary
from assistant.commands.failed_users import check_failed
from assistant.commands.model_options import Audit, MaxCost, MaxTokens, exit_to_models
from assistant.commands.read_logs import MaxRejected, counts_of, print_skipped
from assistant.commands.user_ids import ids_in
from assistant.engine_choice import EngineChoice, EngineKind
from assistant.inferring import role_of
from assistant.output import check_folder, check_output, write_assignments, write_journeys
from assistant.progress import Bars
from assistant.runs import RunMode
from assistant.settings import Settings
from assistant.tables_shown import run_text
from chains.clustering import Granularity
from chains.journeys import InferenceMode
from vectorstore.errors import InputError
from vectorstore.ingest import Ingested

Logs = Annotated[list[Path] | None, typer.Argument(metavar="LOG…", help="CSV, JSONL (also .gz), Parquet, or folders.")]
AsOf = Annotated[
    datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"],
        help="The clock, in UTC; by default the last activity.",
    ),
]


def infer(
    context: typer.Context,
    logs: Logs = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write journeys as .jsonl or .parquet.")] = None,
    assignments: Annotated[Path | None, typer.Option(help="Write user_id,text,journey as CSV.")] = None,
    incremental: Annotated[
        bool, typer.Option("--incremental/--full", help="Only users with activity since their last inference.")
    ] = False,
    as_of: AsOf = None,
    users: Annotated[str | None, typer.Option(help="Ids with commas between, or @FILE with one a line.")] = None,
    granularity: Annotated[Granularity | None, typer.Option(help="How fine journeys are.")] = None,
    mode: Annotated[
        InferenceMode | None,
        typer.Option(help="Without a model, by one that merges sure clusters, or by one call for the whole."),
    ] = None,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    audit: Audit = None,
    max_rejected: MaxRejected = None,
    max_failed: Annotated[
        float | None, typer.Option(min=0, max=1, help="Share of users set aside that is still well.")
    ] = None,
    engine: Annotated[EngineKind, typer.Option(help="Processes of this machine, or a Ray cluster.")] = EngineKind.LOCAL,
    workers: Annotated[
        int | None, typer.Option(min=1, help="How many processes; by default one a core, fewer for few users.")
    ] = None,
    ray_address: Annotated[
        str | None, typer.Option(help="Of a Ray cluster that runs already; by default one on this machine.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """The main job: from activity to journeys. With LOG… the users in these logs, else all."""
    if output:
        check_output(output)
    if assignments:
        check_folder(assignments)
        if output and output.absolute() == assignments.absolute():
            raise InputError(f"{output}: journeys and assignments are two files: name one of them otherwise")
    settings = Settings.load(**context.obj, max_rejected=max_rejected, max_failed=max_failed)
    by = mode or settings.inference.mode
    with (
        JourneyAssistant.from_settings(settings) as assistant,
        exit_to_models(settings, role_of(by), max_cost, max_tokens, audit) as structured,
    ):
        with Bars(quiet=as_json) as bars:
            wanted = ids_in(users)
            read = None
            if logs:
                read = assistant.ingest(
                    logs, now=datetime.now(UTC), on_rows=bars.rows("Reading"), on_users=bars.users("Indexing")
                )
                wanted = set(read.users) if wanted is None else wanted & read.users
            summary = assistant.infer(
                mode=RunMode.INCREMENTAL if incremental else RunMode.FULL,
                as_of=as_of.replace(tzinfo=UTC) if as_of else None,
                users=wanted,
                granularity=granularity,
                inference_mode=by,
                structured=structured,
                on_progress=bars.users("Inferring"),
                engine=EngineChoice(engine, workers, ray_address),
            )
        if output:
            write_journeys(assistant.all_journeys(wanted), output)
        if assignments:
            write_assignments(assistant.all_journeys(wanted), assignments)
    if as_json:
        print(json.dumps(_told(summary, read), ensure_ascii=False, indent=2))
        check_failed(summary, settings.max_failed)
        return
    print(run_text(summary, read))
    if read:
        print_skipped(read)
    for path in (output, assignments):
        if path:
            print(f"written: {path}")
    check_failed(summary, settings.max_failed)


def _told(summary: RunSummary, read: Ingested | None) -> dict[str, object]:
    return {
        "run_id": summary.run.run_id,
        "users": summary.users,
        "resumed": summary.resumed,
        "journeys": summary.journeys,
        "changes": summary.changes,
        "as_of": summary.run.parameters.as_of.isoformat(),
        "ingested": counts_of(read) if read else None,
        "usage": [{"step": step, "model": model, **asdict(used)} for (step, model), used in summary.usage.items()],
        "fell_back": dict(summary.fell_back),
        "failed": dict(sorted(summary.failed.items())),
    }
