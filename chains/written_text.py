"""Whether text that a model wrote may be shown: the one place where that is decided for related journeys and claims."""

import re

from chains.safety import SensitivityChecker
from chains.showable import why_unfit
from vectorstore.masking import mask

_PERSON = re.compile(
    r"\b(?:you|your|yours|yourself|you['’](?:re|ve|ll|d)|users?|persons?|people|someone|somebody|customers?|members?"
    r"|he|she|him|his|her|hers|they|them|their|theirs|i|me|my|mine|we|us|our|ours|who|whose|i['’]m|author|reader"
    r"|(?:wo)?m[ae]n|mother|father|mum|mom|dad|wife|husband|patient|parents?|couple"
    r"|suffers?|suffering|diagnos\w+|divorced|addicted|depressed)\b",
    re.IGNORECASE,
)


def why_unfit_text(text: str, checker: SensitivityChecker) -> str:
    """Why text by a model may not be shown, in words that quote nothing of it; "" where it may.

    Unfit is what `fit_to_show` refuses, what speaks of anybody, personal data, and anything sensitive.
    """
    if why := why_unfit(text):
        return why
    if mask(text) != text:
        return "it has personal data"
    if _PERSON.search(text):
        return "it speaks of a person and not of the interest"
    if checker.text(text) is not None:
        return "it speaks of a sensitive topic"
    return ""
