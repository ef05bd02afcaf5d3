"""Finds users by their id, or by what they are up to."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assistant.snapshot import Glance, Snapshot
from chains.texts import Floats

#: Cosine of a journey to what is asked for, from which it counts as that.
NEAR = 0.45
_MOST = 60
# Equal to the fourth place, the id decides, so that other machines' last bits don't.
_PLACES = 4


@dataclass(frozen=True, slots=True)
class FoundUser:
    """A user, and the journeys that were asked for, the nearest first: (journey, cosine). () where the id was found."""

    user_id: str
    journeys: tuple[tuple[Glance, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """users: the best first, at most 60. total: how many there are."""

    users: tuple[FoundUser, ...]
    total: int


def find_users(snapshot: Snapshot, words: str, embed: Callable[[list[str]], Floats]) -> Found:
    """Users whose id has the words in it, one that is called so first; then those with a journey of such a meaning.

    Sensitive journeys find nobody. Takes one embedding, and one product of the matrix of all journeys.
    """
    words = words.strip()
    if not any(character.isalnum() for character in words):
        return Found((), 0)
    asked = words.casefold()
    named = sorted(
        (user_id for user_id in snapshot.users if asked in user_id.casefold()),
        key=lambda user_id: (user_id.casefold() != asked, len(user_id), user_id),
    )
    found = {user_id: FoundUser(user_id) for user_id in named}
    # Who types a whole id wants that user.
    if not named or named[0].casefold() != asked:
        found.update((each.user_id, each) for each in _meant(snapshot, embed([words])[0]) if each.user_id not in found)
    users = tuple(found.values())
    return Found(users[:_MOST], len(users))


def users_of_entry(snapshot: Snapshot, entry_id: str, among: frozenset[str] | None = None) -> Found:
    """Users with a journey of this catalogue entry, the latest active first; nobody where they are fewer than k.

    among: only these.
    """
    own: dict[str, list[Glance]] = {}
    for glance in snapshot.glances:
        if glance.entry_id == entry_id and (among is None or glance.user_id in among):
            own.setdefault(glance.user_id, []).append(glance)
    if len(own) < snapshot.least_users:
        return Found((), 0)
    ordered = sorted(own, key=lambda user_id: (-max(max(each.weeks, default=0) for each in own[user_id]), user_id))
    users = [FoundUser(user_id, tuple((glance, 1.0) for glance in own[user_id])) for user_id in ordered]
    return Found(tuple(users[:_MOST]), len(users))


def _meant(snapshot: Snapshot, vector: Floats) -> list[FoundUser]:
    if not len(snapshot.meanings):
        return []
    near = np.round(snapshot.meanings @ vector, _PLACES)
    own: dict[str, list[tuple[Glance, float]]] = {}
    for place in np.flatnonzero(near >= NEAR).tolist():
        glance = snapshot.glances[place]
        own.setdefault(glance.user_id, []).append((glance, float(near[place])))
    ranked = [
        FoundUser(user_id, tuple(sorted(some, key=lambda each: (-each[1], each[0].journey_id))))
        for user_id, some in own.items()
    ]
    return sorted(ranked, key=lambda each: (-each.journeys[0][1], each.user_id))
