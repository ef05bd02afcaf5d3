"""What may name a journey: the keywords of its events, beside what a name has to stand for."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chains.keywords import function_words, title_phrases
from chains.texts import Floats, Texts
from vectorstore.activity import Keyword, KeywordSource, normalize

#: What stands between words. It is named, and not what stands in words, so that vowels written as marks stay in them.
BETWEEN = re.compile(r"[\s\-–—_/|,;:.!?…()\[\]\"“”„«»+&#*=~、。・「」（）！？]+")
#: Kana, Chinese characters, Thai: where words stand without spaces, two signs in a row stand in for a word.
UNSPACED = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f\u0e00-\u0e7f]")
_PLURAL_FROM = 4

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A keyword that could name a journey.

    vector: (d,) unit length. words: those of `words_in`. events: of this journey; everywhere: of the whole user.
    """

    keyword: Keyword
    vector: NDArray[np.float32]
    words: Words
    events: int
    everywhere: int


@dataclass(frozen=True, slots=True)
class Subject:
    """What a name is to stand for: one journey among the user's.

    centres: (k, d) unit length, the middles of all of the user's journeys, shared by them; number: which of them it is.
    words: of each of its texts, with those of what its items are described by. of_user: word -> in how many texts of
    the user it stands, this journey's too.
    """

    centres: Floats
    number: int
    words: Sequence[frozenset[str]]
    of_user: Mapping[str, int]


def words_of_keywords(keywords: Iterable[Keyword]) -> dict[str, Words]:
    """By the keyword's key, the words that carry its topic."""
    return {keyword.key: words_in(keyword.text) for keyword in keywords}


def candidates_of(
    keywords: Sequence[Keyword],
    vectors: Floats,
    words: Mapping[str, Words],
    texts: Texts,
    groups: Sequence[Iterable[int]],
) -> list[list[Candidate]]:
    """For each journey the keywords of its events: queries, boards, annotations, phrases, but not whole titles.

    vectors: (len(keywords), d). words: of `words_of_keywords`. groups: for each journey the places of its texts.
    """
    journey_of = {
        event.text: number for number, places in enumerate(groups) for row in places for event in texts.events[row]
    }
    candidates: list[list[Candidate]] = [[] for _ in groups]
    for row, keyword in enumerate(keywords):
        inside: dict[int, int] = {}
        for event in keyword.events:
            if (number := journey_of.get(event.text)) is not None:
                inside[number] = inside.get(number, 0) + 1
        if not inside or (keyword.source is KeywordSource.TITLE and not _says_more_than_a_title(keyword)):
            continue
        for number, count in inside.items():
            candidate = Candidate(keyword, vectors[row], words[keyword.key], count, len(keyword.events))
            candidates[number].append(candidate)
    return candidates


def subjects_of(
    words: Mapping[str, Words], texts: Texts, groups: Sequence[NDArray[np.intp]], centres: Floats
) -> list[Subject]:
    """For each journey what its name is to stand for. centres: (len(groups), d) unit length."""
    held = [
        frozenset(words.get(key, ())).union(*(words.get(label, ()) for label in labels))
        for key, labels in zip(texts.keys, texts.labels, strict=True)
    ]
    of_user = Counter(word for each in held for word in each)
    return [
        Subject(
            centres=centres,
            number=number,
            words=[held[place] for place in places],
            of_user=of_user,
        )
        for number, places in enumerate(groups)
    ]


def _says_more_than_a_title(keyword: Keyword) -> bool:
    """Whether a title also describes other items, or has no annotations and is a phrase itself."""
    if any(event.text != keyword.text and normalize(event.text) != keyword.key for event in keyword.events):
        return True
    return not keyword.events[0].annotations and title_phrases(keyword.text) == [keyword.text]


def words_in(text: str) -> Words:
    """The words that carry a topic, in order, casefolded, in a form in which singular and plural mostly agree.

    Function words are dropped in the languages for which they are listed.
    """
    words: list[str] = []
    empty = function_words()
    for word in BETWEEN.split(text.casefold().replace("’", "'")):
        if not word or word in empty:
            continue
        if not word.isascii() and UNSPACED.search(word):
            words += [word[place : place + 2] for place in range(max(len(word) - 1, 1))]
        else:
            words.append(_singular(word))
    return tuple(words)


def _singular(word: str) -> str:
    if "'" in word:
        word = word.removesuffix("'s").strip("'")
    if len(word) >= _PLURAL_FROM and word[-1] == "s" and word[-2] != "s":
        return word[:-3] + "y" if word.endswith("ies") and len(word) > _PLURAL_FROM else word[:-1]
    return word
