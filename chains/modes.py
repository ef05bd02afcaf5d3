"""Journeys in any mode: without a model, by one that merges sure clusters, or by one call for the whole."""

from collections.abc import Sequence
from datetime import datetime

from langchain_core.runnables import Runnable

from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import InferenceMode, Journey
from chains.merge_call import infer_by_merge
from chains.single_call import infer_by_call
from chains.streaming import one_by_one
from chains.structured import Structured
from chains.texts import Floats
from chains.user_states import UserActivity
from vectorstore.activity import Keyword


def infer_in_mode(
    mode: InferenceMode,
    keywords: Sequence[Keyword],
    vectors: Floats,
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
    structured: Structured,
) -> list[Journey]:
    """As `infer_journeys`, `infer_by_merge` or `infer_by_call` do. Raises BudgetSpent."""
    if mode is InferenceMode.MERGE:
        return infer_by_merge(keywords, vectors, as_of, options, models, structured)
    if mode is InferenceMode.LLM:
        return infer_by_call(keywords, vectors, as_of, options, models, structured)
    return infer_journeys(keywords, vectors, as_of, options, models)


def mode_runnable(
    mode: InferenceMode, options: InferenceOptions, models: InferenceModels, structured: Structured
) -> Runnable[UserActivity, list[Journey]]:
    """Infers one user's journeys in a mode, best first; `batch` takes many users side by side."""

    def infer(user: UserActivity) -> list[Journey]:
        return infer_in_mode(mode, user["keywords"], user["vectors"], user["as_of"], options, models, structured)

    return one_by_one(infer, UserActivity, f"infer_journeys_{mode}")
