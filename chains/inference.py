"""From one user's keywords and vectors to journeys: one pure function, the same in a notebook and in a batch run."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from chains.affinity import AffinityModel, affinity, default_affinity
from chains.assembling import Ranked, assemble, provisional_id
from chains.clustering import CUT, POWER, Granularity, cluster
from chains.crowd import Crowd
from chains.found import Found, find, judge
from chains.journeys import Journey, Policy
from chains.measures import History, Measures, measure
from chains.naming import Named, name_journeys
from chains.naming_model import NamingModel, default_naming
from chains.ranking import RankerModel, called_off, default_ranker, diversify
from chains.safety import SensitivityChecker
from chains.stage import Staged, Staging, stage
from chains.stage_model import StageModel, default_stage
from chains.texts import Floats, Texts, texts_of
from vectorstore.activity import Keyword, days_of

__all__ = [
    "Candidates",
    "Clustered",
    "InferenceModels",
    "InferenceOptions",
    "cluster_texts",
    "find_candidates",
    "group_texts",
    "infer_journeys",
    "inferred_texts",
    "judged_journeys",
    "name_candidates",
    "provisional_id",
    "rank_candidates",
    "safe_journeys",
    "stage_candidates",
]

_TEXTS_AND_DAYS = 3


@dataclass(frozen=True, slots=True)
class InferenceOptions:
    """granularity: how fine journeys are. least_events: fewer make no journey. penalty, threshold: of diversification,
    in (0, 1] and cosine in [-1, 1]. embedding: the name of the model that made the vectors."""

    granularity: Granularity = Granularity.NORMAL
    least_events: int = 2
    penalty: float = 0.95
    threshold: float = 0.5
    embedding: str = "minilm"


@dataclass(frozen=True, slots=True)
class InferenceModels:
    """What the inference decides with.

    crowd: of the log that the users are from, None where there is none; only fine journeys are looked at in it.
    """

    affinity: AffinityModel = field(default_factory=default_affinity)
    checker: SensitivityChecker = field(default_factory=SensitivityChecker)
    naming: NamingModel = field(default_factory=default_naming)
    stage: StageModel = field(default_factory=default_stage)
    ranker: RankerModel = field(default_factory=default_ranker)
    crowd: Crowd | None = None


@dataclass(frozen=True, slots=True)
class Clustered:
    """One user's n texts and what belongs together. together: (n, n) affinities; labels: (n,) from 0.

    A label of -1 is no journey. over: the labels of what a person has called over, which ends as what is called off.
    """

    texts: Texts
    together: NDArray[np.float32]
    labels: NDArray[np.intp]
    over: frozenset[int] = frozenset()


def infer_journeys(
    keywords: Sequence[Keyword], vectors: Floats, as_of: datetime, options: InferenceOptions, models: InferenceModels
) -> list[Journey]:
    """Journeys of one user, best first, [] where nothing makes one.

    keywords: all of the user's up to as_of. vectors: (len(keywords), d) float32, unit length, row by row. Journeys of
    blocked kinds are left out. Ids are provisional: they follow from the user and the journey's first text.
    """
    return judged_journeys(cluster_texts(keywords, vectors, options, models), keywords, vectors, as_of, options, models)


def cluster_texts(
    keywords: Sequence[Keyword], vectors: Floats, options: InferenceOptions, models: InferenceModels
) -> Clustered:
    """The first half of `infer_journeys`: what belongs together, before anything is judged, named or left out."""
    texts = inferred_texts(keywords, vectors, options, models)
    return group_texts(texts, affinity(texts, models.affinity, options.granularity), options)


def inferred_texts(
    keywords: Sequence[Keyword], vectors: Floats, options: InferenceOptions, models: InferenceModels
) -> Texts:
    """The user's texts; only with fine journeys it is looked how familiar they are to other users."""
    return texts_of(keywords, vectors, models.crowd if options.granularity is Granularity.FINE else None)


def group_texts(texts: Texts, together: NDArray[np.float32], options: InferenceOptions) -> Clustered:
    """together: (n, n) affinities of the n texts."""
    return Clustered(texts, together, cluster(together, CUT[options.granularity], POWER[options.granularity]))


def judged_journeys(
    clustered: Clustered,
    keywords: Sequence[Keyword],
    vectors: Floats,
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
) -> list[Journey]:
    """The second half of `infer_journeys`, from the same arguments and what `cluster_texts` made of them."""
    candidates = find_candidates(clustered, keywords, as_of, options, models)
    ranked = rank_candidates(candidates, options, models)
    named = name_candidates(candidates, ranked, keywords, vectors, models)
    staged = stage_candidates(candidates, options, models)
    return list(safe_journeys(candidates, ranked, named, staged, models))


@dataclass(frozen=True)
class Candidates:
    """What may become n journeys of one user. found, measures: (n,), in one order. kept: rows of the keywords that may
    be shown. history: of the user, None without any candidate."""

    texts: Texts
    found: Sequence[Found]
    measures: Sequence[Measures]
    kept: Sequence[int]
    history: History | None
    as_of: datetime


def find_candidates(
    clustered: Clustered,
    keywords: Sequence[Keyword],
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
) -> Candidates:
    """Of the clusters, those that make a journey, without texts that are blocked."""
    texts, checker = clustered.texts, models.checker
    blocked = {keyword.key for keyword in keywords if checker.blocks(keyword.text)}
    found = [
        find(texts, clustered.together, places, over=int(clustered.labels[places[0]]) in clustered.over)
        for places in _groups(clustered, blocked, checker)
        if _is_journey(texts, places, options)
    ]
    kept = showable_rows(keywords, checker)
    history = History.of(chain.from_iterable(texts.events), as_of) if found else None
    measures = [measure(each.events, len(each.places), history) for each in found] if history else []
    return Candidates(texts, found, measures, kept, history, as_of)


def showable_rows(keywords: Sequence[Keyword], checker: SensitivityChecker) -> list[int]:
    """Those of the keywords that are not blocked."""
    return [row for row, keyword in enumerate(keywords) if not checker.blocks(keyword.text)]


def rank_candidates(candidates: Candidates, options: InferenceOptions, models: InferenceModels) -> list[Ranked]:
    """The candidates by score after diversification, best first."""
    found = candidates.found
    if not found:
        return []
    scores = models.ranker.scores(candidates.measures)
    scores = [called_off(each) if journey.called_off else each for journey, each in zip(found, scores, strict=True)]
    factors = diversify(
        [each.base for each in scores],
        np.array([journey.centre for journey in found]),
        penalty=options.penalty,
        threshold=options.threshold,
    )
    ranked = [Ranked(place, score, factor) for place, (score, factor) in enumerate(zip(scores, factors, strict=True))]
    return sorted(ranked, key=lambda each: (-each.value, found[each.place].events[0].timestamp, each.place))


def name_candidates(
    candidates: Candidates,
    ranked: Sequence[Ranked],
    keywords: Sequence[Keyword],
    vectors: Floats,
    models: InferenceModels,
) -> list[Named]:
    """A name for each of the ranked, in their order: the better have the choice."""
    if not ranked:
        return []
    kept = candidates.kept
    found = [candidates.found[each.place] for each in ranked]
    return name_journeys([keywords[row] for row in kept], vectors[kept], candidates.texts, found, models.naming)


def stage_candidates(candidates: Candidates, options: InferenceOptions, models: InferenceModels) -> list[Staged]:
    """Kind and stage of each candidate, in their order."""
    if candidates.history is None:
        return []
    asked = [
        Staging(each.events, len(each.places), each.centre, each.called_off, own.features)
        for each, own in zip(candidates.found, candidates.measures, strict=True)
    ]
    return stage(asked, candidates.history.rhythm, models.stage, options.embedding)


def safe_journeys(
    candidates: Candidates,
    ranked: Sequence[Ranked],
    named: Sequence[Named],
    staged: Sequence[Staged],
    models: InferenceModels,
) -> Iterator[Journey]:
    """The journeys, best first, without those of blocked kinds. named: in the order of ranked."""
    rank = 0
    for each, name in zip(ranked, named, strict=True):
        own = candidates.found[each.place]
        verdict = judge(name.name, candidates.texts, own.places, models.checker)
        if verdict.policy is not Policy.BLOCK:
            rank += 1
            yield assemble(
                candidates.texts, own, each, name, staged[each.place], verdict, rank=rank, as_of=candidates.as_of
            )


def _groups(clustered: Clustered, blocked: Set[str], checker: SensitivityChecker) -> Iterator[NDArray[np.intp]]:
    """Of each cluster that may be kept, the places of its texts that are not blocked.

    A journey is judged by all of its texts; in one that may be kept, a stray blocked text is then left out.
    """
    texts, labels = clustered.texts, clustered.labels
    barred = np.array([key in blocked for key in texts.keys], dtype=np.bool_)
    for label in range(int(labels.max(initial=-1)) + 1):
        places = np.flatnonzero(labels == label)
        if barred[places].any():
            if judge("", texts, places, checker).policy is Policy.BLOCK:
                continue
            places = places[~barred[places]]
        yield places


def _is_journey(texts: Texts, places: NDArray[np.intp], options: InferenceOptions) -> bool:
    """A journey takes three texts, two on different days, or one that the user came back to on at least three days.

    Two texts of one day are a passing thought, and most of what is noise; errands may be as short as that.
    """
    events = [event for place in places.tolist() for event in texts.events[place]]
    if len(events) < options.least_events or not events:
        return False
    if options.granularity is Granularity.FINE and len(places) == 2:
        return True
    return len(places) + len(days_of(events)) > _TEXTS_AND_DAYS
