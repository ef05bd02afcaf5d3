"""A journey's name without a model: the keyword that says best what the journey is about."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from chains.wording import shortened
from vectorstore.activity import Keyword, KeywordSource, normalize

LONGEST_NAME = 60

_SOURCE_WORTH = {
    KeywordSource.QUERY: 0.6,
    KeywordSource.BOARD: 0.3,
    KeywordSource.TITLE: 0.0,
    KeywordSource.ANNOTATION: 1.0,
    KeywordSource.PHRASE: 0.4,
}
#: Centrality, own frequency, exclusiveness, form and source, each in [0, 1].
WEIGHTS = (0.40, 0.15, 0.15, 0.20, 0.10)

_ASKS_OR_SPEAKS_OF_SELF = re.compile(
    r"^(how|what|why|when|where|who|which|can|does|do|is|are|should)\b"
    r"|^(wie|was|warum|wann|wo|como|cómo|qué|que|por qué|comment|pourquoi)\b"
    r"|\b(i|i'm|my|me|we|our|mein|meine|mi|mis|mon|ma|meu|minha)\b|[?!]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A keyword that could name a journey. events: of this journey; everywhere: of the whole user."""

    keyword: Keyword
    vector: NDArray[np.float32]
    events: int
    everywhere: int


def rank_names(candidates: Sequence[Candidate], centre: NDArray[np.float32]) -> list[str]:
    """Names fit in length and case, best first. centre: (d,) unit length, the middle of the journey's texts."""
    if not candidates:
        return []
    most = max(candidate.events for candidate in candidates)
    marks = [
        (
            float(np.clip(candidate.vector @ centre, 0, 1)),
            float(np.log1p(candidate.events) / np.log1p(most)),
            candidate.events / candidate.everywhere,
            form(candidate.keyword.text),
            _SOURCE_WORTH[candidate.keyword.source],
        )
        for candidate in candidates
    ]
    worth = [sum(w * m for w, m in zip(WEIGHTS, mark, strict=True)) for mark in marks]
    # Rounded, so that equals stay equal: stores return vectors that differ in the last bit.
    order = sorted(range(len(candidates)), key=lambda place: (-round(worth[place], 4), candidates[place].keyword.key))
    return [presentable(candidates[place].keyword.text) for place in order]


def form(text: str) -> float:
    """How much a text looks like a name, in [0, 1]: two to four words, letters, no question, nothing about "me"."""
    words = len(text.split())
    letters = sum(category(sign)[0] in "LM" for sign in text) / max(len(text.replace(" ", "")), 1)
    length = {1: 0.6, 2: 1.0, 3: 1.0, 4: 0.9, 5: 0.7, 6: 0.5}.get(words, 0.2)
    if len(text) > LONGEST_NAME:
        length = 0.0
    return length * letters * (0.4 if _ASKS_OR_SPEAKS_OF_SELF.search(text) else 1.0)


def presentable(text: str) -> str:
    """One line of at most 60 characters, its first letter a capital; shouting becomes speech."""
    line = shortened(" ".join(text.split()).strip(" .,;:-–—|"), LONGEST_NAME)
    if line.isupper() and len(line) > 4:
        line = line.lower()
    return line[:1].upper() + line[1:]


def choose_names(ranked: Sequence[Sequence[str]], fit: Callable[[str], bool], taken: Collection[str] = ()) -> list[str]:
    """One name for each journey, no two alike. ranked: for each journey its names, best first.

    Where all of a journey's own names are taken, two of them together make one; where none is fit to be shown, it is
    called by its number.
    """
    used = {normalize(name) for name in taken}
    chosen = []
    for number, names in enumerate(ranked, 1):
        free = (n for n in _wishes(names, fit) if n and len(n) <= LONGEST_NAME and normalize(n) not in used and fit(n))
        name = next(free, None) or next(
            n for n in (f"Journey {k}" for k in range(number, number + len(used) + 2)) if normalize(n) not in used
        )
        used.add(normalize(name))
        chosen.append(name)
    return chosen


def _wishes(names: Sequence[str], fit: Callable[[str], bool]) -> Iterator[str]:
    yield from names
    fitting = [name for name in names if name and fit(name)]
    yield from (f"{one} · {other}" for one in fitting[:3] for other in fitting[:8] if one != other)
