"""Learning from known journeys which are evergreen, and from what chance of a return on one is ongoing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.stage_agreement import KnownStage, match_known
from assistant.training.logistic import fit_logistic, standard_of
from chains.journeys import Journey, Kind, Stage
from chains.keywords import extract_keywords
from chains.kinds import KIND_FEATURES, KindModel
from chains.returning import ReturnModel
from chains.rhythm import DAY, FEATURES, Numbers, UserRhythm, rhythm_features
from chains.safety import loss
from chains.stage import just_after, odds_kept
from chains.texts import Floats, Texts, texts_of
from vectorstore.activity import normalize
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError

_RHYTHM_PENALTY = 20.0
_MEANING_PENALTY = 0.375
_BIAS_PENALTY = 0.01
_LET_GO = 0.05  # of the evergreen journeys
_LEAST_KEPT, _TRIED = 0.01, 93


@dataclass(frozen=True)
class KnownRow:
    """A journey of which kind and stage are known. features, fresh: of FEATURES, now and right after the last event.
    user: of USER_FEATURES. centre: (d,) unit length."""

    user_id: str
    features: Numbers
    fresh: Numbers
    user: Numbers
    centre: Floats
    called_off: bool
    known: KnownStage


def known_rows(
    found: Iterable[tuple[LabelledUser, Sequence[Journey]]],
    known: Mapping[tuple[str, str], KnownStage],
    as_of: datetime,
    embeddings: CachedEmbeddings,
) -> Iterator[KnownRow]:
    """Two rows for each known journey with activity up to as_of: of the texts that bear its label, and of those of the
    journey in which it was found, if it was: such are what the model will be asked about.

    found: users with the journeys inferred as of then.
    """
    for user, journeys in found:
        past = [event for event in user.activities if event.timestamp <= as_of]
        own = {label: truth for (user_id, label), truth in known.items() if user_id == user.user_id}
        if not past or not own:
            continue
        keywords = extract_keywords(past)
        texts = texts_of(keywords, embeddings.embed([keyword.text for keyword in keywords]))
        rhythm = UserRhythm.of(past, as_of.timestamp() / DAY)
        groups = [
            (truth, {key for key in texts.keys if user.labels.get(key) == label})
            for label, truth in sorted(own.items())
        ]
        groups += [
            (truth, {normalize(text) for text in journey.texts})
            for _, truth, journey in match_known(user, journeys, known)
            if journey
        ]
        for truth, keys in groups:
            places = [place for place, key in enumerate(texts.keys) if key in keys]
            if places:
                yield _known_row(user.user_id, texts, places, rhythm, truth)


def _known_row(user_id: str, texts: Texts, places: Sequence[int], rhythm: UserRhythm, known: KnownStage) -> KnownRow:
    events = sorted((event for place in places for event in texts.events[place]), key=lambda event: event.timestamp)
    centre = texts.context[list(places)].mean(axis=0)
    return KnownRow(
        user_id,
        rhythm_features(events, len(places), rhythm),
        just_after(events, len(places), rhythm),
        rhythm.features,
        centre / max(float(np.linalg.norm(centre)), 1e-9),
        loss(texts.keys[place] for place in places),
        known,
    )


def fit_kinds(rows: Sequence[KnownRow], embedding: str) -> KindModel:
    """Two ridge logistic regressions, with and without meaning. embedding: the model that made the centres.

    Hundreds of known journeys against hundreds of dimensions: the penalty does what a projection would. Raises
    InputError where not both kinds are there.
    """
    evergreen = np.array([row.known.kind is Kind.EVERGREEN for row in rows], dtype=np.float64)
    if not 0 < evergreen.sum() < len(rows):
        raise InputError("the known journeys are of one kind: learning kinds takes situational and evergreen")
    features = np.stack([row.features for row in rows])
    mean, scale = standard_of(features[:, [FEATURES.index(name) for name in KIND_FEATURES]])
    centres = np.stack([row.centre for row in rows]).astype(np.float64)
    centre, nothing = centres.mean(axis=0), np.zeros(1 + len(KIND_FEATURES))
    plain = KindModel(embedding, mean, scale, nothing, centre, np.zeros(centres.shape[1]), nothing)
    ones, weights = np.ones((len(rows), 1)), np.ones(len(rows))
    rhythm = np.concatenate([ones, plain.standard(features)], axis=1)
    costs = np.array([_BIAS_PENALTY, *[_RHYTHM_PENALTY] * len(KIND_FEATURES)])
    alone = fit_logistic(rhythm, evergreen, weights, costs)
    all_costs = np.concatenate([costs, np.full(len(centre), _MEANING_PENALTY)])
    both = fit_logistic(np.concatenate([rhythm, centres - centre], axis=1), evergreen, weights, all_costs)
    return KindModel(embedding, mean, scale, both[: len(costs)], centre, both[len(costs) :], alone)


def fit_thresholds(rows: Sequence[KnownRow], returning: ReturnModel) -> tuple[float, float]:
    """What part of its odds of a return a situational journey keeps while it is ongoing, and an evergreen one always.

    The first tells most situational journeys right; of equally good ones the middle. The second lets go the evergreen
    ones below their lowest twentieth, and is at most the first. Raises InputError where no situational one is known.
    """
    users = np.stack([row.user for row in rows])
    back = returning.probability(np.stack([row.features for row in rows]), users)
    kept = odds_kept(back, returning.probability(np.stack([row.fresh for row in rows]), users))
    situational = np.array([row.known.kind is Kind.SITUATIONAL and not row.called_off for row in rows])
    if not situational.any():
        raise InputError("no situational journey is known: learning when one is over takes some")
    ongoing = np.array([row.known.stage is Stage.ONGOING for row in rows])
    least = _best_threshold(kept[situational], ongoing[situational])
    evergreen = kept[[row.known.kind is Kind.EVERGREEN for row in rows]]
    return least, min(least, *np.quantile(evergreen, [_LET_GO]).tolist()) if len(evergreen) else least


def _best_threshold(kept: Numbers, ongoing: NDArray[np.bool_]) -> float:
    tried = np.geomspace(_LEAST_KEPT, 1.0, _TRIED)
    # Both stages count the same, or the more frequent one would be given all that is in doubt.
    weights = np.where(ongoing, 1 / max(ongoing.sum(), 1), 1 / max((~ongoing).sum(), 1))
    right = np.array([float(weights[(kept >= threshold) == ongoing].sum()) for threshold in tried])
    return float(np.exp(np.median(np.log(tried[right >= right.max() - 1e-9]))))
