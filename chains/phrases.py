"""Listed phrases, found in short texts of any language: fast, at word boundaries, the longest phrase first."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar
from unicodedata import combining, normalize

T = TypeVar("T")

_STEM = 4
_WORD = re.compile(r"[0-9a-zß-öø-ɏḀ-ỿ]+")
#: Scripts without spaces between words, or with endings grown onto them: there a phrase is found inside a longer word.
_UNSPACED = re.compile(r"[ऀ-ॿ฀-๿ᄀ-ᇿ぀-ヿ㐀-鿿가-힯]")
_CONTRACTION = re.compile(r"['’](?=[st]\b)")
_ENDINGS = re.compile(r"\(([^)]*)\)")
_DIGRAPHS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})


@dataclass(frozen=True, slots=True)
class Hit(Generic[T]):
    """A phrase found in a text. start, end: the words it stands on; below 0 where the script has no words."""

    start: int
    end: int
    value: T


class _Node(Generic[T]):
    """A place in the tree of phrases. values: of the phrases that end here. stems: by their first four letters."""

    __slots__ = ("any", "stems", "values", "words")

    def __init__(self) -> None:
        self.values: list[T] = []
        self.words: dict[str, _Node[T]] = {}
        self.stems: dict[str, dict[str, _Node[T]]] = {}
        self.any: _Node[T] | None = None

    def child(self, pattern: str) -> "_Node[T]":
        """The place after the pattern, made where there is none."""
        if pattern == "_":
            self.any = self.any or _Node()
            return self.any
        if pattern.endswith("*"):
            stem = pattern[:-1]
            return self.stems.setdefault(stem[:_STEM], {}).setdefault(stem, _Node())
        return self.words.setdefault(pattern, _Node())

    def find(self, words: Sequence[str], start: int, at: int, hits: "list[Hit[T]]") -> None:
        """Adds the phrases that began at word `start`, came here before word `at`, and end here or later."""
        for value in self.values:
            hits.append(Hit(start, at, value))
        if at == len(words):
            return
        word = words[at]
        if node := self.words.get(word):
            node.find(words, start, at + 1, hits)
        for stem, node in self.stems.get(word[:_STEM], {}).items() if self.stems else ():
            if word.startswith(stem):
                node.find(words, start, at + 1, hits)
        if self.any:
            self.any.find(words, start, at + 1, hits)


class PhraseBook(Generic[T]):
    """Finds phrases, each of which carries a value.

    A phrase is written as it is typed, with four signs: `word*` any word that begins so (four letters at least), `_`
    any one word, `one/two` either of them, `word(s)` with and without the ending. Case, apostrophes and hyphens don't
    count; an accent that the phrase has may be missing in the text, but not the other way round, so that "râpé" is not
    "rape". Raises ValueError where a phrase is empty, begins with `_`, or has a stem under four letters.
    """

    def __init__(self, phrases: Iterable[tuple[str, T]]) -> None:
        self._root: _Node[T] = _Node()
        self._inside: dict[str, list[T]] = {}
        for phrase, value in phrases:
            for form in forms_of(phrase):
                self._add(form, value)
        longest_first = sorted(self._inside, key=len, reverse=True)
        self._unspaced = re.compile("|".join(map(re.escape, longest_first))) if longest_first else None

    def find(self, text: str) -> list[Hit[T]]:
        """The phrases in the text. Where two overlap, the longer one has the words; equals stand side by side."""
        words = words_of(text)
        first, stems = self._root.words, self._root.stems
        hits: list[Hit[T]] = []
        for at, word in enumerate(words):
            if word in first or word[:_STEM] in stems:
                self._root.find(words, at, at, hits)
        if len(hits) > 1:
            hits = _longest(hits)
        if self._unspaced and not text.isascii():
            for number, found in enumerate(self._unspaced.finditer(_folded(text)), 1):
                hits.extend(Hit(-number - 1, -number, value) for value in self._inside[found[0]])
        return hits

    def _add(self, form: str, value: T) -> None:
        if _UNSPACED.search(form):
            self._inside.setdefault(form, []).append(value)
            return
        node = self._root
        for pattern in _patterns(form):
            node = node.child(pattern)
        if value not in node.values:
            node.values.append(value)


def words_of(text: str) -> list[str]:
    """The words in Latin letters and the numbers, casefolded, in order: "Women's Self-Care" is womens, self, care."""
    folded = _folded(text)
    if "'" in folded or "’" in folded:
        folded = _CONTRACTION.sub("", folded)
    return _WORD.findall(folded)


def forms_of(phrase: str) -> set[str]:
    """What a written phrase stands for, with alternatives and endings spelled out, with and without its accents."""
    spelled = {_folded(" ".join(choice)) for choice in product(*map(_alternatives, phrase.split()))}
    if not spelled or "" in spelled:
        raise ValueError("a listed phrase is empty: take it out of the list")
    return spelled | {form for one in spelled for form in (_plain(one), one.translate(_DIGRAPHS))}


def _alternatives(word: str) -> list[str]:
    return [form for one in word.split("/") for form in _with_endings(one)]


def _with_endings(word: str) -> list[str]:
    return [_ENDINGS.sub("", word), _ENDINGS.sub(r"\1", word)] if "(" in word else [word]


def _patterns(form: str) -> list[str]:
    patterns: list[str] = []
    for word in form.split():
        parts = ["_"] if word == "_" else words_of(word)
        if word.endswith("*") and parts:
            parts[-1] += "*"
            if len(parts[-1]) <= _STEM:
                raise ValueError(f"a stem in the listed phrase {form!r} has under {_STEM} letters: write its forms out")
        patterns += parts
    if not patterns or patterns[0] == "_":
        raise ValueError(f"the listed phrase {form!r} must begin with a word")
    return patterns


def _folded(text: str) -> str:
    return (text if text.isascii() else normalize("NFKC", text)).casefold()


def _plain(text: str) -> str:
    if text.isascii() or _UNSPACED.search(text):
        return text
    return "".join(letter for letter in normalize("NFD", text) if not combining(letter))


def _longest(hits: list[Hit[T]]) -> list[Hit[T]]:
    taken: list[Hit[T]] = []
    for hit in sorted(hits, key=lambda hit: (hit.start - hit.end, hit.start)):
        spans = {(other.start, other.end) for other in taken if other.start < hit.end and hit.start < other.end}
        if not spans or spans == {(hit.start, hit.end)}:
            taken.append(hit)
    return sorted(taken, key=lambda hit: hit.start)
