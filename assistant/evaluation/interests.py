"""The usual way to know what users like, as a baseline: interests that all users share, and how much each has of them.

vectors = text_vectors(users, embeddings)               # {normalized text: (d,) unit length}
interests = find_interests(vectors, seen, 200)          # k-means over what all users did up to a moment
favourites(past, interests, as_of, Habit("decayed", 14.0))   # a user's interests, the strongest first
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.labelled import LabelledUser
from chains.texts import Floats
from vectorstore.activity import Activity, normalize
from vectorstore.embeddings import CachedEmbeddings

_ANNOTATIONS = 0.7
_ROUNDS = 25


@dataclass(frozen=True, slots=True)
class Habit:
    """How a user's favourite interest is told. by: "frequent" (most events), "days" (most active days), "recent" (the
    last event), "decayed" (most events, each worth half after half_life days)."""

    by: str
    half_life: float = 0.0


#: What is tried for the baseline.
HABITS = (
    Habit("frequent"),
    Habit("days"),
    Habit("recent"),
    *(Habit("decayed", days) for days in (1.0, 3.0, 7.0, 14.0, 28.0, 56.0)),
)


@dataclass(frozen=True)
class TextVectors:
    """place: by normalized text its row. vectors: (n, d) float32, unit length, a text with all its annotations."""

    place: Mapping[str, int]
    vectors: Floats


@dataclass(frozen=True)
class Interests:
    """place: by normalized text, also of later ones, its interest, from 0. count: how many interests there are."""

    place: Mapping[str, int]
    count: int


def text_vectors(users: Sequence[LabelledUser], embeddings: CachedEmbeddings) -> TextVectors:
    """Every distinct text of the log, mixed with what describes it: as journeys see it, but pooled over users."""
    described: defaultdict[str, set[str]] = defaultdict(set)
    for user in users:
        for event in user.activities:
            described[normalize(event.text)].update(normalize(label) for label in event.annotations)
    texts = sorted(described)
    own: Floats = embeddings.embed(texts)
    labels = sorted({label for found in described.values() for label in found if label})
    row = {label: place for place, label in enumerate(labels)}
    beside: Floats = embeddings.embed(labels) if labels else own[:0]
    mixed = own.copy()
    for place, text in enumerate(texts):
        rows = sorted(row[label] for label in described[text] if label)
        if rows:
            mixed[place] += _ANNOTATIONS * beside[rows].mean(axis=0)
    return TextVectors({text: place for place, text in enumerate(texts)}, _unit(mixed))


def find_interests(texts: TextVectors, seen: Mapping[str, int], count: int, seed: int = 0) -> Interests:
    """seen: by text that was met so far by how many users; each text weighs so much. count: of interests, at most one
    for two texts. Every text of the log gets the interest whose centre is nearest."""
    known = sorted(seen)
    rows = texts.vectors[[texts.place[text] for text in known]]
    weights = np.array([seen[text] for text in known], dtype=np.float32)
    centres = k_means(rows, weights, max(1, min(count, len(known) // 2)), seed)
    places = (texts.vectors @ centres.T).argmax(axis=1)
    return Interests({text: int(places[row]) for text, row in texts.place.items()}, len(centres))


def k_means(rows: Floats, weights: Floats, count: int, seed: int = 0) -> Floats:
    """(n, d) unit length, (n,) weights -> (count, d) centres of unit length, count at most n.

    Lloyd's rounds on cosines, begun as in k-means++ (Arthur and Vassilvitskii 2007). A centre that nothing is nearest
    to moves to the row that is worst served.
    """
    centres = _begin(rows, weights, count, np.random.default_rng(seed))
    before: NDArray[np.intp] | None = None
    for _ in range(_ROUNDS):
        cosines = rows @ centres.T
        nearest = cosines.argmax(axis=1)
        if before is not None and np.array_equal(nearest, before):
            break
        before = nearest
        worst = iter(np.argsort(cosines[np.arange(len(rows)), nearest], kind="stable").tolist())
        centres = np.zeros_like(centres)
        np.add.at(centres, nearest, rows * weights[:, None])
        for empty in np.flatnonzero(np.bincount(nearest, minlength=len(centres)) == 0):
            centres[empty] = rows[next(worst)]
        centres = _unit(centres)
    return centres


def _begin(rows: Floats, weights: Floats, count: int, random: np.random.Generator) -> Floats:
    """Rows drawn one after the other, the likelier the farther they are from those drawn before."""
    chance = weights.astype(np.float64)
    apart = np.full(len(rows), np.inf)
    drawn: list[int] = []
    for _ in range(count):
        drawn.append(int(random.choice(len(rows), p=chance / chance.sum())))
        apart = np.minimum(apart, np.maximum(1.0 - rows @ rows[drawn[-1]], 0.0))
        apart[drawn] = 0.0
        chance = weights * apart
        if not chance.sum():
            # All rows lie where one was drawn: any other does.
            chance = np.ones(len(rows))
            chance[drawn] = 0.0
    return rows[drawn]


def _unit(rows: Floats) -> Floats:
    unit: Floats = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return unit


def users_of_texts(pasts: Iterable[Sequence[Activity]]) -> Counter[str]:
    """By normalized text, how many users met it. pasts: one a user."""
    return Counter(text for past in pasts for text in {normalize(event.text) for event in past})


def favourites(past: Sequence[Activity], interests: Interests, as_of: datetime, habit: Habit) -> list[int]:
    """A user's interests, the strongest first; of equals the one met last. past: in order of time, none after as_of."""
    strength: defaultdict[int, float] = defaultdict(float)
    last: dict[int, int] = {}
    days = set()
    for position, event in enumerate(past):
        interest = interests.place[normalize(event.text)]
        last[interest] = position
        if habit.by == "decayed":
            strength[interest] += 0.5 ** ((as_of - event.timestamp) / timedelta(days=habit.half_life))
        elif habit.by == "days":
            day = (interest, event.timestamp.date())
            strength[interest] += day not in days
            days.add(day)
        else:
            strength[interest] += habit.by == "frequent"
    return sorted(last, key=lambda interest: (-round(strength[interest], 9), -last[interest]))
