"""Journeys at another clock, where nothing else is new: what belongs together and how it is called stays."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain

import numpy as np

from chains.assembling import Ranked
from chains.found import found_at
from chains.inference import (
    Candidates,
    InferenceModels,
    InferenceOptions,
    name_candidates,
    rank_candidates,
    safe_journeys,
    showable_rows,
    stage_candidates,
)
from chains.journeys import InferenceMode, Journey
from chains.measures import History, measure
from chains.stage import Staged
from chains.texts import Floats, texts_of
from vectorstore.activity import Keyword, normalize


def journeys_at(
    keywords: Sequence[Keyword],
    vectors: Floats,
    journeys: Sequence[Journey],
    *,
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
) -> list[Journey] | None:
    """What `infer_journeys` gives at this clock, for a fraction of its work. Ids stay; so do names where no two of the
    journeys change places.

    journeys: all of one user by rank, as they were inferred from the same keywords, vectors, options and models at
    another clock, without a model and without labels. None where they do not tell, since they don't come out as they
    are at their own clock, as when a cluster that was kept back had a part in the ranks.
    """
    if not journeys or [each.rank for each in journeys] != list(range(1, len(journeys) + 1)):
        return None
    if any(journey.mode is not InferenceMode.CLUSTER for journey in journeys):
        return None
    texts = texts_of(keywords, vectors)
    place_of = {key: place for place, key in enumerate(texts.keys)}
    places = [sorted({place_of.get(normalize(text), -1) for text in journey.texts}) for journey in journeys]
    if any(own[0] < 0 for own in places):
        return None
    # Clusters are found in the order of their first texts.
    order = sorted(range(len(journeys)), key=places.__getitem__)
    found = [found_at(texts, np.array(places[number], dtype=np.intp), journeys[number].confidence) for number in order]

    def candidates_at(moment: datetime) -> Candidates:
        history = History.of(chain.from_iterable(texts.events), moment)
        measures = [measure(each.events, len(each.places), history) for each in found]
        return Candidates(texts, found, measures, (), history, moment)

    def kept_order(ranked: Sequence[Ranked]) -> bool:
        return [order[each.place] for each in ranked] == list(range(len(journeys)))

    def moved(candidates: Candidates, ranked: Sequence[Ranked]) -> list[Journey]:
        staged = stage_candidates(candidates, options, models)
        return [
            _moved(journey, each, staged[each.place], candidates.as_of)
            for journey, each in zip(journeys, ranked, strict=True)
        ]

    before = candidates_at(journeys[0].as_of)
    ranked = rank_candidates(before, options, models)
    if not kept_order(ranked) or moved(before, ranked) != list(journeys):
        return None
    now = candidates_at(as_of)
    ranked = rank_candidates(now, options, models)
    if kept_order(ranked):
        return moved(now, ranked)
    # The better have the choice of names.
    now = replace(now, kept=showable_rows(keywords, models.checker))
    named = name_candidates(now, ranked, keywords, vectors, models)
    return list(safe_journeys(now, ranked, named, stage_candidates(now, options, models), models))


def _moved(journey: Journey, ranked: Ranked, staged: Staged, as_of: datetime) -> Journey:
    """What `assemble` makes of the clock."""
    return journey.model_copy(
        update={
            "kind": staged.kind,
            "stage": staged.stage,
            "stage_reason": staged.reason,
            "return_probability": staged.return_probability,
            "score": ranked.value,
            "base_score": ranked.score.base,
            "diversification": ranked.factor,
            "terms": ranked.score.terms,
            "as_of": as_of,
        }
    )
