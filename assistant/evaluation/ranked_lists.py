"""What a ranker is asked: the journeys of one user as of a moment, and which of them he then went on with."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.time_split import SplitJourney, SplitUser
from chains.inference import InferenceOptions
from chains.journeys import Stage
from chains.keywords import extract_keywords
from chains.measures import History, Measures, measure
from chains.ranking import diversify
from chains.texts import Floats, texts_of
from vectorstore.activity import ActivityKind, days_of, normalize
from vectorstore.embeddings import CachedEmbeddings

Numbers = NDArray[np.float64]
_RECENT = timedelta(days=28)
_EFFORT = {
    ActivityKind.SEARCH: 1.0,
    ActivityKind.CLOSEUP: 0.5,
    ActivityKind.CLICKTHROUGH: 1.0,
    ActivityKind.SAVE: 2.0,
    ActivityKind.BOARD: 2.0,
}


@dataclass(frozen=True)
class RankedList:
    """n journeys of one user, at least one. days: (n,) distinct later days within the horizon on which each was gone on
    with, the gain of nDCG. known: (n,) whether that says what the user wants: where he did nothing at all within the
    horizon it says nothing. hand: (n,) scores of the five terms weighted by hand that were in use before there was a
    model. centres: (n, d) unit length, the middle of each journey's texts.
    """

    user_id: str
    as_of: datetime
    journey_ids: tuple[str, ...]
    names: tuple[str, ...]
    measures: tuple[Measures, ...]
    days: NDArray[np.int64]
    known: NDArray[np.bool_]
    hand: Numbers
    centres: Floats

    @property
    def continued(self) -> NDArray[np.bool_]:
        return self.days > 0

    @property
    def telling(self) -> bool:
        """Whether at least one journey was gone on with, and one was not."""
        return bool(0 < self.continued.sum() < len(self.days))

    def diversified(self, scores: Numbers, options: InferenceOptions) -> Numbers:
        """(n,) scores in [0, 1] -> what is left of them after diversification."""
        factors = diversify(scores.tolist(), self.centres, penalty=options.penalty, threshold=options.threshold)
        left: Numbers = scores * np.array(factors)
        return left


def ranked_lists(found: Iterable[SplitUser], as_of: datetime, embeddings: CachedEmbeddings) -> Iterator[RankedList]:
    """One list for each user who has a journey at the cut."""
    for user in found:
        if not user.journeys:
            continue
        history = History.of(user.past, as_of)
        yield RankedList(
            user_id=user.user.user_id,
            as_of=as_of,
            journey_ids=tuple(each.journey.journey_id for each in user.journeys),
            names=tuple(each.journey.name for each in user.journeys),
            measures=tuple(measure(each.events, len(each.journey.texts), history) for each in user.journeys),
            days=np.array([len(days_of(each.later)) for each in user.journeys]),
            known=np.full(len(user.journeys), bool(user.future)),
            hand=np.array([_by_hand(each, user, as_of) for each in user.journeys]),
            centres=_centres(user, embeddings),
        )


def _by_hand(journey: SplitJourney, user: SplitUser, as_of: datetime) -> float:
    """Recency 0.35, engagement and persistence 0.20 each, share 0.15, ongoing 0.10."""
    silent = (as_of - max(event.timestamp for event in journey.events)) / timedelta(days=1)
    effort = sum(_EFFORT[event.kind] for event in journey.events)
    recent, of_user = (
        sum(event.timestamp > as_of - _RECENT for event in events) for events in (journey.events, user.past)
    )
    return float(
        0.35 * 0.5 ** (silent / 14)
        + 0.20 * (1 - np.exp(-effort / 20))
        + 0.20 * (1 - np.exp(-len(days_of(journey.events)) / 6))
        + 0.15 * (recent / of_user if of_user else 0)
        + 0.10 * (journey.journey.stage is Stage.ONGOING)
    )


def _centres(user: SplitUser, embeddings: CachedEmbeddings) -> Floats:
    """As the inference makes them."""
    keywords = extract_keywords(user.past)
    texts = texts_of(keywords, embeddings.embed([keyword.text for keyword in keywords]))
    row = {key: place for place, key in enumerate(texts.keys)}
    centres = np.stack(
        [texts.context[[row[normalize(text)] for text in each.journey.texts]].mean(axis=0) for each in user.journeys]
    )
    unit: Floats = centres / np.maximum(np.linalg.norm(centres, axis=1, keepdims=True), 1e-9)
    return unit
