"""`journeys evaluate clustering`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.clusters_shown import confidence_line, headline, measures_table, safety_line, sizes_table
from assistant.commands.labelled_logs import AlsoFrom, WithSample, clock_of, read_users
from assistant.demo import labelled_sample
from assistant.evaluation.clusters import score_before_safety, score_clusters
from assistant.evaluation.confidence import score_confidence
from assistant.evaluation.labelled import InferredUser, infer_with_clusters
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.training.affinity import held_out
from chains.clustering import Granularity
from chains.inference import InferenceModels
from vectorstore.errors import InputError


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

    Beside it pairs, adjusted Rand index and V-measure, and all by how many texts users have; the same of the clusters
    before any were left out; and whether the confidence of journeys is what it says.
    Without --folds the affinity model in use is scored as it is, whatever it was trained on.
    """
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars(quiet=as_json) as bars:
        options = assistant.options(granularity)
        users = read_users([file], assistant, fine=options.granularity is Granularity.FINE)
        found: list[InferredUser] = []
        if folds == 1:
            raise InputError("--folds takes 2 or more: one fold would leave nothing to learn from")
        if folds:
            others = [*read_users(also or [], assistant), *(labelled_sample() if sample else [])]
            counted = bars.count("Learning pairs", len(users) + len(others))
            scored = bars.count("Scoring", len(users))
            for model, inside in held_out(users, others, assistant.embeddings, folds, on_user=counted):
                models = InferenceModels(affinity=model, checker=assistant.models.checker)
                found.extend(
                    infer_with_clusters(inside, assistant.embeddings, options, models, clock_of(users), scored)
                )
            trained_on = f"models of {folds} folds, none of which saw the users it is scored on"
        else:
            scored = bars.count("Scoring", len(users))
            found.extend(
                infer_with_clusters(users, assistant.embeddings, options, assistant.models, clock_of(users), scored)
            )
            trained_on = assistant.models.affinity.trained_on
        figures = score_clusters([(each.user, each.journeys) for each in found])
        before, confidence = score_before_safety(found), score_confidence(found)
    if as_json:
        about = {"file": str(file), "granularity": options.granularity, "model": trained_on}
        told = {"before_safety": asdict(before), "confidence": asdict(confidence) if confidence else None}
        print(json.dumps({**about, **asdict(figures), **told}, indent=2))
        return
    console = Console()
    console.print(headline(figures, f"{file.name}, granularity {options.granularity}"))
    console.print(measures_table(figures))
    console.print(sizes_table(figures))
    console.print(safety_line(before))
    if confidence:
        console.print(confidence_line(confidence))
    print(f"model trained on: {trained_on}")
