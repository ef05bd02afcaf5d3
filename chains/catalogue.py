"""The journey catalogue: the distinct journeys of all users, merged by meaning into a bounded list of entries.

    outlines = [outline_of(journey) for journey in journeys if may_enter(journey)]
    centres = centres_of(journeys, embed)                    # (n, d), one a journey, from its texts
    catalogue = build_catalogue(outlines, centres, embed)    # Catalogue; `previous=` keeps the ids of a former one
    places = catalogue.match(centres)                        # (n,) the entry of each journey, -1 where there is none
    relations = relate(catalogue, places, outlines)          # chains/expansion.py
    items = items_of(catalogue, uses, as_of, embed)          # chains/items.py
    recommend(sources, expansions)                           # chains/recommendation.py

All of it is pure, needs no database, and takes journeys inferred at any moment. The order of the input does not matter.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from chains.entry_centres import EntryCentres, apart
from chains.entry_words import EntryKeyword, SharedText, near_to, shared_texts, weigh
from chains.journeys import Journey, Policy
from chains.merging import Labels, merge, unit
from chains.naming import choose_names, presentable
from chains.safety import SensitivityChecker
from chains.showable import fit_to_show
from chains.texts import Floats
from chains.written_by import WrittenBy
from vectorstore.activity import normalize

Embed = Callable[[Sequence[str]], Floats]
#: By normalized form what an entry's users share, and how near each is to its centre.
Words = tuple[dict[str, SharedText], dict[str, float]]

_KEYWORDS = 20
#: Cosine from which an entry is the one of a former build.
SAME = 0.8
# Journeys a user: an entry that has more lumps together what is one only in language or style.
_LUMP = 2.0


@dataclass(frozen=True, slots=True)
class CatalogueOptions:
    """least_users: k; no entry, name, keyword or item of fewer users. most_entries: those with most users are kept.

    similarity: the least mean cosine at which journeys are merged, and the least of a journey to its entry, without
    what all journeys share.
    """

    least_users: int = 3
    most_entries: int = 1_000
    similarity: float = 0.5


@dataclass(frozen=True, slots=True)
class Outline:
    """What the catalogue needs of a journey."""

    user_id: str
    journey_id: str
    name: str
    keywords: tuple[str, ...]
    first_seen: datetime


class Entry(BaseModel):
    """A journey of many users. entry_id: kept from build to build while it means the same. users: at least k.

    name_users: how many users have the words of its name, at least k. written_by: the model that wrote it; such a one
    is no part of the catalogue, has no users, and is only related to entries that have.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry_id: str
    name: str = Field(min_length=1)
    name_users: int = Field(ge=0)
    keywords: tuple[EntryKeyword, ...] = Field(min_length=1)
    users: int = Field(ge=0)
    journeys: int = Field(ge=0)
    written_by: WrittenBy | None = None


@dataclass(frozen=True)
class Catalogue:
    """entries: most users first. centres: where they lie, in the same order. dropped: how many fell out, by reason."""

    entries: tuple[Entry, ...]
    centres: EntryCentres
    dropped: dict[str, int] = field(default_factory=dict)

    def match(self, centres: Floats) -> Labels:
        """(n, d) unit length -> (n,) the place of each journey's entry, -1 where none is near enough."""
        return self.centres.match(centres)


def may_enter(journey: Journey) -> bool:
    """Whether a journey may be part of the catalogue: nothing sensitive was found in it."""
    return journey.safety.policy is Policy.ALLOW


def outline_of(journey: Journey) -> Outline:
    keywords = tuple(keyword.text for keyword in journey.keywords[:_KEYWORDS])
    return Outline(journey.user_id, journey.journey_id, journey.name, keywords, journey.first_seen)


def centres_of(journeys: Sequence[Journey], embed: Embed) -> Floats:
    """(len(journeys), d) float32, unit length: the mean vector of each one's texts."""
    texts = sorted({normalize(text) for journey in journeys for text in journey.texts})
    row = {text: place for place, text in enumerate(texts)}
    vectors = embed(texts)
    means = np.zeros((len(journeys), vectors.shape[1]))
    for place, journey in enumerate(journeys):
        means[place] = vectors[[row[normalize(text)] for text in journey.texts]].mean(axis=0)
    return unit(means)


def build_catalogue(
    outlines: Sequence[Outline],
    centres: Floats,
    embed: Embed,
    options: CatalogueOptions | None = None,
    checker: SensitivityChecker | None = None,
    previous: EntryCentres | None = None,
) -> Catalogue:
    """outlines: of journeys that `may_enter`. centres: see `centres_of`, row by row. embed: texts to unit vectors.

    Memory grows with the journeys, and with nothing else: see `merge`.
    """
    options, checker = options or CatalogueOptions(), checker or SensitivityChecker()
    # By a hash, so that the order means nothing, and the first ones are drawn by chance.
    order = sorted(range(len(outlines)), key=lambda place: _hashed(outlines[place].user_id, outlines[place].journey_id))
    outlines, centres = [outlines[place] for place in order], centres[order]
    mean = centres.mean(axis=0, dtype=np.float64).astype(np.float32) if order else np.zeros(centres.shape[1], "f4")
    labels = merge(apart(centres, mean), options.similarity)
    members = [np.flatnonzero(labels == label) for label in range(int(labels.max()) + 1)] if order else []
    dropped = Counter[str]()
    middles = unit(np.array([centres[own].mean(axis=0) for own in members]).reshape(len(members), centres.shape[1]))
    words: list[Words] = []
    kept = []
    for place, own in enumerate(members):
        if len({outlines[one].user_id for one in own}) < options.least_users:
            dropped["too few users"] += 1
            continue
        pairs = ((outlines[one].user_id, text) for one in own for text in outlines[one].keywords)
        names = ((outlines[one].user_id, outlines[one].name) for one in own)
        texts = shared_texts(pairs, options.least_users, checker, names)
        near = near_to(middles[place], texts, embed)
        if not near:
            dropped["no words that enough users share"] += 1
            continue
        words.append(({key: texts[key] for key in near}, near))
        kept.append(place)
    users, journeys = _counts(_located(middles[kept], mean, options), outlines, centres)
    ranked = sorted(range(len(kept)), key=lambda place: (-users[place], min(words[place][0])))
    enough = []
    for place in ranked:
        if users[place] < options.least_users:
            dropped["too few users"] += 1
        elif journeys[place] > _LUMP * users[place]:
            dropped["journeys that its own users keep apart"] += 1
        else:
            enough.append(place)
    dropped["over the most entries"] += len(enough) - len(enough[: options.most_entries])
    chosen = enough[: options.most_entries]
    located = _located(middles[kept][chosen], mean, options)
    # With fewer entries, journeys of those that are gone may come to a neighbour.
    users, journeys = _counts(located, outlines, centres)
    entries = _described([words[place] for place in chosen], users, journeys)
    ids = _kept_ids([entry.entry_id for entry in entries], located, previous)
    return Catalogue(
        tuple(entry.model_copy(update={"entry_id": own}) for entry, own in zip(entries, ids, strict=True)),
        replace(located, ids=tuple(ids)),
        dict(+dropped),
    )


def _located(rows: Floats, mean: Floats, options: CatalogueOptions) -> EntryCentres:
    return EntryCentres(tuple(map(str, range(len(rows)))), rows, mean, options.similarity)


def _hashed(*texts: str) -> bytes:
    return hashlib.blake2b("\x1f".join(texts).encode("utf-8", "surrogatepass"), digest_size=8).digest()


def _counts(
    located: EntryCentres, outlines: Sequence[Outline], centres: Floats
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """How many users, and how many journeys, match each entry."""
    places = located.match(centres)
    pairs = {(place, outline.user_id) for place, outline in zip(places.tolist(), outlines, strict=True) if place >= 0}
    size = len(located)
    users = np.bincount(np.array([place for place, _ in pairs], dtype=np.intp), minlength=size)
    return users, np.bincount(places[places >= 0], minlength=size)


def _described(words: Sequence[Words], users: NDArray[np.intp], journeys: NDArray[np.intp]) -> tuple[Entry, ...]:
    """The entries with names, no two alike, and keywords; their ids are provisional."""
    everywhere: defaultdict[str, int] = defaultdict(int)
    for shared, _ in words:
        for key, text in shared.items():
            everywhere[key] += text.users
    weighed = [weigh(shared, near, int(count), everywhere) for (shared, near), count in zip(words, users, strict=True)]
    names = choose_names([ranked for ranked, _ in weighed], fit_to_show)
    return tuple(
        Entry(
            entry_id=_hashed(name, *sorted(normalize(keyword.text) for keyword in keywords)).hex()[:12],
            name=name,
            name_users=_users_of(name, shared, int(user_count)),
            keywords=keywords,
            users=int(user_count),
            journeys=int(journey_count),
        )
        for name, (_, keywords), (shared, _), user_count, journey_count in zip(
            names, weighed, words, users, journeys, strict=True
        )
    )


def _users_of(name: str, shared: Mapping[str, SharedText], users: int) -> int:
    """How many users have the words of the name; of a name of two, each of them; of a mere number, the entry's."""
    own = {presentable(text.text).casefold(): text.users for text in shared.values()}
    parts = [name.casefold()] if name.casefold() in own else name.casefold().split(" · ")
    return min(own.get(part, users) for part in parts)


def _kept_ids(ids: list[str], located: EntryCentres, previous: EntryCentres | None) -> list[str]:
    """The ids of former entries that mean the same, one to one, the nearest first; of the others their own."""
    if previous is None or not len(previous) or previous.rows.shape[1] != located.rows.shape[1]:
        return ids
    near = np.round(located.own @ located.apart(previous.rows).T, 4)
    given: dict[int, str] = {}
    taken: set[str] = set()
    for new, old in sorted(np.argwhere(near >= SAME).tolist(), key=lambda pair: (-near[pair[0], pair[1]], pair)):
        if new not in given and previous.ids[old] not in taken:
            given[new] = previous.ids[old]
            taken.add(previous.ids[old])
    return [given.get(place) or (own if own not in taken else _again(own)) for place, own in enumerate(ids)]


def _again(entry_id: str) -> str:
    return _hashed(entry_id, "again").hex()[:12]
