"""Journeys of one user made from activities, for the tests of what a model writes of them."""

from collections import Counter
from collections.abc import Sequence

from chains.explanation import describe
from chains.journeys import Journey, JourneyKeyword, Kind, Policy, Stage, Verdict
from chains.keywords import extract_keywords
from chains.wording import shortened
from vectorstore.activity import Activity, Keyword, days_of, in_order


def journey_of(activities: Sequence[Activity], name: str, *, rank: int = 1, policy: Policy = Policy.ALLOW) -> Journey:
    """All the activities as one journey, named by a keyword."""
    events = in_order(activities)
    counts = Counter(event.text for event in events)
    most = max(counts.values())
    keywords = tuple(JourneyKeyword(text=text, weight=n / most, events=n) for text, n in counts.most_common(30))
    return Journey(
        user_id=events[0].user_id,
        journey_id=f"journey-{rank}",
        rank=rank,
        name=name,
        description=describe(events, len(days_of(events)), keywords),
        keywords=keywords,
        texts=tuple(sorted(counts)),
        kind=Kind.SITUATIONAL,
        stage=Stage.ONGOING,
        stage_reason="last active today",
        confidence=0.9,
        score=1 / (1 + rank),
        base_score=1 / (1 + rank),
        diversification=1.0,
        terms=(),
        first_seen=events[0].timestamp,
        last_seen=events[-1].timestamp,
        events=len(events),
        active_days=len(days_of(events)),
        safety=Verdict(policy=policy, category=None if policy is Policy.ALLOW else "health"),
        receipts=(),
        as_of=events[-1].timestamp,
    )


def journeys_of(groups: Sequence[tuple[str, Sequence[Activity]]]) -> tuple[list[Journey], list[Keyword]]:
    """By name, each group a journey, ranked in order; and the keywords of all."""
    journeys = [journey_of(events, name, rank=rank) for rank, (name, events) in enumerate(groups, 1)]
    return journeys, extract_keywords([event for _, events in groups for event in events])


def first_text(activities: Sequence[Activity]) -> str:
    """A name for want of a better one."""
    return shortened(activities[0].text, 60)
