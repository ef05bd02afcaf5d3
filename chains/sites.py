"""What the names of opened sites say of a user's texts, for fine journeys.

A query that only an expert would understand ("quorum") is followed by a click on a site whose name says it in other
words ("lightinguniverse"). Where those words stand in other texts of the user, his own words explain the query. A site
needs no vector of its own for that, and no site is looked up anywhere.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain
from math import fsum, log
from typing import TYPE_CHECKING

import numpy as np

from chains.pair_features import WORD, having, row_blocks
from chains.texts import Floats, Texts

if TYPE_CHECKING:
    from scipy import sparse

_SHORTEST_WORD = 4
_WEIGHT = np.float32(0.4)
_HOST = re.compile(r"https?://(?:[^/?#@]*@)?([^/?#:@]+)", re.IGNORECASE)


def with_sites(texts: Texts) -> Texts:
    """The texts, those that led to a site mixed with the user's others that its name speaks of.

    context: each gets 0.4 of the mean of the others' contexts, unit length again. Another text counts by how much of it
    stands in the name: of its words of four letters and more, weighted by how rare they are with this user. Texts that
    led to no web address, or to none whose name says anything, stay as they are, to the bit.
    """
    names = [_name(items) for items in texts.items]
    if not any(names):
        return texts
    n = len(texts)
    words = [frozenset(word for word in WORD.findall(key) if len(word) >= _SHORTEST_WORD) for key in texts.keys]
    counts = Counter(chain.from_iterable(words))
    every = "\n".join(names)
    column = {word: place for place, word in enumerate(sorted(word for word in counts if word in every))}
    rarity = {word: log((n + 1) / count) for word, count in counts.items()}
    said = [frozenset(word for word in column if word in name) if name else frozenset() for name in names]
    told_of = np.array([rarity[word] for word in column], dtype=np.float32)
    named, own = (_incidence(sets, column, weights) for sets, weights in ((said, None), (words, told_of)))
    whole = np.array([fsum(rarity[word] for word in each) for each in words], dtype=np.float32)
    context = texts.context.copy()
    for rows in row_blocks(n):
        shared = named[rows] @ own.T
        told: Floats = shared if isinstance(shared, np.ndarray) else shared.toarray()
        told /= np.maximum(whole, np.float32(1e-6))
        told[np.arange(len(told)), np.arange(rows.start, rows.stop)] = 0
        total = told.sum(axis=1)
        led = np.flatnonzero(total)
        mixed = texts.context[rows][led] + _WEIGHT * (told[led] @ texts.context) / total[led, None]
        context[rows.start + led] = mixed / np.maximum(np.linalg.norm(mixed, axis=1, keepdims=True), 1e-9)
    return replace(texts, context=context)


def _name(items: Iterable[str]) -> str:
    """The hosts of those items that are web addresses, without the last part ("com"), each with a dot at its end."""
    hosts = (_HOST.match(item) for item in items)
    return "".join(f"{host[1].casefold().rpartition('.')[0]}." for host in hosts if host)


def _incidence(
    sets: Sequence[Set[str]], column: Mapping[str, int], weights: Floats | None
) -> "Floats | sparse.csr_array":
    """(n, words): which of the words each has, as 1 or the word's weight."""
    members = [[column[word] for word in each if word in column] for each in sets]
    rows = np.repeat(np.arange(len(sets)), [len(each) for each in members])
    return having(rows, np.array([*chain.from_iterable(members)], dtype=np.intp), (len(sets), len(column)), weights)
