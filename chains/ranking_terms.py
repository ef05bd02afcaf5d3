"""The terms of the score: what each looks at, from which features of the rhythm it is made, and how it is said."""

from collections.abc import Callable
from dataclasses import dataclass

from chains.measures import Measures
from chains.wording import count_text, days_text


@dataclass(frozen=True, slots=True)
class TermKind:
    """One term. measures: what it looks at, for a person. features: those of chains.rhythm that it weighs; no two terms
    weigh the same. main: of these the ones that tell most in every log; the others only correct them. told: what was
    measured, in words."""

    name: str
    measures: str
    features: tuple[str, ...]
    main: tuple[str, ...]
    told: Callable[[Measures], str]


def _recent_text(measures: Measures) -> str:
    week, month = measures.week_days, measures.month_days
    if not month:
        return "active on no day of the last 28"
    return f"active on {count_text(month, 'day')} of the last 28, {week or 'none'} of them in the last week"


def _persistence_text(measures: Measures) -> str:
    own, every = measures.active_days, measures.user_days
    if own == every:
        return "on every active day since it began" if every > 1 else "on the only active day since it began"
    return f"on {own} of {count_text(every, 'active day')} since it began"


def _engagement_text(measures: Measures) -> str:
    counts = ", ".join(count_text(count, kind) for kind, count in measures.counts)
    return f"{counts}; {count_text(measures.texts, 'text')}"


def _rhythm_text(measures: Measures) -> str:
    if measures.usual_pause is None:
        return "one active day, so no rhythm yet"
    return f"usually every {days_text(measures.usual_pause).removeprefix('1 ')}"


def _attention_text(measures: Measures) -> str:
    part = f"{measures.share:.0%}" if measures.share >= 0.005 else "less than 1%"
    later = count_text(measures.passed_days, "later active day") if measures.passed_days else "no later active day"
    return f"on {part} of the user's active days, recent ones counting more; {later} without it"


TERMS = (
    TermKind(
        "recency",
        "days since the last activity",
        ("gap",),
        ("gap",),
        lambda measures: f"last activity {days_text(measures.silent)} ago",
    ),
    TermKind(
        "recent days",
        "active days, each counting less the longer ago, by the week, the month and the season",
        ("week", "month", "season"),
        ("month", "season"),
        _recent_text,
    ),
    TermKind(
        "persistence",
        "active days, how long since the first, and how many of the user's they are",
        ("days", "rate", "once", "age", "presence"),
        ("days", "rate"),
        _persistence_text,
    ),
    TermKind("engagement", "distinct texts and events", ("texts", "events"), ("texts",), _engagement_text),
    TermKind(
        "rhythm",
        "the usual pause between active days, and the silence against it",
        ("usual_pause", "gap_to_pause", "burstiness"),
        (),
        _rhythm_text,
    ),
    TermKind(
        "attention",
        "share of the user's recent active days, and later ones without it",
        ("share", "passed_over"),
        (),
        _attention_text,
    ),
)
TERM_NAMES = tuple(term.name for term in TERMS)
RANK_FEATURES = tuple(name for term in TERMS for name in term.features)
#: Features whose weights are never below nothing, and never above it: silence must not lift a journey in any log.
LIFTING = ("week", "month", "season", "share")
LOWERING = ("gap", "gap_to_pause", "passed_over")
