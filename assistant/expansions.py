"""Catalogue entries, what they lead to and their items, in the key-value store: written as one build, read by id.

What is kept are counts and words of at least k users. Only the keys `belongs/…`, which name a journey by its id and no
user, stand for one user each: they tell to which entry a journey belongs, and go when its user is forgotten.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np
from pydantic import TypeAdapter, ValidationError

from assistant.errors import LibraryError
from chains.catalogue import Catalogue, Entry
from chains.entry_centres import EntryCentres
from chains.expansion import Relation
from chains.items import Item
from chains.recommendation import Expansion

if TYPE_CHECKING:
    # LangChain, of which the store is one, takes longer to import than reading journeys takes.
    from chains.written_relations import Joined
    from vectorstore.key_values import Build, KeyValues

FORMAT = 1
_RELATIONS = TypeAdapter(tuple[Relation, ...])
_ITEMS = TypeAdapter(tuple[Item, ...])


@dataclass(frozen=True, slots=True)
class About:
    """What a build was made from. users, journeys: that the catalogue was made of. dropped: entries, by reason."""

    embedding: str
    as_of: datetime
    least_users: int
    users: int
    journeys: int
    dropped: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Built:
    """One build, open for reading. written: where the entries that a model wrote lie; they are not in centres."""

    about: About
    centres: EntryCentres
    written: EntryCentres
    _build: "Build"
    _read: dict[tuple[str, bool, bool], Expansion] = field(default_factory=dict)

    def remembering(self, ids: Sequence[str], *, relations: bool = False, items: bool = False) -> dict[str, Expansion]:
        """As `expansions`, each read once as long as this build is open: for many users in a row."""
        asked = [entry_id for entry_id in ids if (entry_id, relations, items) not in self._read]
        for entry_id, found in self.expansions(asked, relations=relations, items=items).items():
            self._read[entry_id, relations, items] = found
        found_of = ((entry_id, self._read.get((entry_id, relations, items))) for entry_id in ids)
        return {entry_id: each for entry_id, each in found_of if each is not None}

    def expansions(self, ids: Sequence[str], *, relations: bool = False, items: bool = False) -> dict[str, Expansion]:
        """By id, in the order given, in one question to the store; an id that is not there is left out."""
        kinds = ["entry", *(["related"] if relations else []), *(["items"] if items else [])]
        found = iter(self._build.mget([f"{kind}/{entry_id}" for entry_id in ids for kind in kinds]))
        read = {}
        for entry_id in ids:
            values = dict(zip(kinds, found, strict=False))
            if (entry := values["entry"]) is not None:
                read[entry_id] = _expansion(entry, values.get("related"), values.get("items"))
        return read

    def belonging(self, journey_ids: Sequence[str]) -> dict[str, str]:
        """To which entry each journey belonged when the build was made, "" for none; others are left out."""
        found = self._build.mget([f"belongs/{journey_id}" for journey_id in journey_ids])
        return {own: value.decode() for own, value in zip(journey_ids, found, strict=True) if value is not None}


class Expansions:
    """The builds of one store. The centres of the current build are kept in memory until there is another."""

    def __init__(self, store: "KeyValues") -> None:
        self._store = store
        self._kept: tuple[str, About, EntryCentres, EntryCentres] | None = None

    @property
    def location(self) -> str:
        return self._store.location

    @contextmanager
    def reading(self) -> Iterator[Built | None]:
        """The current build, the same throughout the block; None where there is none yet."""
        with self._store.reading() as build:
            if self._kept is None or self._kept[0] != build.generation:
                about, centres, written = build.mget(["about", "centres", "written"])
                if about is None or centres is None:
                    yield None
                    return
                self._kept = (build.generation, *_located(about, centres, written))
            yield Built(*self._kept[1:], build)

    @contextmanager
    def writing(
        self,
        about: About,
        catalogue: Catalogue,
        relations: Mapping[str, Sequence[Relation]],
        items: Mapping[str, Sequence[Item]],
        belongs: Mapping[str, str],
        written: "Joined | None" = None,
    ) -> Iterator[None]:
        """Puts a new build in the place of the current one when the block ends without an error.

        belongs: by journey id the id of its entry, "" where it has none. written: what a model wrote; its relations
        take the place of the others.
        """
        entries = catalogue.entries
        if written is not None:
            relations, entries = written.relations, (*entries, *written.entries)
        with self._store.building() as build:
            build.mset(_placed(about, catalogue.centres))
            if written is not None:
                build.mset([_written(written.centres)])
            build.mset([(f"entry/{entry.entry_id}", entry.model_dump_json().encode()) for entry in entries])
            build.mset([(f"related/{own}", _RELATIONS.dump_json(tuple(some))) for own, some in relations.items()])
            build.mset([(f"items/{own}", _ITEMS.dump_json(tuple(some))) for own, some in items.items()])
            build.mset([(f"belongs/{journey_id}", entry_id.encode()) for journey_id, entry_id in belongs.items()])
            yield

    def take_away(self, ids: Iterable[str], journey_ids: Iterable[str]) -> int:
        """Forgets to which entry the journeys of a user belong, counts one user fewer in everything of these entries,
        and removes what is left with fewer than k of them.

        What of it was his is not known here, so rather too much goes than too little; the next build makes it up.
        Returns how many entries, keywords, relations and items went.
        """
        gone = 0
        with self.reading() as built:
            if built is None:
                return 0
            belonging = [f"belongs/{journey_id}" for journey_id in journey_ids]
            least, his = built.about.least_users, sorted(set(ids))
            found = built.expansions(his, relations=True, items=True)
            left = {entry_id: _without_one(each, set(his), least) for entry_id, each in found.items()}
            removed = {entry_id for entry_id, each in left.items() if each is None}
            about, centres, written = built.about, built.centres, built.written
            orphans = _orphans(built, removed, found)
        self._store.mdelete(belonging)
        values: list[tuple[str, bytes]] = []
        for entry_id, each in left.items():
            before = found[entry_id]
            if each is None:
                gone += 1 + len(before.entry.keywords) + len(before.relations) + len(before.items)
                continue
            values += _values(each)
            gone += len(before.entry.keywords) - len(each.entry.keywords)
            gone += len(before.relations) - len(each.relations) + len(before.items) - len(each.items)
        if removed:
            values += _placed(about, _without(centres, removed))
        if values:
            self._store.mset(values)
        if removed:
            kinds = ("entry", "related", "items")
            self._store.mdelete([f"{kind}/{entry_id}" for entry_id in sorted(removed) for kind in kinds])
        if orphans:
            self._store.mset([_written(_without(written, orphans))])
            self._store.mdelete([f"entry/{entry_id}" for entry_id in sorted(orphans)])
        return gone + len(orphans)


def _orphans(built: Built, removed: set[str], found: Mapping[str, Expansion]) -> set[str]:
    """What a model wrote for entries that are removed, and for no other."""
    own = {each.entry_id for gone in removed for each in found[gone].relations}.intersection(built.written.ids)
    if not own:
        return own
    others = built.expansions([each for each in built.centres.ids if each not in removed], relations=True)
    return own - {relation.entry_id for each in others.values() for relation in each.relations}


def _without(centres: EntryCentres, removed: set[str]) -> EntryCentres:
    stay = [place for place, entry_id in enumerate(centres.ids) if entry_id not in removed]
    return EntryCentres(
        tuple(centres.ids[place] for place in stay), centres.rows[stay], centres.mean, centres.similarity
    )


def _without_one(expansion: Expansion, his: set[str], least: int) -> Expansion | None:
    entry = expansion.entry
    keywords = tuple(
        keyword.model_copy(update={"users": keyword.users - 1}) for keyword in entry.keywords if keyword.users > least
    )
    if min(entry.users, entry.name_users) <= least or not keywords:
        return None
    relations = []
    for relation in expansion.relations:
        if relation.entry_id not in his or not relation.support:
            relations.append(relation)
        elif relation.support > least:
            support, users = relation.support - 1, max(relation.users - 1, 1)
            changed = {"support": support, "users": users, "confidence": support / users}
            relations.append(relation.model_copy(update={**changed, "next": min(relation.next, support)}))
    items = tuple(item.model_copy(update={"users": item.users - 1}) for item in expansion.items if item.users > least)
    counts = {"users": entry.users - 1, "name_users": entry.name_users - 1, "journeys": max(entry.journeys - 1, 1)}
    return Expansion(
        entry=entry.model_copy(update={**counts, "keywords": keywords}), relations=tuple(relations), items=items
    )


def _values(expansion: Expansion) -> list[tuple[str, bytes]]:
    entry_id = expansion.entry.entry_id
    return [
        (f"entry/{entry_id}", expansion.entry.model_dump_json().encode()),
        (f"related/{entry_id}", _RELATIONS.dump_json(expansion.relations)),
        (f"items/{entry_id}", _ITEMS.dump_json(expansion.items)),
    ]


def _placed(about: About, centres: EntryCentres) -> list[tuple[str, bytes]]:
    told = {
        "format": FORMAT,
        **asdict(about),
        "as_of": about.as_of.isoformat(),
        "ids": centres.ids,
        "similarity": centres.similarity,
    }
    rows = np.vstack([centres.rows, centres.mean[None]]).astype("<f4")
    return [("about", json.dumps(told).encode()), ("centres", rows.tobytes())]


def _written(centres: EntryCentres) -> tuple[str, bytes]:
    """Ids on a line, then the rows."""
    return "written", " ".join(centres.ids).encode() + b"\n" + centres.rows.astype("<f4").tobytes()


def _located(about: bytes, centres: bytes, written: bytes | None) -> tuple[About, EntryCentres, EntryCentres]:
    try:
        told = json.loads(about)
        if told.pop("format") != FORMAT:
            raise ValueError("another format")
        ids, similarity = tuple(told.pop("ids")), float(told.pop("similarity"))
        rows = np.frombuffer(centres, dtype="<f4").reshape(len(ids) + 1, -1).astype(np.float32)
        known = About(**{**told, "as_of": datetime.fromisoformat(told["as_of"])})
        names, _, values = (written or b"\n").partition(b"\n")
        own_ids = tuple(names.decode().split())
        own = np.frombuffer(values, dtype="<f4").reshape(len(own_ids), rows.shape[1]).astype(np.float32)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise LibraryError(_OTHER) from error
    located = EntryCentres(ids, rows[:-1], rows[-1], similarity)
    return known, located, EntryCentres(own_ids, own, located.mean, similarity)


def _expansion(entry: bytes, related: bytes | None, items: bytes | None) -> Expansion:
    try:
        return Expansion(
            entry=Entry.model_validate_json(entry),
            relations=_RELATIONS.validate_json(related or b"[]"),
            items=_ITEMS.validate_json(items or b"[]"),
        )
    except ValidationError as error:
        raise LibraryError(_OTHER) from error


_OTHER = "the expansion store was written by another version: run: journeys expand"
