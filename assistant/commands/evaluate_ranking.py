"""`journeys evaluate ranking`."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import WithSample, horizon_days
from assistant.commands.ranked_logs import SAMPLE, lists_of
from assistant.demo import labelled_sample
from assistant.evaluation.labelled import read_any
from assistant.evaluation.ranked_lists import Numbers, RankedList
from assistant.evaluation.ranking import DIVERSIFIED, MODEL, RankingFigures, baselines, score_rankings
from assistant.progress import Bars
from assistant.ranking_shown import ranking_tables
from assistant.settings import Settings
from assistant.training.ranker import folds_of, scores_of, train_ranker
from chains.wording import count_text, date_text
from vectorstore.errors import InputError

_BASELINE_FOLDS = 5


def ranking(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A log, with or without a column label.")],
    as_of: Annotated[
        list[datetime] | None,
        typer.Option("--as-of", formats=["%Y-%m-%d"], help="A moment to cut at, in UTC; may be repeated."),
    ] = None,
    horizon: Annotated[str, typer.Option(help="Within how many days going on counts.")] = "28d",
    folds: Annotated[
        int, typer.Option(min=0, help="Train again for each fold, so that no model saw the users it is scored on.")
    ] = 0,
    also: Annotated[
        list[Path] | None,
        typer.Option("--also", help="Another log to learn from; without --folds one learns from these alone."),
    ] = None,
    sample: WithSample = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """How well the ranking foresees which journeys users go on with.

    The log is cut at moments, by default five. nDCG counts the distinct later days within the horizon. Without --folds
    and --also the ranker in use is scored as it is, whatever it was trained on.
    """
    days = horizon_days(horizon)
    cuts = [moment.replace(tzinfo=UTC) for moment in as_of or []]
    if folds == 1:
        raise InputError("--folds takes 2 or more: one fold would leave nothing to learn from")
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars(quiet=as_json) as bars:
        settings, ahead = assistant.settings, timedelta(days=days)
        others = {path.stem: read_any(path, settings.columns, settings.zone) for path in also or []}
        if file.stem in others:
            raise InputError(f"--also {file.stem}: that is the log itself: give another one")
        if sample and (folds or also):
            others[SAMPLE] = labelled_sample()
        users = read_any(file, settings.columns, settings.zone)
        lists, cuts = lists_of(file.stem, users, ahead, assistant, bars, cuts)
        learned = {name: lists_of(name, own, ahead, assistant, bars)[0] for name, own in others.items()}
        if folds:
            told = f"models of {folds} folds, none of which saw the users it is scored on"
            scores: list[Numbers] = [np.empty(0)] * len(lists)
            for model, inside in folds_of(file.stem, lists, learned, folds):
                for place in inside:
                    scores[place] = scores_of(model, lists[place])
        else:
            model = train_ranker(learned, f"other logs only: {', '.join(others)}") if also else assistant.models.ranker
            told, scores = model.trained_on, [scores_of(model, each) for each in lists]
        figures = _figures(lists, scores, folds or _BASELINE_FOLDS, assistant)
    if as_json:
        about = {"file": str(file), "cuts": [cut.isoformat() for cut in cuts], "horizon_days": days, "model": told}
        print(json.dumps({**about, **asdict(figures)} | _plain(figures), indent=2))
        return
    counts = f"{count_text(figures.lists, 'list')} of {count_text(figures.users, 'user')}"
    console = Console()
    for table in ranking_tables(figures, f"{file.name}: gone on with within {days} days; {counts}"):
        console.print(table)
    print(
        f"counted: lists of two journeys or more, some gone on with and some not, of {figures.all_lists:,} of "
        f"{count_text(figures.all_users, 'user')}\n"
        f"cut on {', '.join(date_text(cut) for cut in cuts)}; below each figure the middle 95 % over users\n"
        f"model trained on: {told}"
    )


def _figures(
    lists: Sequence[RankedList], scores: list[Numbers], folds: int, assistant: JourneyAssistant
) -> RankingFigures:
    options = assistant.options()
    spread = [each.diversified(own, options) for each, own in zip(lists, scores, strict=True)]
    return score_rankings(lists, {MODEL: scores, DIVERSIFIED: spread, **baselines(lists, folds)})


def _plain(figures: RankingFigures) -> dict[str, object]:
    return {
        key: {ranking: {name: value._asdict() for name, value in of.items()} for ranking, of in each.items()}
        for key, each in (("figures", figures.figures), ("against", figures.against))
    }
