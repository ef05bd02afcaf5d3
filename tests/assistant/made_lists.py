"""Lists of journeys made for tests of rankings."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from assistant.evaluation.ranked_lists import RankedList
from chains.measures import Measures
from vectorstore.activity import ActivityKind

NOW = datetime(2026, 5, 1, tzinfo=UTC)


def made_list(
    user_id: str, days: Sequence[int], silent: Sequence[float], active_days: Sequence[int] = (), *, known: bool = True
) -> RankedList:
    """Journeys j0, j1, ... called "Journey 0", ... that lie at right angles to each other."""
    count = len(days)
    return RankedList(
        user_id=user_id,
        as_of=NOW,
        journey_ids=tuple(f"j{place}" for place in range(count)),
        names=tuple(f"Journey {place}" for place in range(count)),
        measures=tuple(
            Measures(
                silent=quiet,
                passed_days=int(quiet),
                active_days=own,
                user_days=50,
                fresh_days=own * 0.5 ** (quiet / 14),
                week_days=int(quiet < 7),
                fresh_share=1 / (1 + quiet),
                counts=((ActivityKind.SEARCH, own + 1),),
            )
            for quiet, own in zip(silent, active_days or [2] * count, strict=True)
        ),
        days=np.array(days),
        known=np.full(count, known),
        hand=np.zeros(count),
        centres=np.eye(count, dtype=np.float32),
    )
