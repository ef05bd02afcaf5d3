"""The commands `journeys evaluate …` and `journeys train …`."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.demo import labelled_sample
from assistant.evaluation import LabelledUser, infer_labelled, read_labelled, score_clusters
from assistant.output import check_folder, replacing
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.stage_agreement import read_known, stage_agreement
from assistant.tables_shown import agreement_table, figures_table
from assistant.training import Pairs, held_out, labelled_pairs, labelled_texts, train_affinity
from chains.clustering import Granularity
from chains.inference import InferenceModels
from chains.journeys import Journey
from chains.wording import date_text
from vectorstore.errors import InputError

evaluate_app = typer.Typer(help="Figures, as a table or --json.", no_args_is_help=True, rich_markup_mode=None)
train_app = typer.Typer(help="Models from labels.", no_args_is_help=True, rich_markup_mode=None)

AlsoFrom = Annotated[
    list[Path] | None, typer.Option("--also", help="Another labelled log to learn from; may be repeated.")
]
WithSample = Annotated[bool, typer.Option("--sample/--no-sample", help="Learn from the sample users too.")]


@evaluate_app.callback()
def evaluate_options() -> None:
    """Figures, as a table or --json."""


@evaluate_app.command()
def clustering(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A log with a column label.")],
    granularity: Annotated[Granularity | None, typer.Option(help="How fine journeys are.")] = None,
    folds: Annotated[
        int, typer.Option(min=0, help="Train again for each fold, so that no model saw the users it is scored on.")
    ] = 0,
    also: AlsoFrom = None,
    sample: WithSample = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """B-cubed precision, recall and F1 of the journeys against the labels.

    Without --folds the affinity model in use is scored as it is, whatever it was trained on.
    """
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars(quiet=as_json) as bars:
        options = assistant.options(granularity)
        users = _read([file], assistant, fine=options.granularity is Granularity.FINE)
        found: list[tuple[LabelledUser, Sequence[Journey]]] = []
        if folds == 1:
            raise InputError("--folds takes 2 or more: one fold would leave nothing to learn from")
        if folds:
            others = [*_read(also or [], assistant), *(labelled_sample() if sample else [])]
            counted = bars.count("Learning pairs", len(users) + len(others))
            scored = bars.count("Scoring", len(users))
            for model, inside in held_out(users, others, assistant.embeddings, folds, on_user=counted):
                models = InferenceModels(affinity=model, checker=assistant.models.checker)
                found.extend(infer_labelled(inside, assistant.embeddings, options, models, _clock(users), scored))
            trained_on = f"models of {folds} folds, none of which saw the users it is scored on"
        else:
            scored = bars.count("Scoring", len(users))
            found.extend(infer_labelled(users, assistant.embeddings, options, assistant.models, _clock(users), scored))
            trained_on = assistant.models.affinity.trained_on
        figures = score_clusters(found)
    if as_json:
        print(
            json.dumps(
                {"file": str(file), "granularity": options.granularity, "model": trained_on, **asdict(figures)},
                indent=2,
            )
        )
        return
    Console().print(figures_table(figures, f"{file.name}, granularity {options.granularity}"))
    print(f"model trained on: {trained_on}")


@evaluate_app.command()
def stage(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A log with a column label.")],
    known: Annotated[Path, typer.Argument(help="A CSV of user_id, label, kind, stage.")],
    as_of: Annotated[datetime | None, typer.Option("--as-of", formats=["%Y-%m-%d"], help="The clock, in UTC.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Whether kind and stage of the journeys found agree with what is known of them."""
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars(quiet=as_json) as bars:
        users = _read([file], assistant)
        clock = as_of.replace(tzinfo=UTC) if as_of else _clock(users)
        scored = bars.count("Inferring", len(users))
        found = infer_labelled(users, assistant.embeddings, assistant.options(), assistant.models, clock, scored)
        agreement = stage_agreement(found, read_known(known))
    if as_json:
        print(json.dumps(asdict(agreement), indent=2))
    else:
        Console().print(agreement_table(agreement, f"{file.name}, as of {date_text(clock)}"))


@train_app.callback()
def train_options() -> None:
    """Models from labels."""


@train_app.command()
def affinity(
    context: typer.Context,
    labelled: Annotated[list[Path], typer.Argument(help="Logs with a column label.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file to write, JSON.")],
    fine: Annotated[
        list[Path] | None, typer.Option(help="A log whose labels are errands, finer than journeys; may be repeated.")
    ] = None,
    sample: WithSample = True,
) -> None:
    """Trains the probability that two texts of one user belong to one journey."""
    check_folder(output)
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars() as bars:
        users = [
            *_read(labelled, assistant),
            *_read(fine or [], assistant, fine=True),
            *(labelled_sample() if sample else []),
        ]
        counted = bars.count("Learning pairs", len(users))
        logs = [path.stem for path in (*labelled, *(fine or []))]
        names = ", ".join([*logs, *(["sample users"] if sample else [])])

        def pairs() -> Iterator[Pairs]:
            for user in users:
                yield labelled_pairs(labelled_texts(user, assistant.embeddings))
                counted()

        model = train_affinity(pairs(), f"{len(users)} users: {names}")
    with replacing(output) as file:
        json.dump(model.to_json(), file, separators=(",", ":"))
    print(f"written: {output}, trained on {model.trained_on}")


def _clock(users: Sequence[LabelledUser]) -> datetime:
    return max(event.timestamp for user in users for event in user.activities)


def _read(paths: Sequence[Path], assistant: JourneyAssistant, *, fine: bool = False) -> list[LabelledUser]:
    settings = assistant.settings
    return [user for path in paths for user in read_labelled(path, settings.columns, settings.zone, fine=fine)]
