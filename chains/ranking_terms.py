"""The terms of the score: what each looks at, how it is said, and where its learned curve bends."""

from collections.abc import Callable
from dataclasses import dataclass

from chains.measures import Measures
from chains.wording import count_text, days_text


@dataclass(frozen=True, slots=True)
class TermKind:
    """One term. measures: what it looks at, for a person. quantity: at least 0. told: the measured value in words.

    at: rising quantities between which the learned curve is straight. logarithmic: straight on the scale of
    log(1 + quantity), on which one more matters less the more there are. rising: the curve may only rise, else only
    fall, so that no one is told that a journey ranks low because it is busy.
    """

    name: str
    measures: str
    quantity: Callable[[Measures], float]
    told: Callable[[Measures], str]
    at: tuple[float, ...]
    logarithmic: bool = True
    rising: bool = True


def _passed_text(measures: Measures) -> str:
    if not measures.passed_days:
        return "part of the latest active day"
    return f"{count_text(measures.passed_days, 'later active day')} without it"


def _freshness_text(measures: Measures) -> str:
    if measures.fresh_days < 0.05:
        return "hardly any of its active days is recent"
    return f"{measures.fresh_days:.1f} active days, older ones counting less"


def _week_text(measures: Measures) -> str:
    return f"active on {count_text(measures.week_days, 'day') if measures.week_days else 'no day'} of the last week"


def _regularity_text(measures: Measures) -> str:
    own, every = measures.active_days, measures.user_days
    if own == every:
        return "on every active day since it began" if every > 1 else "on the only active day since it began"
    return f"on {own} of {count_text(every, 'active day')} since it began"


def _share_text(measures: Measures) -> str:
    part = f"{measures.fresh_share:.0%}" if measures.fresh_share >= 0.005 else "less than 1%"
    return f"{part} of all activity, older activity counting less"


def _engagement_text(measures: Measures) -> str:
    return ", ".join(count_text(count, kind) for kind, count in measures.counts)


TERMS = (
    TermKind(
        "recency",
        "days since the last activity",
        lambda m: m.silent,
        lambda m: f"last activity {days_text(m.silent)} ago",
        (0, 1, 3, 7, 14, 28, 56, 112),
        rising=False,
    ),
    TermKind(
        "passed over",
        "later days on which the user was active otherwise",
        lambda m: m.passed_days,
        _passed_text,
        (0, 1, 2, 4, 8, 16, 32),
        rising=False,
    ),
    TermKind(
        "persistence",
        "active days",
        lambda m: m.active_days,
        lambda m: f"active on {count_text(m.active_days, 'day')}",
        (1, 2, 3, 5, 8, 13, 21),
    ),
    TermKind(
        "freshness",
        "active days, each counting half as much for every 14 days that it lies back",
        lambda m: m.fresh_days,
        _freshness_text,
        (0, 0.25, 0.5, 1, 2, 4, 8),
    ),
    TermKind(
        "last week",
        "active days within the last 7 days",
        lambda m: m.week_days,
        _week_text,
        (0, 1, 2, 4),
    ),
    TermKind(
        "regularity",
        "share of the user's active days since the journey began",
        lambda m: m.day_share,
        _regularity_text,
        (0, 0.1, 0.25, 0.5, 0.75, 1),
        logarithmic=False,
    ),
    TermKind(
        "share",
        "share of the user's activity, counting half as much for every 14 days that it lies back",
        lambda m: m.fresh_share,
        _share_text,
        (0, 0.05, 0.15, 0.4, 1),
        logarithmic=False,
    ),
    TermKind(
        "engagement",
        "events, a save or board counting 2, a closeup 0.5",
        lambda m: m.effort,
        _engagement_text,
        (0.5, 1, 2, 4, 8, 16, 32, 64),
    ),
)
TERM_NAMES = tuple(term.name for term in TERMS)
