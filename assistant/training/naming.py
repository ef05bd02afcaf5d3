"""Fits the naming model: to names that people rated, and to journeys that people named."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.rated_names import RatedTopic, as_candidates
from assistant.evaluation.written_names import NamedJourney
from chains.naming_features import NAME_FEATURES, Rows, name_features
from chains.naming_model import NamingModel
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError

T = TypeVar("T")

#: How much better by rating or by likeness a name is to be e times as probable: about what raters differ by.
_RATING, _LIKENESS = 0.2, 0.1
_STRANGE_NAMES = 8
#: What a reader doesn't take for a name, however near it is: sentences, questions, talk of oneself. And a bare word
#: says little: raters put names of one word below those of two.
_WORD_TOO_MANY, _NO_NAME, _BARE = 0.06, 0.08, 0.1
#: Ten people or so rated each name of a topic; one named a journey.
_TOPIC = 2.0
#: No log counts as more journeys than this, or the largest would speak for all.
_MOST_FROM_ONE_LOG = 100
_DECAY = 2e-3
_LEAST_SCALE = 0.05
#: What is known beforehand of weights, so that no accident of a few journeys turns it round.
_NEVER_BAD = ("centre", "gist", "apart", "frequency", "share", "exclusive", "recurring", "own_words")
_NEVER_GOOD = ("unseen", "one_word", "more_words", "empty_words", "longest", "asks", "speaks_of_self", "signs")
#: The weight of a feature as it is. No log with written names has searches made again and again, which are what it is
#: all about.
_AS_SET = {"searched": 0.4}
#: Added to what was learned, by reading names: journeys as inference finds them are mixed, and there a bare word is
#: more often a part ("Guests") than the whole ("Wedding reception"), and what recurs is more often the whole.
_ADDED = {"one_word": -0.25, "frequency": 0.2, "share": 0.05}
_ASKS, _SELF, _BEYOND, _ONE = (
    NAME_FEATURES.index(name) for name in ("asks", "speaks_of_self", "more_words", "one_word")
)


@dataclass(frozen=True)
class Lesson:
    """The n candidates of one journey or topic. features: (n, f). log_odds: (n,) of being taken for the name, but for
    a constant. weight: how many journeys it counts as."""

    features: Rows
    log_odds: NDArray[np.float64]
    weight: float = 1.0


def lessons_of_topics(
    topics: Sequence[RatedTopic],
    embeddings: CachedEmbeddings,
    seed: int = 0,
    on_topic: Callable[[], None] = lambda: None,
) -> Iterator[Lesson]:
    """Each topic's rated names, and as worth nothing a few of other topics."""
    draw = np.random.default_rng(seed)
    everyones = [name for topic in topics for name in topic.names]
    for topic in topics:
        drawn = dict.fromkeys(everyones[place] for place in draw.integers(0, len(everyones), _STRANGE_NAMES))
        strange = [name for name in drawn if name not in topic.names]
        candidates, subject = as_candidates(topic, [*topic.names, *strange], embeddings)
        ratings = np.concatenate([topic.human, np.zeros(len(strange))])
        on_topic()
        yield Lesson(name_features(candidates, subject), ratings / _RATING, _TOPIC)


def lessons_of_journeys(journeys: Iterable[NamedJourney]) -> list[Lesson]:
    """Of one log. How near a candidate is to the written name says how well it would do."""
    lessons = []
    for journey in journeys:
        features = name_features(journey.candidates, journey.subject)
        lessons.append(Lesson(features, (journey.likeness - _unlike_a_name(features)) / _LIKENESS))
    weight = min(1.0, _MOST_FROM_ONE_LOG / max(len(lessons), 1))
    return [replace(lesson, weight=weight) for lesson in lessons]


def _unlike_a_name(features: Rows) -> NDArray[np.float64]:
    """(n, f) -> (n,): what is taken off the likeness."""
    off = _WORD_TOO_MANY * features[:, _BEYOND] + _BARE * features[:, _ONE]
    return np.asarray(off + _NO_NAME * (features[:, _ASKS] + features[:, _SELF]), dtype=np.float64)


def train_naming(lessons: Sequence[Lesson], trained_on: str) -> NamingModel:
    """Fits weights so that the odds within each lesson come out as they should (ListNet, Cao et al. 2007).

    The loss is convex, so the same lessons give the same weights; their order moves the last digits at most. Raises
    InputError where there is nothing to learn from.
    """
    if not lessons:
        raise InputError("no rated topic and no named journey: there is nothing to learn names from")
    rows = np.concatenate([lesson.features for lesson in lessons]).astype(np.float64)
    scale = np.maximum(rows.std(axis=0), _LEAST_SCALE)
    for name in _AS_SET:
        scale[NAME_FEATURES.index(name)] = 1.0
    start = np.array([_AS_SET.get(name, 0.0) for name in NAME_FEATURES])
    plain = NamingModel(rows.mean(axis=0), scale, start, trained_on)
    x = plain.standard(rows.astype(np.float32))
    sizes = [len(lesson.features) for lesson in lessons]
    starts = np.cumsum([0, *sizes[:-1]])
    of = np.repeat(np.arange(len(sizes)), sizes)
    weights = np.array([lesson.weight for lesson in lessons])
    weights = (weights / weights.sum())[of]

    def odds(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Probabilities within each lesson, and their logarithms."""
        below = values - np.maximum.reduceat(values, starts)[of]
        logs = below - np.log(np.add.reduceat(np.exp(below), starts))[of]
        return np.exp(logs), logs

    wanted, _ = odds(np.concatenate([lesson.log_odds for lesson in lessons]))

    def loss(values: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        found, logs = odds(x @ values)
        gradient = x.T @ (weights * (found - wanted)) + 2 * _DECAY * values
        return float(-(weights * wanted * logs).sum() + _DECAY * (values @ values)), gradient

    # SciPy takes longer to import than most commands take.
    from scipy.optimize import minimize  # noqa: PLC0415

    fitted = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=_bounds(), options={"maxiter": 500})
    added = np.array([_ADDED.get(name, 0.0) for name in NAME_FEATURES])
    return NamingModel.from_json(replace(plain, weights=fitted.x + added).to_json())


def _bounds() -> list[tuple[float | None, float | None]]:
    bounds: dict[str, tuple[float | None, float | None]] = {name: (value, value) for name, value in _AS_SET.items()}
    bounds |= dict.fromkeys(_NEVER_BAD, (0.0, None)) | dict.fromkeys(_NEVER_GOOD, (None, 0.0))
    return [bounds.get(name, (None, None)) for name in NAME_FEATURES]


def fold_of(keys: Sequence[str], folds: int, seed: int = 0) -> dict[str, int]:
    """Deals keys, such as users, out into folds at random with the seed."""
    distinct = sorted(set(keys))
    dealt = np.random.default_rng(seed).permutation(len(distinct)) % folds
    return dict(zip(distinct, dealt.tolist(), strict=True))
