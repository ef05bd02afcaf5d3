"""A journey's name, or an item's title, as it reads best in a sentence: casing, counts, kind of phrase."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources

from chains.keywords import function_words
from chains.wording import shortened
from vectorstore.activity import normalize

_SHOUTED = 4
#: What a shop writes before the name of a product.
_QUANTITY = re.compile(r"^(?:(?:set|pack|box|bundle|pair)\s+(?:of\s*)?\d*\s*|\d+\s+)+(?=[^\W\d])", re.IGNORECASE)
_EDGES = " .,;:-–—|/\\+&*#?!¿¡\"'“”„"
_NUMBERED = re.compile(r"journey \d+", re.IGNORECASE)
_MOST_WORDS = 7
_QUOTED_FROM = 4


class Shape(StrEnum):
    """Noun: may stand after "for", as plurals and gerunds do. Label: a noun that would want an article. Ideas: says
    ideas, tips or a guide itself. Clause: a question, or an order to do something. All but nouns stand best by
    themselves."""

    NOUN = "noun"
    LABEL = "label"
    IDEAS = "ideas"
    CLAUSE = "clause"


@dataclass(frozen=True, slots=True)
class Phrase:
    """text: as it reads inside a sentence."""

    text: str
    shape: Shape

    @property
    def start(self) -> str:
        """As it reads where a sentence begins."""
        return begin(self.text)


def begin(text: str) -> str:
    """With a capital, unless its first word is written another way ("iPhone")."""
    first = text.split(" ", 1)[0]
    return text if _written().get(first.casefold()) == first else text[:1].upper() + text[1:]


def phrase_of(text: str, written: Iterable[str] = ()) -> Phrase:
    """text: a name, whose first letter may be a capital only because it is one. written: texts of the same, as users or
    shops write them: where one says the same words, its letters hold. Shouting becomes speech, counts of packs go."""
    key = normalize(text)
    own = next((each for each in written if normalize(each) == key), None)
    line = " ".join((own or text).replace(",", ", ").split()).replace(" ,", ",").strip(_EDGES)
    if _shouts(line) or (own is None and _shouts(text)):
        line = line.lower()
    elif own is None:
        line = _first_lowered(line)
    line = _without_count(line)
    words = [_always(word) for word in line.split()]
    return Phrase(" ".join(words), _shape(words))


def says_something(text: str) -> bool:
    """Whether a phrase names a topic: not only colours, sizes, function words or numbers, and not too long."""
    words = [word.strip(_EDGES) for word in text.casefold().split()]
    if not words or len(words) > _MOST_WORDS or _NUMBERED.fullmatch(text.strip()):
        return False
    empty = _lists()["vague"] | function_words()
    return any(word not in empty and sum(sign.isalpha() for sign in word) > 1 for word in words)


def is_modifier(word: str) -> bool:
    """Whether it tells how a thing looks, or how big or old it is, and not what it is: no name ends with it."""
    key = word.casefold().strip(_EDGES)
    return key in _lists()["vague"] or key in _lists()["modifiers"] or key.isdecimal()


def plural_of(text: str) -> str:
    """An English noun in the plural, "" where it has none that is sure: "paper", "cutlery"."""
    last = text.split()[-1]
    if last.casefold() in _lists()["mass"] or not (last.isascii() and last.isalpha() and last[-1].islower()):
        return ""
    if last.endswith(("s", "x", "ch", "sh")):
        return f"{text}es"
    return f"{text[:-1]}ies" if last.endswith("y") and last[-2:-1] not in "aeiou" else f"{text}s"


def item_text(title: str, longest: int = 60) -> str:
    """An item's title as it stands in a list: what a shop shouts, as the name of a product ("Cake Stand with Lid"); a
    title with capitals of its own in quotes."""
    line = " ".join(title.replace(",", ", ").split()).replace(" ,", ",").strip(_EDGES)
    if _shouts(line) or not any(sign.isupper() for sign in line):
        words = [_capital(word, place) for place, word in enumerate(line.lower().split())]
        line = shortened(" ".join(words), longest)
        return f"“{line}”" if "," in line else line
    return f"“{shortened(line, longest)}”" if len(line.split()) >= _QUOTED_FROM else shortened(line, longest)


def listed(texts: Sequence[str], joined: str) -> str:
    """a, b and c. joined: what stands before the last."""
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])}{joined}{texts[-1]}"


def _capital(word: str, place: int) -> str:
    """Of a product's name: small are only the words between, and units."""
    small = place and (
        word in function_words() or (len(word) < 3 and word in _lists()["units"]) or word[:1].isdecimal()
    )
    return _written().get(word) or (word if small else word[:1].upper() + word[1:])


def _shouts(line: str) -> bool:
    return line.isupper() and len(line) > _SHOUTED


def _without_count(line: str) -> str:
    """Without what a shop writes first: "20 napkins", "set of 6 ribbons"; of "10 minute workouts" it stays."""
    left = _QUANTITY.sub("", line)
    return line if left.split(" ", 1)[0].casefold() in _lists()["units"] else left


def _first_lowered(line: str) -> str:
    """Without the capital that a name begins with; of "Wooden Canoe Repair" or "DIY shelf" it stays."""
    words = line.split(" ")
    others_small = all(word == word.lower() for word in words[1:])
    first = words[0]
    if first[1:] != first[1:].lower() or not others_small or len(first) == 1:
        return line
    return first[:1].lower() + line[1:]


def _shape(words: Sequence[str]) -> Shape:
    lists = _lists()
    if not words:
        return Shape.CLAUSE
    if words[0].casefold() in lists["clause"] or len(words) > _MOST_WORDS:
        return Shape.CLAUSE
    last = words[-1].casefold()
    if last in lists["ideas"]:
        return Shape.IDEAS
    plural = last.endswith("s") and not last.endswith(("ss", "us", "is", "'s")) and last.isalpha() and len(last) > 3
    return Shape.NOUN if plural or last.endswith(tuple(lists["flows"])) else Shape.LABEL


def _always(word: str) -> str:
    """A word in small letters as it is always written."""
    return _written().get(word, word)


@cache
def _lists() -> dict[str, frozenset[str]]:
    read = json.loads((resources.files("chains") / "copy_words.json").read_text(encoding="utf-8"))
    return {name: frozenset(words) for name, words in read.items()}


@cache
def _written() -> dict[str, str]:
    """By casefolded word how it is always written."""
    return {word.casefold(): word for word in _lists()["written"]}
