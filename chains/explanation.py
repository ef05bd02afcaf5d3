"""Why a journey is claimed, and why it ranks where it ranks, in plain words with dated receipts."""

from collections.abc import Sequence
from itertools import islice

from chains.journeys import Journey, JourneyKeyword, Receipt, Term
from chains.ranking import START
from chains.showable import fit_to_show
from chains.wording import count_text, date_text, days_text, shortened
from vectorstore.activity import Activity, ActivityKind

RECEIPTS = 6
_LONGEST_SHOWN = 120

_TELLING = {
    ActivityKind.BOARD: 3.0,
    ActivityKind.SAVE: 2.0,
    ActivityKind.SEARCH: 1.5,
    ActivityKind.CLICKTHROUGH: 1.0,
    ActivityKind.CLOSEUP: 0.5,
}
_DID = {
    ActivityKind.SEARCH: "searched",
    ActivityKind.CLOSEUP: "opened",
    ActivityKind.SAVE: "saved",
    ActivityKind.CLICKTHROUGH: "clicked",
    ActivityKind.BOARD: "made board",
}


def receipts(events: Sequence[Activity], central: dict[str, float]) -> tuple[Receipt, ...]:
    """Up to six events that show most, in order of time: the first and the last, then distinct telling ones.

    events: of the journey, in order of time, at least one. central: by text, its cosine to the journey's middle.
    """
    ranked = sorted(
        range(len(events)),
        key=lambda place: (-(_TELLING[events[place].kind] * (0.3 + central[events[place].text])), place),
    )
    chosen: dict[int, str] = {0: events[0].text, len(events) - 1: events[-1].text}
    for fresh in (True, False):
        for place in ranked:
            if len(chosen) >= RECEIPTS:
                break
            if place not in chosen and not (fresh and events[place].text in chosen.values()):
                chosen[place] = events[place].text
        if len(chosen) >= min(3, len(events)):
            break
    return tuple(
        Receipt(
            activity_id=events[place].activity_id,
            timestamp=events[place].timestamp,
            kind=events[place].kind,
            text=events[place].text,
            item_id=events[place].item_id,
        )
        for place in sorted(chosen)
    )


def describe(events: Sequence[Activity], days: int, keywords: Sequence[JourneyKeyword]) -> str:
    """One sentence about the interest, never about the person. Of the keywords, the first three that may be shown."""
    kinds = {kind: sum(event.kind is kind for event in events) for kind in ActivityKind}
    pins = sum(kinds[kind] for kind in (ActivityKind.CLOSEUP, ActivityKind.SAVE, ActivityKind.CLICKTHROUGH))
    parts = [
        count_text(count, noun)
        for count, noun in (
            (kinds[ActivityKind.SEARCH], "search"),
            (pins, "pin action"),
            (kinds[ActivityKind.BOARD], "board"),
        )
        if count
    ]
    span = (events[-1].timestamp.date() - events[0].timestamp.date()).days + 1
    when = f"on {count_text(days, 'day')}" + (f" within {days_text(span)}" if span > days else "")
    showable = (shortened(keyword.text, _LONGEST_SHOWN) for keyword in keywords if fit_to_show(keyword.text))
    about = ", ".join(islice(showable, 3))
    return f"{', '.join(parts)} {when}" + (f"; among them: {about}." if about else ".")


def explain(journey: Journey, because: Sequence[str] = ()) -> str:
    """The whole claim as text: what, how often, when, the receipts, the stage, and the terms of the score.

    because: lines in the place of the receipts.
    """
    lines = [
        f"{journey.name}: {journey.kind}, {journey.stage} ({journey.stage_reason}).",
        f"{count_text(journey.events, 'event')} on {count_text(journey.active_days, 'day')}, "
        f"from {date_text(journey.first_seen)} to {date_text(journey.last_seen)}; confidence {journey.confidence:.0%}.",
        *(because or _receipt_lines(journey.receipts)),
        f"Rank {journey.rank}, score {journey.score:.3f}:",
        *(f"  {_signed(term.contribution)}  {term.name}: {term.value}" for term in _largest_first(journey.terms)),
    ]
    if journey.diversification < 1:
        lines.append(f"  × {journey.diversification:.3f}  diversification: near to journeys that rank higher")
    if journey.safety.category:
        lines.append(f"Safety: {journey.safety.category}, {journey.safety.policy} ({journey.safety.because}).")
    return "\n".join(lines)


def _receipt_lines(receipts: Sequence[Receipt]) -> list[str]:
    told = (f"  {date_text(r.timestamp)}  {_DID[r.kind]} “{shortened(r.text, _LONGEST_SHOWN)}”" for r in receipts)
    return ["Because of:", *told]


def _largest_first(terms: Sequence[Term]) -> list[Term]:
    """The start, then what moved the score most from there, up or down."""
    return sorted(terms, key=lambda term: (term.name != START, -round(abs(term.contribution), 6)))


def _signed(contribution: float) -> str:
    """+0.120 or -0.120; what rounds to nothing has no minus."""
    return f"{round(contribution, 3) + 0.0:+.3f}"
