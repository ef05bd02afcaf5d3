"""What the catalogue as it stands would have recommended at a moment, made of what was known then."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime

import numpy as np

from chains.catalogue import build_catalogue, centres_of, may_enter, outline_of
from chains.expansion import relate
from chains.items import items_of
from chains.journeys import Journey
from chains.recommendation import Expansion, RecommendOptions, recommend, source_of
from vectorstore.activity import Activity, normalize
from vectorstore.embeddings import CachedEmbeddings


def catalogue_items(
    as_of: datetime,
    past: Mapping[str, Sequence[Activity]],
    journeys_of: Mapping[str, Sequence[Journey]],
    embeddings: CachedEmbeddings,
    most: int,
) -> Callable[[str, Collection[str]], list[str]]:
    """Of a user and what he has seen, the items that the catalogue recommends, the best first.

    past: by user what he did up to as_of. journeys_of: by user his journeys then; the catalogue is made of all of them.
    """
    journeys = [journey for _, own in sorted(journeys_of.items()) for journey in own]
    entering = [journey for journey in journeys if may_enter(journey)]
    if not entering:
        return lambda user, seen: []
    centres = dict(zip([_key(each) for each in journeys], centres_of(journeys, embeddings.embed), strict=True))
    outlines = [outline_of(journey) for journey in entering]
    rows = np.stack([centres[_key(journey)] for journey in entering])
    catalogue = build_catalogue(outlines, rows, embeddings.embed)
    if not catalogue.entries:
        return lambda user, seen: []
    places = catalogue.match(rows)
    relations = relate(catalogue, places, outlines)
    place_of: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for journey, place in zip(entering, places.tolist(), strict=True):
        if place >= 0:
            place_of[journey.user_id].update((normalize(text), place) for text in journey.texts)
    uses = ((past[user], place_of[user]) for user in sorted(place_of))
    items = items_of(catalogue, uses, as_of, embeddings.embed)
    expansions = {
        entry.entry_id: Expansion(
            entry=entry, relations=relations.get(entry.entry_id, ()), items=items.get(entry.entry_id, ())
        )
        for entry in catalogue.entries
    }

    def found(user: str, seen: Collection[str]) -> list[str]:
        own = journeys_of.get(user, ())
        sources = [source_of(journey, centres[_key(journey)], catalogue.centres) for journey in own]
        options = RecommendOptions(items=most, an_entry=most)
        return [each.item for each in recommend(sources, expansions, catalogue.centres, seen, options).items]

    return found


def _key(journey: Journey) -> tuple[str, str]:
    return journey.user_id, journey.journey_id
