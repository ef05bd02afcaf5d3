"""`journeys evaluate judge`."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.commands.judges import Samples, judge_of
from assistant.commands.model_options import Audit, MaxCost, MaxTokens
from assistant.evaluation.human_levels import read_labels, read_rated_names, read_rated_queries, task_of
from assistant.evaluation.judge_agreement import JudgeAgreement, agreement_of, taken
from assistant.judgements_shown import agreement_table_of, agreement_text
from assistant.kept_judgements import JudgeTask, Validation
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.usage_shown import usage_text
from vectorstore.errors import InputError

if TYPE_CHECKING:
    from chains.structured import Structured


def judge(
    context: typer.Context,
    labels: Annotated[
        Path,
        typer.Argument(
            metavar="LABELS",
            help="A CSV of user_id, journey_id, rater, score, at; or of rated search results or names.",
        ),
    ],
    samples: Samples = 3,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="About so many ratings of results or names, whole needs or topics, drawn by --seed."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the draw.")] = 0,
    max_cost: MaxCost = None,
    max_tokens: MaxTokens = None,
    audit: Audit = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """How the judge agrees with people: the same questions, on what people rated.

    Same level and within one level, quadratic weighted kappa, Spearman and Kendall, each with an interval, beside
    people among themselves where several rated the same. The result is kept: journeys judge --require-validated asks
    for one on journeys that passes. Exit code 0 whether it passes or not.
    """
    task = task_of(labels)
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant:
        with judge_of(assistant, max_cost, max_tokens, audit) as structured, Bars(quiet=as_json) as bars:
            found = _ask(assistant, structured, task, labels, samples, limit, random.Random(seed), bars)
            used = structured.meter.total
        told = {"file": labels.name, **found.figures()}
        if found.judge is not None:
            assistant.library.put_validation(
                Validation(task, found.model, found.prompt_version, found.passes, datetime.now(UTC), told)
            )
    if as_json:
        usage = {"calls": used.calls, "input_tokens": used.input_tokens, "output_tokens": used.output_tokens}
        print(json.dumps({**told, "usage": usage | {"cost": used.cost}}, indent=2))
    else:
        console = Console()
        console.print(agreement_table_of(found, f"{labels.name}: {task}, levels 1 to 5"))
        print(agreement_text(found))
        print(usage_text(used))
    if found.judge is None:
        raise typer.Exit(1)


def _ask(
    assistant: JourneyAssistant,
    structured: "Structured",
    task: JudgeTask,
    file: Path,
    samples: int,
    limit: int | None,
    chance: random.Random,
    bars: Bars,
) -> JudgeAgreement:
    # LangChain takes longer to import than most commands take.
    from assistant import judging  # noqa: PLC0415
    from chains import relevance_of_names, relevance_of_results  # noqa: PLC0415

    if task is JudgeTask.JOURNEYS:
        labels = read_labels(file)
        if limit is not None:
            raise InputError("--limit draws from ratings of results or names: of journeys all labels are taken")
        told = bars.count("Users", len({label.user_id for label in labels}))
        items, missing = judging.judge_labels(assistant, structured, labels, samples=samples, on_unit=told)
        return agreement_of(items, task, judging.PROMPT_VERSION, samples, missing)
    if task is JudgeTask.RESULTS:
        queries = read_rated_queries(file)
        queries = taken(queries, limit, chance.sample(range(len(queries)), len(queries)))
        told = bars.count("Queries", len(queries))
        items = judging.judge_queries(structured, queries, samples=samples, on_unit=told)
        return agreement_of(items, task, relevance_of_results.STEP.prompt_version, samples)
    topics = read_rated_names(file)
    topics = taken(topics, limit, chance.sample(range(len(topics)), len(topics)))
    told = bars.count("Topics", len(topics))
    items = judging.judge_names(structured, topics, samples=samples, on_unit=told)
    return agreement_of(items, task, relevance_of_names.STEP.prompt_version, samples)
