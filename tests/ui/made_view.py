"""Journeys and activity made by hand, for what is drawn."""

from datetime import UTC, datetime, timedelta

from chains.journeys import Journey, JourneyKeyword, Kind, Receipt, Stage, Term
from vectorstore.activity import Activity, ActivityKind

BEGIN = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
AS_OF = BEGIN + timedelta(days=60)


def event(text: str, day: float, kind: ActivityKind = ActivityKind.SEARCH, user: str = "ann") -> Activity:
    return Activity(user, BEGIN + timedelta(days=day), kind, text)


def journey(name: str = "Wedding", rank: int = 1, *texts: str, journey_id: str = "", **changed: object) -> Journey:
    texts = texts or ("wedding venue", "wedding cake")
    made = Journey(
        user_id="ann",
        journey_id=journey_id or f"{rank:012x}",
        rank=rank,
        name=name,
        description="2 searches on 2 days.",
        keywords=tuple(JourneyKeyword(text=text, weight=1.0, events=1) for text in texts),
        texts=texts,
        kind=Kind.SITUATIONAL,
        stage=Stage.ONGOING,
        stage_reason="active until 1 May 2026",
        return_probability=0.5,
        confidence=0.62,
        score=0.684,
        base_score=0.72,
        diversification=0.95,
        terms=(
            Term(name="start", value="a mean journey", contribution=0.6),
            Term(name="recency", value="1 day ago", contribution=0.2),
            Term(name="engagement", value="2 texts", contribution=-0.08),
        ),
        first_seen=BEGIN,
        last_seen=BEGIN + timedelta(days=10),
        events=2,
        active_days=2,
        receipts=(Receipt(activity_id="a", timestamp=BEGIN, kind=ActivityKind.SEARCH, text=texts[0]),),
        as_of=AS_OF,
        run_id="run-000001",
    )
    return made.model_copy(update=changed)
