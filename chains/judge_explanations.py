"""Which explanations of a judge may be shown: about the interest, carried by the activity that they cite."""

import re
from collections.abc import Iterable

from chains.journeys import Policy
from chains.phrases import words_of
from chains.safety import SensitivityChecker
from chains.showable import why_unfit
from chains.shown_to_a_judge import speaks_to_a_judge
from vectorstore.activity import normalize
from vectorstore.masking import mask

_SHORTEST_WORD = 3
# `words_of` knows Latin letters only. Marks belong to words of Indian scripts; three Chinese signs are a phrase.
_OTHER_WORD = re.compile("[^\x00-\u024f\\s\u2000-\u206f\u3000-\u303f\uff00-\uff0f]{3,}")
_STRICTNESS = {Policy.ALLOW: 0, Policy.IN_APP: 1, Policy.BLOCK: 2}
# Words for somebody, and what is said of somebody's state. That "they" may mean events costs an explanation little.
_OF_SOMEBODY = re.compile(
    r"\b(?:you|your|yours|yourself|we|our|us|i m|i am|my|mine|he|she|him|his|her|hers|himself|herself|they|them|their"
    r"|theirs|themselves|users?|person|persons|someone|somebody|anyone|individuals?|customers?|members?|visitors?"
    r"|shoppers?|searchers?|owners?|patients?|parents?|mothers?|fathers?|mums?|moms?|dads?|wives|wife|husbands?|widows?"
    r"|widowers?|man|men|woman|women|girl|boy|girls|boys|teenagers?|students?|pregnant|diagnosed|suffers?|suffering"
    r"|divorced|bankrupt|unemployed|addicted)\b"
)
_QUOTED = re.compile('["“„«]([^"“”„«»]{2,})["”“»]')
_OF_THE_TRADE = (
    "the and for with from over that this these those are was were has have its than then into onto about across "
    "event events search searches searched save saves saved open opens opened click clicks clicked board boards "
    "history journey interest name named names month months week weeks day days date dates year years several many "
    "few one two three four five not only also all most more some clear clearly strong ongoing active between"
)
_LEFT_OUT = frozenset(_OF_THE_TRADE.split())


def why_not_shown(
    explanation: str,
    *,
    name: str,
    texts: Iterable[str],
    supporting: Iterable[str],
    policy: Policy,
    checker: SensitivityChecker,
) -> str:
    """Why an explanation may not be shown, in words that quote nothing of it; "" where it may.

    name: of the journey, which was checked before; that it says "Men's fashion" makes no person of it. texts: all that
    the judge was shown. supporting: the texts that it cites, and the journey's name and keywords; the
    explanation must share a word with them that isn't of the trade. policy: of the journey; the explanation may speak
    of nothing stricter.
    """
    if unfit := why_unfit(explanation):
        return unfit
    if speaks_to_a_judge(explanation):
        return "it gives orders"
    if mask(explanation) != explanation:
        return "it has personal data"
    if _OF_SOMEBODY.search(_spoken(explanation).replace(_spoken(name), " ")):
        return "it speaks of a person, not of the interest"
    shown = [normalize(text) for text in texts]
    if any(not any(normalize(quoted) in text for text in shown) for quoted in _QUOTED.findall(explanation)):
        return "it quotes what is not in the data"
    told = _content(explanation)
    if not told & {word for text in supporting for word in _content(text)}:
        return "it says nothing that the cited events or the journey's name say"
    finding = checker.text(explanation)
    if finding and _STRICTNESS[finding.policy] > _STRICTNESS[policy]:
        return "it speaks of a sensitive topic"
    return ""


def _spoken(text: str) -> str:
    return " ".join(re.sub(r"[^\w]+|_", " ", text.casefold()).split())


def _content(text: str) -> set[str]:
    """Words without the endings that English puts on them most often."""
    found = (*words_of(text), *_OTHER_WORD.findall(text.casefold()))
    words = {word for word in found if len(word) >= _SHORTEST_WORD and word not in _LEFT_OUT}
    return words | {word.removesuffix("s") for word in words if len(word) > _SHORTEST_WORD}
