"""What to recommend to a user: related journeys and items, each with the reason, from expansions made offline.

    sources = [Source(journey, entry_id, near), ...]         # the user's journeys, all of them
    found = recommend(sources, expansions, centres, seen)    # Recommended(journeys, items)

What is said speaks of the interest and of counts, never of other persons. A journey that was called off, or that is
sensitive, brings nothing, and nothing near to it is recommended. One that has ended brings only what users go on to.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from chains.catalogue import Entry
from chains.entry_centres import EntryCentres
from chains.expansion import Relation, RelationKind
from chains.items import Item
from chains.journeys import Journey, Policy, Probability, Stage
from chains.ranking import diversify
from chains.safety import loss
from chains.texts import Floats
from chains.wording import count_text, date_text
from chains.written_by import WrittenBy
from vectorstore.activity import normalize

#: Entries as near as this to a journey that must rest are left out.
NEAR_TO_REST = 0.3
# What an ended journey still says of the next one.
_ENDED = 0.5
_REASONS = 3


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Expansion(_Part):
    """All that is kept of a catalogue entry: what it is, what it leads to, what its users engaged with."""

    entry: Entry
    relations: tuple[Relation, ...] = ()
    items: tuple[Item, ...] = ()


class Reason(_Part):
    """Why: the user's own journey with its activity, and the figures. text: both as a person would say them."""

    journey_id: str
    name: str
    last_seen: datetime
    events: int
    active_days: int
    relation: Relation | None = None
    text: str


class RelatedJourney(_Part):
    """score: in [0, 1], after diversification. because: the strongest first, at most three. written_by: the model that
    wrote name and keywords, None where they are words that users share."""

    entry_id: str
    name: str
    keywords: tuple[str, ...]
    score: Probability
    diversification: Probability
    because: tuple[Reason, ...] = Field(min_length=1)
    written_by: WrittenBy | None = None


class RecommendedItem(_Part):
    """item, text: see `Item`. users: who engaged with it. entry_id: of the journey that brings most of the score."""

    item: str
    text: str
    users: int
    entry_id: str
    score: Probability
    because: Reason


class Recommended(_Part):
    journeys: tuple[RelatedJourney, ...] = ()
    items: tuple[RecommendedItem, ...] = ()


@dataclass(frozen=True, slots=True)
class Source:
    """A journey of the user. entry_id: of the entry it belongs to, or None. weight: what it counts, in [0, 1].

    resting: the ids of entries that are not to be recommended because of it: near to what must rest, or written by a
    model and already there.
    """

    journey: Journey
    entry_id: str | None
    weight: float
    resting: frozenset[str] = frozenset()


#: What a source adds by one of its relations.
Part = tuple[float, Source, Relation]


def must_rest(journey: Journey) -> bool:
    """Whether a journey is sensitive, or was called off or lost: it brings nothing, nor does what is near to it."""
    if journey.safety.policy is not Policy.ALLOW:
        return True
    return journey.stage is Stage.ENDED and loss(journey.texts)


def source_of(journey: Journey, centre: Floats, centres: EntryCentres) -> Source:
    """centre: of the journey, (d,), see `centres_of`. It counts its score, half of that once it has ended, and nothing
    where it `must_rest`."""
    place = int(centres.match(centre[None])[0])
    entry_id = centres.ids[place] if place >= 0 else None
    if must_rest(journey):
        return Source(journey, entry_id, 0.0, centres.near(centre, NEAR_TO_REST))
    return known_source(journey, entry_id)


def known_source(journey: Journey, entry_id: str | None) -> Source:
    """A journey that need not rest, of which it is known to which entry it belongs."""
    return Source(journey, entry_id, journey.base_score * (_ENDED if journey.stage is Stage.ENDED else 1.0))


@dataclass(frozen=True, slots=True)
class RecommendOptions:
    """journeys, items: at most so many. penalty, threshold: of diversification. an_entry: at most so many items of one
    entry."""

    journeys: int = 10
    items: int = 20
    an_entry: int = 5
    penalty: float = 0.8
    threshold: float = 0.4


def recommend(
    sources: Sequence[Source],
    expansions: Mapping[str, Expansion],
    centres: EntryCentres,
    seen: Collection[str],
    options: RecommendOptions | None = None,
) -> Recommended:
    """sources: all journeys of a user. expansions: of their entries, and of what these are related to; what is missing
    is passed over. seen: what the user engaged with: items, as in `item_of`, or normalized titles."""
    options = options or RecommendOptions()
    journeys = recommend_journeys(sources, expansions, centres, options)
    return Recommended(journeys=journeys, items=recommend_items(sources, expansions, journeys, seen, options))


def recommend_journeys(
    sources: Sequence[Source],
    expansions: Mapping[str, Expansion],
    centres: EntryCentres,
    options: RecommendOptions | None = None,
) -> tuple[RelatedJourney, ...]:
    """Related entries that the user does not have, the best first; see `recommend`.

    Each source adds its score times the relation's strength, several as a noisy or: 1 - (1 - a)(1 - b).
    """
    options = options or RecommendOptions()
    left_out = {source.entry_id for source in sources}.union(*(source.resting for source in sources))
    called = {normalize(source.journey.name) for source in sources}
    parts: defaultdict[str, list[Part]] = defaultdict(list)
    for source in sources:
        expansion = expansions.get(source.entry_id or "")
        if expansion is None or not source.weight:
            continue
        for relation in expansion.relations:
            target = expansions.get(relation.entry_id)
            if target is None or relation.entry_id in left_out or relation.entry_id not in centres.place:
                continue
            # A journey may lie nearer to another entry than to the one that is called as it is.
            if normalize(target.entry.name) in called:
                continue
            if source.journey.stage is Stage.ENDED and relation.kind is not RelationKind.NEXT:
                continue
            parts[relation.entry_id].append((source.weight * relation.strength, source, relation))
    ids = sorted(parts)
    scores = [_noisy_or(part for part, _, _ in parts[entry_id]) for entry_id in ids]
    factors = diversify(scores, centres.of(ids), penalty=options.penalty, threshold=options.threshold) if ids else []
    order = sorted(range(len(ids)), key=lambda place: (-round(scores[place] * factors[place], 9), ids[place]))
    return tuple(
        _related(ids[place], scores[place], factors[place], parts[ids[place]], expansions)
        for place in order[: options.journeys]
    )


def recommend_items(
    sources: Sequence[Source],
    expansions: Mapping[str, Expansion],
    related: Sequence[RelatedJourney],
    seen: Collection[str],
    options: RecommendOptions | None = None,
) -> tuple[RecommendedItem, ...]:
    """Items of the entries of the user's ongoing journeys and of the related ones, not yet seen, the best first.

    An item's score is its own on the entry times what the entry counts for the user: the score of the journey there,
    or that of the recommendation. An item of several entries adds up as a noisy or.
    """
    options = options or RecommendOptions()
    own: dict[str, tuple[float, Reason]] = {}
    for source in sorted(sources, key=lambda source: (-source.weight, source.journey.journey_id)):
        if source.entry_id and source.weight and source.journey.stage is Stage.ONGOING:
            own.setdefault(source.entry_id, (source.weight, _reason(source.journey, "")))
    for each in related:
        own.setdefault(each.entry_id, (each.score, each.because[0]))
    resting = frozenset[str]().union(*(source.resting for source in sources))
    parts: defaultdict[str, list[tuple[float, str, Item]]] = defaultdict(list)
    for entry_id, (weight, _) in own.items():
        expansion = expansions.get(entry_id)
        for item in expansion.items if expansion and entry_id not in resting else ():
            if item.item not in seen and normalize(item.text) not in seen:
                parts[item.item].append((weight * item.score, entry_id, item))
    ranked = sorted(
        ((_noisy_or(score for score, _, _ in found), *max(found, key=_most)[1:]) for found in parts.values()),
        key=lambda each: (-round(each[0], 9), each[2].item),
    )
    taken: defaultdict[str, int] = defaultdict(int)
    chosen: list[RecommendedItem] = []
    for score, entry_id, item in ranked:
        if taken[entry_id] < options.an_entry and len(chosen) < options.items:
            taken[entry_id] += 1
            reason = own[entry_id][1]
            text = _item_text(expansions[entry_id].entry, item, reason)
            chosen.append(
                RecommendedItem(
                    item=item.item,
                    text=item.text,
                    users=item.users,
                    entry_id=entry_id,
                    score=min(score, 1.0),
                    because=reason.model_copy(update={"text": text}),
                )
            )
    return tuple(chosen)


def _most(part: tuple[float, str, Item]) -> tuple[float, str]:
    return round(part[0], 9), part[1]


def _noisy_or(parts: Iterable[float]) -> float:
    left = 1.0
    for part in sorted(parts):
        left *= 1 - min(part, 1.0)
    return min(max(1 - left, 0.0), 1.0)


def _related(
    entry_id: str, score: float, factor: float, parts: Sequence[Part], expansions: Mapping[str, Expansion]
) -> RelatedJourney:
    entry = expansions[entry_id].entry
    strongest = sorted(parts, key=lambda part: (-round(part[0], 9), part[1].journey.journey_id))[:_REASONS]
    return RelatedJourney(
        entry_id=entry_id,
        name=entry.name,
        keywords=tuple(keyword.text for keyword in entry.keywords),
        score=score * factor,
        diversification=factor,
        because=tuple(
            _reason(source.journey, _related_text(expansions[source.entry_id or ""].entry, entry, relation), relation)
            for _, source, relation in strongest
        ),
        written_by=entry.written_by,
    )


def _reason(journey: Journey, text: str, relation: Relation | None = None) -> Reason:
    return Reason(
        journey_id=journey.journey_id,
        name=journey.name,
        last_seen=journey.last_seen,
        events=journey.events,
        active_days=journey.active_days,
        relation=relation,
        text=f"{_activity_text(journey)}{text and f'; {text}'}.",
    )


def _activity_text(journey: Journey) -> str:
    return (
        f"{journey.name}: {count_text(journey.events, 'event')} on {count_text(journey.active_days, 'day')}, "
        f"the last on {date_text(journey.last_seen)}"
    )


def _related_text(source: Entry, target: Entry, relation: Relation) -> str:
    if relation.kind is RelationKind.NEAR:
        return f"{target.name} is near to {source.name} in meaning; the counts of users do not speak for it"
    if relation.kind is RelationKind.WRITTEN and not relation.support:
        return f"a language model names {target.name} beside {source.name}; the counts of users do not speak for it"
    told = (
        f"{relation.support} of {relation.users} users with {source.name} also have {target.name}; "
        f"{relation.lift:.1f} times as many as by chance"
    )
    if relation.kind is RelationKind.NEXT:
        told += f", and {relation.next} of these {relation.support} began it later"
    if relation.written_by is not None:
        told += "; a language model names it too"
    return told


def _item_text(entry: Entry, item: Item, reason: Reason) -> str:
    return f"{reason.text.rstrip('.')}; {count_text(item.users, 'other user')} with {entry.name} engaged with this."
