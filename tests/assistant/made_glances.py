"""Snapshots made by hand."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np

from assistant.snapshot import Glance, Snapshot, week_of
from chains.catalogue import Entry
from chains.entry_words import EntryKeyword
from chains.journeys import Kind, Stage
from chains.texts import Floats

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)
LAST = week_of(AS_OF) - 1


def entry(entry_id: str, users: int = 9) -> Entry:
    words = EntryKeyword(text=entry_id, users=users, weight=1.0)
    return Entry(
        entry_id=entry_id, name=entry_id.title(), name_users=users, keywords=(words,), users=users, journeys=users
    )


def glance(
    user_id: str,
    entry_id: str,
    *,
    weeks: Sequence[int] = (0,),
    began: int = 100,
    kind: Kind = Kind.SITUATIONAL,
    stage: Stage = Stage.ONGOING,
) -> Glance:
    """weeks: before the last one that is over. began: days before AS_OF."""
    return Glance(
        user_id=user_id,
        journey_id=f"{user_id}-{entry_id}",
        name=entry_id.title(),
        entry_id=entry_id,
        kind=kind,
        stage=stage,
        first_seen=AS_OF - timedelta(days=began),
        weeks=frozenset(LAST - week for week in weeks),
    )


def snapshot(glances: Sequence[Glance], *, meanings: Floats | None = None, users: Sequence[str] = ()) -> Snapshot:
    return Snapshot(
        run_id="run-000001",
        as_of=AS_OF,
        users=frozenset({each.user_id for each in glances} | set(users)),
        glances=tuple(glances),
        meanings=np.zeros((len(glances), 2), np.float32) if meanings is None else meanings,
        entries=tuple(entry(each) for each in sorted({each.entry_id for each in glances} - {""})),
        sensitive=0,
        least_users=3,
    )
