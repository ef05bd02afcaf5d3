"""Steps after the inference, without a model, as Runnables: what may be said, why, and what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import SkipValidation, WithJsonSchema

# That of the standard library can't be read by pydantic before Python 3.12.
from typing_extensions import TypedDict

from chains.catalogue import Catalogue, Outline
from chains.entry_centres import EntryCentres
from chains.expansion import Relation, RelationOptions, relate
from chains.explanation import explain
from chains.journeys import Journey, Verdict
from chains.merging import Labels
from chains.recommendation import Expansion, Recommended, RecommendOptions, Source, recommend
from chains.safety import SensitivityChecker


class TopicTexts(TypedDict):
    """name: "" where there is none. texts: of one journey. weights: one a text, 0 or more, such as its events."""

    name: str
    texts: Sequence[str]
    weights: Sequence[float]


@dataclass(frozen=True)
class PlacedJourneys:
    """outlines: of the journeys of all users. places: (len(outlines),) the entry of each, -1 for none."""

    outlines: Sequence[Outline]
    places: Annotated[SkipValidation[Labels], WithJsonSchema({"title": "(outlines,) whole numbers"})]


@dataclass(frozen=True)
class RecommendInput:
    """sources: all journeys of a user. expansions: by entry id. seen: items, or normalized titles; see `recommend`."""

    sources: Sequence[Source]
    expansions: Mapping[str, Expansion]
    seen: frozenset[str] = frozenset()


def safety_runnable(checker: SensitivityChecker) -> Runnable[TopicTexts, Verdict]:
    """Says what may be done with a journey of this name and these texts."""

    def judge(topic: TopicTexts) -> Verdict:
        return checker.journey(topic["name"], topic["texts"], topic["weights"])

    return RunnableLambda(judge, name="check_safety")


def explanation_runnable() -> Runnable[Journey, str]:
    """Says why a journey is claimed and ranks where it does, by the template, with dated receipts."""

    def told(journey: Journey) -> str:
        return explain(journey)

    return RunnableLambda(told, name="explain_journey")


def expansion_runnable(
    catalogue: Catalogue, options: RelationOptions | None = None
) -> Runnable[PlacedJourneys, dict[str, tuple[Relation, ...]]]:
    """Finds by entry id which entries follow from what users do, the strongest first."""

    def related(placed: PlacedJourneys) -> dict[str, tuple[Relation, ...]]:
        return relate(catalogue, placed.places, placed.outlines, options)

    return RunnableLambda(related, name="relate_entries")


def recommendation_runnable(
    centres: EntryCentres, options: RecommendOptions | None = None
) -> Runnable[RecommendInput, Recommended]:
    """Recommends related journeys and items to one user, each with its reason.

    centres: of the catalogue.
    """

    def recommended(user: RecommendInput) -> Recommended:
        return recommend(user.sources, user.expansions, centres, user.seen, options)

    return RunnableLambda(recommended, name="recommend")
