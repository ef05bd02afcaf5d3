"""Why something is shown to a user, written by a model in claims that cite his dated activity by number.

    chain = explanation_chain(structured, retriever_of, embed, checker)      # Runnable: Question -> WrittenExplanation
    chain.invoke(journey_question(journey))

Each claim is checked by code, see `chains/claim_checks.py`; one that doesn't hold is dropped. Where none is left, there
are no claims, and the reason why: then the template explanation stands.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from langchain_core.runnables import Runnable, RunnableLambda, RunnableSequence
from pydantic import Field, JsonValue

from chains.call_records import About
from chains.catalogue import Embed
from chains.claim_checks import Checked, ClaimChecker
from chains.evidence import Evidence, Gathered, Question, RetrieverOf, cited, evidence_retriever, evidence_rows
from chains.journeys import Journey, Policy
from chains.model_safety import Guard
from chains.recommendation import RecommendedItem, RelatedJourney
from chains.roles import Role
from chains.safety import SensitivityChecker
from chains.showable import fit_to_show
from chains.steps import ModelReply, Step
from chains.structured import Structured
from chains.wording import date_text, shortened
from vectorstore.activity import normalize

_WORDS_TOLD = 8
_LONGEST_SHOWN = 120


class _Claim(ModelReply):
    text: str = Field(min_length=1, max_length=600)
    evidence: list[int] = Field(max_length=20)


class ExplanationReply(ModelReply):
    """Claims, each with the numbers of what it rests on."""

    claims: list[_Claim] = Field(max_length=12)


EXPLANATION = Step(
    Role.EXPLAINER,
    "explanation",
    1,
    """
You explain on a web site, on which ideas are searched and collected, why something is shown. The data hold what is
shown ("what": a journey, which is an interest that is pursued over days or months; a related journey that is proposed;
or an item that is proposed), its name, words that belong to it, and numbered evidence: things that were searched,
opened, saved, clicked or collected on the site, with their dates and how many times. Write two to four claims that
together say in plain English why it is shown.

Rules:
1. Each claim is one sentence of at most 25 words, and lists the numbers of the evidence that it rests on. What no
   evidence shows is not claimed: no reasons, plans, feelings, purchases or events that nobody searched for.
2. Use the words of the evidence. Do not add names, places, prices or details that are not in it.
3. Speak of the interest and of what was done, never of anybody: "Searches for lace veils on 3 May 2026", not "You
   searched", "the user likes" or "a bride". No "you", "your", "they", "someone", nothing on anybody's health, family,
   work, money or character.
4. Dates stand as in the evidence ("3 May 2026"), or as a month of it ("May 2026"). No "recently", "last week", "often".
5. A count is one that can be counted in the evidence that the claim lists: how many searches, saved, opened or clicked
   items, boards, days or times. If you are not sure of a number, leave it out.
6. A claim about a related journey or an item says what in the evidence it goes with, not that it was done.
Where you are in doubt about a claim, leave it out. If the evidence shows nothing for what is shown, give an empty list.

Reply with one JSON object and nothing else:
{"claims": [{"text": "...", "evidence": [1, 3]}, ...]}
""",
    ExplanationReply,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """text: one sentence. evidence: the numbers that it cites and that hold, ascending, at least one."""

    text: str
    evidence: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WrittenExplanation:
    """claims: those that hold; none where there is no written explanation, and then because says why.

    evidence: what the claims cite. dropped: for each claim that went, why, in words that quote nothing of it. model,
    prompt_version: who wrote it, "" for nobody.
    """

    claims: tuple[Claim, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    dropped: tuple[str, ...] = ()
    model: str = ""
    prompt_version: str = ""
    because: str = ""


def journey_question(journey: Journey) -> Question:
    """Why a journey is claimed. Evidence is what its own texts stand in."""
    words = tuple(keyword.text for keyword in journey.keywords if fit_to_show(keyword.text))
    return Question(
        journey.user_id,
        "journey",
        journey.name,
        words[:_WORDS_TOLD],
        journey.as_of,
        texts=frozenset(normalize(text) for text in journey.texts),
        receipts=journey.receipts,
        journeys=(journey.journey_id,),
    )


def related_question(related: RelatedJourney, journeys: Sequence[Journey]) -> Question:
    """Why a related journey is proposed. Evidence is what lies near to it in meaning, of no sensitive journey.

    journeys: all of the user, at least one.
    """
    ids = {reason.journey_id for reason in related.because}
    return _recommended("related journey", related.name, related.keywords[:_WORDS_TOLD], ids, journeys)


def item_question(item: RecommendedItem, journeys: Sequence[Journey]) -> Question:
    """Why an item is proposed; see `related_question`."""
    name = shortened(item.text, _LONGEST_SHOWN)
    return _recommended("item", name, (item.because.name,), {item.because.journey_id}, journeys)


def _recommended(
    what: str, name: str, words: tuple[str, ...], ids: Collection[str], journeys: Sequence[Journey]
) -> Question:
    sensitive = (journey for journey in journeys if may_be_written(journey))
    return Question(
        journeys[0].user_id,
        what,
        name,
        words,
        max(journey.as_of for journey in journeys),
        barred=frozenset(normalize(text) for journey in sensitive for text in journey.texts),
        journeys=tuple(sorted(ids)),
    )


def write_explanation(
    gathered: Gathered,
    structured: Structured,
    embed: Embed,
    checker: SensitivityChecker,
    guard: Guard | None = None,
) -> WrittenExplanation:
    """Asks for claims and keeps those that hold. guard: has the last word on them, where there is one.

    Raises BudgetSpent before a call that the budget has no room for.
    """
    question, evidence = gathered.question, gathered.evidence
    if not evidence:
        return WrittenExplanation(because="there is no activity that may serve as evidence")
    claims = ClaimChecker(evidence, question.name, question.words, embed, checker)
    rows: list[JsonValue] = [*evidence_rows(evidence)]
    fields: dict[str, JsonValue] = {
        "what": question.what,
        "name": question.name,
        "words": list(question.words),
        "evidence": rows,
    }
    answer = structured.ask(
        EXPLANATION,
        fields,
        about=About(question.user_id, question.journeys),
        check=lambda reply: _complaint(_checked(reply, claims)),
    )
    if answer.value is None:
        return WrittenExplanation(because=answer.because)
    checked = _guarded(_checked(answer.value, claims), guard)
    dropped = tuple(each.why for each in checked if each.why)
    kept = tuple({normalize(each.text): Claim(each.text, each.evidence) for each in checked if not each.why}.values())
    if not kept:
        because = f"no claim of {answer.model} held" if dropped else f"{answer.model} found nothing to say"
        return WrittenExplanation((), (), dropped, answer.model, answer.prompt_version, because)
    numbers = {number for claim in kept for number in claim.evidence}
    return WrittenExplanation(
        kept, tuple(cited(evidence, numbers)), dropped, answer.model, answer.prompt_version, answer.because
    )


def explanation_writer(
    structured: Structured, embed: Embed, checker: SensitivityChecker, guard: Guard | None = None
) -> Runnable[Gathered, WrittenExplanation]:
    """Has a model explain a claim by the evidence, and keeps what holds. See `write_explanation`."""

    def write(gathered: Gathered) -> WrittenExplanation:
        return write_explanation(gathered, structured, embed, checker, guard)

    return RunnableLambda(write, name="write_explanation")


def explanation_chain(
    structured: Structured,
    retriever_of: RetrieverOf,
    embed: Embed,
    checker: SensitivityChecker,
    guard: Guard | None = None,
) -> Runnable[Question, WrittenExplanation]:
    """The retrieval chain: gathers the evidence, then has it explained."""
    return RunnableSequence(
        evidence_retriever(retriever_of, checker),
        explanation_writer(structured, embed, checker, guard),
        name="explain_by_evidence",
    )


def may_be_written(journey: Journey) -> str:
    """Why a model is not asked about a journey, "" where it may be: what is sensitive goes to none."""
    if journey.safety.policy is Policy.ALLOW:
        return ""
    return f"the journey is sensitive ({journey.safety.category}), and no model is asked about such"


def explanation_text(written: WrittenExplanation) -> str:
    """The claims, and the activity that they cite, as lines."""
    shown = {each.number: number for number, each in enumerate(written.evidence, 1)}
    lines = [f"{each.text} {' '.join(f'[{shown[one]}]' for one in each.evidence)}" for each in written.claims]
    for each in written.evidence:
        last = f", last on {date_text(each.days[-1])}" if len(each.days) > 1 else ""
        times = f"  {len(each.times)} times{last}" if len(each.times) > 1 else ""
        text = shortened(each.text, _LONGEST_SHOWN)
        lines.append(f"  [{shown[each.number]}] {date_text(each.days[0])}  {each.kind} “{text}”{times}")
    return "\n".join(lines)


def _checked(reply: ExplanationReply, claims: ClaimChecker) -> list[Checked]:
    return [claims.check(each.text, each.evidence) for each in reply.claims]


def _guarded(checked: Sequence[Checked], guard: Guard | None) -> list[Checked]:
    """Those that held and that the guard flags, or could not be asked about, hold no longer."""
    held = [place for place, each in enumerate(checked) if not each.why]
    if guard is None or not held:
        return list(checked)
    rulings = dict(zip(held, guard.rule([checked[place].text for place in held]), strict=True))
    return [
        replace(each, evidence=(), why="the guard flagged it" if ruling.flagged else "the guard could not be asked")
        if (ruling := rulings.get(place)) and (ruling.flagged or ruling.failed)
        else each
        for place, each in enumerate(checked)
    ]


def _complaint(checked: Sequence[Checked]) -> str:
    """What is wrong with the claims, by number; "" where at least two of them hold, or all."""
    wrong = [f"claim {number}: {each.why}" for number, each in enumerate(checked, 1) if each.why]
    return "" if not wrong or len(checked) - len(wrong) >= 2 else "; ".join(wrong)
