"""The steps from one user's activity to his journeys as Runnables, which make a pipe: `extract | embed | … | safe`."""

from langchain_core.runnables import Runnable, RunnableLambda, RunnableSequence

from chains.affinity import affinity
from chains.catalogue import Embed
from chains.inference import (
    InferenceModels,
    InferenceOptions,
    find_candidates,
    group_texts,
    inferred_texts,
    name_candidates,
    rank_candidates,
    safe_journeys,
    stage_candidates,
)
from chains.journeys import Journey
from chains.keywords import extract_keywords
from chains.streaming import one_by_one
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


def keywords_runnable() -> Runnable[UserEvents, UserKeywords]:
    """Takes the keywords out of searches, titles, annotations and boards."""

    def extract(user: UserEvents) -> UserKeywords:
        as_of = user["as_of"]
        seen = (event for event in user["activities"] if event.timestamp <= as_of)
        return UserKeywords(keywords=extract_keywords(seen), as_of=as_of)

    return RunnableLambda(extract, name="extract_keywords")


def vectors_runnable(embed: Embed) -> Runnable[UserKeywords, UserActivity]:
    """Embeds the keywords.

    embed: texts to (n, d) float32, unit length.
    """

    def vectors(user: UserKeywords) -> UserActivity:
        return UserActivity(**user, vectors=embed([keyword.key for keyword in user["keywords"]]))

    return RunnableLambda(vectors, name="embed_keywords")


def affinity_runnable(options: InferenceOptions, models: InferenceModels) -> Runnable[UserActivity, RelatedTexts]:
    """Says of every two texts how probable it is that they belong to one journey."""

    def relate(user: UserActivity) -> RelatedTexts:
        texts = inferred_texts(user["keywords"], user["vectors"], options, models)
        return RelatedTexts(**user, texts=texts, together=affinity(texts, models.affinity, options.granularity))

    return RunnableLambda(relate, name="relate_texts")


def clustering_runnable(options: InferenceOptions) -> Runnable[RelatedTexts, ClusteredTexts]:
    """Groups the texts by their affinities, as the granularity asks."""

    def cluster(user: RelatedTexts) -> ClusteredTexts:
        return ClusteredTexts(
            keywords=user["keywords"],
            as_of=user["as_of"],
            vectors=user["vectors"],
            clustered=group_texts(user["texts"], user["together"], options),
        )

    return RunnableLambda(cluster, name="cluster_texts")


def candidates_runnable(options: InferenceOptions, models: InferenceModels) -> Runnable[ClusteredTexts, UserCandidates]:
    """Keeps the clusters that make a journey, leaves blocked texts out, and measures what is left."""

    def find(user: ClusteredTexts) -> UserCandidates:
        candidates = find_candidates(user["clustered"], user["keywords"], user["as_of"], options, models)
        return UserCandidates(
            keywords=user["keywords"], as_of=user["as_of"], vectors=user["vectors"], candidates=candidates
        )

    return RunnableLambda(find, name="find_candidates")


def ranking_runnable(options: InferenceOptions, models: InferenceModels) -> Runnable[UserCandidates, RankedCandidates]:
    """Scores the candidates, with the terms of each score, and spreads those that are alike."""

    def rank(user: UserCandidates) -> RankedCandidates:
        return RankedCandidates(**user, ranked=rank_candidates(user["candidates"], options, models))

    return RunnableLambda(rank, name="rank_candidates")


def naming_runnable(models: InferenceModels) -> Runnable[RankedCandidates, NamedCandidates]:
    """Names each candidate by one of its keywords, no two alike."""

    def name(user: RankedCandidates) -> NamedCandidates:
        named = name_candidates(user["candidates"], user["ranked"], user["keywords"], user["vectors"], models)
        return NamedCandidates(**user, named=named)

    return RunnableLambda(name, name="name_candidates")


def stage_runnable(options: InferenceOptions, models: InferenceModels) -> Runnable[NamedCandidates, StagedCandidates]:
    """Says of each candidate whether it is situational or evergreen, ongoing or ended."""

    def stage(user: NamedCandidates) -> StagedCandidates:
        return StagedCandidates(**user, staged=stage_candidates(user["candidates"], options, models))

    return RunnableLambda(stage, name="stage_candidates")


def safe_journeys_runnable(models: InferenceModels) -> Runnable[StagedCandidates, list[Journey]]:
    """Judges what may be done with each journey, leaves blocked ones out, and puts the rest together, one by one."""
    return one_by_one(
        lambda user: safe_journeys(user["candidates"], user["ranked"], user["named"], user["staged"], models),
        StagedCandidates,
        "safe_journeys",
    )


def inference_chain(
    embed: Embed, options: InferenceOptions, models: InferenceModels
) -> Runnable[UserEvents, list[Journey]]:
    """Infers one user's journeys: the steps above as one pipe, which gives what `infer_journeys` gives, to the byte."""
    return RunnableSequence(
        keywords_runnable(),
        vectors_runnable(embed),
        affinity_runnable(options, models),
        clustering_runnable(options),
        candidates_runnable(options, models),
        ranking_runnable(options, models),
        naming_runnable(models),
        stage_runnable(options, models),
        safe_journeys_runnable(models),
        name="infer_journeys",
    )
