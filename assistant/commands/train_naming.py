"""`journeys train naming`."""

import json
from pathlib import Path
from typing import Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import WithSample
from assistant.commands.naming_teachers import Journeys, Known, Named, named_logs
from assistant.evaluation.rated_names import read_ratings
from assistant.output import check_folder, replacing
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.training.naming_teachers import Teachers, known_and_found


def naming(
    context: typer.Context,
    ratings: Annotated[Path, typer.Argument(help="A CSV of topic_id, keywords, name, human: rated names.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file to write, JSON.")],
    journeys: Journeys = None,
    named: Named = None,
    known: Known = None,
    sample: WithSample = True,
) -> None:
    """Trains how well a keyword would name its journey."""
    check_folder(output)
    with JourneyAssistant.from_settings(Settings.load(**context.obj)) as assistant, Bars() as bars:
        topics = read_ratings(ratings)
        logs = named_logs(assistant, journeys, named, known, sample=sample)
        counted = bars.count("Finding journeys", sum(len(log.users) for log in logs))
        found_by = (assistant.options(), assistant.models)
        taught = {log.name: known_and_found(log, assistant.embeddings, found_by, counted) for log in logs}
        teachers = Teachers(topics, {name: [*known, *found] for name, (known, found) in taught.items()})
        model = teachers.model(assistant.embeddings)
    with replacing(output) as file:
        json.dump(model.to_json(), file, separators=(",", ":"))
    print(f"written: {output}, trained on {model.trained_on}")
