"""What the commands about names have in common: where they learn from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import read_users
from assistant.demo import labelled_sample
from assistant.evaluation.written_names import names_from_labels, read_written_names, sample_names
from assistant.training.naming_teachers import NamedLog
from vectorstore.errors import InputError

SAMPLE = "sample users"

Journeys = Annotated[
    list[Path] | None, typer.Option("--journeys", help="A labelled log to learn from; --known has its names. Repeats.")
]
Named = Annotated[
    list[Path] | None, typer.Option("--named", help="A log to learn from whose labels are names. Repeats.")
]
Known = Annotated[
    list[Path] | None, typer.Option("--known", help="A CSV of user_id, label, gold_name: written names. Repeats.")
]


def named_logs(
    assistant: JourneyAssistant,
    journeys: Sequence[Path] | None,
    named: Sequence[Path] | None,
    known: Sequence[Path] | None,
    *,
    sample: bool,
) -> list[NamedLog]:
    """Raises InputError where a log has no journey with a written name."""
    written = {key: name for path in known or () for key, name in read_written_names(path).items()}
    logs = []
    for path in journeys or ():
        users = read_users([path], assistant)
        labels = {(user.user_id, label) for user in users for label in user.labels.values()}
        if not labels & written.keys():
            raise InputError(f"{path}: no label has a written name: give them with --known, or use --named")
        logs.append(NamedLog(path.stem, users, written))
    for path in named or ():
        users = read_users([path], assistant)
        logs.append(NamedLog(path.stem, users, names_from_labels(users)))
    if sample:
        logs.append(NamedLog(SAMPLE, labelled_sample(), sample_names()))
    return logs
