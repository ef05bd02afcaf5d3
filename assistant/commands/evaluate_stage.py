"""`journeys evaluate stage`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import WithSample, clock_of, horizon_days, read_users
from assistant.demo import labelled_sample
from assistant.evaluation.labelled import infer_labelled, read_any
from assistant.evaluation.returns import (
    MODEL,
    Measured,
    ReturnFigures,
    baselines,
    fold_of_users,
    foreseen,
    foreseen_by_folds,
    score_returns,
)
from assistant.evaluation.stage_agreement import StageAgreement, read_known, stage_agreement
from assistant.evaluation.time_split import check_cuts, cut_moments, split
from assistant.progress import Bars
from assistant.returns_shown import returns_tables
from assistant.settings import Settings
from assistant.tables_shown import agreement_table
from assistant.training.returning import ReturnRow, return_rows
from assistant.training.stage import log_rows
from chains.wording import count_text, date_text
from vectorstore.errors import InputError

_BASELINE_FOLDS = 5

Also = Annotated[
    list[Path] | None, typer.Option("--also", help="With --folds, another log to learn from; may be repeated.")
]


def stage(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A log; with known journeys, one with a column label.")],
    known: Annotated[Path | None, typer.Argument(help="A CSV of user_id, label, kind, stage.")] = None,
    as_of: Annotated[
        list[datetime] | None,
        typer.Option(
            "--as-of", formats=["%Y-%m-%d"], help="The clock, in UTC; may be repeated without known journeys."
        ),
    ] = None,
    horizon: Annotated[str, typer.Option(help="Within how many days a return counts.")] = "28d",
    folds: Annotated[
        int, typer.Option(min=0, help="Learn returns again for each fold, from users other than those scored.")
    ] = 0,
    also: Also = None,
    sample: WithSample = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """How well returns to journeys are foreseen; or whether kind and stage agree with what is known.

    Without known journeys the log is cut at moments, by default three, and the users of each are asked for: which
    journeys from before did they go on with? Without --folds the stage model in use is scored as it is.
    """
    cuts = [moment.replace(tzinfo=UTC) for moment in as_of or []]
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars(quiet=as_json) as bars:
        if known is not None:
            agreement, clock = _agreement(file, known, cuts, assistant, bars)
        else:
            figures, cuts = _returns(file, cuts, horizon_days(horizon), folds, also or [], sample, assistant, bars)
    if known is not None:
        if as_json:
            print(json.dumps(asdict(agreement), indent=2))
        else:
            Console().print(agreement_table(agreement, f"{file.name}, as of {date_text(clock)}"))
        return
    if as_json:
        print(json.dumps(_as_json(file, cuts, horizon, folds, figures), indent=2))
        return
    counts = f"{count_text(figures.journeys, 'journey')} of {count_text(figures.users, 'user')}"
    console = Console()
    title = f"{file.name}: return within {horizon}; {counts}, {figures.returned:.0%} returned"
    for table in returns_tables(figures, title):
        console.print(table)
    print(f"cut on {', '.join(date_text(cut) for cut in cuts)}; below each figure the middle 95 % over users")


def _agreement(
    file: Path, known: Path, cuts: Sequence[datetime], assistant: JourneyAssistant, bars: Bars
) -> tuple[StageAgreement, datetime]:
    if len(cuts) > 1:
        raise InputError("known journeys are as of one moment: give --as-of once")
    users = read_users([file], assistant)
    clock = cuts[0] if cuts else clock_of(users)
    scored = bars.count("Inferring", len(users))
    found = infer_labelled(users, assistant.embeddings, assistant.options(), assistant.models, clock, scored)
    return stage_agreement(found, read_known(known)), clock


def _returns(
    file: Path,
    cuts: list[datetime],
    days: int,
    folds: int,
    also: Sequence[Path],
    sample: bool,
    assistant: JourneyAssistant,
    bars: Bars,
) -> tuple[ReturnFigures, list[datetime]]:
    if folds == 1:
        raise InputError("--folds takes 2 or more: one fold would leave nothing to learn from")
    settings, embeddings, options, models = (
        assistant.settings,
        assistant.embeddings,
        assistant.options(),
        assistant.models,
    )
    users, ahead = read_any(file, settings.columns, settings.zone), timedelta(days=days)
    cuts = cuts or cut_moments(users, ahead)
    check_cuts(users, cuts, ahead)
    counted = bars.count("Cutting", len(users) * len(cuts))
    rows: list[ReturnRow] = []
    for cut in cuts:
        rows += return_rows(file.stem, split(users, cut, ahead, embeddings, options, models, counted), cut, ahead)
    if len({row.user_id for row in rows}) < _BASELINE_FOLDS:
        raise InputError(f"fewer than {_BASELINE_FOLDS} users have journeys at these cuts: too few to score")
    if folds:
        named = [(path.stem, read_any(path, settings.columns, settings.zone)) for path in also]
        named += [("sample users", labelled_sample())] if sample else []
        others = [row for name, each in named for row in log_rows(name, each, embeddings, options, models)]
        fold = fold_of_users(rows, folds)
        own = foreseen_by_folds(rows, others, days, fold)
    else:
        fold = fold_of_users(rows, _BASELINE_FOLDS)
        own = foreseen(rows, models.stage.returning, days)
    return score_returns(rows, {MODEL: own, **baselines(rows, days, fold)}, days), cuts


def _as_json(
    file: Path, cuts: Sequence[datetime], horizon: str, folds: int, figures: ReturnFigures
) -> dict[str, object]:
    def plain(each: dict[str, dict[str, Measured]]) -> dict[str, dict[str, dict[str, float]]]:
        return {name: {figure: value._asdict() for figure, value in of.items()} for name, of in each.items()}

    return {
        "file": str(file),
        "cuts": [cut.isoformat() for cut in cuts],
        "horizon_days": horizon_days(horizon),
        "folds": folds,
        "users": figures.users,
        "journeys": figures.journeys,
        "returned": figures.returned,
        "figures": plain(figures.figures),
        "model_less_baseline": plain(figures.against),
        "ece_by_chance": figures.by_chance,
        "reliability": [each._asdict() for each in figures.reliability],
    }
