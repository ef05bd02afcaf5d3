"""What has become of a label: whether it still does anything to the journeys that there are."""

from collections.abc import Sequence
from enum import StrEnum

from chains.journeys import Journey, NamedBy
from chains.labels import Label, LabelKind, has_lapsed, labelled_journey, mostly, texts_in


class LabelState(StrEnum):
    """Holds: it is in force. Overruled: another label, or what may be shown, counts more. Lapsed: something was done
    for the journey well after it was called over. Gone: there is no such journey now; it may come back. Withdrawn."""

    HOLDS = "holds"
    OVERRULED = "overruled"
    LAPSED = "lapsed"
    GONE = "gone"
    WITHDRAWN = "withdrawn"


def state_of(label: Label, journeys: Sequence[Journey]) -> LabelState:
    """journeys: all that are stored of the label's user."""
    if label.withdrawn_at is not None:
        return LabelState.WITHDRAWN
    if label.kind is LabelKind.NOT_A_JOURNEY:
        return LabelState.HOLDS
    if label.kind is LabelKind.MERGE:
        return _grouped(label.texts, label.other_texts, journeys, together=True)
    if label.kind is LabelKind.SPLIT:
        apart = frozenset(label.apart)
        return _grouped(apart, label.texts - apart, journeys, together=False)
    if label.kind is LabelKind.NEVER_NOTIFY:
        held = any(
            journey.journey_id == label.journey_id or mostly(texts_in(journey), label.texts) for journey in journeys
        )
        return LabelState.HOLDS if held else LabelState.GONE
    journey = labelled_journey(label, journeys)
    if journey is None:
        return LabelState.GONE
    if label.kind is LabelKind.RENAME:
        own = journey.named_by is NamedBy.PERSON and journey.name == label.name
        return LabelState.HOLDS if own else LabelState.OVERRULED
    if label.kind is LabelKind.OVER and has_lapsed(label, journey):
        return LabelState.LAPSED
    return LabelState.HOLDS


def _grouped(one: frozenset[str], other: frozenset[str], journeys: Sequence[Journey], *, together: bool) -> LabelState:
    """Of texts that are to be in one journey, or not to be: whether they are, as long as there are any."""
    groups = [texts_in(journey) for journey in journeys]
    of_one, of_other = any(group & one for group in groups), any(group & other for group in groups)
    if not (of_one or of_other) or (together and not (of_one and of_other)):
        return LabelState.GONE
    mixed = any(group & one and group & other for group in groups)
    return LabelState.HOLDS if mixed is together else LabelState.OVERRULED
