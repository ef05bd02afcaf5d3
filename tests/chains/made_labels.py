"""Labels made for tests: of anna's journeys, by eve, an hour apart by their number."""

from collections.abc import Collection
from datetime import datetime, timedelta

from made_activity import START

from chains.journeys import NamedBy
from chains.labels import Label, LabelKind, Was


def was(texts: Collection[str], name: str = "It", named_by: NamedBy = NamedBy.KEYWORD) -> Was:
    return Was(name=name, named_by=named_by, texts=tuple(sorted(texts)))


def made_label(
    kind: LabelKind,
    texts: Collection[str] = (),
    *,
    number: int = 1,
    journey_id: str = "j1",
    other: Collection[str] = (),
    apart: Collection[str] = (),
    name: str = "",
    at: datetime | None = None,
) -> Label:
    """texts, other: of the journeys when it was said."""
    return Label(
        label_id=f"l{number}",
        user_id="anna",
        journey_id=journey_id,
        kind=kind,
        by="eve",
        at=at or START + timedelta(hours=number),
        name=name,
        other="other" if other else "",
        score=3 if kind is LabelKind.VERDICT else None,
        apart=tuple(sorted(apart)),
        was=was(texts),
        other_was=was(other, "Other") if other else None,
    )
