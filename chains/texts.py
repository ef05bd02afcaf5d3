"""What is clustered: the distinct texts of one user, each with its own events and what surrounds them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from chains.crowd import Crowd
from vectorstore.activity import Activity, Keyword, KeywordSource, normalize

_OWN = frozenset({KeywordSource.QUERY, KeywordSource.BOARD, KeywordSource.TITLE})
_ANNOTATION_WEIGHT = 0.7
# Added to the squared lengths, so that two texts in the same place still have a factor.
_STEADY = 1e-9

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Texts:
    """The n distinct texts of one user in order of first event (then of key).

    keys: normalized texts. keywords: the keyword of each. events: of each, those whose text it is, in order of time.
    vectors: (n, d) unit length. context: (n, d) unit length, the text together with its annotations.
    boards, items, labels: for each text the normalized boards and annotations, and the items, that it came with.
    familiar: (n,) how familiar each is to other users (`Crowd.familiarity`), None where that is not known.
    """

    keys: tuple[str, ...]
    keywords: tuple[Keyword, ...]
    events: tuple[tuple[Activity, ...], ...]
    vectors: Floats
    context: Floats
    boards: tuple[frozenset[str], ...]
    items: tuple[frozenset[str], ...]
    labels: tuple[frozenset[str], ...]
    familiar: Floats | None = None

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def stream(self) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
        """All events, text by text: epoch seconds (E,), places in time (E,), and where each text starts (n,)."""
        seconds = np.array([event.timestamp.timestamp() for events in self.events for event in events])
        places = np.empty(len(seconds), dtype=np.intp)
        places[np.argsort(seconds, kind="stable")] = np.arange(len(seconds))
        starts = np.cumsum([0, *(len(events) for events in self.events[:-1])], dtype=np.intp)
        return seconds, places, starts

    @cached_property
    def spanned(self) -> Floats:
        """(n, n) of few texts, the contexts in axes of the space that they span, of many the contexts themselves.

        Sums of them have the same lengths and cosines, to rounding; with n far below d they are made in a fraction of
        the time. Rows are those of the Cholesky factor of the cosines.
        """
        if 2 * len(self) > self.context.shape[1]:
            return self.context
        context = self.context.astype(np.float64)
        cosines = context @ context.T
        cosines.flat[:: len(self) + 1] += _STEADY
        return np.linalg.cholesky(cosines).astype(np.float32)


def texts_of(keywords: Sequence[Keyword], vectors: Floats, crowd: Crowd | None = None) -> Texts:
    """Keywords of one user and their vectors, row by row (unit length) -> his distinct texts.

    crowd: of the log that he is from, where there is one.
    """
    row = {keyword.key: index for index, keyword in enumerate(keywords)}
    key = _key_of(keywords)
    units = units_of(keywords)
    own_vectors = vectors[[row[keyword.key] for keyword, _ in units]]
    labels = [frozenset(key(label) for event in events for label in event.annotations) for _, events in units]
    beside = [[row[name] for name in sorted(names) if name in row] for names in labels]
    context = _with_labels(own_vectors, vectors, beside)
    return Texts(
        keys=tuple(keyword.key for keyword, _ in units),
        keywords=tuple(keyword for keyword, _ in units),
        events=tuple(events for _, events in units),
        vectors=own_vectors,
        context=context,
        boards=tuple(frozenset(key(e.board) for e in events if e.board) | _named(k, events) for k, events in units),
        items=tuple(frozenset(event.item_id for event in events if event.item_id) for _, events in units),
        labels=tuple(labels),
        familiar=crowd.familiarity(context, keywords[0].user_id) if crowd and len(units) else None,
    )


def units_of(keywords: Sequence[Keyword]) -> list[tuple[Keyword, tuple[Activity, ...]]]:
    """Of one user's keywords those that are texts, each with the events whose text it is, in the order of `Texts`."""
    key = _key_of(keywords)
    units: list[tuple[Keyword, tuple[Activity, ...]]] = []
    for keyword in keywords:
        if keyword.source in _OWN:
            own = tuple(event for event in keyword.events if key(event.text) == keyword.key)
            if own:
                units.append((keyword, own))
    units.sort(key=lambda unit: (unit[1][0].timestamp, unit[0].key))
    return units


def _key_of(keywords: Sequence[Keyword]) -> Callable[[str], str]:
    """What normalizes a text; those of the keywords are looked up."""
    known = {keyword.text: keyword.key for keyword in keywords}
    return lambda text: known.get(text) or normalize(text)


def _with_labels(own: Floats, vectors: Floats, beside: Sequence[Sequence[int]]) -> Floats:
    """(n, d) unit length: each text's own vector, and 0.7 of the mean of those of its annotations, by their rows."""
    context = own.copy()
    of_size: dict[int, list[int]] = {}
    for place, rows in enumerate(beside):
        of_size.setdefault(len(rows), []).append(place)
    for size, places in of_size.items():
        if size:
            means = vectors[[beside[place] for place in places]].sum(axis=1) / np.float32(size)
            context[places] += _ANNOTATION_WEIGHT * means
    context /= np.maximum(np.linalg.norm(context, axis=1, keepdims=True), 1e-9)
    return context


def _named(keyword: Keyword, events: Sequence[Activity]) -> frozenset[str]:
    """A board's own name counts as a board that its text came with."""
    return frozenset([keyword.key]) if any(event.kind == "board" for event in events) else frozenset()
