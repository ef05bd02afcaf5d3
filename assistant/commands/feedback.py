"""`journeys feedback`."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.candidate_file import CandidatesInFile
from assistant.feeding_back import REJECTED, FedBack, feed_back
from assistant.output import check_folder, replacing
from assistant.settings import Settings
from assistant.training.sent_feedback import WAIT, label_rows
from chains.wording import count_text

CandidatesFile = Annotated[Path, typer.Option("--candidates", help="The JSONL that journeys notify wrote.")]


def feedback(
    context: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="CSV, JSONL, Parquet: key, kind, timestamp, value, event_id.")
    ],
    candidates: CandidatesFile,
    labels: Annotated[
        Path | None, typer.Option(help="Write what it says to the ranker: train ranker --feedback reads it.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Reads what came of candidates: sent, opened, clicked, unsubscribed, complained, survey. Twice changes nothing."""
    if labels:
        check_folder(labels)
    settings, now = Settings.load(**context.obj), datetime.now(UTC)
    known = CandidatesInFile(candidates)
    written = 0
    with JourneyAssistant.from_settings(settings) as assistant:
        fed = feed_back(files, assistant.library, known, settings, now=now)
        if labels:
            with replacing(labels) as file:
                for row in label_rows(assistant.library.outcomes(known), now, WAIT):
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
                    written += 1
    if as_json:
        print(json.dumps(asdict(fed) | ({"labels": written} if labels else {}), ensure_ascii=False, indent=2))
        return
    print(fed_text(fed))
    if fed.rejected:
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in fed.reasons.most_common())
        print(f"rejected: {reasons}; see {settings.home / REJECTED}")
    if labels:
        told = count_text(written, "label")
        print(f"written: {labels}, {told} for the ranker")


def fed_text(fed: FedBack) -> str:
    """One line on what reading feedback brought."""
    aside = f"; {fed.aside:,} kept aside, whose candidates are not known" if fed.aside else ""
    return f"{fed.read:,} rows read: {fed.new:,} new, {fed.known:,} known, {fed.rejected:,} rejected{aside}"
