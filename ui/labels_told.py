"""What people said of journeys, as sentences, with a button that takes each back."""

from collections.abc import Sequence

from chains.labels import Label, LabelKind
from chains.wording import shortened
from ui.forms import button
from ui.markup import Markup, joined, tag
from ui.pieces import chip, link, notice
from ui.place import Place

#: What the five levels mean: in short what a judge is told (chains/relevance.py).
RATED = {1: "no such interest", 2: "passing", 3: "some interest", 4: "clear", 5: "strong"}


def sentence(label: Label) -> str:
    """What was said, in one line. Names and notes are users' or people's words: they stay text."""
    name = label.was.name if label.was else label.journey_id
    other = label.other_was.name if label.other_was else label.other
    told = {
        LabelKind.RENAME: f"“{name}” is called “{label.name}”",
        LabelKind.MERGE: f"“{other}” belongs to “{name}”",
        LabelKind.SPLIT: f"of “{name}” these are another thing: {shortened(', '.join(label.keywords), 120)}",
        LabelKind.NOT_A_JOURNEY: f"“{name}” is no journey",
        LabelKind.OVER: f"“{name}” is over",
        LabelKind.NEVER_NOTIFY: f"nothing is ever sent for “{name}”",
        LabelKind.VERDICT: f"“{name}” is {label.score} of 5, {RATED.get(label.score or 0, '')}",
    }[label.kind]
    return f"{told} ({shortened(label.note, 200)})" if label.note else told


def said_list(labels: Sequence[Label], place: Place, tab: str, *, whose: bool) -> Markup:
    """The newest first. whose: whether to name the user, with a link."""
    if not labels:
        return notice("Nothing was said yet.", "What you say is listed here, and can be taken back.")
    rows = joined(_row(label, place, whose=whose) for label in reversed(labels))
    return tag(
        "form",
        tag("input", type="hidden", name="where", value="said"),
        tag("ol", rows, class_="said"),
        data_act=tab,
        class_="act",
    )


def _row(label: Label, place: Place, *, whose: bool) -> Markup:
    user = (link(place.go("correct", user=label.user_id, journey=label.journey_id), label.user_id), ": ")
    when = f"{label.at.day} {label.at:%b %Y, %H:%M}"
    if label.withdrawn_at:
        end = chip(f"taken back {label.withdrawn_at.day} {label.withdrawn_at:%b}", "grey")
    else:
        end = button("Take back", name="withdraw", value=label.label_id, title=f"Take back: {sentence(label)}")
    return tag(
        "li",
        tag("span", *(user if whose else ()), sentence(label), class_="what"),
        tag("small", f"{label.by}, {when}", class_="muted"),
        end,
        class_="gone" if label.withdrawn_at else None,
    )
