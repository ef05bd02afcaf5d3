"""What can be told of each candidate for a journey's name, as numbers."""

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from math import sqrt
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from chains.naming_candidates import UNSPACED, Candidate, Subject
from vectorstore.activity import KeywordSource

NAME_FEATURES = (
    "centre",  # cosine to the middle of the journey's texts
    "centre_z",  # the same against the journey's other candidates
    "nearest",  # its highest cosine to another candidate
    "company",  # its mean cosine to the other candidates
    "gist",  # cosine to the middle of the candidates, those counting most whose words are the journey's common and own
    "apart",  # centre, above the highest cosine to the middle of another journey
    "frequency",  # log of its events, of that of the most frequent candidate
    "share",  # its events, of those of all candidates
    "exclusive",  # its events in the journey, of all its events
    "searched",  # log of how often it was searched for, 0 for once
    "recurring",  # share of the journey's texts in which its words stand, the mean of its words
    "own_words",  # this journey's texts of all of the user's in which its words stand, the mean of its words
    "unseen",  # share of its words that stand in no other text of the user
    "inside",  # log of the number of candidates that have all its words and more
    "around",  # log of the number of candidates all of whose words it has, and more
    "one_word",
    "two_words",
    "three_words",
    "four_words",
    "more_words",  # how many beyond four, up to six
    "empty_words",  # share of its words that carry no topic
    "letters",  # share of its signs that are letters
    "longest",  # how many signs beyond 24, in tens
    "asks",  # whether it is a question
    "speaks_of_self",
    "figures",  # whether it has digits
    "signs",  # whether it has commas, brackets, colons or the like
    "query",
    "board",
    "annotation",
    "phrase",
)

Rows = NDArray[np.float32]

_BLOCK = 1_000
_STEADY = 0.03
_LEAST_TELLING = np.float32(1e-3)
_SHORT_SIGNS, _SHORT_WORDS, _MOST_BEYOND = 24, 4, 6
_TWO_WORDS_UNSPACED = 4  # characters
_SOURCES = (KeywordSource.QUERY, KeywordSource.BOARD, KeywordSource.ANNOTATION, KeywordSource.PHRASE)
_IS_SOURCE = {source: tuple(source is each for each in _SOURCES) for source in KeywordSource}
# Where among the features stand those that are worked out together.
_MEANING, _EVENTS, _WORDS, _AMONG, _FORM, _SOURCE = (
    slice(NAME_FEATURES.index(first), NAME_FEATURES.index(last) + 1)
    for first, last in (
        ("centre", "apart"),
        ("frequency", "searched"),
        ("recurring", "unseen"),
        ("inside", "around"),
        ("one_word", "signs"),
        ("query", "phrase"),
    )
)
_ASKING = (
    "how", "what", "why", "when", "where", "who", "which", "can", "does", "do", "is", "are", "should",
    "wie", "was", "warum", "wann", "wo", "como", "cómo", "qué", "que", "por qué", "cuándo",
    "comment", "pourquoi", "kya", "kaise",
)  # fmt: skip
_OF_SELF = (
    "i", "i'm", "my", "me", "we", "our", "mein", "meine", "meinen", "mi", "mis", "mon", "ma", "mes", "meu", "minha",
    "mera", "meri",
)  # fmt: skip
_ASKING_WORDS, _WORDS_OF_SELF = frozenset(_ASKING), frozenset(_OF_SELF)
_ASKS = re.compile(rf"(?:{'|'.join(_ASKING)})\b", re.IGNORECASE)
_SPEAKS_OF_SELF = re.compile(rf"\b(?:{'|'.join(_OF_SELF)})\b", re.IGNORECASE)
_SIGNS = re.compile(r"[,;:!.()\[\]\"“”/|=]")
_DIGITS = re.compile(r"\d")


def name_features(candidates: Sequence[Candidate], subject: Subject) -> Rows:
    """(n, len(NAME_FEATURES)) of the n candidates, at least one, row by row."""
    rows = np.empty((len(candidates), len(NAME_FEATURES)), dtype=np.float32)
    words = [candidate.words for candidate in candidates]
    rows[:, _WORDS], telling = _words(words, subject)
    _meaning(np.array([candidate.vector for candidate in candidates]), telling, subject, rows[:, _MEANING])
    _events(candidates, rows[:, _EVENTS])
    rows[:, _AMONG] = _among([frozenset(own) for own in words])
    rows[:, _FORM] = [_form(candidate.keyword.text, len(candidate.words)) for candidate in candidates]
    rows[:, _SOURCE] = [_IS_SOURCE[candidate.keyword.source] for candidate in candidates]
    return rows


def _meaning(vectors: Rows, telling: Rows, subject: Subject, out: Rows) -> None:
    """telling: (n,) how much each candidate's words tell of the journey. out: (n, 6) is written."""
    n = len(vectors)
    to_centres = vectors @ subject.centres.T
    centre = to_centres[:, subject.number].copy()
    to_centres[:, subject.number] = -np.inf
    out[:, 0] = centre
    from_mean = centre - centre.sum() / n
    out[:, 1] = from_mean / (np.sqrt((from_mean * from_mean).sum() / n) + _STEADY)
    out[:, 2] = 0
    for start in range(0, n, _BLOCK) if n > 1 else ():
        rows = slice(start, start + _BLOCK)
        near = vectors[rows] @ vectors.T
        near.partition(n - 2, axis=1)
        # The highest of all is that to itself.
        out[rows, 2] = near[:, n - 2]
    out[:, 3] = (vectors @ vectors.sum(axis=0) - 1) / max(n - 1, 1)
    gist = (telling + _LEAST_TELLING) @ vectors
    out[:, 4] = vectors @ (gist / max(sqrt(gist @ gist), 1e-9))
    out[:, 5] = centre - to_centres.max(axis=1) if len(subject.centres) > 1 else centre


def _events(candidates: Sequence[Candidate], out: Rows) -> None:
    """out: (n, 4) is written."""
    events = np.array([candidate.events for candidate in candidates], dtype=np.float32)
    often = np.log1p(events)
    out[:, 0] = often / often.max()
    out[:, 1] = events / events.sum()
    out[:, 2] = events / np.array([candidate.everywhere for candidate in candidates], dtype=np.float32)
    queries = np.array([candidate.keyword.source is KeywordSource.QUERY for candidate in candidates])
    out[:, 3] = np.log(events) * queries


def _words(words: Sequence[Sequence[str]], subject: Subject) -> tuple[Rows, Rows]:
    """(n, 3) features, and (n,) the highest product of how common a word is in the journey and how much its own."""
    here = Counter(chain.from_iterable(subject.words))
    size, of_user = len(subject.words), subject.of_user
    told: dict[str, tuple[float, float, bool]] = {}
    for word in chain.from_iterable(words):
        if word not in told:
            count, everywhere = here[word], of_user.get(word, 0)
            told[word] = count / size, count / max(everywhere, 1), everywhere <= 1
    rows, telling = [], []
    for own in words:
        common = mine = alone = most = 0.0
        for word in own:
            one, other, only = told[word]
            common, mine, alone, most = common + one, mine + other, alone + only, max(most, one * other)
        number = len(own) or 1
        rows.append((common / number, mine / number, alone / number))
        telling.append(most)
    return np.array(rows, dtype=np.float32), np.array(telling, dtype=np.float32)


def _among(words: Sequence[frozenset[str]]) -> Rows:
    """Which candidates have all the words of which others, and more."""
    having: dict[str, list[int]] = {}
    for row, own in enumerate(words):
        for word in own:
            having.setdefault(word, []).append(row)
    counts = np.zeros((len(words), 2), dtype=np.float32)
    for row, own in enumerate(words):
        if own:
            for other in min((having[word] for word in own), key=len):
                if own < words[other]:
                    counts[row, 0] += 1
                    counts[other, 1] += 1
    return np.log1p(counts)


def _form(text: str, topical: int) -> tuple[float, ...]:
    """topical: how many of its words carry a topic."""
    split = text.split()
    number, packed = len(split), "".join(split)
    if number == 1 and not text.isascii() and UNSPACED.search(text):
        number += len(text) >= _TWO_WORDS_UNSPACED
    # Most texts are plain words, of which there is less to tell.
    plain = packed.isalpha()
    letters = len(packed) if plain else sum(category(sign)[0] in "LM" for sign in packed)
    if plain and text.isascii():
        words = text.lower().split()
        asks, of_self = words[0] in _ASKING_WORDS, not _WORDS_OF_SELF.isdisjoint(words)
    else:
        asks = _ASKS.match(text) is not None or "?" in text or "？" in text
        of_self = _SPEAKS_OF_SELF.search(text) is not None
    return (
        number == 1,
        number == 2,
        number == 3,
        number == _SHORT_WORDS,
        min(max(number - _SHORT_WORDS, 0), _MOST_BEYOND),
        max(1 - topical / max(number, 1), 0),
        letters / max(len(packed), 1),
        max(len(text) - _SHORT_SIGNS, 0) / 10,
        asks,
        of_self,
        not plain and _DIGITS.search(text) is not None,
        not plain and _SIGNS.search(text) is not None,
    )
