"""Whether text that a model wrote may be shown: the one place where that is decided for related journeys and claims."""

import re

from chains.model_safety import fit_text
from chains.safety import SensitivityChecker

#: Beside what every text by a model may not say: here nobody is spoken of at all.
_PERSON = re.compile(
    r"\b(?:people|author|reader|(?:wo)?m[ae]n|mother|father|mum|mom|dad|wife|husband|parents?|couple)\b", re.IGNORECASE
)


def why_unfit_text(text: str, checker: SensitivityChecker) -> str:
    """Why text by a model may not be shown, in words that quote nothing of it; "" where it may.

    Unfit is what `fit_text` refuses, what mentions anybody, and whatever might be sensitive.
    """
    if why := fit_text(text, support=None, checker=checker):
        return why
    if _PERSON.search(text):
        return "it speaks of a person and not of the interest"
    if checker.text(text) is not None:
        return "it speaks of a sensitive topic"
    return ""
