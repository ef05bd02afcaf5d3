"""Journeys made for tests: all that a test does not name has a plain value."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from chains.journeys import Journey, JourneyKeyword, Kind, NamedBy, Receipt, Stage, Term, Verdict
from vectorstore.activity import ActivityKind, normalize

JUNE = datetime(2026, 6, 1, tzinfo=UTC)


def make_journey(
    user_id: str = "anna",
    journey_id: str = "j1",
    *,
    texts: Sequence[str] | Mapping[str, float] = ("venue", "dress"),
    name: str | None = None,
    rank: int = 1,
    events: int | None = None,
    last_seen: datetime = JUNE,
    first_seen: datetime = JUNE - timedelta(days=30),
    stage: Stage = Stage.ONGOING,
    stage_reason: str = "last event 2 days ago",
    kind: Kind = Kind.SITUATIONAL,
    named_by: NamedBy = NamedBy.KEYWORD,
    safety: Verdict | None = None,
    keyword_name: str = "",
    model: str = "",
    prompt_version: str = "",
    receipts: int = 1,
) -> Journey:
    """texts: each is a keyword too, with the weight given or 1. name: the first text if not given."""
    weights = dict(texts) if isinstance(texts, Mapping) else dict.fromkeys(texts, 1.0)
    first = next(iter(weights))
    return Journey(
        user_id=user_id,
        journey_id=journey_id,
        rank=rank,
        name=name or first,
        description="",
        keywords=tuple(JourneyKeyword(text=text, weight=weight, events=1) for text, weight in weights.items()),
        texts=tuple(sorted({normalize(text) for text in weights})),
        kind=kind,
        stage=stage,
        stage_reason=stage_reason,
        confidence=0.8,
        score=0.5,
        base_score=0.5,
        diversification=1.0,
        terms=(Term(name="recency", value="2 days", contribution=0.5),),
        first_seen=first_seen,
        last_seen=last_seen,
        events=len(weights) if events is None else events,
        active_days=1,
        named_by=named_by,
        keyword_name=keyword_name,
        model=model,
        prompt_version=prompt_version,
        safety=safety or Verdict(),
        receipts=tuple(
            Receipt(activity_id=f"{i:032x}", timestamp=JUNE, kind=ActivityKind.SEARCH, text=first)
            for i in range(receipts)
        ),
        as_of=JUNE,
    )
