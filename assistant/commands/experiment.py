"""`journeys experiment`."""

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from assistant.assistant import JourneyAssistant
from assistant.candidate_file import CandidatesInFile
from assistant.experiment.metrics import METRICS, Metric
from assistant.experiment.readout import Asked, read_out
from assistant.experiment.results import Results, read_results
from assistant.experiment.simulation import coverage
from assistant.experiment.verdict import verdict_of
from assistant.experiment_shown import arms_line, as_json, coverage_table, guards_table, lifts_table, notes, rates_table
from assistant.feeding_back import results_of
from assistant.progress import Bars
from assistant.settings import Settings
from chains.experiment_arms import Arm, fault_of
from vectorstore.errors import InputError

_EXPERIMENTS = 6_000
_SIMULATED = tuple((users, lift) for users in (500, 1_000, 3_000) for lift in (0.0, 0.2))


def experiment(
    context: typer.Context,
    results: Annotated[
        Path | None, typer.Argument(metavar="RESULTS", help="CSV, JSONL or Parquet: user_id, arm, sent, clicked, …")
    ] = None,
    from_feedback: Annotated[
        bool, typer.Option("--from-feedback", help="Read what journeys feedback kept, instead of a file.")
    ] = False,
    candidates: Annotated[
        Path | None, typer.Option(help="The JSONL that journeys notify wrote; by default what it kept.")
    ] = None,
    primary: Annotated[str, typer.Option(help="The metric that decides.")] = "click",
    wanted: Annotated[float, typer.Option(min=0.0001, help="The relative lift hoped for, fixed beforehand.")] = 0.1,
    most_harm: Annotated[float, typer.Option(min=0.0001, help="The relative rise of a guard that may be.")] = 0.25,
    days: Annotated[float | None, typer.Option(min=0.01, help="For how many days it has run.")] = None,
    shares: Annotated[
        str | None, typer.Option(help="How users were assigned, such as interest=0.5,journey=0.5; by default settings.")
    ] = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Try the intervals on made experiments whose lift is known.")
    ] = False,
    to_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Readout of an A/B test: guards, rates, lifts with intervals, days to run, and a verdict.

    A row is a user, or a part of what he did: user_id, arm (interest, journey, holdout), and where known sent, opened,
    clicked, unsubscribed, complained, answered, survey_positive, visited; each also as pre_…, for the time before.
    """
    if simulate:
        _simulate(to_json=to_json)
        return
    settings = Settings.load(**context.obj)
    asked = Asked(_shares(shares, settings), _metric(primary), wanted, most_harm, days)
    if (results is None) != from_feedback:
        raise InputError("give either a file of results, or --from-feedback")
    if results is not None:
        _show(read_results(results, settings.max_rejected), asked, to_json=to_json)
        return
    with JourneyAssistant.from_settings(settings) as assistant:
        ledger = assistant.library.ledger
        found = results_of(assistant.library.outcomes(CandidatesInFile(candidates) if candidates else ledger))
        given = found.with_assigned(ledger.assigned(found.first, found.last))
    _show(given, asked if days else replace(asked, days=found.days), to_json=to_json)


def _simulate(*, to_json: bool) -> None:
    with Bars(quiet=to_json) as bars:
        tried = bars.count("Simulating", len(_SIMULATED))
        found = []
        for users, lift in _SIMULATED:
            found.append(coverage(lift, _EXPERIMENTS, users))
            tried()
    if to_json:
        print(json.dumps([asdict(each) for each in found], indent=2))
    else:
        Console().print(coverage_table(found))


def _show(found: Results, asked: Asked, *, to_json: bool) -> None:
    readout = read_out(found, asked)
    if to_json:
        print(json.dumps(as_json(found, readout), ensure_ascii=False, indent=2, allow_nan=False))
        return
    console = Console()
    console.print(arms_line(found, readout))
    if readout.guards:
        console.print(guards_table(readout))
    console.print(rates_table(readout))
    if readout.lifts:
        console.print(lifts_table(readout))
    for line in notes(readout):
        print(line)
    if found.rejected:
        reasons = ", ".join(f"{reason} ({count:,})" for reason, count in found.rejected.most_common())
        print(f"rejected: {reasons}")
    console.print(Text(verdict_of(readout), style="bold"), soft_wrap=True)


def _shares(given: str | None, settings: Settings) -> Mapping[Arm, float]:
    if given is None:
        return settings.experiment.shares.by_arm
    shares: dict[Arm, float] = {}
    for part in given.split(","):
        name, _, share = part.strip().partition("=")
        try:
            shares[Arm(name.strip())] = float(share)
        except ValueError:
            raise InputError(f"--shares {given}: give them as interest=0.5,journey=0.5") from None
    if fault := fault_of(shares):
        raise InputError(f"--shares {given}: {fault}")
    return shares


def _metric(name: str) -> Metric:
    deciding = {metric.name: metric for metric in METRICS if not metric.guard}
    if name not in deciding:
        raise InputError(f"--primary {name}: give one of {', '.join(deciding)}")
    return deciding[name]
