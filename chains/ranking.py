"""Which journeys come first: a pointwise score whose terms add up, then diversification."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from chains.journeys import Stage, Term
from chains.wording import count_text, days_text
from vectorstore.activity import Activity, ActivityKind, days_of

#: How much each term can add at most; they sum to 1, so the score lies in [0, 1].
WEIGHTS = {"recency": 0.35, "engagement": 0.20, "persistence": 0.20, "share": 0.15, "ongoing": 0.10}

_EFFORT = {
    ActivityKind.SEARCH: 1.0,
    ActivityKind.CLOSEUP: 0.5,
    ActivityKind.CLICKTHROUGH: 1.0,
    ActivityKind.SAVE: 2.0,
    ActivityKind.BOARD: 2.0,
}
_HALF_LIFE_DAYS = 14.0
_RECENT = timedelta(days=28)
_MUCH_EFFORT = 20.0
_MANY_DAYS = 6.0


@dataclass(frozen=True, slots=True)
class Score:
    """base: sum of the terms' contributions, in [0, 1]."""

    base: float
    terms: tuple[Term, ...]


def score(events: Sequence[Activity], recent_of_user: int, stage: Stage, as_of: datetime) -> Score:
    """events: the journey's. recent_of_user: all events of the user within 28 days before as_of."""
    silent = (as_of - max(event.timestamp for event in events)) / timedelta(days=1)
    effort = sum(_EFFORT[event.kind] for event in events)
    days = len(days_of(events))
    recent = sum(event.timestamp > as_of - _RECENT for event in events)
    share = recent / recent_of_user if recent_of_user else 0.0
    measured = (
        ("recency", 0.5 ** (silent / _HALF_LIFE_DAYS), f"last activity {days_text(silent)} ago"),
        ("engagement", 1 - float(np.exp(-effort / _MUCH_EFFORT)), _engagement_text(events)),
        ("persistence", 1 - float(np.exp(-days / _MANY_DAYS)), f"active on {count_text(days, 'day')}"),
        ("share", share, f"{share:.0%} of the activity of the last 28 days"),
        ("ongoing", float(stage is Stage.ONGOING), str(stage)),
    )
    terms = tuple(Term(name=name, value=text, contribution=WEIGHTS[name] * value) for name, value, text in measured)
    return Score(sum(term.contribution for term in terms), terms)


def _engagement_text(events: Sequence[Activity]) -> str:
    counts = {kind: sum(event.kind is kind for event in events) for kind in ActivityKind}
    return ", ".join(count_text(count, kind) for kind, count in counts.items() if count)


def diversify(
    scores: Sequence[float], vectors: NDArray[np.float32], *, penalty: float = 0.95, threshold: float = 0.5
) -> list[float]:
    """The factor by which each score shrinks, in (0, 1], in the order given.

    In order of score, a journey with k journeys before it whose cosine to it is over the threshold keeps
    penalty ** k of its score (Pinterest Engineering, October 2025). vectors: (n, d), unit length.
    """
    order = sorted(range(len(scores)), key=lambda place: -scores[place])
    similarity = vectors @ vectors.T
    factors = [1.0] * len(scores)
    for position, place in enumerate(order):
        before = sum(bool(similarity[place, other] > threshold) for other in order[:position])
        factors[place] = penalty**before
    return factors
