"""One user's recommendations, from the library, the expansion store and the cache of vectors."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from heapq import nlargest
from typing import TypeVar

import numpy as np

from assistant.errors import LibraryError
from assistant.expansions import Built, Expansions
from chains.catalogue import Entry, centres_of
from chains.entry_centres import EntryCentres
from chains.items import item_of
from chains.journeys import Journey
from chains.recommendation import (
    NEAR_TO_REST,
    Expansion,
    Recommended,
    RecommendOptions,
    Source,
    known_source,
    must_rest,
    recommend_items,
    recommend_journeys,
    source_of,
)
from vectorstore.activity import Activity, normalize
from vectorstore.embeddings import CachedEmbeddings

T = TypeVar("T")

# Of all that a user's journeys lead to, so many are ranked.
_TARGETS = 40

_NONE_YET = "nothing has been expanded yet: journeys expand makes the catalogue that recommendations come from"


def recommend_to(
    journeys: Sequence[Journey],
    activities: Sequence[Activity] | None,
    embeddings: CachedEmbeddings,
    expansions: Expansions,
    options: RecommendOptions | None = None,
) -> Recommended:
    """journeys, activities: all of one user. Without activities, items are left out whose titles stand in the journeys.

    Raises LibraryError where there is no catalogue, or it was made with another embedding.
    """
    with expansions.reading() as built:
        if built is None:
            raise LibraryError(_NONE_YET)
        if built.about.embedding != embeddings.model:
            raise LibraryError(
                f"the catalogue was made with the embedding {built.about.embedding}, not {embeddings.model}: "
                "run: journeys expand"
            )
        return recommend_in(built, journeys, activities, embeddings, options)


def recommend_in(
    built: Built,
    journeys: Sequence[Journey],
    activities: Sequence[Activity] | None,
    embeddings: CachedEmbeddings,
    options: RecommendOptions | None = None,
) -> Recommended:
    """As `recommend_to`, of a build that is open, made with this embedding."""
    sources = sources_of(journeys, embeddings, built)
    own = sorted({source.entry_id for source in sources if source.entry_id})
    known = built.remembering(own, relations=True, items=True)
    weight = {source.entry_id: source.weight for source in sources}
    strength = {
        relation.entry_id: weight[entry_id] * relation.strength
        for entry_id, each in known.items()
        for relation in each.relations
        if relation.entry_id not in known
    }
    targets = nlargest(_TARGETS, strength, key=lambda entry_id: (strength[entry_id], entry_id))
    known = {**built.remembering(targets), **known}
    centres = built.centres
    if not built.written.place.keys().isdisjoint(targets):
        centres = _both(centres, built.written)
        sources = _without_what_is_there(sources, known, embeddings, built.written)
    related = recommend_journeys(sources, known, centres, options)
    known.update(built.remembering([each.entry_id for each in related], items=True))
    seen = {item for activity in activities or () if (item := item_of(activity)) is not None}
    seen.update(normalize(text) for journey in journeys for text in journey.texts)
    return Recommended(journeys=related, items=recommend_items(sources, known, related, seen, options))


def sources_of(journeys: Sequence[Journey], embeddings: CachedEmbeddings, built: Built) -> list[Source]:
    """The journeys, each with its entry: as known when the build was made, or else by where its texts lie."""
    if not journeys or not len(built.centres):
        return []
    resting = {journey.journey_id for journey in journeys if must_rest(journey)}
    known = built.belonging([journey.journey_id for journey in journeys if journey.journey_id not in resting])
    sources = [known_source(each, known[each.journey_id] or None) for each in journeys if each.journey_id in known]
    if others := [journey for journey in journeys if journey.journey_id not in known]:
        centres = centres_of(others, embeddings.embed)
        sources += [source_of(journey, centre, built.centres) for journey, centre in zip(others, centres, strict=True)]
    return sources


def _both(centres: EntryCentres, written: EntryCentres) -> EntryCentres:
    rows = np.concatenate([centres.rows, written.rows])
    return EntryCentres((*centres.ids, *written.ids), rows, centres.mean, centres.similarity)


def _without_what_is_there(
    sources: Sequence[Source], known: Mapping[str, Expansion], embeddings: CachedEmbeddings, written: EntryCentres
) -> list[Source]:
    """The sources, each with what a model wrote that means the same journey, or is near to one that must rest.

    No user belongs to what a model wrote, so only where the texts of his journeys lie tells whether he has it. What was
    written for a journey's own entry is near to it, and was found to be another.
    """
    centres = centres_of([source.journey for source in sources], embeddings.embed)
    found = []
    for source, centre in zip(sources, centres, strict=True):
        if must_rest(source.journey):
            there = written.near(centre, NEAR_TO_REST)
        else:
            own = known.get(source.entry_id or "")
            led_to = {relation.entry_id for relation in own.relations} if own else set()
            there = written.near(centre, written.similarity) - led_to
        found.append(replace(source, resting=source.resting | there))
    return found


def one_of(found: Sequence[T], which: str, names: Callable[[T], Collection[str]]) -> T:
    """What has this rank, or one of its names. Raises LibraryError where nothing has, or more than one."""
    matching = [each for rank, each in enumerate(found, 1) if which == str(rank)] or [
        each for each in found if which.casefold() in {name.casefold() for name in names(each)}
    ]
    if len(matching) != 1:
        known = ", ".join(f"{rank} {next(iter(names(each)))}" for rank, each in enumerate(found, 1)) or "nothing"
        raise LibraryError(f"{which!r} is not recommended; what is: {known}")
    return matching[0]


def entries_of(expansions: Expansions, limit: int) -> tuple[list[Entry], int]:
    """The first entries of the catalogue, those with most users first, and how many there are. Raises LibraryError."""
    with expansions.reading() as built:
        if built is None:
            raise LibraryError(_NONE_YET)
        found = built.expansions(built.centres.ids[:limit])
        return [each.entry for each in found.values()], len(built.centres)
