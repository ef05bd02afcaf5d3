"""Labels as the terminal and programs read them."""

from collections.abc import Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from chains.label_states import LabelState
from chains.labels import Label, LabelKind


def labels_table(labels: Sequence[tuple[Label, LabelState]]) -> Table | Text:
    """One row a label, the oldest first. Users' words are shown as text, never as markup."""
    if not labels:
        return Text("Nobody has said anything of a journey yet: journeys labels add USER JOURNEY KIND")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("Label", "User", "Journey", "Said", "By", "On", "State"):
        table.add_column(heading, overflow="fold", no_wrap=heading in {"Label", "State"})
    for label, state in labels:
        dim = "" if state is LabelState.HOLDS else "dim"
        cells = (
            label.label_id,
            label.user_id,
            _journey(label),
            said_text(label),
            label.by,
            f"{label.at:%Y-%m-%d}",
            state,
        )
        table.add_row(*(Text(str(cell), style=dim) for cell in cells))
    return table


def _journey(label: Label) -> str:
    return label.was.name if label.was else label.journey_id


def said_text(label: Label) -> str:
    """What was said, in a few words."""
    said = {
        LabelKind.RENAME: f"is called “{label.name}”",
        LabelKind.MERGE: f"with “{label.other_was.name if label.other_was else label.other}”",
        LabelKind.SPLIT: f"without {', '.join(f'“{keyword}”' for keyword in label.keywords)}",
        LabelKind.NOT_A_JOURNEY: "is no journey",
        LabelKind.OVER: "is over",
        LabelKind.NEVER_NOTIFY: "never notify",
        LabelKind.VERDICT: f"{label.score} of 5",
    }[label.kind]
    return f"{said} ({label.note})" if label.note else said


def label_row(label: Label, state: LabelState | None = None) -> dict[str, Any]:
    """The label for programs; the texts of the journeys as they were are left out."""
    row = label.model_dump(mode="json", exclude={"was", "other_was", "apart"})
    return row | ({"state": state.value} if state else {})
