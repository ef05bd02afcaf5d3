"""`journeys train ranker`."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from assistant.assistant import JourneyAssistant
from assistant.commands.labelled_logs import WithSample, horizon_days
from assistant.commands.ranked_logs import SAMPLE, lists_of
from assistant.demo import labelled_sample
from assistant.evaluation.labelled import read_any
from assistant.evaluation.ranked_lists import RankedList
from assistant.output import check_folder, replacing
from assistant.progress import Bars
from assistant.settings import Settings
from assistant.training.feedback import FeedbackRead, read_feedback, with_feedback
from assistant.training.ranker import train_ranker
from chains.wording import count_text
from vectorstore.errors import InputError


def ranker(
    context: typer.Context,
    logs: Annotated[list[Path], typer.Argument(help="Logs, with or without a column label.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model file to write, JSON.")],
    feedback: Annotated[
        Path | None, typer.Option(help="A CSV or JSONL of user_id, journey_id or name, timestamp, kind, value.")
    ] = None,
    horizon: Annotated[str, typer.Option(help="Within how many days going on counts.")] = "28d",
    sample: WithSample = True,
) -> None:
    """Trains which of a user's journeys he goes on with.

    Feedback says so where there is any within the horizon after a cut: open, click, or a verdict of 4 or 5 for yes,
    dismiss, or a verdict of 1 or 2 for no. Elsewhere the log itself does, cut at five moments.
    """
    check_folder(output)
    ahead = timedelta(days=horizon_days(horizon))
    settings = Settings.load(**context.obj)
    said = read_feedback(feedback, settings.zone) if feedback else FeedbackRead()
    with JourneyAssistant.from_settings(settings) as assistant, Bars() as bars:
        users = {path.stem: read_any(path, settings.columns, settings.zone) for path in logs}
        if len(users) < len(logs):
            raise InputError("two logs have one name: rename one, since each log counts the same")
        if sample:
            users[SAMPLE] = labelled_sample()
        lists: dict[str, list[RankedList]] = {}
        used = 0
        for name, own in users.items():
            found, _ = lists_of(name, own, ahead, assistant, bars)
            lists[name], labelled = with_feedback(found, said.rows, ahead)
            used += labelled
        count = sum(map(len, users.values()))
        told = f" and {count_text(len(said.rows), 'row')} of feedback" if said.rows else ""
        model = train_ranker(lists, f"{count:,} users: {', '.join(users)}{told}")
    with replacing(output) as file:
        json.dump(model.to_json(), file, separators=(",", ":"))
    if feedback:
        rejected = f", {len(said.rejected):,} rejected" if said.rejected else ""
        first = f" (line {said.rejected[0][0]}: {said.rejected[0][1]})" if said.rejected else ""
        rows = count_text(len(said.rows), "row")
        print(f"feedback: {rows} read{rejected}{first}; it labels {used:,} journeys at cuts")
    print(f"written: {output}, trained on {model.trained_on}")
