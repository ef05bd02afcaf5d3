"""Whether a text rests on other texts: what a model writes of a journey is made of the user's own words.

A word is supported by another form of it, by the parts of a compound, and, where vectors of words are at hand, by a
close neighbour. Words that carry no topic, and what is done with anything ("planning", "choosing"), need no support.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from chains.word_forms import Word, content_words, folded, free_runs, free_stems, same, spellings, stem_of
from vectorstore.activity import normalize

if TYPE_CHECKING:
    from langchain_core.embeddings import Embeddings

#: Least cosine of two words that are close neighbours. With minilm, "sofa" and "couch" have 0.86, "meals" and "dinner"
#: 0.72, "cooking" and "recipe" 0.65, "honeymoon" and "wedding" 0.62; but so have "Italian" and "French", which is why
#: neighbours alone carry no name.
NEAR = 0.6

_HEAD, _LEAST_PART, _LEAST_ASKED = 2, 4, 4
_LINKS = ("", "s", "n", "en", "es", "er", "e")


class Support:
    """The words of some texts. core: those of the texts that one may rely on alone, because they were said more than
    once."""

    def __init__(
        self, texts: Iterable[str], *, core: Iterable[str] = (), embeddings: "Embeddings | None" = None
    ) -> None:
        relied = {normalize(text) for text in core}
        self._texts = sorted({normalize(text) for text in texts} | relied)
        self._folded = [folded(text) for text in self._texts]
        self._relied = {place for place, text in enumerate(self._texts) if text in relied}
        self._places: dict[str, set[int]] = {}
        for place, text in enumerate(self._texts):
            for word in spellings(text):
                self._places.setdefault(word, set()).add(place)
        # Where a form of a word can be: among those of its stem, of its first two letters, of its last four.
        self._alike: dict[str, list[str]] = {}
        for word in sorted(self._places):
            for sign in {f"={stem_of(word)}", f"^{word[:_HEAD]}", f"${word[-_LEAST_PART:]}"}:
                self._alike.setdefault(sign, []).append(word)
        self._embeddings = embeddings

    def missing(self, text: str, *, sentence: bool = False) -> list[str]:
        """The words of the text that nothing supports, in order. sentence: allows also words that tell of things in a
        sentence, such as "including"."""
        free = free_stems(sentence=sentence)
        left = [word for word in content_words(text) if not self._supports(word, free)]
        near = self._near([word.text for word in left if not word.unspaced])
        return [word.text for word in left if word.unspaced or word.text not in near]

    def rests(self, text: str, *, sentence: bool = False) -> bool:
        """Whether at least half of the text's words would be there without any one of the texts that isn't core: what a
        single text says may have been written to steer a model."""
        free = free_stems(sentence=sentence)
        words = [
            word
            for word in content_words(text)
            if (word.text not in free_runs() if word.unspaced else stem_of(word.text) not in free)
        ]
        standing = [self._standing(word) for word in words]
        single = set().union(*standing) - self._relied if len(self._texts) > 1 else set()
        left = [sum(bool(places - {place}) for places in standing) for place in single]
        return any(standing) and all(2 * count >= len(words) for count in left)

    def _standing(self, word: Word) -> set[int]:
        """The texts that have the word in some form; of scripts without spaces, two of its signs in a row."""
        if word.unspaced:
            pieces = _pieces(word.text)
            return {place for place, text in enumerate(self._folded) if any(piece in text for piece in pieces)}
        return set().union(*(self._places[form] for form in self._forms(word.text)))

    def _forms(self, word: str) -> list[str]:
        """Its forms among the words of the texts, and compounds that end with it: Laube of Gartenlaube."""
        alike = self._alike.get(f"={stem_of(word)}", [])
        begun = [other for other in self._alike.get(f"^{word[:_HEAD]}", []) if same(word, other)]
        ended = [other for other in self._alike.get(f"${word[-_LEAST_PART:]}", []) if _ends(word, other)]
        return [*alike, *begun, *ended]

    def _supports(self, word: Word, free: frozenset[str]) -> bool:
        if word.unspaced:
            return self._covers(word.text)
        return stem_of(word.text) in free or bool(self._forms(word.text)) or self._is_compound(word.text)

    def _is_compound(self, word: str) -> bool:
        """Gartenlaube of Garten and Laube."""
        for at in range(_LEAST_PART, len(word) - _LEAST_PART + 1):
            head, tail = word[:at], word[at:]
            if (self._forms(tail) or stem_of(tail) in free_stems()) and any(
                head.endswith(link) and self._forms(head.removesuffix(link)) for link in _LINKS
            ):
                return True
        return False

    def _covers(self, run: str) -> bool:
        """Whether the run can be cut into free pieces and pieces of two signs or more that stand in the texts."""
        free = free_runs()
        if len(run) == 1:
            return run in free or any(run in text for text in self._folded)
        reached = [True] + [False] * len(run)
        for end in range(1, len(run) + 1):
            reached[end] = any(
                reached[start] and (run[start:end] in free or (end - start > 1 and self._within(run[start:end])))
                for start in range(end)
            )
        return reached[-1]

    def _within(self, piece: str) -> bool:
        return any(piece in text for text in self._folded)

    def _near(self, words: Sequence[str]) -> set[str]:
        """Those of the words that have a close neighbour."""
        asked, held = [*filter(_has_a_vector, words)], [*filter(_has_a_vector, sorted(self._places))]
        if not asked or not held or self._embeddings is None:
            return set()
        vectors = np.asarray(self._embeddings.embed_documents([*asked, *held]), dtype=np.float32)
        vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
        # Rounded, so that the last bit decides nothing.
        best = np.round((vectors[: len(asked)] @ vectors[len(asked) :].T).max(axis=1), 4)
        return {word for word, near in zip(asked, best.tolist(), strict=True) if near >= NEAR}


def embedded_words(texts: Iterable[str]) -> set[str]:
    """The words of the texts that a support asks vectors of, so that they can be forgotten with the texts."""
    return {word for text in texts for word in spellings(text) if _has_a_vector(word)}


def _has_a_vector(word: str) -> bool:
    return word.isalpha() and len(word) >= _LEAST_ASKED


def _ends(word: str, other: str) -> bool:
    return len(word) >= _LEAST_PART and other.endswith(word) and len(other) - len(word) >= _LEAST_PART


def _pieces(run: str) -> list[str]:
    """Two signs in a row stand in for a word."""
    return [run[place : place + 2] for place in range(max(len(run) - 1, 1))]
