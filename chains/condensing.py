"""A long history made to fit into a model's context, by rule and not by chance.

1. Where a line for each text fits, nothing is changed.
2. Else texts of nearly the same wording share a line: the same words that carry a topic, or a cosine of at least 0.9 to
   the line's first text.
3. Where that is still too much, the least telling lines are left out until the rest fits: those of fewest events,
   looking counting least, on fewest days; of equals the older ones.
"""

from collections.abc import Callable, Sequence

import numpy as np

from chains.activity_lines import Line, line_of
from chains.naming_candidates import words_in
from chains.steps import Fields, Reply, Step
from chains.texts import Texts

#: Of the common tokenizers the least that is usual: what is estimated by it is hardly ever more.
CHARACTERS_A_TOKEN = 2.5
SAME_WORDING = 0.9


def request_tokens(step: Step[Reply], fields: Fields) -> int:
    """The most tokens that the step's first request has, its schema told in words as well as to the server."""
    characters = sum(len(message.text) for message in step.render(fields)) + 2 * len(str(step.schema))
    return int(characters / CHARACTERS_A_TOKEN) + 1


def condense(texts: Texts, places: Sequence[int], fits: Callable[[Sequence[Line]], bool]) -> list[Line]:
    """Lines in order of their first event, as many as fit; [] where not even one does.

    places: of the texts that may be told, ascending. fits: whether so many lines fit; with fewer lines they fit rather.
    """
    lines = [line_of(texts, [place]) for place in places]
    if fits(lines):
        return lines
    lines = [line_of(texts, group) for group in _alike(texts, places)]
    by_telling = sorted(lines, key=lambda line: (-line.telling, -line.events[-1].timestamp.timestamp(), line.places))
    least, most = 0, len(by_telling)  # So many are known to fit, so many to be the most that may.
    while least < most:
        middle = (least + most + 1) // 2
        if fits(_in_order(by_telling[:middle])):
            least = middle
        else:
            most = middle - 1
    return _in_order(by_telling[:least])


def _in_order(lines: Sequence[Line]) -> list[Line]:
    return sorted(lines, key=lambda line: (line.events[0].timestamp, line.places))


def _alike(texts: Texts, places: Sequence[int]) -> list[list[int]]:
    """Groups of places, each begun by its first text, in order of time."""
    groups: list[list[int]] = []
    of_words: dict[frozenset[str], int] = {}
    heads = np.empty((len(places), texts.vectors.shape[1]), dtype=np.float32)
    for place in places:
        words = frozenset(words_in(texts.keys[place]))
        group = of_words.get(words) if words else None
        if group is None and groups:
            near = np.round(heads[: len(groups)] @ texts.vectors[place], 4)
            group = int(near.argmax()) if near.max() >= SAME_WORDING else None
        if group is None:
            group = len(groups)
            heads[group] = texts.vectors[place]
            groups.append([])
        groups[group].append(place)
        of_words.setdefault(words, group)
    return groups
