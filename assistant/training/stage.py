"""Learning the stage model: returns from logs that are cut at moments, kinds and thresholds from known journeys."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.time_split import cut_moments, split
from assistant.training.kinds import KnownRow, fit_kinds, fit_thresholds
from assistant.training.returning import ReturnRow, fit_returns, return_rows
from chains.inference import InferenceModels, InferenceOptions
from chains.returning import EDGES
from chains.stage_model import StageModel
from vectorstore.embeddings import CachedEmbeddings

CUTS = 6
_LEAST_HORIZON = timedelta(days=EDGES[-2])
_MOST_HORIZON = timedelta(days=EDGES[-1])


def log_rows(
    name: str,
    users: Sequence[LabelledUser],
    embeddings: CachedEmbeddings,
    options: InferenceOptions,
    models: InferenceModels,
    cuts: Sequence[datetime] | None = None,
    on_user: Callable[[], None] = lambda: None,
) -> list[ReturnRow]:
    """A log's journeys at several cuts, and after how many days users came back to them, up to 56 where it is known.

    cuts: by default six, spread over the log so that at least 28 days follow each. Raises InputError where the log is
    too short for that.
    """
    last = max(event.timestamp for user in users for event in user.activities)
    rows: list[ReturnRow] = []
    for cut in cuts if cuts is not None else cut_moments(users, _LEAST_HORIZON, CUTS):
        ahead = min(_MOST_HORIZON, last - cut)
        rows += return_rows(name, split(users, cut, ahead, embeddings, options, models, on_user), cut, ahead)
    return rows


def fit_stage(returns: Sequence[ReturnRow], known: Sequence[KnownRow], embedding: str, trained_on: str) -> StageModel:
    """The same rows give the same model. embedding: the model that made the centres of `known`. Raises InputError."""
    returning = fit_returns(returns)
    ongoing, steady = fit_thresholds(known, returning)
    return StageModel(returning, fit_kinds(known, embedding), ongoing, steady, trained_on)
