"""A cluster of one user's texts that is a journey, before it is ranked and named."""

from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from chains.journeys import Verdict
from chains.safety import SensitivityChecker, loss
from chains.texts import Floats, Texts
from vectorstore.activity import Activity, in_order

_SINGLE_TEXT_CONFIDENCE = 0.5


@dataclass(frozen=True, slots=True)
class Found:
    """places: of its texts among the user's. events: theirs, in order. centre: (d,) unit length, of their contexts.

    near: (len(places),) cosine of each context to the centre. confidence: the mean affinity of two of its texts.
    """

    places: NDArray[np.intp]
    events: tuple[Activity, ...]
    called_off: bool
    centre: Floats
    near: Floats
    confidence: float


def find(texts: Texts, together: NDArray[np.float32], places: NDArray[np.intp], *, over: bool = False) -> Found:
    """together: (n, n) affinities of the user's texts. places: of the journey's, at least one. over: whether a person
    has said that it is."""
    size = len(places)
    within = float(together[places[:, None], places].sum())
    confidence = (within - size) / (size * (size - 1)) if size > 1 else _SINGLE_TEXT_CONFIDENCE
    return found_at(texts, places, min(max(confidence, 0.0), 1.0), over=over)


def found_at(texts: Texts, places: NDArray[np.intp], confidence: float, *, over: bool = False) -> Found:
    """What `find` finds where the confidence is known already, in [0, 1]."""
    rows, context = places.tolist(), texts.context[places]
    centre = context.mean(axis=0)
    centre /= max(float(np.linalg.norm(centre)), 1e-9)
    return Found(
        places=places,
        events=tuple(in_order(chain.from_iterable(texts.events[row] for row in rows))),
        called_off=over or loss(texts.keys[row] for row in rows),
        centre=centre,
        near=np.vecdot(context, centre),
        confidence=confidence,
    )


def judge(name: str, texts: Texts, places: NDArray[np.intp], checker: SensitivityChecker) -> Verdict:
    """What may be done with a journey of this name and these texts."""
    rows = places.tolist()
    # What an item is described by counts with its title, which is often silent where the annotations are plain.
    told = ["\n".join((texts.keys[row], *sorted(texts.labels[row]))) for row in rows]
    return checker.journey(name, told, [len(texts.events[row]) for row in rows])
