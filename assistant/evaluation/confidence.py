"""Whether the confidence of journeys is what it says: the probability that two of its texts belong together."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.calibration import calibration_error
from assistant.evaluation.intervals import over_users
from assistant.evaluation.labelled import InferredUser
from vectorstore.activity import normalize


@dataclass(frozen=True, slots=True)
class ConfidenceFigures:
    """Over journeys with at least two labelled texts. confidence: the mean of what journeys say; actual: the mean share
    of their pairs of labelled texts that bear one label; error: the expected calibration error (Naeini et al. 2015) in
    ten bins of equally many journeys, with the middle 95 % over users drawn again and again.
    """

    journeys: int
    confidence: float
    actual: float
    error: float
    low: float
    high: float


def score_confidence(found: Sequence[InferredUser], seed: int = 0) -> ConfidenceFigures | None:
    """None where no journey has two labelled texts."""
    of_users = [np.array([*_of_user(each)], dtype=float).reshape(-1, 2) for each in found]
    counted = [each for each in of_users if len(each)]
    if not counted:
        return None
    every = np.concatenate(counted)

    def error(drawn: NDArray[np.intp]) -> float:
        return calibration_error(*np.concatenate([counted[place] for place in drawn]).T)

    interval = over_users(error, len(counted), seed)
    mean = every.mean(axis=0)
    return ConfidenceFigures(
        len(every), float(mean[0]), float(mean[1]), calibration_error(*every.T), interval.low, interval.high
    )


def _of_user(inferred: InferredUser) -> list[tuple[float, float]]:
    labels = inferred.user.labels
    rows = []
    for journey in inferred.journeys:
        own = Counter(labels[key] for key in map(normalize, journey.texts) if key in labels)
        size = own.total()
        if size > 1:
            together = sum(count * (count - 1) for count in own.values()) / (size * (size - 1))
            rows.append((journey.confidence, together))
    return rows
