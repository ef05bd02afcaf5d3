"""`journeys evaluate clustering --mode` and `--compare`: modes side by side, on the same users."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import clock_of
from assistant.evaluation.inferred_modes import KeptReplies, ModeFigures, compare_modes, infer_mode
from assistant.evaluation.labelled import Part
from assistant.models import open_structured
from assistant.modes_shown import kept_line, modes_table
from assistant.progress import Bars
from chains.chat_models import ModelError
from chains.inference import InferenceOptions
from chains.journeys import InferenceMode
from chains.metering import Budget
from chains.roles import Role


def in_modes(
    assistant: JourneyAssistant,
    modes: Sequence[InferenceMode],
    parts: Sequence[Part],
    options: InferenceOptions,
    budget: Budget,
    bars: Bars,
) -> list[ModeFigures]:
    kept = KeptReplies()
    structured = open_structured(assistant.settings, budget=budget, record=[kept])
    if not structured.has(Role.INFERRER):
        raise ModelError('modes merge and llm need a model: set models.default.model, such as "openai:gpt-5-mini"')
    users = [user for _, inside in parts for user in inside]
    priced = all(each.price.of(1, 1) is not None for each in structured.models[Role.INFERRER])
    found = []
    for mode in modes:
        scored = bars.count(f"Inferring by {mode}", len(users))
        found.append(infer_mode(parts, mode, structured, kept, assistant.embeddings, options, clock_of(users), scored))
    return compare_modes(found, priced)


def show_modes(modes: Sequence[ModeFigures], title: str, about: dict[str, str], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({**about, "modes": [asdict(each) for each in modes]}, indent=2))
        return
    console = Console()
    console.print(modes_table(modes, title))
    if kept := kept_line(modes):
        console.print(kept)
    print(f"model trained on: {about['model']}")
