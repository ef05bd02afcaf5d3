"""Activity, vectors and an affinity model made for tests, so that every figure can be worked out by hand."""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np

from chains.affinity import AffinityModel, Networks
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import Journey
from chains.keywords import extract_keywords
from chains.pair_features import FEATURES
from chains.safety import SensitivityChecker
from chains.texts import Floats, Texts, texts_of
from vectorstore.activity import Activity, ActivityKind, Keyword, normalize

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
SEARCH, CLOSEUP, SAVE = ActivityKind.SEARCH, ActivityKind.CLOSEUP, ActivityKind.SAVE
CLICK, BOARD = ActivityKind.CLICKTHROUGH, ActivityKind.BOARD

_WIDTH = 48

Embed = Callable[[Sequence[str]], Floats]


def act(
    text: str,
    day: float = 0.0,
    kind: ActivityKind = SEARCH,
    *,
    seconds: float = 0.0,
    item: str | None = None,
    board: str | None = None,
    labels: Sequence[str] = (),
) -> Activity:
    """An event of anna, so many days and seconds after the start."""
    moment = START + timedelta(days=day, seconds=seconds)
    return Activity("anna", moment, kind, text, item_id=item, board=board, annotations=tuple(labels))


def unit(rows: Sequence[Sequence[float]]) -> Floats:
    """The rows as vectors of unit length, (n, d)."""
    if not rows:
        return np.empty((0, _WIDTH), np.float32)
    vectors = np.array(rows, dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


@cache
def hashed(text: str) -> Floats:
    """(48,) unit length: the same for the same text, nearly at right angles to that of any other."""
    seed = int.from_bytes(hashlib.blake2b(text.encode(errors="replace"), digest_size=8).digest(), "big")
    vector: Floats = unit([np.random.default_rng(seed).normal(size=_WIDTH).tolist()])[0]
    return vector


def by_words(texts: Sequence[str]) -> Floats:
    """Texts with the same words are near each other."""
    return unit([(hashed(text) / 4 + sum(hashed(word) for word in text.split())).tolist() for text in texts])


def by_topic(topic_of: Mapping[str, str]) -> Embed:
    """Texts of one topic have a cosine of about 0.8; a text that is not listed is a topic of its own."""
    topics = {normalize(text): topic for text, topic in topic_of.items()}
    return lambda texts: unit([(2 * hashed(topics.get(text, text)) + hashed(f"of {text}")).tolist() for text in texts])


def weights_on(feature: str, slope: float, bias: float = 0.0) -> AffinityModel:
    """A model that looks at one feature: the logit is slope * feature + bias."""
    weights = np.zeros((len(FEATURES), 1), dtype=np.float32)
    weights[FEATURES.index(feature)] = slope
    ones = np.ones(len(FEATURES), dtype=np.float32)
    network = ((weights, np.array([bias], dtype=np.float32)),)
    return AffinityModel(Networks(ones * 0, ones, (network,)), None, None, "made for a test")


def by_cosine() -> AffinityModel:
    """Texts belong together from a cosine of 0.5."""
    return weights_on("cosine", 40.0, -20.0)


def keywords_and_vectors(activities: Iterable[Activity], embed: Embed) -> tuple[list[Keyword], Floats]:
    keywords = extract_keywords(activities)
    return keywords, embed([keyword.key for keyword in keywords])


def made_texts(activities: Iterable[Activity], embed: Embed = by_words) -> Texts:
    return texts_of(*keywords_and_vectors(activities, embed))


def infer(
    activities: Iterable[Activity],
    embed: Embed = by_words,
    *,
    day: float = 30.0,
    options: InferenceOptions | None = None,
    model: AffinityModel | None = None,
    checker: SensitivityChecker | None = None,
) -> list[Journey]:
    """Journeys of anna as of so many days after the start; texts belong together by their cosine."""
    keywords, vectors = keywords_and_vectors(activities, embed)
    models = InferenceModels(model or by_cosine(), checker or SensitivityChecker())
    return infer_journeys(keywords, vectors, START + timedelta(days=day), options or InferenceOptions(), models)
