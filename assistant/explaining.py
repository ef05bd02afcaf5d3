"""Why something is shown to a user: by a model where one is set and what it writes holds, else by the template."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from chains.explanation import explain
from chains.journeys import Journey
from chains.recommendation import RecommendedItem, RelatedJourney
from chains.safety import SensitivityChecker
from vectorstore.embeddings import CachedEmbeddings

if TYPE_CHECKING:
    # LangChain takes longer to import than explaining by the template takes.
    from langchain_core.retrievers import BaseRetriever

    from chains.evidence import Question
    from chains.model_safety import Guard
    from chains.structured import Structured
    from chains.written_explanations import WrittenExplanation


#: So many pieces of a user's activity are looked at for evidence; a journey takes its own of them.
_EVIDENCE_SOUGHT = 40


class ExplainedBy(StrEnum):
    TEMPLATE = "template"
    LLM = "llm"


@dataclass(frozen=True, slots=True)
class Explained:
    """text: as a person reads it. by: which of both it is. written: what a model wrote and what of it held, None where
    none was asked. because: why it is the template although a model was asked for, else ""."""

    text: str
    by: ExplainedBy
    written: "WrittenExplanation | None" = None
    because: str = ""

    def as_json(self) -> dict[str, object]:
        """Plain values; moments as ISO 8601."""
        told: dict[str, object] = {"by": self.by.value, "because": self.because}
        if self.written is not None:
            told["claims"] = [asdict(claim) for claim in self.written.claims]
            told["evidence"] = [
                {
                    "number": each.number,
                    "activity_id": each.activity_id,
                    "kind": each.kind.value,
                    "text": each.text,
                    "times": [moment.isoformat() for moment in each.times],
                }
                for each in self.written.evidence
            ]
            told["dropped"] = list(self.written.dropped)
            told["model"], told["prompt_version"] = self.written.model, self.written.prompt_version
        return told


@dataclass(frozen=True)
class Explainer:
    """Explains to one user. structured: None for the template alone. retriever_of: of one user's
    activity, and how much of it at most. guard: has the last word on what a model wrote."""

    structured: "Structured | None"
    retriever_of: "Callable[[str, int], BaseRetriever]"
    embeddings: CachedEmbeddings
    checker: SensitivityChecker
    guard: "Guard | None" = None

    def journey(self, journey: Journey) -> Explained:
        """Why a journey is claimed, and why it ranks where it ranks."""
        template = explain(journey)
        if self.structured is None:
            return Explained(template, ExplainedBy.TEMPLATE)
        from chains.written_explanations import explanation_text, journey_question, may_be_written  # noqa: PLC0415

        if because := may_be_written(journey):
            return Explained(template, ExplainedBy.TEMPLATE, because=because)
        written = self._written(journey_question(journey), self.structured)
        if not written.claims:
            return Explained(template, ExplainedBy.TEMPLATE, written, written.because)
        lines = ["Because:", *(f"  {line}" for line in explanation_text(written).splitlines())]
        return Explained(explain(journey, lines), ExplainedBy.LLM, written)

    def related(self, related: RelatedJourney, journeys: Sequence[Journey]) -> Explained:
        """Why a related journey is recommended. journeys: all of the user."""
        template = f"{related.name}:\n" + "\n".join(f"  {reason.text}" for reason in related.because)
        if self.structured is None:
            return Explained(template, ExplainedBy.TEMPLATE)
        from chains.written_explanations import related_question  # noqa: PLC0415

        return self._before(template, related_question(related, journeys), self.structured)

    def item(self, item: RecommendedItem, journeys: Sequence[Journey]) -> Explained:
        """Why an item is recommended. journeys: all of the user."""
        template = f"{item.text}:\n  {item.because.text}"
        if self.structured is None:
            return Explained(template, ExplainedBy.TEMPLATE)
        from chains.written_explanations import item_question  # noqa: PLC0415

        return self._before(template, item_question(item, journeys), self.structured)

    def _before(self, template: str, question: "Question", structured: "Structured") -> Explained:
        """What is written, and behind it the figures of the template."""
        from chains.written_explanations import explanation_text  # noqa: PLC0415

        written = self._written(question, structured)
        if not written.claims:
            return Explained(template, ExplainedBy.TEMPLATE, written, written.because)
        name, _, figures = template.partition("\n")
        return Explained(f"{name}\n{explanation_text(written)}\n{figures}", ExplainedBy.LLM, written)

    def _written(self, question: "Question", structured: "Structured") -> "WrittenExplanation":
        from chains.written_explanations import explanation_chain  # noqa: PLC0415

        def retriever_of(user_id: str) -> "BaseRetriever":
            return self.retriever_of(user_id, _EVIDENCE_SOUGHT)

        chain = explanation_chain(structured, retriever_of, self.embeddings.embed, self.checker, self.guard)
        return chain.invoke(question)
