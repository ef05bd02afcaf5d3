"""All steps as LangChain Runnables, ready for a home: what a notebook takes.

runnables = open_runnables(assistant)
runnables.of_user.invoke("s01")                  # list[Journey], from the log, nothing stored
runnables.modes[InferenceMode.MERGE].batch(...)  # with a model, where the settings name one
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from langchain_core.runnables import Runnable, RunnableLambda, RunnableSequence

from assistant.assistant import JourneyAssistant
from assistant.models import open_structured
from chains.catalogue import Entry
from chains.clustering import Granularity
from chains.evidence import Gathered, Question
from chains.journeys import InferenceMode, Journey, Verdict
from chains.recommendation import Recommended
from chains.relevance import JudgedUser, JudgeInput
from chains.runnables import (
    affinity_runnable,
    candidates_runnable,
    clustering_runnable,
    evidence_retriever,
    expander,
    explanation_runnable,
    explanation_writer,
    inference_chain,
    judge_runnable,
    keywords_runnable,
    mode_runnable,
    names_runnable,
    naming_runnable,
    ranking_runnable,
    safe_journeys_runnable,
    safety_runnable,
    stage_runnable,
    vectors_runnable,
)
from chains.runnables.reading import TopicTexts
from chains.samples import SAMPLES
from chains.structured import Structured
from chains.texts import Floats
from chains.user_states import (
    ClusteredTexts,
    NamedCandidates,
    RankedCandidates,
    RelatedTexts,
    StagedCandidates,
    UserActivity,
    UserCandidates,
    UserEvents,
    UserKeywords,
)
from chains.written_expansions import Written
from chains.written_explanations import WrittenExplanation
from chains.written_names import NamesInput
from vectorstore.errors import InputError
from vectorstore.nearest import unit_rows

_EVIDENCE_SOUGHT = 40


@dataclass(frozen=True)
class Runnables:
    """The steps in the order in which a user's activity goes through them; `chains/runnables` says what each does.

    activity: reads a user's events from the log. journeys: the pipe of the nine steps before it; of_user: the same by
    the user's id. modes: journeys with or without a model. recommend: by the user's id, from what `journeys expand`
    made. expand: proposes what a catalogue entry leads to, None before there is a catalogue.
    """

    activity: Runnable[str, UserEvents]
    keywords: Runnable[UserEvents, UserKeywords]
    vectors: Runnable[UserKeywords, UserActivity]
    affinity: Runnable[UserActivity, RelatedTexts]
    clustering: Runnable[RelatedTexts, ClusteredTexts]
    candidates: Runnable[ClusteredTexts, UserCandidates]
    ranking: Runnable[UserCandidates, RankedCandidates]
    naming: Runnable[RankedCandidates, NamedCandidates]
    stage: Runnable[NamedCandidates, StagedCandidates]
    safe_journeys: Runnable[StagedCandidates, list[Journey]]
    journeys: Runnable[UserEvents, list[Journey]]
    of_user: Runnable[str, list[Journey]]
    modes: Mapping[InferenceMode, Runnable[UserActivity, list[Journey]]]
    names: Runnable[NamesInput, list[Journey]]
    safety: Runnable[TopicTexts, Verdict]
    explanation: Runnable[Journey, str]
    evidence: Runnable[Question, Gathered]
    written_explanation: Runnable[Question, WrittenExplanation]
    recommend: Runnable[str, Recommended]
    judge: Runnable[JudgeInput, JudgedUser]
    expand: Runnable[Entry, Written] | None


def open_runnables(
    assistant: JourneyAssistant,
    *,
    as_of: datetime | None = None,
    granularity: Granularity | None = None,
    structured: Structured | None = None,
    samples: int = SAMPLES,
) -> Runnables:
    """as_of: the moment of the inference, by default the last activity in the log. granularity: by default that of the
    settings. structured: the exit to models, by default those of the settings. samples: how often a judge is asked.

    Raises InputError where the log is empty and no moment is given.
    """
    clock = as_of or assistant.log.latest()
    if clock is None:
        raise InputError("there is no activity to infer from: journeys ingest LOG reads one")
    options = assistant.options(granularity)
    models = assistant.models_for(options.granularity, clock)
    checker, embeddings = models.checker, assistant.embeddings
    structured = structured or open_structured(assistant.settings)

    def embed(texts: Sequence[str]) -> Floats:
        """To the bit what a run and the store make of them."""
        embedded = embeddings.embed(texts)
        return unit_rows(embedded, *embedded.shape)

    activity = _activity(assistant, clock)
    journeys = inference_chain(embed, options, models)
    evidence = evidence_retriever(lambda user_id: assistant.retriever(user_id, _EVIDENCE_SOUGHT), checker)
    writer = explanation_writer(structured, embeddings.embed, checker)
    return Runnables(
        activity=activity,
        keywords=keywords_runnable(),
        vectors=vectors_runnable(embed),
        affinity=affinity_runnable(options, models),
        clustering=clustering_runnable(options),
        candidates=candidates_runnable(options, models),
        ranking=ranking_runnable(options, models),
        naming=naming_runnable(models),
        stage=stage_runnable(options, models),
        safe_journeys=safe_journeys_runnable(models),
        journeys=journeys,
        of_user=RunnableSequence(activity, journeys, name="journeys_of_user"),
        modes={mode: mode_runnable(mode, options, models, structured) for mode in InferenceMode},
        names=names_runnable(structured=structured, checker=checker, embeddings=embeddings),
        safety=safety_runnable(checker),
        explanation=explanation_runnable(),
        evidence=evidence,
        written_explanation=RunnableSequence(evidence, writer, name="explain_by_evidence"),
        recommend=_recommend(assistant),
        judge=judge_runnable(structured, checker, samples=samples),
        expand=_expand(assistant, structured),
    )


def _activity(assistant: JourneyAssistant, as_of: datetime) -> Runnable[str, UserEvents]:
    def read(user_id: str) -> UserEvents:
        return UserEvents(activities=assistant.log.of(user_id), as_of=as_of)

    return RunnableLambda(read, name="read_activity")


def _recommend(assistant: JourneyAssistant) -> Runnable[str, Recommended]:
    def recommend(user_id: str) -> Recommended:
        return assistant.recommend(user_id)

    return RunnableLambda(recommend, name="recommend_to_user")


def _expand(assistant: JourneyAssistant, structured: Structured) -> Runnable[Entry, Written] | None:
    with assistant.expansions.reading() as built:
        if built is None:
            return None
        return expander(structured, built.centres, assistant.embeddings.embed, assistant.models.checker)
