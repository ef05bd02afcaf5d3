"""Checks of text that a model made and that will be shown: names, descriptions, expansions, explanations.

Whoever shows a model's text asks `fit_text`; text that fails is not shown, and the answer without a model stands in its
place. Where a guard is configured it is asked about what passed (`chains/guarding.py`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from unicodedata import normalize

from chains.journeys import Policy
from chains.safety import SensitivityChecker, Strength
from chains.showable import why_unfit
from chains.word_support import Support
from vectorstore.masking import mask

LONGEST_SENTENCE = 240

#: Somebody, in the languages that come with the program. "US" is a country, "i" in Italian an article. Where a word is
#: a pronoun in one language and common in another (su, mes), it costs a name, which is little.
_SOMEBODY = re.compile(
    r"(?i:\b(?:you|your|yours|yourself|i'm|i’m|me|my|mine|myself|we|our|ours|he|him|his|himself|she|her|hers"
    r"|herself|they|them|their|theirs|themselves|users?|persons?|someone|somebody|customers?|shoppers?|searchers?"
    r"|members?|individuals?|patients?|who|whose)\b)|\b(?:us|Us|I)\b"
    r"|(?i:\b(?:du|dich|dir|dein(?:e[nmrs]?)?|sie|ihr(?:e[nmrs]?)?|mein(?:e[nmrs]?)?|unser(?:e[nmrs]?)?|nutzer(?:in)?"
    r"|benutzer(?:in)?|tú|tus|su|sus|usted|mis|nuestr[oa]s?|usuari[oa]s?|tu|ta|tes|vous|votre|vos|mon|mes|notre"
    r"|utilisat(?:eur|rice)s?|você|teu|tua|seu|sua|meu|minha|nosso|nossa|tuo|tuoi|tue|mio|mia|nostr[oa]|utente"
    r"|jij|jou|jouw|mijn|gebruikers?|ты|вы|ваш\w*|твой|твоя|мой|моя|пользовател\w*)\b)"
    r"|あなた|ユーザー?|わたし|私の|彼女|彼の|您|你|我|用户|당신|사용자"
)
#: What is said of somebody's state, where a name should tell what is being done.
_STATE = re.compile(
    r"\b(?:being|becoming|feeling|identif(?:y|ies|ying) as|turning into|suffer(?:s|ing)?|struggl(?:es|ing)"
    r"|getting (?:married|engaged|divorced|pregnant|sober|old|rich|fired)"
    r"|(?:living|coping|struggling|dealing|battling|diagnosed|cope|struggle) with"
    r"|diagnos(?:is|ed|es)|recovering from|expecting|pregnant|addicted|unemployed|jobless|bankrupt|divorced"
    r"|widow(?:ed|er)?|infertile|depressed|overweight|obese|homeless|schwanger|krank|geschieden|arbeitslos"
    r"|embarazada|enceinte|grávida|incinta|zwanger)\b",
    re.IGNORECASE,
)


def fit_text(
    text: str,
    *,
    support: Support | None,
    checker: SensitivityChecker,
    longest: int = LONGEST_SENTENCE,
    sentence: bool = False,
) -> str:
    """Why a text that a model made may not be shown, in words that quote nothing of it or of a user; "" where it may.

    It has to be one line of at most `longest` characters that `fit_to_show` lets through, without personal data, about
    an interest and not about a person, with no sensitive topic (those with the policy "allow" aside). support: the
    texts that it has to rest on; None for text that is about nobody, such as expansions of the catalogue. sentence:
    allows the words that a sentence needs beside those of the texts.
    """
    if not text.strip():
        return "it is empty"
    if len(text) > longest:
        return f"it has more than {longest} characters"
    if unfit := why_unfit(text):
        return unfit
    if mask(text) != text:
        return "it has personal data"
    if speaks_of_somebody(text):
        return "it speaks of a person and not of the interest"
    if _is_sensitive(text, checker):
        return "it speaks of a sensitive topic"
    if support and support.missing(text, sentence=sentence):
        return "it has words that the keywords do not support"
    if support and not support.rests(text, sentence=sentence):
        return "it rests on a single keyword that occurs once"
    return ""


def speaks_of_somebody(text: str) -> bool:
    """Whether it speaks to or of a person, or of a person's state."""
    plain = normalize("NFKC", text)
    return bool(_SOMEBODY.search(plain) or _STATE.search(plain))


def fit_to_tell(text: str, checker: SensitivityChecker) -> bool:
    """Whether a user's text may be told to a model as evidence, and support what it writes: nothing that looks like an
    order or code, nothing sensitive, no stand-in for personal data."""
    return not _is_sensitive(text, checker) and why_unfit(text) is None


def _is_sensitive(text: str, checker: SensitivityChecker) -> bool:
    finding = checker.text(text)
    return finding is not None and finding.policy is not Policy.ALLOW and finding.strength is Strength.STRONG


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a guard says of a text. because: in a few words, "" where it is not flagged. failed: the guard could not be
    asked, so that nobody knows."""

    flagged: bool = False
    because: str = ""
    failed: bool = False


class Guard(Protocol):
    """A second opinion on text before it is shown: a moderation endpoint, or a model that was trained for it."""

    def rule(self, texts: Sequence[str]) -> list[Ruling]:
        """One ruling a text, in order. Never raises but BudgetSpent: a guard that fails says so in its ruling."""
        ...
