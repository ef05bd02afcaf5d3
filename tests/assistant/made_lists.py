"""Lists of journeys made for tests of rankings."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from assistant.evaluation.ranked_lists import RankedList
from chains.measures import History, measure
from vectorstore.activity import Activity, ActivityKind

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def made_events(user_id: str, name: str, silent: float, active_days: int) -> list[Activity]:
    """Searches on so many days in a row, one a day and one more at the very last, so many days back."""
    last = NOW - timedelta(days=silent)
    moments = [last - timedelta(days=day) for day in range(active_days)] + [last]
    return [
        Activity(user_id=user_id, timestamp=moment, kind=ActivityKind.SEARCH, text=f"{name} {place}")
        for place, moment in enumerate(moments)
    ]


def made_list(
    user_id: str, days: Sequence[int], silent: Sequence[float], active_days: Sequence[int] = (), *, known: bool = True
) -> RankedList:
    """Journeys j0, j1, ... called "Journey 0", ... that lie at right angles to each other."""
    count = len(days)
    own = [
        made_events(user_id, f"j{place}", quiet, active)
        for place, (quiet, active) in enumerate(zip(silent, active_days or [2] * count, strict=True))
    ]
    history = History.of([event for events in own for event in events], NOW)
    return RankedList(
        user_id=user_id,
        as_of=NOW,
        journey_ids=tuple(f"j{place}" for place in range(count)),
        names=tuple(f"Journey {place}" for place in range(count)),
        measures=tuple(measure(events, len(events), history) for events in own),
        days=np.array(days),
        known=np.full(count, known),
        hand=np.zeros(count),
        centres=np.eye(count, dtype=np.float32),
    )
