"""What a user is told about: the best of his ongoing journeys, or what it leads to; and what an interest-based system
would tell him, for comparison."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from chains.expansion import RelationKind
from chains.journeys import Journey, Term
from chains.notification import Option, Reason, Sent, TargetKind
from chains.notification_rules import NotifyPolicy, refuse_journey, refuse_target
from chains.recommendation import Expansion, RelatedJourney
from vectorstore.activity import Activity, normalize

#: Days after which activity counts half for an interest, the baseline that did best in replays.
INTEREST_HALF_LIFE = 14.0
_KEYWORDS = 8
_DIGITS = 9
_ORDER = tuple(Reason)
_STILL_LEADS = {None, Reason.COOL_DOWN, Reason.REPEATS}


@dataclass(frozen=True, slots=True)
class Choice:
    """options: what may be told, the best first. refused: how many of the others, by reason. nearest: the reason of
    the one that came nearest to being told, None where there are none."""

    options: tuple[Option, ...]
    refused: Mapping[Reason, int]
    nearest: Reason | None = None


def journey_options(
    journeys: Sequence[Journey],
    related: Sequence[RelatedJourney],
    never: Collection[str],
    sent: Sequence[Sent],
    day: date,
    policy: NotifyPolicy,
) -> Choice:
    """Of a user's journeys and what they lead to, those that may be told, by score, each with its penalty in it.

    A related journey is told only where the journey that leads there most might be told itself but for having been told
    of lately, and not where only the meaning is near: nobody went from the one to the other.
    """
    reasons: dict[str, Reason | None] = {}
    options: list[Option] = []
    # Not diversified: one message takes one journey.
    ordered = sorted(journeys, key=lambda each: (-round(each.base_score, _DIGITS), each.rank))
    for journey in ordered:
        reason, score = refuse_journey(journey, never, policy), journey.base_score
        if reason is None:
            reason, score = refuse_target(
                journey.journey_id, journey.name, score, policy.score_floor, sent, day, policy
            )
        reasons[journey.journey_id] = reason
        if reason is None:
            options.append(_own(journey, score))
    by_id = {journey.journey_id: journey for journey in journeys}
    for each in related:
        source = each.because[0].journey_id
        if source not in by_id or reasons[source] not in _STILL_LEADS or _only_near(each):
            continue
        reason, score = refuse_target(each.entry_id, each.name, each.score, policy.expansion_floor, sent, day, policy)
        if reason is None:
            options.append(_led_to(each, by_id[source], score))
    refused = Counter(reason for reason in reasons.values() if reason)
    options.sort(key=lambda option: (-round(option.score, _DIGITS), option.target_id))
    return Choice(tuple(options), dict(sorted(refused.items())), max(refused, key=_ORDER.index, default=None))


def interest_options(
    events: Sequence[Activity],
    entry_of: Mapping[str, str],
    entries: Mapping[str, Expansion],
    sent: Sequence[Sent],
    as_of: datetime,
    policy: NotifyPolicy,
) -> Iterator[Option]:
    """The shared interests that hold enough of the events, the best first: that with most of them, each worth half
    after 14 days; of equals the one met last.

    events: of the user, in order of time, without what must not be told. entry_of: by normalized text the entry of the
    catalogue that it is nearest to, where one is near. It knows nothing of journeys, nor of whether they have ended.
    The score is the share of the worth of all events.
    """
    worth: defaultdict[str, float] = defaultdict(float)
    last: dict[str, int] = {}
    total = 0.0
    keys = {text: normalize(text) for text in {event.text for event in events}}
    counts = Counter(entry_of.get(keys[event.text]) for event in events)
    for place, event in enumerate(events):
        value = 0.5 ** ((as_of - event.timestamp) / timedelta(days=INTEREST_HALF_LIFE))
        total += value
        entry_id = entry_of.get(keys[event.text])
        if entry_id is not None and entry_id in entries:
            worth[entry_id] += value
            last[entry_id] = place
    for entry_id in sorted(worth, key=lambda own: (-round(worth[own], _DIGITS), -last[own])):
        entry = entries[entry_id].entry
        share = min(worth[entry_id] / total, 1.0) if total else 0.0
        # What was done once among hundreds is no interest.
        if round(share, _DIGITS) < policy.interest_floor:
            return
        reason, _ = refuse_target(entry_id, entry.name, 1.0, 0.0, sent, as_of.date(), policy)
        if reason is None:
            term = Term(
                name="share of recent activity", value=f"{counts[entry_id]} of {len(events)} events", contribution=share
            )
            keywords = tuple(keyword.text for keyword in entry.keywords)
            yield Option(
                TargetKind.INTEREST,
                entry_id,
                entry.name,
                share,
                (term,),
                keywords=keywords[:_KEYWORDS],
                written=keywords,
            )


def _own(journey: Journey, score: float) -> Option:
    keywords = tuple(keyword.text for keyword in journey.keywords)
    return Option(
        kind=TargetKind.JOURNEY,
        target_id=journey.journey_id,
        name=journey.name,
        score=score,
        terms=(*journey.terms, *_penalty(journey.base_score, score)),
        source_id=journey.journey_id,
        source=journey.name,
        journey_kind=journey.kind,
        keywords=tuple(each.text for each in journey.keywords if each.events > 1)[:_KEYWORDS],
        written=(*keywords, *journey.texts),
    )


def _led_to(related: RelatedJourney, source: Journey, score: float) -> Option:
    relation = related.because[0].relation
    terms = [Term(name="journey that leads there", value=source.name, contribution=round(source.base_score, 6))]
    if relation is not None:
        terms.append(Term(name="relation", value=str(relation.kind), contribution=round(relation.strength, 6)))
    return Option(
        kind=TargetKind.EXPANSION,
        target_id=related.entry_id,
        name=related.name,
        score=score,
        terms=(*terms, *_penalty(related.score, score)),
        source_id=source.journey_id,
        source=source.name,
        journey_kind=source.kind,
        keywords=related.keywords[:_KEYWORDS],
        written=(*related.keywords, *(keyword.text for keyword in source.keywords), *source.texts),
    )


def _only_near(related: RelatedJourney) -> bool:
    relation = related.because[0].relation
    return relation is not None and relation.kind is RelationKind.NEAR


def _penalty(before: float, after: float) -> tuple[Term, ...]:
    if round(after, _DIGITS) == round(before, _DIGITS):
        return ()
    return (Term(name="told of like it lately", value=f"times {after / before:.3g}", contribution=after - before),)
