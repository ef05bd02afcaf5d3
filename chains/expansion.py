"""Related journeys, from data: what users on a catalogue entry also do, and what they go on to do. Not personal.

Chance is counted with the number of journeys that users have: those with many have more of everything, so two entries
meet in somebody's hands more often than their sizes alone say.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from chains.catalogue import Catalogue, Outline
from chains.journeys import Probability
from chains.merging import Labels
from chains.written_by import WrittenBy

# Added to what was counted and to what chance brings, so that few users make no high lift.
_SHRINK = 3.0
# As in the false discovery rate of Benjamini and Hochberg, 1995.
_FALSE = 0.1
_ORDER_FALSE = 0.05
# What nearness alone is worth at most, against a share of users.
_NEAR_STRENGTH = 0.05


#: The users of an entry by number, and the second at which each began.
Begins = tuple[NDArray[np.int64], NDArray[np.float64]]


class RelationKind(StrEnum):
    """Next: those who had the source go on to it. Also: they have it too. Near: only the meaning is near. Written: a
    model proposes it, and the counts of users don't speak for it."""

    NEXT = "next"
    ALSO = "also"
    NEAR = "near"
    WRITTEN = "written"


class Relation(BaseModel):
    """From one entry to another.

    support: users with both, of `users` with the source; confidence = support / users. lift: support against what
    chance brings, both shrunk by 3 users. next: of the support those whose target began after the source; order_lift:
    against how often that comes by the two entries' times alone. cosine: of their centres. strength: what ranks it, in
    [0, 1]: the share of the source's users that have the target beyond chance, or, where only the meaning is near, at
    most 0.05; of what a model alone proposes see `chains/written_relations.py`. written_by: the model that proposes it,
    also where the counts do; None for no model.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    entry_id: str
    kind: RelationKind
    support: int = Field(ge=0)
    users: int = Field(ge=1)
    confidence: Probability
    lift: float = Field(ge=0)
    next: int = Field(ge=0)
    order_lift: float = Field(ge=0)
    cosine: float
    strength: Probability
    written_by: WrittenBy | None = None


@dataclass(frozen=True, slots=True)
class RelationOptions:
    """least_users: k; fewer make no relation. most: a source has at most so many, and at most `most_near` that are
    near in meaning only. near: cosine from which they are."""

    least_users: int = 3
    most: int = 20
    most_near: int = 6
    near: float = 0.5


@dataclass(frozen=True)
class Pairs:
    """Which entries users have together. both: (n, n) users with two entries, the diagonal 0; own: (n,) users of each;
    chance: (n, n) what chance brings; begins: of each entry; users: in all, that have any."""

    both: NDArray[np.int64]
    own: NDArray[np.int64]
    chance: NDArray[np.float64]
    begins: Sequence[Begins]
    users: int

    def lift(self, source: int, target: int) -> float:
        return float((self.both[source, target] + _SHRINK) / (self.chance[source, target] + _SHRINK))

    def strength(self, source: int, target: int) -> float:
        """Share of the source's users with the target beyond chance; the share is shrunk to that of all users."""
        usual = int(self.own[target]) / max(self.users, 1)
        share = (int(self.both[source, target]) + _SHRINK * usual) / (int(self.own[source]) + _SHRINK)
        return round(min(max(share * (1 - 1 / self.lift(source, target)), 0.0), 1.0), 6)


def count_pairs(catalogue: Catalogue, places: Labels, outlines: Sequence[Outline]) -> Pairs:
    """places: of each outline's entry, see `Catalogue.match`. Memory grows with the square of the entries."""
    # Reading relations does without SciPy, which takes a third of a second.
    from scipy.sparse import csr_matrix  # noqa: PLC0415

    began = _began(places, outlines)
    size = len(catalogue.entries)
    rows = [row for row, own in enumerate(began) for _ in own]
    columns = [place for own in began for place in own]
    held = csr_matrix((np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=(len(began), size))
    both: NDArray[np.int64] = csr_matrix(held.T @ held).toarray()
    own = both.diagonal().copy()
    degrees = np.asarray(held.sum(axis=1)).ravel().astype(float)
    total = float(degrees.sum())
    usual = float((degrees * (degrees - 1)).sum()) / total**2 if total else 0.0
    chance = np.outer(own, own).astype(np.float64) * usual
    np.fill_diagonal(both, 0)
    return Pairs(both, own, chance, _begins(began, size), len(began))


def relate(
    catalogue: Catalogue, places: Labels, outlines: Sequence[Outline], options: RelationOptions | None = None
) -> dict[str, tuple[Relation, ...]]:
    """By entry id, its related entries, the strongest first. places: of each outline's entry, see `Catalogue.match`."""
    return relations_of(catalogue, count_pairs(catalogue, places, outlines), options)


def relations_of(
    catalogue: Catalogue, pairs: Pairs, options: RelationOptions | None = None
) -> dict[str, tuple[Relation, ...]]:
    """As `relate`, from what was counted.

    A pair counts where at least k users have both and chance brings so many seldom enough for the number of pairs
    looked at (Poisson upper tail, Benjamini and Hochberg at 10 %).
    """
    options = options or RelationOptions()
    from scipy.stats import binom, poisson  # noqa: PLC0415

    both, own, begins = pairs.both, pairs.own, pairs.begins
    seen = np.triu(both >= options.least_users, 1)
    tails = np.asarray(poisson.sf(both[seen] - 1, np.maximum(pairs.chance[seen], 1e-9)), dtype=np.float64)
    # Every pair that could have had k users was looked at, also those that had fewer.
    possible = int(np.triu(np.minimum.outer(own, own) >= options.least_users, 1).sum())
    held_up = np.zeros_like(seen)
    held_up[seen] = _hold_up(tails, possible)
    held_up |= held_up.T
    near = np.round(catalogue.centres.between(), 4)
    ids = [entry.entry_id for entry in catalogue.entries]
    found: dict[str, tuple[Relation, ...]] = {}
    for source, entry_id in enumerate(ids):
        relations = []
        for target in np.flatnonzero(held_up[source]).tolist():
            support = int(both[source, target])
            after = _after(begins[source], begins[target])
            expected = _later(begins[source][1], begins[target][1])
            in_order = after >= options.least_users and binom.sf(after - 1, support, min(expected, 1.0)) < _ORDER_FALSE
            kind = RelationKind.NEXT if in_order else RelationKind.ALSO
            relations.append(counted(ids, pairs, source, target, kind, float(near[source, target])))
        taken = {relation.entry_id for relation in relations} | {entry_id}
        relations = sorted(relations, key=_order)[: options.most]
        room = min(options.most - len(relations), options.most_near)
        relations += _near(ids, near[source], taken, int(own[source]), options)[:room]
        found[entry_id] = tuple(relations)
    return found


def counted(ids: Sequence[str], pairs: Pairs, source: int, target: int, kind: RelationKind, cosine: float) -> Relation:
    """The relation of two entries with what was counted of it."""
    support, users = int(pairs.both[source, target]), int(pairs.own[source])
    after = _after(pairs.begins[source], pairs.begins[target])
    expected = _later(pairs.begins[source][1], pairs.begins[target][1])
    return Relation(
        entry_id=ids[target],
        kind=kind,
        support=support,
        users=users,
        confidence=support / users,
        lift=pairs.lift(source, target),
        next=after,
        order_lift=(after + _SHRINK) / (support * expected + _SHRINK),
        cosine=cosine,
        strength=pairs.strength(source, target),
    )


def _began(places: Labels, outlines: Sequence[Outline]) -> list[dict[int, datetime]]:
    """For each user with an entry, when each of his entries began."""
    began: defaultdict[str, dict[int, datetime]] = defaultdict(dict)
    for place, outline in zip(places.tolist(), outlines, strict=True):
        if place >= 0:
            own = began[outline.user_id]
            own[place] = min(own.get(place, outline.first_seen), outline.first_seen)
    return [began[user_id] for user_id in sorted(began)]


def _begins(began: Sequence[Mapping[int, datetime]], size: int) -> list[Begins]:
    """For each entry its users, and when each began."""
    users: list[list[int]] = [[] for _ in range(size)]
    times: list[list[float]] = [[] for _ in range(size)]
    for user, own in enumerate(began):
        for place, moment in own.items():
            users[place].append(user)
            times[place].append(moment.timestamp())
    return [(np.array(who, dtype=np.int64), np.array(when)) for who, when in zip(users, times, strict=True)]


def _after(source: Begins, target: Begins) -> int:
    """How many of those with both began the target after the source."""
    _, first, second = np.intersect1d(source[0], target[0], assume_unique=True, return_indices=True)
    return int((target[1][second] > source[1][first]).sum())


def _later(source: NDArray[np.float64], target: NDArray[np.float64]) -> float:
    """How often a beginning of the target, drawn by chance, lies after one of the source; half of what is equal."""
    if not len(source) or not len(target):
        return 0.5
    source = np.sort(source)
    below = np.searchsorted(source, target, "left").sum()
    upto = np.searchsorted(source, target, "right").sum()
    return float(below + upto) / (2 * len(source) * len(target))


def _hold_up(tails: NDArray[np.float64], looked_at: int) -> NDArray[np.bool_]:
    order = np.argsort(tails, kind="stable")
    passed = np.flatnonzero(tails[order] <= _FALSE * np.arange(1, len(tails) + 1) / max(looked_at, 1))
    kept = np.zeros(len(tails), dtype=np.bool_)
    if len(passed):
        kept[order[: passed[-1] + 1]] = True
    return kept


def _near(
    ids: Sequence[str], near: NDArray[np.float32], taken: set[str], users: int, options: RelationOptions
) -> list[Relation]:
    relations = [
        Relation(
            entry_id=ids[target],
            kind=RelationKind.NEAR,
            support=0,
            users=max(users, 1),
            confidence=0.0,
            lift=0.0,
            next=0,
            order_lift=0.0,
            cosine=float(near[target]),
            strength=round(_NEAR_STRENGTH * min(float(near[target]), 1.0) ** 2, 6),
        )
        for target in np.flatnonzero(near >= options.near).tolist()
        if ids[target] not in taken
    ]
    return sorted(relations, key=_order)


def _order(relation: Relation) -> tuple[float, str]:
    return -relation.strength, relation.entry_id
