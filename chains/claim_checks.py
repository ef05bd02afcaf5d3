"""Whether a claim holds: it cites evidence that is there and speaks of the same, and says nothing beyond it.

A claim speaks of the evidence where it shares a content word with it, or a word close in meaning. All other words have
to be function words, words of explaining, or close in meaning to the evidence; dates and counts have to be right.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from chains.catalogue import Embed
from chains.dates_and_counts import why_wrong_counts, why_wrong_dates
from chains.evidence import Evidence, cited
from chains.keywords import function_words
from chains.naming_candidates import words_in
from chains.safety import SensitivityChecker
from chains.showable import why_unfit
from chains.written_text import why_unfit_text

_LONGEST = 240
#: Cosine of a claim's word to a text of the evidence, from which it is close in meaning.
CLOSE = 0.4
_STEM = 4
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim, the numbers that hold, ascending, and why it doesn't hold, "" where it does."""

    text: str
    evidence: tuple[int, ...]
    why: str


class ClaimChecker:
    """For claims on one question.

    name: of what is explained; its words may be said of evidence that is close in meaning to it. own: other words of
    the user, which have to be in the evidence that is cited.
    """

    def __init__(
        self,
        evidence: Sequence[Evidence],
        name: str,
        own: Sequence[str],
        embed: Embed,
        checker: SensitivityChecker,
    ) -> None:
        self._evidence, self._embed, self._checker = evidence, embed, checker
        self._words = {each.number: _words(each.text) for each in evidence}
        self._name, self._about = name, set(_words(name))
        self._own = self._about.union(*self._words.values(), *(_words(text) for text in own))

    def check(self, text: str, numbers: Sequence[int]) -> Checked:
        """text: one sentence. numbers: that it cites."""
        text = " ".join(text.split())
        if len(text) > _LONGEST:
            return Checked(text, (), "it is too long")
        if not numbers:
            return Checked(text, (), "it cites no evidence")
        there = cited(self._evidence, numbers)
        # A title may say "you"; what is quoted of it is not said of anybody.
        if why := why_unfit(text) or why_unfit_text(_without_quotes(text, there), self._checker):
            return Checked(text, (), why)
        if not there:
            return Checked(text, (), "it cites numbers that are not in the evidence")
        said = _words(text)
        near, close = self._closeness(said, there)
        speaks_of_it = any(_same(word, other) for word in said for other in self._about)
        good = [
            each
            for place, each in enumerate(there)
            if any(_same(word, other) for word in said for other in self._words[each.number])
            or any(close[word][place] >= CLOSE for word in close)
            or (speaks_of_it and near[place] >= CLOSE)
        ]
        if not good:
            return Checked(text, (), "the evidence that it cites speaks of something else")
        proven = {word for each in good for word in self._words[each.number]} | self._about
        kept = [there.index(each) for each in good]
        beyond = [word for word in said if not any(_same(word, other) for other in proven)]
        if any(word not in close or max(close[word][place] for place in kept) < CLOSE for word in beyond):
            return Checked(text, (), "it says what the evidence that it cites does not show")
        if why := why_wrong_dates(text, good, [self._name]) or why_wrong_counts(text, good, [self._name]):
            return Checked(text, (), why)
        return Checked(text, tuple(each.number for each in good), "")

    def _closeness(self, said: Sequence[str], there: Sequence[Evidence]) -> tuple[list[float], dict[str, list[float]]]:
        """Of the name, and of each word that no evidence has, the cosines to the texts that are cited.

        Only words that the user's texts don't have are embedded, so that nothing of his is added to the cache.
        """
        unknown = [word for word in dict.fromkeys(said) if not any(_same(word, other) for other in self._own)]
        texts = self._embed([each.text for each in there])
        near, *cosines = np.round(self._embed([self._name, *unknown]) @ texts.T, 4).tolist()
        return near, dict(zip(unknown, cosines, strict=True))


def _without_quotes(text: str, there: Sequence[Evidence]) -> str:
    for each in sorted(there, key=lambda each: -len(each.text)):
        quoted = re.escape(" ".join(each.text.split()))
        text = re.sub(rf"[“\"'‘]{quoted}[.,]?[”\"'’]", "this", text, flags=re.IGNORECASE)
    return text


def _words(text: str) -> list[str]:
    """Content words, without what any explanation says."""
    plain = [word for word in words_in(text) if word not in function_words() and word not in _explaining()]
    return [word for word in plain if not word.isdigit()]


def _same(one: str, other: str) -> bool:
    """Whether two words are forms of one: sew and sewing, tile and tiles."""
    short, long = sorted((one, other), key=len)
    if short == long:
        return True
    return len(short) >= _STEM and long.startswith(short) and len(long) - len(short) <= _STEM - 1


@cache
def _explaining() -> frozenset[str]:
    """Words of explaining, from `explaining.txt`, as `words_in` gives them."""
    listed = (resources.files("chains") / "explaining.txt").read_text(encoding="utf-8")
    return frozenset(word for line in listed.splitlines() if not line.startswith("#") for word in words_in(line))
