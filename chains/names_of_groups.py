"""Whether a name that a model gave to its own groups of texts may be shown: it rests on the user's words, and these."""

from collections.abc import Set

from chains.model_safety import speaks_of_somebody
from chains.naming import LONGEST_NAME
from chains.naming_candidates import words_in
from chains.showable import why_unfit
from vectorstore.masking import mask

#: What is said of an undertaking, whatever it is about.
_UNDERTAKINGS = frozenset(
    words_in(
        "planning plan preparing preparation organizing organising hosting making make building build creating crafting"
        " learning learn studying practicing practising mastering training starting getting trying finding choosing"
        " buying shopping comparing decorating designing redesigning renovating renovation remodeling restoring fixing"
        " repairing improving converting growing cooking traveling travelling trip visiting visit exploring setting up"
        " caring raising keeping moving collecting styling routine routines ideas idea tips guide basics beginner"
        " beginners project projects recipes recipe home diy everyday easy simple small first new inspiration skills"
    )
)
_STEM, _ENDING = 4, 3


def why_not_name(name: str, words: Set[str], of_user: Set[str]) -> str:
    """What is wrong with it, in words that don't repeat it; "" for nothing.

    words: those (of `words_in`) of the journey's own texts, annotations and boards; one of them at least has to be in
    the name. of_user: those of all texts of the user that a model may be told. Every word of the name is one of them,
    or says what is done with anything ("planning", "ideas").
    """
    if unfit := why_unfit(name):
        return unfit
    if len(name) > LONGEST_NAME:
        return f"it has more than {LONGEST_NAME} characters"
    if mask(name) != name:
        return "it has personal data"
    if speaks_of_somebody(name):
        return "it speaks of a person"
    own = words_in(name)
    if not any(_supported(word, words) for word in own):
        return "none of its words is in the journey's texts"
    if not all(word in _UNDERTAKINGS or _supported(word, words) or _supported(word, of_user) for word in own):
        return "it has words that are not in the texts"
    return ""


def _supported(word: str, words: Set[str]) -> bool:
    """Whether it is one of the words or begins as one does: "gardening" and "gardens"."""
    if word in words:
        return True
    return any(_same_stem(word, other) for other in words)


def _same_stem(one: str, other: str) -> bool:
    shorter = min(len(one), len(other))
    shared = next((place for place in range(shorter) if one[place] != other[place]), shorter)
    return shared >= _STEM and max(len(one), len(other)) - shared <= _ENDING
