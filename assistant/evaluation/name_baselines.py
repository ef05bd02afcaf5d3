"""What a naming model is compared with: simple ways to choose a name, and weights that were set by hand."""

import re
from collections.abc import Callable, Sequence
from unicodedata import category

import numpy as np
from numpy.typing import NDArray

from chains.naming import LONGEST_NAME
from chains.naming_candidates import Candidate, Subject
from vectorstore.activity import KeywordSource

Worth = NDArray[np.float64]
#: The n candidates of a journey, and what they are to stand for -> (n,), the higher the better.
Chooser = Callable[[Sequence[Candidate], Subject], Worth]

_SOURCE_WORTH = {
    KeywordSource.QUERY: 0.6,
    KeywordSource.BOARD: 0.3,
    KeywordSource.TITLE: 0.0,
    KeywordSource.ANNOTATION: 1.0,
    KeywordSource.PHRASE: 0.4,
}
#: Centrality, own frequency, exclusiveness, form and source, each in [0, 1].
_WEIGHTS = (0.40, 0.15, 0.15, 0.20, 0.10)

_ASKS_OR_SPEAKS_OF_SELF = re.compile(
    r"^(how|what|why|when|where|who|which|can|does|do|is|are|should)\b"
    r"|^(wie|was|warum|wann|wo|como|cómo|qué|que|por qué|comment|pourquoi)\b"
    r"|\b(i|i'm|my|me|we|our|mein|meine|mi|mis|mon|ma|meu|minha)\b|[?!]",
    re.IGNORECASE,
)


def hand_weights(candidates: Sequence[Candidate], subject: Subject) -> Worth:
    """Five marks with weights set by hand, by reading: how names were chosen before there was a model."""
    most = max(candidate.events for candidate in candidates)
    marks = [
        (
            float(np.clip(candidate.vector @ subject.centres[subject.number], 0, 1)),
            float(np.log1p(candidate.events) / np.log1p(most)),
            candidate.events / candidate.everywhere,
            form(candidate.keyword.text),
            _SOURCE_WORTH[candidate.keyword.source],
        )
        for candidate in candidates
    ]
    worth: Worth = np.array(marks) @ np.array(_WEIGHTS)
    return worth


def nearest_to_centre(candidates: Sequence[Candidate], subject: Subject) -> Worth:
    """The cosine to the middle alone."""
    return np.array([float(candidate.vector @ subject.centres[subject.number]) for candidate in candidates])


def shortest(candidates: Sequence[Candidate], subject: Subject) -> Worth:
    """The fewer characters, the better."""
    return np.array([-float(len(candidate.keyword.text)) for candidate in candidates])


BASELINES: dict[str, Chooser] = {
    "hand weights": hand_weights,
    "most central": nearest_to_centre,
    "shortest": shortest,
}


def form(text: str) -> float:
    """How much a text looks like a name, in [0, 1]: two to four words, letters, no question, nothing about "me"."""
    words = len(text.split())
    letters = sum(category(sign)[0] in "LM" for sign in text) / max(len(text.replace(" ", "")), 1)
    length = {1: 0.6, 2: 1.0, 3: 1.0, 4: 0.9, 5: 0.7, 6: 0.5}.get(words, 0.2)
    if len(text) > LONGEST_NAME:
        length = 0.0
    return length * letters * (0.4 if _ASKS_OR_SPEAKS_OF_SELF.search(text) else 1.0)
