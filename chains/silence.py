"""Until when a user who does nothing more keeps the kinds and stages of his journeys."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import chain

import numpy as np

from chains.found import found_at
from chains.inference import InferenceModels, InferenceOptions
from chains.journeys import Journey, Stage
from chains.rhythm import DAY, UserRhythm
from chains.stage import Staging
from chains.stage_ahead import unchanged_for
from chains.texts import Floats, texts_of
from vectorstore.activity import Keyword, normalize


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
    ongoing = [journey for journey in journeys if journey.stage is Stage.ONGOING]
    if not ongoing:
        return None
    texts = texts_of(keywords, vectors)
    place_of = {key: place for place, key in enumerate(texts.keys)}
    user = UserRhythm.of(list(chain.from_iterable(texts.events)), as_of.timestamp() / DAY)
    asked = []
    for journey in ongoing:
        places = sorted({place_of[key] for text in journey.texts if (key := normalize(text)) in place_of})
        if places:
            own = found_at(texts, np.array(places, dtype=np.intp), journey.confidence)
            asked.append(Staging(own.events, len(places), own.centre))
    days = unchanged_for(asked, user, models.stage, options.embedding)
    return None if days is None else as_of + timedelta(days=days)
