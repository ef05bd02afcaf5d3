"""A user's evidence for one claim: dated things he did, numbered, so that an explanation can cite them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import JsonValue

from chains.journeys import Receipt
from chains.model_safety import fit_to_tell
from chains.safety import SensitivityChecker
from chains.wording import date_text, shortened
from vectorstore.activity import ActivityKind, normalize

#: At most so many pieces are shown to a model.
MOST = 12
_LONGEST = 160
_DATES_TOLD = 6
# What is farther from the question is no evidence for it.
_NEAR = 0.3

#: Makes the retriever of one user's activity.
RetrieverOf = Callable[[str], BaseRetriever]


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be explained to whom. what: "journey", "related journey", or "item". words: that say more of it.

    texts: normalized, of the journey; with them, nothing else is evidence. barred: normalized, that are none in any
    case. receipts: that are evidence without being looked for. journeys: the ids of the journeys that the answer is
    about. until: only activity up to this moment.
    """

    user_id: str
    what: str
    name: str
    words: tuple[str, ...]
    until: datetime
    texts: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()
    receipts: tuple[Receipt, ...] = ()
    journeys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that was done, as often as it was done. number: from 1, in order of the first time. times: aware, in
    UTC, ascending, at least one. activity_id: of the latest."""

    number: int
    kind: ActivityKind
    text: str
    times: tuple[datetime, ...]
    activity_id: str

    @property
    def days(self) -> list[date]:
        """The distinct UTC days, ascending."""
        return sorted({moment.date() for moment in self.times})


@dataclass(frozen=True, slots=True)
class Gathered:
    """question: as it was asked. evidence: its pieces, numbered from 1, at most 12; perhaps none."""

    question: Question
    evidence: tuple[Evidence, ...]


def gather(question: Question, retriever: BaseRetriever, checker: SensitivityChecker) -> Gathered:
    """The evidence for the question: what the retriever finds near to it, and the receipts; at most 12 pieces.

    What may not be shown, or speaks of something sensitive, is no evidence.
    """
    found: dict[tuple[ActivityKind, str], Evidence] = {}
    for receipt in question.receipts:
        _add(found, Evidence(0, receipt.kind, receipt.text, (receipt.timestamp,), receipt.activity_id))
    sure = len(found)
    for document in retriever.invoke(question.name):
        if (piece := _piece(document, question)) is not None and (len(found) < MOST or _key(piece) in found):
            _add(found, piece)
    pieces = [each for each in found.values() if fit_to_tell(each.text, checker)]
    chosen = sorted(pieces[: max(MOST, sure)], key=lambda each: (each.times[0], each.kind, each.text))[:MOST]
    return Gathered(question, tuple(replace(each, number=number) for number, each in enumerate(chosen, 1)))


def evidence_retriever(retriever_of: RetrieverOf, checker: SensitivityChecker) -> Runnable[Question, Gathered]:
    """Gathers a user's own dated activity for a claim, numbered. See `gather`.

    retriever_of: gives for a user id a retriever over that user's activity alone, such as `ActivityRetriever`.
    """

    def ask(question: Question) -> Gathered:
        return gather(question, retriever_of(question.user_id), checker)

    return RunnableLambda(ask, name="gather_evidence")


def evidence_rows(evidence: Iterable[Evidence]) -> list[dict[str, JsonValue]]:
    """The evidence as a model is told of it."""
    return [
        {
            "number": each.number,
            "kind": _DONE[each.kind],
            "text": shortened(each.text, _LONGEST),
            "times": len(each.times),
            "dates": [date_text(day) for day in each.days[:_DATES_TOLD]],
        }
        for each in evidence
    ]


_DONE = {
    ActivityKind.SEARCH: "search",
    ActivityKind.CLOSEUP: "opened item",
    ActivityKind.SAVE: "saved item",
    ActivityKind.CLICKTHROUGH: "clicked item",
    ActivityKind.BOARD: "made board",
}


def _piece(document: Document, question: Question) -> Evidence | None:
    told = document.metadata
    if told["user_id"] != question.user_id:
        raise ValueError("the retriever gave another user's activity")
    text = normalize(document.page_content)
    if text in question.barred or (question.texts and text not in question.texts):
        return None
    if not question.texts and told["similarity"] < _NEAR:
        return None
    times = tuple(
        sorted(moment for each in told["timestamps"] if (moment := datetime.fromisoformat(each)) <= question.until)
    )
    if not times:
        return None
    return Evidence(0, ActivityKind(told["kind"]), document.page_content, times, told["activity_id"])


def _add(found: dict[tuple[ActivityKind, str], Evidence], piece: Evidence) -> None:
    """Puts a piece in, or its times to the one that says the same."""
    there = found.get(_key(piece))
    if there is None:
        found[_key(piece)] = piece
    else:
        found[_key(piece)] = replace(there, times=tuple(sorted({*there.times, *piece.times})))


def _key(piece: Evidence) -> tuple[ActivityKind, str]:
    return piece.kind, normalize(piece.text)


def cited(evidence: Sequence[Evidence], numbers: Iterable[int]) -> list[Evidence]:
    """The pieces of these numbers, in order."""
    wanted = set(numbers)
    return [each for each in evidence if each.number in wanted]
