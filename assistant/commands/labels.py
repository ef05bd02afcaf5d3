"""`journeys labels …`: what people say of journeys."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from assistant.commands.opened import opened
from assistant.exported_labels import check_export, export_labels
from assistant.labels_shown import label_row, labels_table, said_text
from chains.label_states import state_of
from chains.labels import LabelKind
from chains.wording import count_text

labels_app = typer.Typer(help="What people say of journeys.", no_args_is_help=True, rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Of = Annotated[LabelKind | None, typer.Option("--kind", help="Only these.")]


@labels_app.callback()
def labels_options() -> None:
    """What people say of journeys: kept, in force at once, respected by later runs."""


@labels_app.command("list")
def list_labels(
    context: typer.Context,
    user: Annotated[str | None, typer.Argument(metavar="USER", help="Only those of this user.")] = None,
    kind: Of = None,
    as_json: AsJson = False,
) -> None:
    """All labels, with what has become of each."""
    with opened(context) as assistant:
        found = [label for label in assistant.labels(user) if kind in {None, label.kind}]
        journeys = assistant.library.journeys_of(sorted({label.user_id for label in found}))
        told = [(label, state_of(label, journeys[label.user_id])) for label in found]
    if as_json:
        print(json.dumps([label_row(*each) for each in told], ensure_ascii=False, indent=2))
    else:
        Console().print(labels_table(told))


@labels_app.command("add")
def add_label(
    context: typer.Context,
    user: Annotated[str, typer.Argument(metavar="USER", help="A user id, as in the log.")],
    journey: Annotated[str, typer.Argument(metavar="JOURNEY", help="Its rank, name, or the beginning of its id.")],
    kind: Annotated[LabelKind, typer.Argument(metavar="KIND", help=", ".join(LabelKind))],
    by: Annotated[str, typer.Option(help="Who says so.")],
    name: Annotated[str, typer.Option(help="For rename.")] = "",
    other: Annotated[str, typer.Option(help="For merge: the journey that goes into this one.")] = "",
    keyword: Annotated[
        list[str] | None, typer.Option(help="For split: one that is split off; may be repeated.")
    ] = None,
    score: Annotated[int | None, typer.Option(help="For verdict: 1 to 5.")] = None,
    note: Annotated[str, typer.Option(help="Why.")] = "",
    as_json: AsJson = False,
) -> None:
    """Says something of a journey; the user's journeys follow at once."""
    with opened(context) as assistant:
        label = assistant.add_label(
            user, journey, kind, by=by, name=name, other=other, keywords=keyword or (), score=score, note=note
        )
    if as_json:
        print(json.dumps(label_row(label), ensure_ascii=False, indent=2))
        return
    was = label.was.name if label.was else label.journey_id
    print(f"label {label.label_id}: “{was}” {said_text(label)}; see: journeys changes {user}")


@labels_app.command("withdraw")
def withdraw_label(
    context: typer.Context,
    label_id: Annotated[str, typer.Argument(metavar="LABEL", help="Its id, as journeys labels list has it.")],
) -> None:
    """Takes a label back; the user's journeys follow at once."""
    with opened(context) as assistant:
        assistant.withdraw_label(label_id)
    print(f"taken back: {label_id}")


@labels_app.command("export")
def export(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help=".jsonl or .parquet; .csv for verdicts.")],
    kind: Of = None,
    as_json: AsJson = False,
) -> None:
    """Writes labels with their journeys' features, for training and judging.

    Verdicts as .csv are what journeys evaluate judge reads. Labels of what is blocked now don't leave.
    """
    check_export(file, kind)
    with opened(context) as assistant:
        done = export_labels(assistant.library, assistant.log, assistant.models.checker, file, kind)
    if as_json:
        print(json.dumps({"written": done.written, "withheld": done.withheld, "file": str(file)}, indent=2))
        return
    print(f"written: {count_text(done.written, 'label')} to {file}")
    if done.withheld:
        print(f"withheld: {count_text(done.withheld, 'label')} of what is blocked")
