"""From one user's keywords and vectors to journeys: one pure function, the same in a notebook and in a batch run."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from chains.affinity import AffinityModel, affinity, default_affinity
from chains.clustering import CUT, POWER, Granularity, cluster
from chains.explanation import describe, receipts
from chains.journeys import Journey, JourneyKeyword, Policy, Verdict
from chains.measures import History, measure
from chains.naming import choose_names, rank_names
from chains.naming_candidates import Candidate, candidates_of, subjects_of, words_of_keywords
from chains.naming_model import NamingModel, default_naming
from chains.ranking import RankerModel, called_off, default_ranker, diversify
from chains.rhythm import DAY, UserRhythm
from chains.safety import SensitivityChecker, Strength, loss
from chains.showable import fit_to_show
from chains.stage import Staged, Staging, stage
from chains.stage_model import StageModel, default_stage
from chains.texts import Floats, Texts, texts_of
from vectorstore.activity import Activity, Keyword, days_of

_SINGLE_TEXT_CONFIDENCE = 0.5
_KEYWORDS_KEPT = 30
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
    """What the inference decides with."""

    affinity: AffinityModel = field(default_factory=default_affinity)
    checker: SensitivityChecker = field(default_factory=SensitivityChecker)
    naming: NamingModel = field(default_factory=default_naming)
    stage: StageModel = field(default_factory=default_stage)
    ranker: RankerModel = field(default_factory=default_ranker)


@dataclass(frozen=True, slots=True)
class Clustered:
    """One user's n texts and what belongs together. together: (n, n) affinities; labels: (n,) from 0."""

    texts: Texts
    together: NDArray[np.float32]
    labels: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class _Found:
    """A cluster that is a journey, before it is ranked and named."""

    places: NDArray[np.intp]
    events: tuple[Activity, ...]
    called_off: bool
    centre: Floats
    confidence: float


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
    texts = texts_of(keywords, vectors)
    together = affinity(texts, models.affinity, options.granularity)
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
    texts, together, labels = clustered.texts, clustered.together, clustered.labels
    blocked = {keyword.key for keyword in keywords if _is_blocked(keyword, models.checker)}
    found = []
    for label in range(int(labels.max(initial=-1)) + 1):
        places = np.flatnonzero(labels == label)
        # A journey is judged by all of its texts; in one that may be kept, a stray blocked text is then left out.
        if blocked.intersection(texts.keys[place] for place in places):
            if _judge("", texts, places, models.checker).policy is Policy.BLOCK:
                continue
            places = places[[texts.keys[place] not in blocked for place in places]]
        if _is_journey(texts, places, options):
            found.append(_find(texts, together, places))
    if not found:
        return []
    kept = [row for row, keyword in enumerate(keywords) if keyword.key not in blocked]
    rhythm = UserRhythm.of([event for events in texts.events for event in events], as_of.timestamp() / DAY)
    asked = [Staging(each.events, len(each.places), each.centre, each.called_off) for each in found]
    staged = stage(asked, rhythm, models.stage, options.embedding)
    return _rank([keywords[row] for row in kept], vectors[kept], texts, found, staged, as_of, options, models)


def _is_blocked(keyword: Keyword, checker: SensitivityChecker) -> bool:
    finding = checker.text(keyword.text)
    return finding is not None and finding.policy is Policy.BLOCK and finding.strength is Strength.STRONG


def _judge(name: str, texts: Texts, places: NDArray[np.intp], checker: SensitivityChecker) -> Verdict:
    weights = [len(texts.events[place]) for place in places]
    # What an item is described by counts with its title, which is often silent where the annotations are plain.
    told = ["\n".join((texts.keys[place], *sorted(texts.labels[place]))) for place in places]
    return checker.journey(name, told, weights)


def _is_journey(texts: Texts, places: NDArray[np.intp], options: InferenceOptions) -> bool:
    """A journey takes three texts, two on different days, or one that the user came back to on at least three days.

    Two texts of one day are a passing thought, and most of what is noise; errands may be as short as that.
    """
    events = [event for place in places for event in texts.events[place]]
    if len(events) < options.least_events or not events:
        return False
    if options.granularity is Granularity.FINE and len(places) == 2:
        return True
    return len(places) + len(days_of(events)) > _TEXTS_AND_DAYS


def _find(texts: Texts, together: NDArray[np.float32], places: NDArray[np.intp]) -> _Found:
    events = tuple(
        sorted(
            (event for place in places for event in texts.events[place]),
            key=lambda event: (event.timestamp, event.activity_id),
        )
    )
    size = len(places)
    within = together[np.ix_(places, places)]
    confidence = (float(within.sum()) - size) / (size * (size - 1)) if size > 1 else _SINGLE_TEXT_CONFIDENCE
    centre = texts.context[places].mean(axis=0)
    return _Found(
        places=places,
        events=events,
        called_off=loss(texts.keys[place] for place in places),
        centre=centre / max(float(np.linalg.norm(centre)), 1e-9),
        confidence=float(np.clip(confidence, 0, 1)),
    )


def _rank(
    keywords: Sequence[Keyword],
    vectors: Floats,
    texts: Texts,
    found: Sequence[_Found],
    staged: Sequence[Staged],
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
) -> list[Journey]:
    history = History.of((event for events in texts.events for event in events), as_of)
    scores = [models.ranker.score(measure(journey.events, len(journey.places), history)) for journey in found]
    scores = [called_off(each) if journey.called_off else each for journey, each in zip(found, scores, strict=True)]
    centres = np.stack([journey.centre for journey in found])
    factors = diversify(
        [each.base for each in scores],
        centres,
        penalty=options.penalty,
        threshold=options.threshold,
    )
    order = sorted(
        range(len(found)),
        key=lambda place: (-scores[place].base * factors[place], found[place].events[0].timestamp, place),
    )
    words, groups = words_of_keywords(keywords), [journey.places for journey in found]
    candidates = candidates_of(keywords, vectors, words, texts, groups)
    subjects = subjects_of(words, texts, groups, centres)
    ranked = [rank_names(candidates[place], subjects[place], models.naming) for place in order]
    names = choose_names(ranked, fit_to_show)
    journeys: list[Journey] = []
    for place, name in zip(order, names, strict=True):
        journey, base, factor = found[place], scores[place], factors[place]
        days = len(days_of(journey.events))
        weighed = _weigh(candidates[place], journey, texts)
        central = {
            event.text: float(texts.context[row] @ journey.centre)
            for row in journey.places
            for event in texts.events[row]
        }
        own = [texts.keywords[row].text for row in sorted(journey.places, key=lambda row: texts.keys[row])]
        verdict = _judge(name, texts, journey.places, models.checker)
        if verdict.policy is Policy.BLOCK:
            continue
        journeys.append(
            Journey(
                user_id=keywords[0].user_id,
                journey_id=provisional_id(keywords[0].user_id, texts.keys[journey.places[0]]),
                rank=len(journeys) + 1,
                name=name,
                description=describe(journey.events, days, weighed),
                keywords=weighed,
                texts=tuple(own),
                kind=staged[place].kind,
                stage=staged[place].stage,
                stage_reason=staged[place].reason,
                return_probability=staged[place].return_probability,
                confidence=journey.confidence,
                score=base.base * factor,
                base_score=base.base,
                diversification=factor,
                terms=base.terms,
                first_seen=journey.events[0].timestamp,
                last_seen=journey.events[-1].timestamp,
                events=len(journey.events),
                active_days=days,
                safety=verdict,
                receipts=receipts(journey.events, central),
                as_of=as_of,
            )
        )
    return journeys


def provisional_id(user_id: str, first_text: str) -> str:
    """12 hexadecimal digits that follow from the user and the text with which a journey began."""
    return hashlib.blake2b(f"{user_id}\x1f{first_text}".encode(), digest_size=6).hexdigest()


def _weigh(candidates: Sequence[Candidate], journey: _Found, texts: Texts) -> tuple[JourneyKeyword, ...]:
    """The journey's keywords by their events in it and their nearness to its middle, the heaviest 1."""
    if not candidates:
        titles = [texts.keywords[row].text for row in journey.places[:_KEYWORDS_KEPT]]
        return tuple(JourneyKeyword(text=title, weight=1.0, events=1) for title in titles)
    raw = [each.events * max(float(each.vector @ journey.centre), 0.05) for each in candidates]
    most = max(raw)
    # Rounded, so that equals stay equal: stores return vectors that differ in the last bit.
    weighed = sorted(zip(raw, candidates, strict=True), key=lambda pair: (-round(pair[0], 4), pair[1].keyword.key))
    return tuple(
        JourneyKeyword(text=each.keyword.text, weight=min(value / most, 1.0), events=each.events)
        for value, each in weighed[:_KEYWORDS_KEPT]
    )
