"""A keyword as a store keeps it: an id, and JSON that holds all of its events. The round trip is exact.

The whole keyword is one JSON string beside the fields that a store filters by. One string goes in two and a half times
as fast as nested fields do with Qdrant's engine, and Chroma's metadata knows no nesting.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource
from vectorstore.errors import StoreError

_NAMESPACE = UUID("6f1d3c52-0f0e-5b0a-9d0c-3f6f5a0f2d11")


def point_id(user_id: str, key: str) -> UUID:
    """The same id for the same user and key, on every machine and in every store."""
    # The length keeps ("a", "bc") apart from ("ab", "c").
    return uuid5(_NAMESPACE, f"{len(user_id)}:{user_id}{key}")


def to_json(keyword: Keyword) -> str:
    """The keyword without its user, which stands in a field of its own.

    Raises StoreError where an event belongs to another user than the keyword.
    """
    events = []
    for event in keyword.events:
        if event.user_id != keyword.user_id:
            raise StoreError(
                f"keyword {keyword.text[:60]!r} of user {keyword.user_id!r} carries an event of user "
                f"{event.user_id!r}: give each user keywords of their own"
            )
        events.append(
            (event.timestamp.isoformat(), event.kind, event.text, event.item_id, event.board, event.annotations)
        )
    fields = {"text": keyword.text, "source": keyword.source, "events": events}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def from_json(user_id: str, text: str) -> Keyword:
    """The keyword that `to_json` wrote. Raises StoreError where the text is something else."""
    try:
        fields = json.loads(text)
        events = tuple(_event(user_id, *event) for event in fields["events"])
        return Keyword(user_id, fields["text"], KeywordSource(fields["source"]), events)
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(
            f"the keyword store holds a damaged keyword of user {user_id!r}: "
            "move the store's folder away and run `journeys ingest` again"
        ) from error


def _event(
    user_id: str, timestamp: str, kind: str, text: str, item_id: str | None, board: str | None, annotations: list[Any]
) -> Activity:
    moment = datetime.fromisoformat(timestamp)
    return Activity(user_id, moment, ActivityKind(kind), text, item_id, board, tuple(annotations))


def chunks(sizes: Sequence[int], *, most: int, weight: int) -> Iterator[slice]:
    """Consecutive slices of at most `most` items whose sizes add up to at most `weight`; a bigger item goes alone."""
    start = total = 0
    for end, size in enumerate(sizes):
        if end > start and (end - start == most or total + size > weight):
            yield slice(start, end)
            start, total = end, 0
        total += size
    if start < len(sizes):
        yield slice(start, len(sizes))
