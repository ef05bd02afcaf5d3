"""`journeys train affinity`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import WithSample, read_users
from assistant.demo import labelled_sample
from assistant.output import check_folder, replacing
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.training.affinity import Pairs, crowds_of, labelled_pairs, labelled_texts, train_affinity


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
            *read_users(labelled, assistant),
            *read_users(fine or [], assistant, fine=True),
            *(labelled_sample() if sample else []),
        ]
        counted = bars.count("Learning pairs", len(users))
        crowds = crowds_of(users, assistant.embeddings)
        logs = [path.stem for path in (*labelled, *(fine or []))]
        names = ", ".join([*logs, *(["sample users"] if sample else [])])

        def pairs() -> Iterator[Pairs]:
            for user in users:
                yield labelled_pairs(labelled_texts(user, assistant.embeddings, crowds.get(user.log)))
                counted()

        model = train_affinity(pairs(), f"{len(users)} users: {names}")
    with replacing(output) as file:
        json.dump(model.to_json(), file, separators=(",", ":"))
    print(f"written: {output}, trained on {model.trained_on}")
