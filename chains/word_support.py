"""Whether the words of a text stand in other texts: what a model writes of a journey rests on the user's own words.

A word is supported by one of the same stem, by the parts of a compound, and, where vectors of words are at hand, by a
close neighbour. Words that carry no topic, and what is done with anything ("planning", "choosing"), need no support.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from unicodedata import combining, normalize

import numpy as np
from langchain_core.embeddings import Embeddings

from chains.keywords import function_words
from chains.naming_candidates import BETWEEN, UNSPACED

#: Least cosine of two words that are close neighbours. With minilm, "sofa" and "couch" have 0.86, "meals" and "dinner"
#: 0.72, "cooking" and "recipe" 0.65; but "Italian" and "French" have 0.63.
NEAR = 0.64

_LEAST_STEM, _LEAST_SHARED, _LEAST_PART = 3, 4, 4
_SHARED = 0.65
_WHOLE_BEGINNING = 5
_LINKS = ("", "s", "n", "en", "es", "er", "e")
# The search finds the leftmost match, and so the longest ending; three letters stay.
_ENDING = re.compile(
    r"(?<=...)(?:ations?|ating|ate[sd]|ings?|ers?|ed|ies|e?s|ions?|ments?|ly|ungen|ung|er?n|em|en?"
    r"|[ai]e?ndo|ad[ao]s?|ciones|cion|[ao]s?|[ai]r)$"
)
_KANA, _KATAKANA, _THAI = "\u3041-\u309f", "\u30a0-\u30ff\uff66-\uff9f", "\u0e00-\u0e7f"
_SIGNS = "\u3400-\u9fff\uf900-\ufaff\u3005"
_OTHER = f"^{_KANA}{_KATAKANA}{_SIGNS}{_THAI}"
_RUN = re.compile("|".join(f"[{signs}]+" for signs in (_KANA, _KATAKANA, _SIGNS, _THAI, _OTHER)))
_HIRAGANA, _SIGN = re.compile(f"[{_KANA}]"), re.compile(f"[{_SIGNS}]")
_GRAMMAR = frozenset(("の", "が", "から", "まで", "より", "だけ", "など", "という"))
_OKURIGANA = 3
_ALPHABETS = re.compile("[a-zß-öø-ʯͰ-ϿЀ-ӿ]")


@dataclass(frozen=True, slots=True)
class _Word:
    """As written, casefolded, and without accents. unspaced: of a script without spaces between words."""

    text: str
    unspaced: bool = False


class Support:
    """The words of some texts, each text once. core: texts that count as if they were there twice."""

    def __init__(self, texts: Iterable[str], *, core: Iterable[str] = (), embeddings: Embeddings | None = None) -> None:
        own = {" ".join(text.casefold().split()) for text in texts}
        most = {" ".join(text.casefold().split()) for text in core}
        self._texts = tuple(_folded(text) for text in sorted(own | most))
        self._held = Counter(word for text in sorted(own | most) for word in set(_spellings(text)))
        self._held.update(word for text in sorted(most) for word in set(_spellings(text)))
        self._stems = {stem_of(word) for word in self._held}
        self._embeddings = embeddings

    def missing(self, text: str, *, sentence: bool = False) -> list[str]:
        """The words of the text that nothing supports, in order. sentence: allows also words that tell of things in a
        sentence, such as "including"."""
        free = _free_stems(sentence)
        left = [
            word
            for word in _content(text)
            if not (stem_of(word.text) in free and not word.unspaced) and not self._supports(word)
        ]
        near = self._near([word.text for word in left if not word.unspaced])
        return [word.text for word in left if word.text not in near]

    def rests(self, text: str) -> bool:
        """Whether a word of the text that isn't free stands in at least two of the texts, or in the core; where no word
        stands in two, in any. What a single text says could have been written to steer a model."""
        twice = [word for word, count in self._held.items() if count > 1]
        free = _free_stems(sentence=False)
        topical = [word for word in twice if stem_of(word) not in free] or list(self._held)
        words = [word for word in _content(text) if word.unspaced or stem_of(word.text) not in free]
        return any(
            _covered(word.text, self._texts, ()) if word.unspaced else any(same(word.text, other) for other in topical)
            for word in words
        )

    def _supports(self, word: _Word) -> bool:
        if word.unspaced:
            return _covered(word.text, self._texts, _free_unspaced())
        if word.text in self._held or stem_of(word.text) in self._stems:
            return True
        return self._has(word.text) or self._is_compound(word.text)

    def _has(self, word: str) -> bool:
        return any(same(word, other) for other in self._held)

    def _is_compound(self, word: str) -> bool:
        """Gartenlaube of Garten and Laube, and Laube of Gartenlaube."""
        if len(word) > _WHOLE_BEGINNING - 1 and any(
            other.endswith(word) and len(other) - len(word) >= _LEAST_PART for other in self._held
        ):
            return True
        free = _free_stems(sentence=False)
        for at in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
            head, tail = word[:at], word[at:]
            if not (self._has(tail) or stem_of(tail) in free):
                continue
            if any(head.endswith(link) and self._has(head[: len(head) - len(link)]) for link in _LINKS):
                return True
        return False

    def _near(self, words: Sequence[str]) -> set[str]:
        """Those of the words that have a close neighbour."""
        asked = [word for word in words if word.isalpha()]
        held = sorted(word for word in self._held if word.isalpha() and len(word) >= _LEAST_STEM)
        if not asked or not held or self._embeddings is None:
            return set()
        vectors = np.asarray(self._embeddings.embed_documents([*asked, *held]), dtype=np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        # Rounded, so that the last bit decides nothing.
        best = np.round((vectors[: len(asked)] @ vectors[len(asked) :].T).max(axis=1), 4)
        return {word for word, near in zip(asked, best.tolist(), strict=True) if near >= NEAR}


def topic_of(text: str) -> frozenset[str]:
    """What a name is about: the stems of its words, without those that every name could have."""
    free = _free_stems(sentence=False)
    return frozenset(stem for word in _content(text) if (stem := _stem_or_run(word)) not in free)


def same(one: str, other: str) -> bool:
    """Whether two words are forms of one: "gardening" and "gardens", "Küche" and "Kuchen" not, "photo" and
    "photography"."""
    if one == other or stem_of(one) == stem_of(other):
        return True
    shorter, longer = sorted((one, other), key=len)
    shared = next((place for place in range(len(shorter)) if one[place] != other[place]), len(shorter))
    if shared == len(shorter) >= _WHOLE_BEGINNING:
        return True
    least = _LEAST_SHARED if _ALPHABETS.match(one) else 2
    return shared >= least and shared >= _SHARED * len(longer)


@cache
def stem_of(word: str) -> str:
    """The word without its ending, by a few rules for the commonest endings of European languages."""
    stem = _ENDING.sub("", word.split("'")[0] or word)
    if len(stem) > _LEAST_STEM and stem[-1] == stem[-2] and stem[-1] not in "aeiou":
        stem = stem[:-1]
    return stem[:-1] + "i" if stem.endswith("y") else stem


def _stem_or_run(word: _Word) -> str:
    return word.text if word.unspaced else stem_of(word.text)


def _folded(text: str) -> str:
    """Casefolded and without accents, but for scripts whose marks are letters."""
    text = normalize("NFKC", text).casefold().replace("’", "'")
    return "".join(
        letter
        if UNSPACED.match(letter) or not _ALPHABETS.match(normalize("NFD", letter)[:1])
        else "".join(part for part in normalize("NFD", letter) if not combining(part))
        for letter in text
    )


def _content(text: str) -> Iterator[_Word]:
    """The words that carry a topic, in order; of scripts without spaces, runs of one kind of sign."""
    empty = function_words()
    for written, word in _pieces(text):
        if not any(letter.isalnum() for letter in word):
            continue
        if UNSPACED.search(word):
            yield from _runs(word)
        elif written not in empty and word not in empty:
            yield _Word(word.strip("'"))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    for written in BETWEEN.split(normalize("NFKC", text).casefold().replace("’", "'")):
        if written:
            yield written, _folded(written)


def _runs(word: str) -> Iterator[_Word]:
    after_sign = False
    for run in _RUN.findall(word):
        kana = bool(_HIRAGANA.match(run))
        # What follows a Chinese character first is its ending: 始める.
        left = run[_OKURIGANA:] if kana and after_sign else run
        after_sign = bool(_SIGN.match(run))
        if not UNSPACED.search(run):
            if any(letter.isalnum() for letter in run):
                yield _Word(run)
        elif not kana or (len(left) > 2 and left not in _GRAMMAR):
            yield _Word(left, unspaced=True)


def _spellings(text: str) -> Iterator[str]:
    """The words as they are compared, those with ae, oe, ue also with a, o, u."""
    for _, word in _pieces(text):
        for part in [word] if not UNSPACED.search(word) else _RUN.findall(word):
            if any(letter.isalnum() for letter in part):
                yield part.strip("'")
                if re.search("[aou]e", part):
                    yield re.sub("([aou])e", r"\1", part.strip("'"))


def _covered(run: str, texts: Sequence[str], free: Iterable[str]) -> bool:
    """Whether the run can be cut into pieces of two signs or more that stand in the texts, and free ones."""
    allowed = frozenset(free)
    if len(run) == 1:
        return run in allowed or any(run in text for text in texts)
    reached = [True] + [False] * len(run)
    for end in range(1, len(run) + 1):
        reached[end] = any(
            reached[start]
            and (run[start:end] in allowed or (end - start > 1 and any(run[start:end] in text for text in texts)))
            for start in range(end)
        )
    return reached[-1]


@cache
def _free() -> tuple[frozenset[str], frozenset[str]]:
    """Words of activities, and those that also a sentence may have."""
    lines = (resources.files("chains") / "activity_words.txt").read_text(encoding="utf-8").splitlines()
    told = [line.removeprefix("+ ") for line in lines if line.startswith("+ ")]
    named = [line for line in lines if not line.startswith("+ ")]
    return frozenset(" ".join(named).split()), frozenset(" ".join(told).split())


@cache
def _free_stems(sentence: bool) -> frozenset[str]:
    activities, telling = _free()
    return frozenset(stem_of(_folded(word)) for word in (activities | telling if sentence else activities))


@cache
def _free_unspaced() -> frozenset[str]:
    return frozenset(word for word in _free()[0] if UNSPACED.search(word)) | _GRAMMAR
