"""`journeys evaluate clustering`."""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.clusters_shown import confidence_line, headline, measures_table, safety_line, sizes_table
from assistant.commands.labelled_logs import AlsoFrom, WithSample, clock_of, read_users
from assistant.commands.model_options import MaxCost, MaxTokens
from assistant.demo import labelled_sample
from assistant.evaluation.clusters import score_before_safety, score_clusters
from assistant.evaluation.confidence import score_confidence
from assistant.evaluation.labelled import LabelledUser, Part, crowd_of, infer_with_clusters
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.training.affinity import held_out
from chains.clustering import Granularity
from chains.inference import InferenceModels
from chains.journeys import InferenceMode
from chains.metering import Budget
from vectorstore.errors import InputError


def clustering(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A log with a column label.")],
    granularity: Annotated[Granularity | None, typer.Option(help="How fine journeys are.")] = None,
    mode: Annotated[
        InferenceMode | None, typer.Option(help="Without a model, or with one: merge, llm. What it costs is told.")
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Beside it without a model, or without --mode all modes side by side.")
    ] = False,
    folds: Annotated[
        int, typer.Option(min=0, help="Train again for each fold, so that no model saw the users it is scored on.")
    ] = 0,
    also: AlsoFrom = None,
    sample: WithSample = True,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """B-cubed precision, recall and F1 of the journeys against the labels.

    Beside it pairs, adjusted Rand index and V-measure, and all by how many texts users have; the same of the clusters
    before any were left out; and whether the confidence of journeys is what it says. With --mode or --compare quality,
    tokens and cost of each mode, on the same users.
    Without --folds the affinity model in use is scored as it is, whatever it was trained on.
    """
    if folds == 1:
        raise InputError("--folds takes 2 or more: one fold would leave nothing to learn from")
    modes = _modes(mode, compare=compare)
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars(quiet=as_json) as bars:
        options = assistant.options(granularity)
        users = read_users([file], assistant, fine=options.granularity is Granularity.FINE)
        parts: list[Part] = [(assistant.models, users)]
        trained_on = assistant.models.affinity.trained_on
        if folds:
            others = [*read_users(also or [], assistant), *(labelled_sample() if sample else [])]
            parts = _held_out(assistant, users, others, folds, bars)
            trained_on = f"models of {folds} folds, none of which saw the users it is scored on"
        if options.granularity is Granularity.FINE:
            crowd = crowd_of(users, assistant.embeddings)
            parts = [(replace(models, crowd=crowd), inside) for models, inside in parts]
        title = f"{file.name}, granularity {options.granularity}"
        about = {"file": str(file), "granularity": options.granularity, "model": trained_on}
        if modes != [InferenceMode.CLUSTER]:
            # Imported here, since it brings LangChain, which takes longer to import than most commands take.
            from assistant.commands.evaluated_modes import in_modes, show_modes  # noqa: PLC0415

            compared = in_modes(assistant, modes, parts, options, Budget(max_cost, max_tokens), bars)
            show_modes(compared, title, about, as_json=as_json)
            return
        scored = bars.count("Scoring", len(users))
        found = [
            each
            for models, inside in parts
            for each in infer_with_clusters(inside, assistant.embeddings, options, models, clock_of(users), scored)
        ]
        figures = score_clusters([(each.user, each.journeys) for each in found])
        before, confidence = score_before_safety(found), score_confidence(found)
    if as_json:
        told = {"before_safety": asdict(before), "confidence": asdict(confidence) if confidence else None}
        print(json.dumps({**about, **asdict(figures), **told}, indent=2))
        return
    console = Console()
    console.print(headline(figures, title))
    console.print(measures_table(figures))
    console.print(sizes_table(figures))
    console.print(safety_line(before))
    if confidence:
        console.print(confidence_line(confidence))
    print(f"model trained on: {trained_on}")


def _modes(mode: InferenceMode | None, *, compare: bool) -> list[InferenceMode]:
    """Without a model first."""
    if mode is None:
        return list(InferenceMode) if compare else [InferenceMode.CLUSTER]
    return list(dict.fromkeys([InferenceMode.CLUSTER, mode])) if compare else [mode]


def _held_out(
    assistant: JourneyAssistant, users: Sequence[LabelledUser], others: Sequence[LabelledUser], folds: int, bars: Bars
) -> list[Part]:
    counted = bars.count("Learning pairs", len(users) + len(others))
    return [
        (InferenceModels(affinity=model, checker=assistant.models.checker), inside)
        for model, inside in held_out(users, others, assistant.embeddings, folds, on_user=counted)
    ]
