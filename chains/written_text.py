"""Whether text that a model wrote may be shown: the one place where that is decided for related journeys and claims."""

import re

from chains.model_safety import speaks_of_somebody
from chains.safety import SensitivityChecker
from chains.showable import why_unfit
from vectorstore.masking import mask

#: Beside what every text by a model may not say: here nobody is spoken of at all.
_PERSON = re.compile(
    r"\b(?:people|author|reader|(?:wo)?m[ae]n|mother|father|mum|mom|dad|wife|husband|parents?|couple"
    r"|pregnan\w+|divorc\w+|addict\w*|depress\w+)\b",
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
    if speaks_of_somebody(text) or _PERSON.search(text):
        return "it speaks of a person"
    if checker.text(text) is not None:
        return "it speaks of something sensitive"
    return ""
