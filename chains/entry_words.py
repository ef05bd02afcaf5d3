"""What a catalogue entry is called: words that several users share, and no others.

A text of one user must never reach another, so a text counts only if at least k different users of the entry have it,
as a keyword or as a part of one ("jumbo bag" of "jumbo bag red retrospot").
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from unicodedata import category

from pydantic import BaseModel, ConfigDict, Field

from chains.journeys import Probability
from chains.keywords import function_words
from chains.naming import LONGEST_NAME, presentable
from chains.safety import SensitivityChecker
from chains.showable import fit_to_show
from chains.texts import Floats
from vectorstore.activity import normalize

_LONGEST_PART = 3
_KEPT = 12
# Only so many of an entry's shared texts are embedded.
_WEIGHED = 60
_SHARES_MOST = 0.8
# The least cosine of a keyword to the entry's centre: "old" or "last" say nothing, however many have them.
_NEAR = 0.3
# A name should be what most users of the entry have; a keyword may be what some have.
_NAME_SHARE = 0.75
_KEYWORD_SHARE = 0.3
_CALLED = 2.0
_SHOUTED = 4


class EntryKeyword(BaseModel):
    """A text that `users` different users of the entry have, at least k; none, where a model wrote the entry.

    weight: the heaviest of the entry has 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    text: str
    weight: Probability
    users: int = Field(ge=0)


@dataclass(frozen=True, slots=True)
class SharedText:
    """text: one way in which it is written. whole: whether it is somebody's keyword, and not a part only. named: how
    many of its users have a journey that is called so."""

    text: str
    users: int
    whole: bool
    named: int = 0


def shared_texts(
    keywords: Iterable[tuple[str, str]],
    least: int,
    checker: SensitivityChecker,
    names: Iterable[tuple[str, str]] = (),
) -> dict[str, SharedText]:
    """By normalized form, what at least `least` users have that may be shown.

    keywords: pairs of user and text, a pair for each keyword of each journey. names: of user and journey's name. A text
    of which safety finds anything, or that is not `fit_to_show`, is left out. The way of writing is the commonest, in
    doubt the first by code point.
    """
    users: defaultdict[str, set[str]] = defaultdict(set)
    written: defaultdict[str, Counter[str]] = defaultdict(Counter)
    whole: set[str] = set()
    for user_id, text in keywords:
        for part in parts(text):
            key = normalize(part)
            users[key].add(user_id)
            written[key][part] += 1
        whole.add(normalize(text))
    named: defaultdict[str, set[str]] = defaultdict(set)
    for user_id, name in names:
        named[normalize(name)].add(user_id)
    found = {}
    for key in sorted(key for key, own in users.items() if len(own) >= least):
        text = min(written[key].items(), key=lambda pair: (-pair[1], pair[0]))[0]
        if len(key) <= LONGEST_NAME and fit_to_show(text) and checker.text(text) is None:
            found[key] = SharedText(text, len(users[key]), key in whole, len(users[key] & named[key]))
    return found


def parts(text: str) -> set[str]:
    """The text and its runs of one to three words that neither begin nor end with a function word or a sign."""
    words = text.split()
    found = {" ".join(words)} if words else set()
    for start in range(len(words)):
        for end in range(start + 1, min(start + _LONGEST_PART, len(words)) + 1):
            if _carries(words[start]) and _carries(words[end - 1]):
                run = " ".join(words[start:end]).strip(".,;:!?\"'()")
                if not any(sign in run for sign in ",;:!?()"):
                    found.add(run)
    return found


def _carries(word: str) -> bool:
    plain = word.casefold().replace("’", "'").strip(".,;:!?\"'()")
    return len(plain) > 1 and any(sign.isalpha() for sign in plain) and plain not in function_words()


def near_to(
    centre: Floats, shared: Mapping[str, SharedText], embed: Callable[[Sequence[str]], Floats]
) -> dict[str, float]:
    """Of the commonest shared texts those that say what the entry is about, each with its cosine to the centre."""
    commonest = sorted(shared, key=lambda key: (-shared[key].users, key))[:_WEIGHED]
    if not commonest:
        return {}
    cosines = (embed(commonest) @ centre).tolist()
    return {key: round(near, 4) for key, near in zip(commonest, cosines, strict=True) if round(near, 4) >= _NEAR}


def weigh(
    shared: Mapping[str, SharedText], near: Mapping[str, float], users: int, everywhere: Mapping[str, int]
) -> tuple[list[str], tuple[EntryKeyword, ...]]:
    """Names from the best down, and the heaviest keywords.

    near: see `near_to`, at least one. users: of the entry. everywhere: by normalized form, with how many users of any
    entry it stands. What many users share, what is near the centre, and what stands in few other entries comes first.
    """

    def worth(key: str, of_share: float) -> float:
        own = shared[key].users
        exclusive = own / max(everywhere.get(key, own), own)
        return round(float(near[key] * exclusive**0.5 * (own / users) ** of_share), 4)

    def as_name(key: str) -> float:
        # What users' own journeys are called has been chosen as a name before.
        called = 1 + _CALLED * shared[key].named / users
        return round(float(worth(key, _NAME_SHARE) * _form(shared[key].text) ** 0.5 * called), 4)

    by_name = {key: as_name(key) for key in near}
    names = [presentable(shared[key].text) for key in sorted(near, key=lambda key: (-by_name[key], key))]
    heaviest = sorted(near, key=lambda key: (-worth(key, _KEYWORD_SHARE), key))
    most = worth(heaviest[0], _KEYWORD_SHARE)
    keywords = [
        EntryKeyword(
            text=spoken(shared[key].text),
            weight=min(worth(key, _KEYWORD_SHARE) / most, 1.0),
            users=min(shared[key].users, users),
        )
        for key in _distinct(heaviest, shared)
    ]
    return names, tuple(keywords[:_KEPT])


def spoken(text: str) -> str:
    """Shouting becomes speech."""
    return text.lower() if text.isupper() and len(text) > _SHOUTED else text


def _distinct(keys: Sequence[str], shared: Mapping[str, SharedText]) -> list[str]:
    """Without those that stand in another, or have another in them, which nearly the same users share."""
    kept: list[str] = []
    for key in keys:
        inside = (other for other in kept if f" {key} " in f" {other} " or f" {other} " in f" {key} ")
        if not any(_alike(shared[key].users, shared[other].users) or not shared[key].whole for other in inside):
            kept.append(key)
    return kept


def _alike(one: int, other: int) -> bool:
    return min(one, other) >= _SHARES_MOST * max(one, other)


def _form(text: str) -> float:
    """How much a text looks like a name, in [0, 1]: two to four words, and letters; more or one word says less."""
    words = len(text.split())
    letters = sum(category(sign)[0] in "LM" for sign in text) / max(len(text.replace(" ", "")), 1)
    return {1: 0.6, 2: 1.0, 3: 1.0, 4: 0.9, 5: 0.7, 6: 0.5}.get(words, 0.2) * letters
