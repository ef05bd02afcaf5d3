"""What speaks for or against two texts of one user belonging to one journey: numbers for every pair."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence, Set
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chains.texts import Floats, Texts

if TYPE_CHECKING:
    from scipy import sparse

FEATURES = (
    "cosine",  # of the texts alone
    "context_cosine",  # of the texts with their annotations
    "session_cosine",  # each text with what was done within the hour
    "session_kin_cosine",  # the same, counting what is near in meaning
    "kin_cosine",  # each text with the user's five nearest texts
    "both_cosine",  # the two before together
    "nearness",  # log of the mutual rank by context cosine
    "both_nearness",  # log of the mutual rank by both_cosine
    "cosine_z",  # context cosine against the two texts' usual
    "both_z",  # both_cosine against the two texts' usual
    "gap",  # log10 of the least seconds between two events
    "steps",  # log of the least number of events between
    "letters",  # Dice coefficient of letter trigrams
    "rare_words",  # shared words and annotation words, weighted by rarity with this user
    "same_board",
    "other_board",
    "same_annotations",  # how many
    "same_item",
    "first_gap",  # log10 of the seconds between the two first events
    "texts",  # log of the number of the user's texts
    "words",  # the fewer words of the two
)

WORD = re.compile(r"[^\W_]{3,}")
_SESSION_SECONDS = 3600.0
_SESSION_FADES = 600.0
_NEAREST = 5
_CROWD_SECONDS = 30.0
_CELLS = 500_000
_COSINES_KEPT = 1_500
_FEW = 64

Matrix = NDArray[np.float32]


def pair_features(texts: Texts) -> Iterator[tuple[int, Matrix]]:
    """Blocks of rows: the number of the first, and (rows, n, len(FEATURES)) float32. The diagonal means nothing.

    What grows with n * n are four matrices, however many features there are; two more up to 1,500 texts.
    """
    pairs = Pairs(texts)
    for rows in row_blocks(len(texts)):
        yield rows.start, np.moveaxis(pairs.block(rows, slice(0, len(texts))), 0, 2)


class Pairs:
    """What the blocks have in common: smoothed vectors, ranks, closeness in time, who shares what."""

    def __init__(self, texts: Texts) -> None:
        n = len(texts)
        words = [frozenset(WORD.findall(key)) for key in texts.keys]
        with_labels = [own | set(" ".join(names).split()) for own, names in zip(words, texts.labels, strict=True)]
        self.texts = texts
        self.gap, self.steps = _closest(texts)
        self.letters, self.letter_counts = _trigrams(texts.keys)
        self.rare_words = _incidence(with_labels, lambda count: np.sqrt(np.log((n + 1) / count)))
        self.labels, self.items, self.boards = map(_incidence, (texts.labels, texts.items, texts.boards))
        self.has_board = np.array([bool(names) for names in texts.boards])
        self.word_counts = np.array([len(own) for own in words], dtype=np.float32)
        self.first = np.array([events[0].timestamp.timestamp() for events in texts.events])
        self.context = _Cosines(texts.context)
        self.smooth = self._smooth()
        self.usual, self.rank = _standing(self.context)
        self.both = _Cosines(self.smooth[3])
        self.usual_both, self.rank_both = _standing(self.both)
        self.logs = np.log1p(np.arange(n + 1)).astype(np.float32)

    def _smooth(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Unit vectors in the axes of `Texts.spanned`: each text mixed with its session, the kin in it, its kin, and
        both."""
        context, n = self.texts.spanned, len(self.texts)
        session, session_kin, kin, both = (np.empty_like(context) for _ in range(4))
        kept: list[Matrix] = []
        for rows in row_blocks(n):
            near, beside, beside_kin = self._company(rows)
            session[rows] = _mix(context, rows, beside)
            session_kin[rows] = _mix(context, rows, beside_kin)
            kin[rows] = _mix(context, rows, near)
            if n <= _COSINES_KEPT:
                kept.append(near + beside_kin * np.float32(0.5))
        for number, rows in enumerate(row_blocks(n)):
            if kept:
                both[rows] = _mix(session_kin, rows, kept[number])
            else:
                near, _, beside_kin = self._company(rows)
                both[rows] = _mix(session_kin, rows, near + beside_kin * np.float32(0.5))
        return session, session_kin, kin, both

    def _company(self, rows: slice) -> tuple[Matrix, Matrix, Matrix]:
        """(rows, n): how near in meaning, where nearest; how near in time, within the hour; the same by meaning."""
        positive = np.maximum(self.context.of(rows), 0)
        gap = self.gap[rows]
        # Never of more than an hour: numbers next to nothing take the processor a hundred times as long.
        beside: Matrix = np.exp(-np.minimum(gap, _SESSION_SECONDS) / _SESSION_FADES) * (gap < _SESSION_SECONDS)
        return _nearest(positive, rows), beside, beside * positive

    def block(self, rows: slice, columns: slice, out: Matrix | None = None) -> Matrix:
        """(len(FEATURES), rows, columns): each feature by itself, of the pairs of these rows and columns."""
        texts, ones = self.texts, (rows, columns)
        context, both = self.context.of(*ones), self.both.of(*ones)
        same_board = _shared(self.boards, *ones) > 0
        letters = 2 * _shared(self.letters, *ones) / _outer(np.add, self.letter_counts, *ones)
        first_gap = np.abs(_outer(np.subtract, self.first, *ones)).astype(np.float32)
        block = np.empty((len(FEATURES), *context.shape), dtype=np.float32) if out is None else out
        for place, values in enumerate(
            (
                texts.vectors[rows] @ texts.vectors[columns].T,
                context,
                *(smoothed[rows] @ smoothed[columns].T for smoothed in self.smooth[:3]),
                both,
                self.logs[np.minimum(self.rank[rows, columns], self.rank[columns, rows].T)],
                self.logs[np.minimum(self.rank_both[rows, columns], self.rank_both[columns, rows].T)],
                _standard(context, *ones, self.usual),
                _standard(both, *ones, self.usual_both),
                np.log10(1 + self.gap[ones]),
                np.log1p(self.steps[ones]),
                letters,
                _shared(self.rare_words, *ones),
                same_board,
                _outer(np.logical_and, self.has_board, *ones) & ~same_board,
                _shared(self.labels, *ones),
                _shared(self.items, *ones) > 0,
                np.log10(1 + first_gap),
                np.log(len(texts)),
                _outer(np.minimum, self.word_counts, *ones),
            )
        ):
            block[place] = values
        return block


class _Cosines:
    """Cosines of vectors of unit length: kept up to 1,500 texts, made anew for each block beyond."""

    def __init__(self, vectors: Floats) -> None:
        self.vectors = vectors
        self.kept = vectors @ vectors.T if len(vectors) <= _COSINES_KEPT else None

    def __len__(self) -> int:
        return len(self.vectors)

    def of(self, rows: slice, columns: slice = slice(None)) -> Matrix:
        """(rows, columns), not to be written to."""
        return self.vectors[rows] @ self.vectors[columns].T if self.kept is None else self.kept[rows, columns]


def row_blocks(n: int) -> Iterator[slice]:
    step = max(1, _CELLS // max(n, 1))
    return (slice(first, min(first + step, n)) for first in range(0, n, step))


def _closest(texts: Texts) -> tuple[Matrix, Matrix]:
    """For each pair the least seconds, and the least steps in the stream, between an event of one and of the other."""
    seconds, places, starts = texts.stream
    n, total = len(texts), len(seconds)
    gap, steps = (np.empty((n, n), dtype=np.float32) for _ in range(2))
    crowd = _crowds(texts)
    bounds = np.append(starts, total)
    first = 0
    while first < n:
        last = int(np.searchsorted(bounds, bounds[first] + 8 * _CELLS // total, side="right")) - 1
        last = min(max(last, first + 1), n)
        rows = slice(bounds[first], bounds[last])
        for values, out in ((seconds, gap), (places.astype(np.float64), steps)):
            apart = np.minimum.reduceat(np.abs(values[rows, None] - values[None, :]), starts, axis=1)
            out[first:last] = np.minimum.reduceat(apart, starts[first:last] - bounds[first], axis=0)
        first = last
    if crowd.any():
        least = np.minimum(crowd[:, None], crowd[None, :])
        np.maximum(gap, _CROWD_SECONDS * least, out=gap)
        np.maximum(steps, least, out=steps)
    return gap, steps


def _crowds(texts: Texts) -> NDArray[np.float32]:
    """(n,): with how many other texts each was done at the very same moment, at its least crowded.

    An order of a hundred goods is no session: that two were bought in one moment says the less, the more there were.
    """
    together = Counter(moment for events in texts.events for moment in {event.timestamp for event in events})
    return np.array(
        [min(together[event.timestamp] for event in events) - 1 for events in texts.events], dtype=np.float32
    )


def _mix(vectors: Floats, rows: slice, weights: Matrix) -> Floats:
    """The rows' vectors, each with the weighted mean of the others', unit length again."""
    weights[np.arange(len(weights)), np.arange(rows.start, rows.stop)] = 0
    mixed: Floats = vectors[rows] + (weights @ vectors) / np.maximum(weights.sum(axis=1, keepdims=True), 1)
    unit: Floats = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
    return unit


def _nearest(similarity: Matrix, rows: slice) -> Matrix:
    """The similarity where it is one of the row's highest, itself left out; 0 elsewhere."""
    others = similarity.copy()
    others[np.arange(len(others)), np.arange(rows.start, rows.stop)] = -1
    n = others.shape[1]
    if n > _NEAREST:
        others[others < np.partition(others, n - _NEAREST, axis=1)[:, [n - _NEAREST]]] = 0
    return np.maximum(others, 0)


def _standing(cosines: _Cosines) -> tuple[tuple[NDArray[np.float32], NDArray[np.float32]], NDArray[np.unsignedinteger]]:
    """Of each text the mean and standard deviation of its cosines with all of the user's texts, (n,) each.

    And (n, n): how many texts are nearer to the row's text, itself counted.
    """
    n = len(cosines)
    mean, spread = (np.empty(n, dtype=np.float32) for _ in range(2))
    rank = np.empty((n, n), dtype=np.min_scalar_type(n))
    for rows in row_blocks(n):
        similarity = cosines.of(rows)
        usual = similarity.sum(axis=1, keepdims=True) / np.float32(n)
        apart = similarity - usual
        apart *= apart
        mean[rows], spread[rows] = usual[:, 0], np.sqrt(apart.sum(axis=1) / np.float32(n)) + np.float32(1e-6)
        similarity = similarity.copy()
        similarity[np.arange(len(similarity)), np.arange(rows.start, rows.stop)] = 2
        rank[rows] = descending_ranks(similarity)
    return (mean, spread), rank


def descending_ranks(values: Matrix) -> NDArray[np.intp]:
    """(rows, n): the place of each value in its row, the highest first; of equal values the one before comes first."""
    n = values.shape[1]
    if n <= _FEW:
        return _places(np.argsort(-values, axis=1, kind="stable"))
    # A number that sorts as the value does backwards, above the number of its column: it sorts in a tenth of the time.
    bits = (0 - values).view(np.int32)
    bits ^= (bits >> 31) & 0x7FFFFFFF
    keys = bits.astype(np.int64) << 32
    keys |= np.arange(n)
    keys.sort(axis=1)
    return _places((keys & 0xFFFFFFFF).astype(np.intp))


def _places(order: NDArray[np.intp]) -> NDArray[np.intp]:
    places = np.empty_like(order)
    places[np.arange(len(order))[:, None], order] = np.arange(order.shape[1])
    return places


def _standard(
    similarity: Matrix, rows: slice, columns: slice, usual: tuple[NDArray[np.float32], NDArray[np.float32]]
) -> Matrix:
    """Standard deviations above the usual, the mean of the two texts' views."""
    mean, spread = usual
    mine = (similarity - mean[rows, None]) / spread[rows, None]
    mine += (similarity - mean[None, columns]) / spread[None, columns]
    mine *= np.float32(0.5)
    return mine


def _outer(of_two: np.ufunc, values: NDArray[Any], rows: slice, columns: slice) -> NDArray[Any]:
    """(rows, columns): what the function makes of the two texts' values."""
    made: NDArray[Any] = of_two(values[rows, None], values[None, columns])
    return made


def _incidence(
    sets: Sequence[Set[str]], weight: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None
) -> "Matrix | sparse.csr_array":
    """(n, members): who has what, leaving out what only one has; weighted by in how many sets a member is."""
    counts = Counter(chain.from_iterable(sets))
    common = sorted(member for member, count in counts.items() if count > 1)
    column = dict(zip(common, range(len(common)), strict=True))
    shared = [[column[member] for member in members if member in column] for members in sets]
    indices = np.array([*chain.from_iterable(shared)], dtype=np.intp)
    row = np.repeat(np.arange(len(sets)), [len(members) for members in shared])
    weights = None
    if weight is not None:
        weights = weight(np.array([counts[member] for member in common], dtype=np.float64)).astype(np.float32)
    return having(row, indices, (len(sets), len(common)), weights)


def _trigrams(keys: Sequence[str]) -> "tuple[Matrix | sparse.csr_array, NDArray[np.float32]]":
    """Like `_incidence`, of the letter trigrams of each text between two spaces; and (n,) how many each has."""
    letters = "".join(f" {key} " for key in keys).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(letters, dtype=np.uint32).astype(np.int64)
    owner = np.repeat(np.arange(len(keys)), [len(key) + 2 for key in keys])
    inside = owner[:-2] == owner[2:]
    trigrams, owner = ((codes[:-2] << 42) | (codes[1:-1] << 21) | codes[2:])[inside], owner[:-2][inside]
    order = trigrams.argsort(kind="stable")
    trigrams, owner = trigrams[order], owner[order]
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = trigrams[1:] != trigrams[:-1]
    distinct = first.copy()
    distinct[1:] |= owner[1:] != owner[:-1]
    column, row = (first.cumsum() - 1)[distinct], owner[distinct]
    common = np.bincount(column) > 1
    shared = common[column]
    incidence = having(row[shared], (common.cumsum() - 1)[column[shared]], (len(keys), int(common.sum())))
    return incidence, np.bincount(row, minlength=len(keys)).astype(np.float32)


def having(
    row: NDArray[np.intp], column: NDArray[np.intp], shape: tuple[int, int], weights: Matrix | None = None
) -> "Matrix | sparse.csr_array":
    """Who has what: 1, or the column's weight, at these places."""
    if shape[0] * shape[1] <= _CELLS:
        # Most users are small, and for them a dense matrix is made and multiplied in a tenth of the time.
        dense = np.zeros(shape, dtype=np.float32)
        dense[row, column] = 1 if weights is None else weights[column]
        return dense
    # Imported here, since reading journeys does without SciPy, and it takes a third of a second.
    from scipy import sparse  # noqa: PLC0415

    values = np.ones(len(column), dtype=np.float32) if weights is None else weights[column]
    return sparse.csr_array((values, (row, column)), shape=shape)


def _shared(incidence: "Matrix | sparse.csr_array", rows: slice, columns: slice) -> Matrix:
    """(rows, columns): the sum of the products of two texts' weights over what they share."""
    shared = incidence[rows] @ incidence[columns].T
    return shared if isinstance(shared, np.ndarray) else shared.toarray()
