"""`journeys evaluate naming`."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import WithSample, read_users
from assistant.commands.naming_teachers import SAMPLE, Journeys, Known, Named, named_logs
from assistant.evaluation.name_choices import choose_for_journeys, choose_for_topics
from assistant.evaluation.names import score_names
from assistant.evaluation.rated_names import is_ratings, read_ratings
from assistant.evaluation.written_names import NamedJourney, names_from_labels, read_written_names
from assistant.naming_table import naming_table
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.training.naming_teachers import NamedLog, Teachers, known_and_found, topic_folds, user_folds
from vectorstore.errors import InputError


def naming(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Rated names (topic_id, keywords, name, human), or a log with labels, which are the names but for "
            "those in --known. By default the sample users."
        ),
    ] = None,
    known: Known = None,
    folds: Annotated[
        int, typer.Option(min=0, help="Train again for each fold, so that no model saw what it is scored on.")
    ] = 0,
    ratings: Annotated[Path | None, typer.Option(help="Rated names to learn from, with --folds.")] = None,
    journeys: Journeys = None,
    named: Named = None,
    sample: WithSample = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """How good the names are: by people's ratings, or by how near they come to names that people wrote.

    Without --folds the model in use is scored as it is, whatever it was trained on.
    """
    if folds == 1:
        raise InputError("--folds takes 2 or more: one fold would leave nothing to learn from")
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars(quiet=as_json) as bars:
        rated = file is not None and is_ratings(file)
        others = named_logs(assistant, journeys, named, known, sample=sample and file is not None) if folds else []
        own = None if rated else _named_log(assistant, file, known)
        logs = [*others, *([own] if own else [])]
        counted = bars.count("Finding journeys", sum(len(log.users) for log in logs))
        found_by = (assistant.options(), assistant.models)
        taught = {log.name: known_and_found(log, assistant.embeddings, found_by, counted) for log in logs}
        if rated and file is not None:
            topics = read_ratings(file)
            pairs = [(assistant.models.naming, topics)]
            if folds:
                pairs = list(topic_folds(topics, _together(taught), assistant.embeddings, folds))
            chosen = [
                each for model, inside in pairs for each in choose_for_topics(inside, model, assistant.embeddings)
            ]
            scores = {"rated names": score_names(chosen)}
        elif own:
            models = [(assistant.models.naming, {user.user_id for user in own.users})]
            if folds:
                teachers = Teachers(read_ratings(ratings) if ratings else (), _together(taught))
                models = list(user_folds(own.name, teachers, assistant.embeddings, folds))
            scores = {}
            for way, found in zip(("as known", "as found"), taught[own.name], strict=True):
                if way == "as found" and not found:
                    continue
                inside = ((model, [j for j in found if j.user_id in users]) for model, users in models)
                scores[way] = score_names([each for model, js in inside for each in choose_for_journeys(js, model)])
        trained_on = f"models of {folds} folds, none of which saw what it is scored on" if folds else ""
        trained_on = trained_on or assistant.models.naming.trained_on
    name = file.name if file else SAMPLE
    if as_json:
        told = {"file": name, "model": trained_on, **{way: asdict(each) for way, each in scores.items()}}
        print(json.dumps(_without_nan(told), indent=2))
        return
    for way, each in scores.items():
        Console().print(naming_table(each, f"{name}, {way}"))
    print(f"model trained on: {trained_on}")
    if not folds:
        print("scored as it is: it may have learned from these very names; --folds trains anew")


def _named_log(assistant: JourneyAssistant, file: Path | None, known: list[Path] | None) -> NamedLog:
    if file is None:
        return named_logs(assistant, None, None, None, sample=True)[0]
    users = read_users([file], assistant)
    written = names_from_labels(users) | {
        key: name for path in known or () for key, name in read_written_names(path).items()
    }
    return NamedLog(file.stem, users, written)


def _together(taught: dict[str, tuple[list[NamedJourney], list[NamedJourney]]]) -> dict[str, list[NamedJourney]]:
    return {name: [*known, *found] for name, (known, found) in taught.items()}


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: what is not defined is null."""
    if isinstance(value, dict):
        return {key: _without_nan(each) for key, each in value.items()}
    return None if isinstance(value, float) and math.isnan(value) else value
