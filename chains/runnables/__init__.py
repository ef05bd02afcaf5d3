"""Every step as a LangChain Runnable, in one place.

    chain = inference_chain(embed, InferenceOptions(), InferenceModels())     # the whole pipe of one user
    chain.invoke({"activities": activities, "as_of": as_of})                  # list[Journey], best first
    chain.batch(users, config={"max_concurrency": 2})                         # users side by side, in their order
    for chunk in chain.stream(user): ...                                      # a list of one journey, one by one
    await chain.ainvoke(user)                                                 # beside the event loop

Each factory below takes what the step decides with, and gives a Runnable whose name stands in traces. Those with a
`Structured` ask a model, and give the answer without one where it fails; they raise nothing but BudgetSpent. A
Runnable's `stream` gives journeys one by one, and of anything else one chunk. `open_runnables` in
`assistant/runnables.py` makes all of them for a home.
"""

from collections.abc import Callable
from typing import Any

from langchain_core.runnables import Runnable

from chains.evidence import evidence_retriever
from chains.modes import mode_runnable
from chains.relevance import judge_runnable
from chains.runnables.inference import (
    affinity_runnable,
    candidates_runnable,
    clustering_runnable,
    inference_chain,
    keywords_runnable,
    naming_runnable,
    ranking_runnable,
    safe_journeys_runnable,
    stage_runnable,
    vectors_runnable,
)
from chains.runnables.reading import (
    expansion_runnable,
    explanation_runnable,
    recommendation_runnable,
    safety_runnable,
)
from chains.written_expansions import expander
from chains.written_explanations import explanation_chain, explanation_writer
from chains.written_names import names_runnable

#: In the order in which a user's activity goes through them.
FACTORIES: tuple[Callable[..., Runnable[Any, Any]], ...] = (
    keywords_runnable,
    vectors_runnable,
    affinity_runnable,
    clustering_runnable,
    candidates_runnable,
    ranking_runnable,
    naming_runnable,
    stage_runnable,
    safe_journeys_runnable,
    inference_chain,
    mode_runnable,
    names_runnable,
    safety_runnable,
    explanation_runnable,
    evidence_retriever,
    explanation_writer,
    explanation_chain,
    expansion_runnable,
    expander,
    recommendation_runnable,
    judge_runnable,
)

__all__ = [
    "FACTORIES",
    "affinity_runnable",
    "candidates_runnable",
    "clustering_runnable",
    "evidence_retriever",
    "expander",
    "expansion_runnable",
    "explanation_chain",
    "explanation_runnable",
    "explanation_writer",
    "inference_chain",
    "judge_runnable",
    "keywords_runnable",
    "mode_runnable",
    "names_runnable",
    "naming_runnable",
    "ranking_runnable",
    "recommendation_runnable",
    "safe_journeys_runnable",
    "safety_runnable",
    "stage_runnable",
    "vectors_runnable",
]
