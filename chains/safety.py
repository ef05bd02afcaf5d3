"""What may be inferred: sensitive topics are found by lists before anything is stored, and each follows a policy.

The lists are `sensitive.json` and `loss.json`. People of other trades read them too, so each category says which policy
it has and why, and a phrase is written as a user would type it (`chains/phrases.py` has the signs).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import resources
from math import fsum
from typing import Any

from chains.journeys import Policy, Verdict
from chains.phrases import PhraseBook, forms_of, words_of
from chains.showable import fit_to_show, why_unfit
from vectorstore.errors import InputError

__all__ = ["Finding", "SensitivityChecker", "Strength", "fit_to_show", "loss", "why_unfit"]

#: Share of a journey's weight that makes a topic of it; a text with a weak phrase counts half. One strong text of six
#: is enough in a small journey; in a larger one a single text is a stray (a choir that is called gay, a pregnant host).
TOPIC_SHARE = 0.15
#: Two texts with a strong phrase are hardly chance: of the harmless texts it was measured on, 4 in 1,000 have one. They
#: need this share, so that two strays among a hundred texts don't colour a journey.
REPEATED_SHARE = 0.04

_ROUNDING = 1e-9
_STRICTNESS = {Policy.ALLOW: 0, Policy.IN_APP: 1, Policy.BLOCK: 2}


class Strength(StrEnum):
    """Strong: one such phrase is enough for a text. Weak: it may mean something else."""

    STRONG = "strong"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a text speaks of. term: the phrase of the list, not the user's words. policy: what its category asks for."""

    category: str
    term: str
    strength: Strength
    policy: Policy


@dataclass(frozen=True, slots=True)
class _Entry:
    """strength: None for a phrase that looks as if it spoke of the category, and doesn't."""

    category: str
    term: str
    strength: Strength | None


@dataclass(frozen=True, slots=True)
class _Mention:
    category: str
    term: str
    strength: Strength
    place: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Lists:
    book: PhraseBook[_Entry]
    policies: Mapping[str, Policy]
    speaks_of: Mapping[str, str]
    softeners: Mapping[str, frozenset[str]]


class SensitivityChecker:
    """Finds sensitive topics in texts and journeys.

    policies: category -> policy, over the defaults of `sensitive.json`. Raises InputError where a category is unknown.
    """

    def __init__(self, policies: Mapping[str, Policy] | None = None) -> None:
        self._lists = _lists()
        unknown = sorted(set(policies or ()) - set(self._lists.policies))
        if unknown:
            known = ", ".join(sorted(self._lists.policies))
            raise InputError(f"unknown sensitive category {unknown[0]!r}: use one of {known}")
        self._policies = {**self._lists.policies, **(policies or {})}

    @property
    def policies(self) -> dict[str, Policy]:
        """Every category with the policy in force."""
        return dict(self._policies)

    def text(self, text: str) -> Finding | None:
        """The finding with the strictest policy, strong before weak, None where there is none."""
        findings = self._findings(text)
        if not findings:
            return None
        return max(findings.values(), key=lambda f: (_STRICTNESS[f.policy], f.strength is Strength.STRONG))

    def blocks(self, text: str) -> bool:
        """Whether the text alone is enough for it not to be stored."""
        finding = self.text(text)
        return finding is not None and finding.policy is Policy.BLOCK and finding.strength is Strength.STRONG

    def journey(self, name: str, texts: Sequence[str], weights: Sequence[float]) -> Verdict:
        """What may be done with a journey. weights: one a text, 0 or more; where all are 0, each text counts the same.

        A category is found where the name has a strong phrase of it, or enough of the texts speak of it. The strictest
        policy of all that were found holds; of two equally strict ones, the one with more texts is told.
        Raises ValueError where weights and texts differ in number, or a weight is negative.
        """
        if len(weights) != len(texts) or any(weight < 0 for weight in weights):
            raise ValueError("each text of a journey needs one weight of 0 or more")
        named = {category for category, f in self._findings(name).items() if f.strength is Strength.STRONG}
        strong: dict[str, list[float]] = {}
        weak: dict[str, list[float]] = {}
        for text, share in zip(texts, _shares(weights), strict=True):
            for category, finding in self._findings(text).items():
                (strong if finding.strength is Strength.STRONG else weak).setdefault(category, []).append(share)
        found = named | {c for c in {*strong, *weak} if _is_topic(strong.get(c, []), weak.get(c, []))}
        if not found:
            return Verdict()
        counts = {c: len(strong.get(c, [])) + len(weak.get(c, [])) for c in found}
        category = max(sorted(found), key=lambda c: (_STRICTNESS[self._policies[c]], counts[c]))
        because = self._because(category, counts[category], len(texts))
        return Verdict(policy=self._policies[category], category=category, because=because)

    def _because(self, category: str, count: int, of: int) -> str:
        topic = self._lists.speaks_of[category]
        if not count:
            return f"its name speaks of {topic}"
        return f"{count} of {of} {'text' if of == 1 else 'texts'} {'speaks' if count == 1 else 'speak'} of {topic}"

    def _findings(self, text: str) -> dict[str, Finding]:
        """By category. Two different weak phrases in a text make it strong; a softening word makes it weak."""
        mentions = _mentions(self._lists.book, text)
        if not mentions:
            return {}
        words = frozenset(words_of(text))
        findings: dict[str, Finding] = {}
        for category in dict.fromkeys(mention.category for mention in mentions):
            of_it = [mention for mention in mentions if mention.category == category]
            first = min(of_it, key=lambda mention: mention.strength is Strength.WEAK)
            strong = first.strength is Strength.STRONG or _several(of_it)
            soft = not words.isdisjoint(self._lists.softeners[category])
            strength = Strength.STRONG if strong and not soft else Strength.WEAK
            findings[category] = Finding(category, first.term, strength, self._policies[category])
        return findings


def loss(texts: Iterable[str]) -> bool:
    """Whether a journey was ended by loss or called off: its object is gone (the child, the marriage, the plan).

    One plain phrase is enough ("called off the wedding", "stillbirth"). Of those that are also said in passing
    ("refund", "withdraw", "divorce"), two different ones in two texts are needed. Grief for someone else ends nothing.
    """
    passing: dict[str, set[str]] = {}
    for text in texts:
        for mention in _mentions(_losses(), text):
            if mention.strength is Strength.STRONG:
                return True
            passing.setdefault(mention.term, set()).add(text)
    return len(passing) > 1 and len(set().union(*passing.values())) > 1


def _is_topic(strong: list[float], weak: list[float]) -> bool:
    if len(strong) > 1 and fsum(strong) >= REPEATED_SHARE - _ROUNDING:
        return True
    alone = not strong and len(weak) == 1
    return not alone and fsum([*strong, *(share / 2 for share in weak)]) >= TOPIC_SHARE - _ROUNDING


def _several(mentions: list[_Mention]) -> bool:
    """Whether different phrases stand on different words: one word that is on two lists is still one."""
    return len({mention.term for mention in mentions}) > 1 and len({mention.place for mention in mentions}) > 1


def _mentions(book: PhraseBook[_Entry], text: str) -> list[_Mention]:
    hits = book.find(text)
    if not hits:
        return []
    innocent = {(hit.value.category, hit.start, hit.end) for hit in hits if hit.value.strength is None}
    return [
        _Mention(hit.value.category, hit.value.term, hit.value.strength, (hit.start, hit.end))
        for hit in hits
        if hit.value.strength and (hit.value.category, hit.start, hit.end) not in innocent
    ]


def _shares(weights: Sequence[float]) -> list[float]:
    total = fsum(weights)
    return [weight / total if total else 1 / len(weights) for weight in weights]


@cache
def _lists() -> _Lists:
    categories: dict[str, Any] = _read("sensitive.json")
    return _Lists(
        PhraseBook(pair for name, lists in categories.items() for pair in _phrases(name, lists)),
        {name: Policy(lists["policy"]) for name, lists in categories.items()},
        {name: lists["speaks_of"] for name, lists in categories.items()},
        {
            name: frozenset(form for word in lists.get("softened_by", ()) for form in forms_of(word))
            for name, lists in categories.items()
        },
    )


@cache
def _losses() -> PhraseBook[_Entry]:
    return PhraseBook(_phrases("loss", _read("loss.json")))


def _phrases(category: str, lists: dict[str, Any]) -> Iterator[tuple[str, _Entry]]:
    """Strong ones first; the same phrase in two languages is one entry."""
    seen: set[str] = set()
    for strength in Strength:
        for phrases in lists[strength].values():
            for phrase in phrases:
                if phrase not in seen:
                    seen.add(phrase)
                    yield phrase, _Entry(category, phrase, strength)
    yield from ((phrase, _Entry(category, phrase, None)) for phrase in lists["innocent"])


def _read(name: str) -> Any:
    return json.loads((resources.files("chains") / name).read_text(encoding="utf-8"))
