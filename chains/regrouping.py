"""From the numbers that a model answered to journeys: checked to be exact, and judged as the clustered ones are."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from chains.inference import Clustered, InferenceModels, InferenceOptions, judged_journeys
from chains.journeys import Journey
from chains.tellable import Places, Tellable, follow
from chains.texts import Floats
from chains.told_journeys import Origin, Told, told_journeys
from vectorstore.activity import Keyword

_DROPPED = -1
_NUMBERS_TOLD = 5
#: From so many numbers on, a model that puts nine in ten of them into one journey, where the largest cluster holds
#: less than half of the texts, has not looked.
_MANY, _NEARLY_ALL, _HALF = 12, 0.9, 0.5

NONE_LEFT = "nothing that the model found is enough for a journey"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a model was asked about. groups: by number from 1, the places of the texts that the number stands for.

    clustered: by code; tellable: of it. whole: whether each number must come back.
    """

    clustered: Clustered
    tellable: Tellable
    groups: Sequence[tuple[int, ...]]
    whole: bool


def wrong_numbers(asked: Asked, journeys: Sequence[Sequence[int]], dropped: Sequence[int] = ()) -> str:
    """What is wrong with the numbers of a reply, told by numbers alone; "" for nothing."""
    return "; ".join(_wrong(asked, journeys, dropped))


def _wrong(asked: Asked, journeys: Sequence[Sequence[int]], dropped: Sequence[int]) -> Iterator[str]:
    counts = Counter(number for numbers in (*journeys, dropped) for number in numbers)
    known = range(1, len(asked.groups) + 1)
    if unknown := sorted(number for number in counts if number not in known):
        yield f"there is no number {_listed(unknown)} in the data"
    if repeated := sorted(number for number, count in counts.items() if count > 1 and number in known):
        yield f"a number may stand in one place only, but these stand in several: {_listed(repeated)}"
    if asked.whole and (missing := [number for number in known if number not in counts]):
        yield f"these numbers are in no journey and not dropped: {_listed(missing)}"
    if not journeys:
        yield "it has no journey"
    if _all_in_one(asked, journeys):
        yield "nearly everything is in one journey, though it speaks of different things"


def _all_in_one(asked: Asked, journeys: Sequence[Sequence[int]]) -> bool:
    numbers = len(asked.groups)
    largest = max((len(set(each)) for each in journeys), default=0)
    if numbers < _MANY or largest < _NEARLY_ALL * numbers:
        return False
    return int(np.bincount(asked.clustered.labels).max()) < _HALF * len(asked.clustered.labels)


def _listed(numbers: Sequence[int]) -> str:
    shown = ", ".join(map(str, numbers[:_NUMBERS_TOLD]))
    return shown + (f" and {len(numbers) - _NUMBERS_TOLD} more" if len(numbers) > _NUMBERS_TOLD else "")


def unusable(asked: Asked, journeys: Sequence[Sequence[int]], dropped: Sequence[int] = ()) -> str:
    """Why nothing of a reply can be used; "" where it can, apart from some numbers."""
    if not journeys:
        return "the model found no journey"
    if _all_in_one(asked, journeys):
        return "the model put nearly everything into one journey"
    counts = Counter(number for numbers in (*journeys, dropped) for number in numbers)
    sure = sum(count == 1 and 0 < number <= len(asked.groups) for number, count in counts.items())
    if sure < len(counts) - sure:
        return "most numbers of the model's reply were invented or repeated"
    if asked.whole and 2 * sure < len(asked.groups):
        return "the model's reply left out most numbers"
    return ""


def regrouped(
    asked: Asked,
    journeys: Sequence[Sequence[int]],
    dropped: Sequence[int],
    told: Sequence[Told],
    origin: Origin,
    keywords: Sequence[Keyword],
    vectors: Floats,
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
) -> list[Journey]:
    """The model's groups as journeys. told: of each.

    What stands in several journeys goes to the one that it is nearest to. A text that the model wasn't told, or didn't
    mention where it had to, goes with its nearest text.
    """
    labels, kept = _labels(asked, journeys, dropped)
    of_all = np.concatenate([asked.tellable.told, asked.tellable.loose])
    loose = np.setdiff1d(of_all, kept)
    labels = follow(labels, asked.clustered.together, kept, loose)
    clustered = replace(asked.clustered, labels=labels)
    found = judged_journeys(clustered, keywords, vectors, as_of, options, models)
    return told_journeys(found, clustered, asked.tellable.told, told, origin, models.checker)


def _labels(asked: Asked, journeys: Sequence[Sequence[int]], dropped: Sequence[int]) -> tuple[Places, Places]:
    """(n,) labels, -1 for no journey, and the places about which the model has spoken."""
    claims: dict[int, list[int]] = {}
    for label, numbers in [*enumerate(journeys), (_DROPPED, dropped)]:
        for number in dict.fromkeys(numbers):
            if 0 < number <= len(asked.groups):
                claims.setdefault(number, []).append(label)
    labels = np.full(len(asked.clustered.texts), _DROPPED, dtype=np.intp)
    spoken = np.zeros(len(labels), dtype=np.bool_)
    for number, group in enumerate(asked.groups, 1):
        claimed = claims.get(number, [])
        # Not mentioned is left out on purpose, where it needn't come back.
        spoken[list(group)] = bool(claimed) or not asked.whole
        if len(claimed) == 1:
            labels[list(group)] = claimed[0]
    clear = labels.copy()
    for number, claimed in claims.items():
        if len(claimed) > 1:
            places = list(asked.groups[number - 1])
            near = [_near(asked.clustered.together, places, clear == label, label) for label in claimed]
            labels[places] = claimed[near.index(max(near))]
    return labels, np.flatnonzero(spoken)


def _near(together: NDArray[np.float32], places: Sequence[int], others: NDArray[np.bool_], label: int) -> float:
    """The mean affinity of what stands in several places to what stands in one of them alone.

    Under 0 for no journey; over any affinity for one that would else be empty.
    """
    if label == _DROPPED:
        return -1.0
    if not others.any():
        return 2.0
    return round(float(together[list(places)][:, others].mean()), 4)


def by_code(
    clustered: Clustered,
    keywords: Sequence[Keyword],
    vectors: Floats,
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
    because: str = "",
) -> list[Journey]:
    """The journeys without a model, with the reason why it has no part in them."""
    journeys = judged_journeys(clustered, keywords, vectors, as_of, options, models)
    return [journey.model_copy(update={"fallback": because}) for journey in journeys]
