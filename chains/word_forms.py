"""Words and their forms, in any script: what two texts are compared by, when one has to rest on the other."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from unicodedata import combining, normalize

from chains.keywords import function_words
from chains.naming_candidates import BETWEEN, UNSPACED

_LEAST_STEM, _LEAST_SHARED, _WHOLE_BEGINNING = 3, 4, 4
_SHARED = 0.65
_OKURIGANA = 3
# The search finds the leftmost match, and so the longest ending; three letters stay.
_ENDING = re.compile(
    r"(?<=...)(?:ations?|ating|ate[sd]|ings?|ers?|ed|ies|e?s|ions?|ments?|ly|ungen|ung|er?n|em|en?"
    r"|[ai]e?ndo|ad[ao]s?|ciones|cion|[ao]s?|[ai]r)$"
)
_ORDINAL = re.compile(r"(\d+)(?:st|nd|rd|th|\.)$")
_NUMBERS = {
    word: str(number)
    for words, numbers in (
        ("one two three four five six seven eight nine ten eleven twelve", range(1, 13)),
        ("first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth", range(1, 13)),
        ("twenty thirty forty fifty sixty seventy eighty ninety hundred", range(20, 101, 10)),
        ("twentieth thirtieth fortieth fiftieth sixtieth seventieth eightieth ninetieth hundredth", range(20, 101, 10)),
    )
    for word, number in zip(words.split(), numbers, strict=True)
}
_KANA, _KATAKANA, _THAI = "\u3041-\u309f", "\u30a0-\u30ff\uff66-\uff9f", "\u0e00-\u0e7f"
_SIGNS = "\u3400-\u9fff\uf900-\ufaff\u3005"
_OTHER = f"^{_KANA}{_KATAKANA}{_SIGNS}{_THAI}"
_RUN = re.compile("|".join(f"[{signs}]+" for signs in (_KANA, _KATAKANA, _SIGNS, _THAI, _OTHER)))
_HIRAGANA, _SIGN = re.compile(f"[{_KANA}]"), re.compile(f"[{_SIGNS}]")
_ALPHABETS = re.compile("[a-zß-öø-ʯͰ-ϿЀ-ӿ]")
#: Pieces of Japanese between words.
GRAMMAR = frozenset(("の", "が", "から", "まで", "より", "だけ", "など", "という"))


@dataclass(frozen=True, slots=True)
class Word:
    """Casefolded and without accents. unspaced: a run of signs of a script without spaces between words."""

    text: str
    unspaced: bool = False


def content_words(text: str) -> Iterator[Word]:
    """The words that carry a topic, in order; of scripts without spaces, runs of one kind of sign."""
    empty = function_words()
    for written, word in _pieces(text):
        if UNSPACED.search(word):
            yield from _runs(word)
        elif _says(word) and written not in empty and word not in empty:
            yield Word(word.strip("'"))


def spellings(text: str) -> Iterator[str]:
    """All words as they are compared, those with ae, oe, ue also with a, o, u."""
    for _, word in _pieces(text):
        for part in _RUN.findall(word) if UNSPACED.search(word) else [word]:
            if _says(part):
                yield part.strip("'")
                if re.search("[aou]e", part):
                    yield re.sub("([aou])e", r"\1", part.strip("'"))


def folded(text: str) -> str:
    """Casefolded and without accents, but for scripts whose marks are letters."""
    text = normalize("NFKC", text).casefold().replace("’", "'")
    return text if text.isascii() else "".join(_without_accent(letter) for letter in text)


def same(one: str, other: str) -> bool:
    """Whether two words are forms of one: "gardening" and "gardens", "photo" and "photography", but not "barn" and
    "baron"."""
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
    """The word without its ending, by rules for the commonest endings of European languages; a number in digits."""
    if word in _NUMBERS or _ORDINAL.match(word):
        return _NUMBERS.get(word) or _ORDINAL.sub(r"\1", word)
    stem = _ENDING.sub(lambda ending: "i" if ending[0] == "ies" else "", word.split("'")[0] or word)
    if len(stem) > _LEAST_STEM and stem[-1] == stem[-2] and stem[-1].isalpha() and stem[-1] not in "aeiou":
        stem = stem[:-1]
    return stem[:-1] + "i" if stem.endswith("y") else stem


def topic_of(text: str) -> frozenset[str]:
    """What a name is about: the stems of its words, without those that every name could have."""
    free = free_stems()
    stems = (word.text if word.unspaced else stem_of(word.text) for word in content_words(text))
    return frozenset(stem for stem in stems if stem not in free)


def free_stems(*, sentence: bool = False) -> frozenset[str]:
    """Of words that may be said of anything: of activities, and in a sentence also those that tell of things."""
    return _stems(sentence)


@cache
def free_runs() -> frozenset[str]:
    """The same of scripts without spaces."""
    return frozenset(word for word in _free(told=False) if UNSPACED.search(word)) | GRAMMAR


@cache
def _stems(sentence: bool) -> frozenset[str]:
    words = _free(told=False) | (_free(told=True) if sentence else frozenset())
    return frozenset(stem_of(folded(word)) for word in words)


def _free(*, told: bool) -> frozenset[str]:
    lines = (resources.files("chains") / "activity_words.txt").read_text(encoding="utf-8").splitlines()
    kept = [line.removeprefix("+ ") for line in lines if line.startswith("+ ") is told]
    return frozenset(" ".join(kept).split())


def _says(word: str) -> bool:
    return any(letter.isalnum() for letter in word)


def _without_accent(letter: str) -> str:
    parts = normalize("NFD", letter)
    if not _ALPHABETS.match(parts) or UNSPACED.match(letter):
        return letter
    return "".join(part for part in parts if not combining(part))


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    for written in BETWEEN.split(normalize("NFKC", text).casefold().replace("’", "'")):
        if written:
            yield written, folded(written)


def _runs(word: str) -> Iterator[Word]:
    after_sign = False
    for run in _RUN.findall(word):
        kana = bool(_HIRAGANA.match(run))
        # What follows a Chinese character first is its ending: 始める.
        left = run[_OKURIGANA:] if kana and after_sign else run
        after_sign = bool(_SIGN.match(run))
        if not UNSPACED.search(run):
            if _says(run):
                yield Word(run)
        elif not kana or (len(left) > 2 and left not in GRAMMAR):
            yield Word(left, unspaced=True)
