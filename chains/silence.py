"""Until when a user who does nothing more keeps the kinds and stages of his journeys."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain

import numpy as np

from chains.found import found_at
from chains.inference import InferenceModels, InferenceOptions
from chains.journeys import Journey, Stage
from chains.rhythm import DAY, UserRhythm
from chains.safety import loss
from chains.stage import EVERGREEN_DAYS, Staging
from chains.stage_ahead import may_come_back, unchanged_for
from chains.texts import Floats, Texts, texts_of, units_of
from vectorstore.activity import Activity, Keyword, in_order, normalize

_NOWHERE = np.zeros(0, dtype=np.float32)


def next_change(
    keywords: Sequence[Keyword],
    vectors: Floats,
    journeys: Sequence[Journey],
    *,
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
) -> datetime | None:
    """Up to and with when kind and stage of each journey stay as they are, None for ever. A safe bound.

    keywords, vectors, as_of, options, models: those with which the journeys were inferred.
    """
    habits = [each for each in journeys if each.stage is Stage.ENDED and each.active_days >= EVERGREEN_DAYS]
    moving = [each for each in journeys if each.stage is Stage.ONGOING]
    if habits and (of_key := {keyword.key: events for keyword, events in units_of(keywords)}):
        user = _rhythm(of_key.values(), as_of)
        keys = [{normalize(text) for text in journey.texts} & of_key.keys() for journey in habits]
        asked = [
            Staging(in_order(chain.from_iterable(of_key[key] for key in own)), max(len(own), 1), _NOWHERE, loss(own))
            for own in keys
        ]
        moving += [
            each
            for each, own in zip(habits, asked, strict=True)
            if own.events and may_come_back(own, user, models.stage)
        ]
    if not moving:
        return None
    return change_of_texts(texts_of(keywords, vectors), moving, as_of=as_of, options=options, models=models)


def change_of_texts(
    texts: Texts, journeys: Sequence[Journey], *, as_of: datetime, options: InferenceOptions, models: InferenceModels
) -> datetime | None:
    """The same, of journeys of these texts that may change at all."""
    place_of = {key: place for place, key in enumerate(texts.keys)}
    user = _rhythm(texts.events, as_of)
    asked = []
    for journey in journeys:
        places = sorted({place_of[key] for text in journey.texts if (key := normalize(text)) in place_of})
        if places:
            own = found_at(texts, np.array(places, dtype=np.intp), journey.confidence)
            asked.append(Staging(own.events, len(places), own.centre))
    days = unchanged_for(asked, user, models.stage, options.embedding)
    return None if days is None else as_of + timedelta(days=days)


def _rhythm(events: Iterable[Sequence[Activity]], as_of: datetime) -> UserRhythm:
    return UserRhythm.of(list(chain.from_iterable(events)), as_of.timestamp() / DAY)
