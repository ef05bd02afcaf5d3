"""A journey's name without a language model: of its keywords the one that says best what the journey is about."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from chains.found import Found
from chains.naming_candidates import Candidate, Subject, candidates_of, subjects_of, words_in, words_of_keywords
from chains.naming_features import name_features
from chains.naming_model import NamingModel
from chains.showable import fit_to_show
from chains.texts import Floats, Texts
from chains.wording import shortened
from vectorstore.activity import Keyword, normalize

LONGEST_NAME = 60
_NEXT_FEW = 4


@dataclass(frozen=True, slots=True)
class Named:
    """candidates: all keywords of the journey's events that might have named it, or do not read well enough to."""

    name: str
    candidates: Sequence[Candidate]


def name_journeys(
    keywords: Sequence[Keyword], vectors: Floats, texts: Texts, journeys: Sequence[Found], model: NamingModel
) -> list[Named]:
    """A name for each journey of one user, no two alike; the earlier have the choice.

    keywords: all of the user's that may be shown, with their (len(keywords), d) vectors.
    """
    words, groups = words_of_keywords(keywords), [journey.places for journey in journeys]
    candidates = candidates_of(keywords, vectors, words, texts, groups)
    subjects = subjects_of(words, texts, groups, np.array([journey.centre for journey in journeys]))
    ranked = [rank_names(own, subject, model) for own, subject in zip(candidates, subjects, strict=True)]
    return [Named(*pair) for pair in zip(choose_names(ranked, fit_to_show), candidates, strict=True)]


def rank_names(candidates: Sequence[Candidate], subject: Subject, model: NamingModel) -> list[str]:
    """Names fit in length and case, best first, of the candidates that may name."""
    nameable = [candidate for candidate in candidates if may_name(candidate.keyword)]
    if not nameable:
        return []
    # Rounded, so that equals stay equal: stores return vectors that differ in the last bit.
    worth = np.round(model.worth(name_features(nameable, subject)), 4).tolist()
    order = sorted(range(len(nameable)), key=lambda place: (-worth[place], nameable[place].keyword.key))
    return [presentable(nameable[place].keyword.text) for place in order]


def may_name(keyword: Keyword) -> bool:
    """A text that will be cut is judged whole: cutting could take away just what makes it unfit."""
    return len(keyword.text) <= LONGEST_NAME or fit_to_show(keyword.text)


def presentable(text: str) -> str:
    """One line of at most 60 characters, its first letter a capital; shouting becomes speech."""
    line = shortened(" ".join(text.split()).strip(" .,;:-–—|"), LONGEST_NAME)
    if line.isupper() and len(line) > 4:
        line = line.lower()
    return line[:1].upper() + line[1:]


def choose_names(ranked: Sequence[Sequence[str]], fit: Callable[[str], bool], taken: Collection[str] = ()) -> list[str]:
    """One name for each journey, no two alike. ranked: for each journey its names, best first.

    A name of the same words as a taken one ("Easy recipes" beside "Easy recipe") gives way to one of the next few.
    Where all of a journey's own names are taken, two of them together make one; where none is fit to be shown, it is
    called by its number.
    """
    used = {normalize(name) for name in taken}
    used_words = {_topic(name) for name in taken}
    chosen = []
    for number, names in enumerate(ranked, 1):
        free = (n for n in _wishes(names, fit) if n and len(n) <= LONGEST_NAME and normalize(n) not in used and fit(n))
        numbers = (f"Journey {k}" for k in range(number, number + len(used) + 2))
        name = _unlike(free, used_words) or next(n for n in numbers if normalize(n) not in used)
        used.add(normalize(name))
        used_words.add(_topic(name))
        chosen.append(name)
    return chosen


def _unlike(free: Iterator[str], used_words: Collection[frozenset[str]]) -> str | None:
    """The first of the next few names that doesn't say what a taken one says, or else the first."""
    first = next(free, None)
    if first is None or not _topic(first) or _topic(first) not in used_words:
        return first
    return next((name for name in islice(free, _NEXT_FEW) if _topic(name) not in used_words), first)


def _topic(name: str) -> frozenset[str]:
    return frozenset(words_in(name))


def _wishes(names: Sequence[str], fit: Callable[[str], bool]) -> Iterator[str]:
    yield from names
    fitting = [name for name in names if name and fit(name)]
    yield from (f"{one} · {other}" for one in fitting[:3] for other in fitting[:8] if one != other)
