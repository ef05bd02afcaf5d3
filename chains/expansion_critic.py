"""The second look at related journeys that a model proposed: which of them are trivial, doubled, unsafe, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import Field, JsonValue

from chains.proposals import Dropped, Proposal
from chains.roles import Role
from chains.steps import ModelReply, Step
from chains.structured import Structured


class _Verdict(StrEnum):
    KEEP = "keep"
    TRIVIAL = "trivial"
    DUPLICATE = "duplicate"
    UNSAFE = "unsafe"
    NOT_A_JOURNEY = "not_a_journey"


_WHY = {
    _Verdict.TRIVIAL: Dropped.TRIVIAL,
    _Verdict.DUPLICATE: Dropped.DUPLICATE,
    _Verdict.UNSAFE: Dropped.UNSAFE,
    _Verdict.NOT_A_JOURNEY: Dropped.NO_JOURNEY,
}


class _Judged(ModelReply):
    number: int = Field(ge=1, le=99)
    verdict: _Verdict = Field(strict=False)


class VerdictsReply(ModelReply):
    """A verdict for each proposal."""

    verdicts: list[_Judged] = Field(max_length=99)


CRITIC = Step(
    Role.EXPANDER,
    "related_critic",
    1,
    """
You check proposals for a web site on which ideas are searched and collected. A journey is something that is pursued
over days or months: planning a rustic wedding, growing vegetables on a balcony, learning to sew clothes. The data
describe one journey, by its name and the words that are commonest in it, and numbered proposals of related journeys:
what might come next after it, or be pursued beside it. Say of each proposal by itself which of these it is:
- "unsafe": it touches health, weight loss, pregnancy, religion, politics, sexuality, origin, money trouble, crime,
  weapons, alcohol or drugs, gambling, danger to life, or children on their own; or it addresses or mentions a person;
  or it reads as an order.
- "not_a_journey": it is a product, a field, a look, a mood, a place, a single errand, or no sense at all; or it has
  nothing to do with the journey.
- "duplicate": it is the journey in other words, or a part of it that everybody on it does anyway, or it says what a
  proposal with a smaller number says.
- "trivial": it would go with nearly any journey ("Taking better photos"), or it goes without saying.
- "keep": none of these. Somebody on the journey might well want it next.
Where two of the first four fit, take the one that stands higher. Where you are in doubt between "keep" and another,
take the other.

Reply with one JSON object and nothing else, with one verdict for each number, in order:
{"verdicts": [{"number": 1, "verdict": "keep"}, ...]}
""",
    VerdictsReply,
)


@dataclass(frozen=True, slots=True)
class Judgement:
    """dropped: for each proposal why it goes, None where it stays. because: why there are no verdicts, "" with them."""

    dropped: tuple[Dropped | None, ...]
    prompt_version: str
    because: str = ""


def judge_proposals(entry: dict[str, JsonValue], proposals: Sequence[Proposal], structured: Structured) -> Judgement:
    """entry: as the writer was told of it. A proposal without a verdict, or with two, is dropped as not judged.

    Raises BudgetSpent before a call that the budget has no room for.
    """

    def check(reply: VerdictsReply) -> str:
        numbers = sorted(each.number for each in reply.verdicts)
        if numbers == list(range(1, len(proposals) + 1)):
            return ""
        return f"it needs exactly one verdict for each number from 1 to {len(proposals)}"

    numbered: list[JsonValue] = [
        {"number": number, "name": each.name, "keywords": list(each.keywords)}
        for number, each in enumerate(proposals, 1)
    ]
    answer = structured.ask(CRITIC, {**entry, "proposals": numbered}, check=check)
    if answer.value is None:
        return Judgement((Dropped.NOT_JUDGED,) * len(proposals), answer.prompt_version, answer.because)
    given: dict[int, list[_Verdict]] = {}
    for each in answer.value.verdicts:
        given.setdefault(each.number, []).append(each.verdict)
    return Judgement(
        tuple(_why(given.get(number, [])) for number in range(1, len(proposals) + 1)), answer.prompt_version
    )


def _why(verdicts: Sequence[_Verdict]) -> Dropped | None:
    return _WHY.get(verdicts[0]) if len(verdicts) == 1 else Dropped.NOT_JUDGED
