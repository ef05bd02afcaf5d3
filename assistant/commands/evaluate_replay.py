"""`journeys evaluate replay`."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import AlsoFrom, WithSample, read_users
from assistant.commands.ranked_logs import SAMPLE
from assistant.demo import labelled_sample
from assistant.evaluation.labelled import read_any
from assistant.evaluation.replay import BEST_INTEREST, FREQUENT_INTEREST, TARGET
from assistant.evaluation.replay_figures import ReplayFigures
from assistant.evaluation.replay_items import BEST_INTEREST_ITEMS, JOURNEY_ITEMS, POPULAR_ITEMS
from assistant.evaluation.replaying import replay_items, replay_targets, shares_items
from assistant.evaluation.time_split import check_cuts, cut_moments
from assistant.evaluation.unseen import CUTS as RANKING_CUTS
from assistant.evaluation.unseen import LEAST_HORIZON, Fold, folds_of_users, unseen_rankings
from assistant.progress import Bars
from assistant.replay_shown import MEANING, dates_table, lifts_table, rates_table
from assistant.settings import Settings
from assistant.training.affinity import held_out
from chains.clustering import Granularity
from vectorstore.errors import InputError


def replay(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A log; with a column label, targets are replayed too.")],
    as_of: Annotated[
        list[datetime] | None,
        typer.Option(
            "--as-of",
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"],
            help="A date to cut the log at, in UTC; may be repeated. By default three, evenly spread.",
        ),
    ] = None,
    horizon: Annotated[str, typer.Option(help="How long after a date counts, in days.")] = "28d",
    granularity: Annotated[Granularity | None, typer.Option(help="How fine journeys are.")] = None,
    folds: Annotated[
        int,
        typer.Option(
            min=0,
            help="Train again for each fold, so that no model saw the users whose journeys it finds or ranks.",
        ),
    ] = 0,
    also: AlsoFrom = None,
    sample: WithSample = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Journey-aware against interest-based targets and items, replayed on what users did next.

    Without --folds the models in use are scored as they are, whatever they were trained on. With it those of returns
    and ranking learn from the other folds, and on a log with labels that of affinity too. What each was trained on is
    said below the tables.
    """
    if folds == 1:
        raise InputError("--folds takes 2 or more: one fold would leave nothing to learn from")
    span = _span(horizon)
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars(quiet=as_json) as bars:
        options, embeddings, models = assistant.options(granularity), assistant.embeddings, assistant.models
        fine = options.granularity is Granularity.FINE
        users = read_any(file, assistant.settings.columns, assistant.settings.zone, fine=fine)
        if not users:
            raise InputError(f"{file}: no row could be read: there is nothing to replay")
        labelled = any(user.labels for user in users)
        cuts = [moment.replace(tzinfo=UTC) for moment in as_of or ()] or cut_moments(users, span)
        check_cuts(users, cuts, span)
        cuts = sorted(set(cuts))

        others = {path.stem: read_users([path], assistant) for path in also or []} if folds else {}
        if folds and sample:
            others[SAMPLE] = labelled_sample()

        def dealt() -> list[Fold]:
            if not folds:
                return [(models, users)]
            if not labelled:
                found = [(models, inside) for inside in folds_of_users(users, folds)]
            else:
                every = [user for own in others.values() for user in own]
                learning = bars.count("Learning pairs", len(users) + len(every))
                found = [
                    (replace(models, affinity=model), inside)
                    for model, inside in held_out(users, every, embeddings, folds, on_user=learning)
                ]
            asked = len(users) + sum(map(len, others.values()))
            ranking = bars.count("Learning to rank", asked * RANKING_CUTS)
            return list(unseen_rankings(file.stem, found, others, span, embeddings, options, ranking))

        models_of = dealt()
        parts: dict[str, ReplayFigures] = {}
        if labelled:
            counted = bars.count("Replaying targets", len(users) * len(cuts))
            parts["targets"] = replay_targets(users, models_of, cuts, span, embeddings, options, counted)
        if shares_items(users):
            counted = bars.count("Replaying items", len(users) * len(cuts))
            parts["items"] = replay_items(users, models_of, cuts, span, embeddings, options, counted)
        if not parts:
            raise InputError(f"{file}: neither labels nor an item that two users met: there is nothing to replay")
        by_folds = f"models of {folds} folds, none of which saw the users whose journeys it found"
        trained_on = {
            "affinity": by_folds if folds and labelled else models.affinity.trained_on,
            "stage": by_folds if folds and span >= LEAST_HORIZON else models.stage.trained_on,
            "ranking": by_folds if folds else models.ranker.trained_on,
        }
    if as_json:
        told = {"file": str(file), "horizon_days": span.days, "granularity": options.granularity, "models": trained_on}
        print(
            json.dumps({**told, **{name: asdict(part) for name, part in parts.items()}, "meaning": MEANING}, indent=2)
        )
        return
    shown = {
        "targets": (TARGET, BEST_INTEREST, FREQUENT_INTEREST),
        "items": (JOURNEY_ITEMS, BEST_INTEREST_ITEMS, POPULAR_ITEMS),
    }
    console = Console()
    for name, part in parts.items():
        title = (
            f"{file.name}, {name}: {part.users:,} users who came back within {span.days} days, {part.moments:,} times"
        )
        console.print(rates_table(part, title), lifts_table(part), dates_table(part, shown[name]))
    for name, told_by in trained_on.items():
        print(f"{name} trained on: {told_by}")
    print(MEANING)


def _span(text: str) -> timedelta:
    """A number of days, such as "28d" or "28". Raises InputError."""
    number = text.strip().lower().removesuffix("d")
    if not number.isascii() or not number.isdigit() or not 0 < int(number) <= 3650:
        raise InputError(f'--horizon "{text}" is no number of days: write it like 28d')
    return timedelta(days=int(number))
