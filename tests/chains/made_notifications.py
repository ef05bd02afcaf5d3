"""Journeys, recipients and options for tests of notifications; what a test does not name has a plain value."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from chains.journeys import Journey, JourneyKeyword, Kind, Policy, Stage, Term, Verdict
from chains.notification import Channel, Option, Recipient, TargetKind
from chains.recommendation import Reason as Because
from chains.recommendation import RelatedJourney
from vectorstore.activity import normalize

NOW = datetime(2026, 6, 10, tzinfo=UTC)


def made_journey(
    journey_id: str = "j1",
    score: float = 0.8,
    *,
    name: str = "Garden paths",
    texts: Sequence[str] = ("garden path", "gravel path"),
    rank: int = 1,
    stage: Stage = Stage.ONGOING,
    policy: Policy = Policy.ALLOW,
    confidence: float = 0.9,
) -> Journey:
    return Journey(
        user_id="ann",
        journey_id=journey_id,
        rank=rank,
        name=name,
        description="",
        keywords=tuple(JourneyKeyword(text=text, weight=1, events=1) for text in texts),
        texts=tuple(sorted({normalize(text) for text in texts})),
        kind=Kind.SITUATIONAL,
        stage=stage,
        stage_reason="",
        confidence=confidence,
        score=score,
        base_score=score,
        diversification=1,
        terms=(Term(name="recency", value="2 days", contribution=score),),
        first_seen=NOW - timedelta(days=30),
        last_seen=NOW - timedelta(days=1),
        events=4,
        active_days=2,
        safety=Verdict(policy=policy, category=None if policy is Policy.ALLOW else "health"),
        receipts=(),
        as_of=NOW,
    )


def made_related(
    entry_id: str = "e1", score: float = 0.2, *, name: str = "Rain barrels", source: str = "j1"
) -> RelatedJourney:
    because = Because(journey_id=source, name="Garden paths", last_seen=NOW, events=4, active_days=2, text="")
    return RelatedJourney(
        entry_id=entry_id, name=name, keywords=(name.lower(),), score=score, diversification=1, because=(because,)
    )


def made_recipient(
    *,
    email: bool = True,
    push: bool = True,
    zone: str = "",
    minor: bool = False,
    channel: str = "",
) -> Recipient:
    return Recipient("ann", {Channel.EMAIL: email, Channel.PUSH: push}, zone=zone, minor=minor, channel=channel)


def made_option(
    name: str = "Garden paths",
    kind: TargetKind = TargetKind.JOURNEY,
    *,
    journey_kind: Kind = Kind.SITUATIONAL,
    keywords: Sequence[str] = (),
    source: str = "",
    written: Sequence[str] = (),
) -> Option:
    return Option(
        kind,
        "t1",
        name,
        0.8,
        source_id="j1",
        source=source or name,
        journey_kind=journey_kind,
        keywords=tuple(keywords),
        written=tuple(written),
    )
