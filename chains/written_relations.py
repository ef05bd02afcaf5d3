"""What a model proposed, joined with what users do: proposals that mean an entry become relations with its figures; the
others become entries of their own, with no users, behind everything that was counted."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from chains.catalogue import Catalogue, Embed, Entry
from chains.entry_centres import EntryCentres
from chains.entry_words import EntryKeyword
from chains.expansion import Pairs, Relation, RelationKind, RelationOptions, counted
from chains.proposals import Proposal
from chains.texts import Floats
from chains.written_by import WrittenBy
from chains.written_expansions import DUPLICATE, Written, proposal_rows
from vectorstore.activity import normalize

#: What a proposal that means an entry is worth by itself: as much as nearness in meaning at its best.
MATCHED_STRENGTH = 0.05
#: What one that means none is worth at most; nearness in meaning is worth more from the least cosine that counts on.
_WRITTEN_STRENGTH = 0.01
_MOST_WRITTEN = 6


@dataclass(frozen=True)
class Joined:
    """relations: by entry id, the counted ones first. entries: those that a model wrote; centres: where they lie.

    joined: relations to entries that have users; new: relations to entries that a model wrote.
    """

    relations: dict[str, tuple[Relation, ...]]
    entries: tuple[Entry, ...]
    centres: EntryCentres
    joined: int
    new: int


def join_written(
    catalogue: Catalogue,
    relations: Mapping[str, Sequence[Relation]],
    pairs: Pairs,
    written: Sequence[Written],
    embed: Embed,
    options: RelationOptions | None = None,
) -> Joined:
    """written: of each entry, in any order. Figures of fewer than k users are left out, as 0."""
    options = options or RelationOptions()
    made = _Made(catalogue, pairs, options, {own: list(some) for own, some in relations.items()})
    by_id = {each.entry_id: each for each in written if each.kept}
    proposed = [(entry.entry_id, by_id[entry.entry_id]) for entry in catalogue.entries if entry.entry_id in by_id]
    everything = [proposal for _, each in proposed for proposal in each.kept]
    rows = proposal_rows(everything, embed) if everything else np.zeros((0, catalogue.centres.rows.shape[1]), "f4")
    place = 0
    for entry_id, each in proposed:
        assert each.by is not None
        for order, proposal in enumerate(each.kept):
            made.take(entry_id, proposal, rows[place], order, each.by)
            place += 1
    return made.joined()


class _Made:
    def __init__(
        self, catalogue: Catalogue, pairs: Pairs, options: RelationOptions, relations: dict[str, list[Relation]]
    ) -> None:
        self._catalogue, self._pairs, self._options, self._relations = catalogue, pairs, options, relations
        self._ids = [entry.entry_id for entry in catalogue.entries]
        self._names = {normalize(entry.name): place for place, entry in enumerate(catalogue.entries)}
        self._entries: dict[str, Entry] = {}
        self._rows: list[Floats] = []
        self._behind: dict[str, list[Relation]] = {}
        self._joined = self._new = 0

    def take(self, entry_id: str, proposal: Proposal, row: Floats, order: int, by: WrittenBy) -> None:
        """One proposal for one entry."""
        source = self._catalogue.centres.place[entry_id]
        own = self._catalogue.centres.apart(row[None])[0]
        cosines = np.round(self._catalogue.centres.own @ own, 4)
        target = self._names.get(normalize(proposal.name))
        # As with journeys: one that lay there would belong to the entry. What lies nearest to its own is a finer one.
        nearest = int(cosines.argmax())
        if target is None and nearest != source and float(cosines[nearest]) >= self._catalogue.centres.similarity:
            target = nearest
        if target == source:
            return
        if target is not None:
            self._match(entry_id, source, target, float(cosines[target]), by)
            return
        behind = self._behind.setdefault(entry_id, [])
        written_id = self._entry_for(proposal, row, own, by)
        if len(behind) < _MOST_WRITTEN and all(each.entry_id != written_id for each in behind):
            self._new += 1
            behind.append(
                Relation(
                    entry_id=written_id,
                    kind=RelationKind.WRITTEN,
                    support=0,
                    users=max(int(self._pairs.own[source]), 1),
                    confidence=0.0,
                    lift=0.0,
                    next=0,
                    order_lift=0.0,
                    cosine=float(cosines[source]),
                    strength=round(_WRITTEN_STRENGTH / (1 + order), 6),
                    written_by=by,
                )
            )

    def _match(self, entry_id: str, source: int, target: int, cosine: float, by: WrittenBy) -> None:
        """The proposal means an entry: what users do is joined to it."""
        there = self._relations[entry_id]
        for place, relation in enumerate(there):
            if relation.entry_id == self._ids[target]:
                if relation.written_by is None:
                    self._joined += 1
                strength = relation.strength
                if relation.kind is RelationKind.NEAR:
                    strength = max(strength, MATCHED_STRENGTH)
                there[place] = relation.model_copy(update={"written_by": by, "strength": strength})
                return
        self._joined += 1
        relation = counted(self._ids, self._pairs, source, target, RelationKind.WRITTEN, cosine)
        if relation.support < self._options.least_users:
            none = {"support": 0, "confidence": 0.0, "lift": 0.0, "next": 0, "order_lift": 0.0}
            relation = relation.model_copy(update={**none, "strength": MATCHED_STRENGTH})
        else:
            # Where users with the one have the other less often than by chance, the proposal is worth less.
            least = round(MATCHED_STRENGTH * min(relation.lift, 1.0), 6)
            relation = relation.model_copy(update={"strength": max(relation.strength, least)})
        there.append(relation.model_copy(update={"written_by": by}))

    def _entry_for(self, proposal: Proposal, row: Floats, own: Floats, by: WrittenBy) -> str:
        """The id of the written entry that says the same, or else of a new one."""
        if self._rows:
            near = np.round(self._catalogue.centres.apart(np.array(self._rows)) @ own, 4)
            if float(near.max()) >= DUPLICATE:
                return list(self._entries)[int(near.argmax())]
        written_id = "w" + hashlib.blake2b(normalize(proposal.name).encode(), digest_size=6).hexdigest()
        if written_id not in self._entries:
            keywords = proposal.keywords or (proposal.name,)
            self._entries[written_id] = Entry(
                entry_id=written_id,
                name=proposal.name,
                name_users=0,
                keywords=tuple(EntryKeyword(text=text, weight=1.0, users=0) for text in keywords),
                users=0,
                journeys=0,
                written_by=by,
            )
            self._rows.append(row)
        return written_id

    def joined(self) -> Joined:
        relations = {
            own: (*sorted(some, key=lambda each: (-each.strength, each.entry_id)), *self._behind.get(own, ()))
            for own, some in self._relations.items()
        }
        used = {each.entry_id for some in self._behind.values() for each in some}
        kept = [place for place, own in enumerate(self._entries) if own in used]
        entries = [list(self._entries.values())[place] for place in kept]
        centres = self._catalogue.centres
        rows = np.array([self._rows[place] for place in kept], "f4").reshape(len(kept), centres.rows.shape[1])
        where = EntryCentres(tuple(each.entry_id for each in entries), rows, centres.mean, centres.similarity)
        return Joined(relations, tuple(entries), where, self._joined, self._new)
