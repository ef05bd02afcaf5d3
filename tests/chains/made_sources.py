"""A journey of a user, of which a test names what it needs."""

from datetime import UTC, datetime

from chains.journeys import Journey, JourneyKeyword, Kind, Stage, Verdict

JUNE = datetime(2026, 6, 3, tzinfo=UTC)


def journey_of(
    user_id: str,
    *texts: str,
    journey_id: str = "j1",
    name: str = "",
    score: float = 0.8,
    stage: Stage = Stage.ONGOING,
    safety: Verdict | None = None,
) -> Journey:
    """name: the first text if not given."""
    return Journey(
        user_id=user_id,
        journey_id=journey_id,
        rank=1,
        name=name or texts[0],
        description="",
        keywords=tuple(JourneyKeyword(text=text, weight=1.0, events=1) for text in texts),
        texts=texts,
        kind=Kind.SITUATIONAL,
        stage=stage,
        stage_reason="",
        confidence=0.8,
        score=score,
        base_score=score,
        diversification=1.0,
        terms=(),
        first_seen=JUNE,
        last_seen=JUNE,
        events=14,
        active_days=6,
        safety=safety or Verdict(),
        receipts=(),
        as_of=JUNE,
    )
