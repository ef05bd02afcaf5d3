"""Related journeys that a model proposes for a catalogue entry; what is trivial, doubled, unsafe or no journey goes.

    written = write_expansions(entry, structured, centres, embed, checker)      # Written, of one entry
    expander(structured, centres, embed, checker).batch(entries)                # the same as a Runnable

Nothing personal goes in: an entry has a name and words of at least k users, and no more of it is told.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import numpy as np
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import Field, JsonValue

from chains.catalogue import Embed, Entry
from chains.entry_centres import EntryCentres
from chains.expansion_critic import judge_proposals
from chains.journeys import Policy
from chains.merging import unit
from chains.model_safety import Guard
from chains.naming import presentable
from chains.naming_candidates import words_in
from chains.proposals import Dropped, Proposal
from chains.roles import Role
from chains.safety import SensitivityChecker
from chains.steps import ModelReply, Step
from chains.structured import Structured
from chains.texts import Floats
from chains.written_by import WrittenBy
from chains.written_text import why_unfit_text

#: Cosine, without what all journeys share, from which a proposal says what the entry or another proposal says. Of some
#: written by hand for sample entries, rewordings have 0.80 to 0.88 (one 0.68), and what is only related at most 0.76.
DUPLICATE = 0.78
_LONGEST_NAME = 60
_KEYWORDS_TOLD = 12
_KEYWORDS_KEPT = 6

_Phrase = Annotated[str, Field(min_length=1, max_length=200)]


class _ProposedJourney(ModelReply):
    name: _Phrase
    keywords: list[_Phrase] = Field(min_length=1, max_length=12)


class RelatedReply(ModelReply):
    """What the model proposes, the likeliest first."""

    journeys: list[_ProposedJourney] = Field(max_length=16)


RELATED = Step(
    Role.EXPANDER,
    "related_journeys",
    1,
    """
You help a web site on which ideas are searched and collected. A journey is something that is pursued over days or
months: planning a rustic wedding, growing vegetables on a balcony, learning to sew clothes. The data describe one
journey that many share: its name, and the words that are commonest in it. Propose related journeys: what usually comes
next after this journey, or is pursued beside it.

Rules:
1. A related journey is an activity or a goal of its own that keeps somebody busy for days or longer, such as "Building
   a cold frame". It is not a product ("garden gloves"), not a field ("gardening"), not a look or a mood ("rustic"), and
   not a single errand ("buying soil").
2. It belongs to this journey. Leave out what would go with nearly any journey, such as "Taking better photos" or
   "Saving money".
3. It is not this journey in other words, nor a part of it that everybody on it does anyway, and no two proposals say
   the same.
4. It is harmless. Leave out health, weight loss, pregnancy, religion, politics, sexuality, origin, money trouble,
   crime, weapons, alcohol and drugs, gambling, and whatever is meant for children to do alone.
5. The name has two to six words, begins with a capital letter, and says what is done. Neither the name nor the
   keywords address or mention anybody: no "you", "your" or "my", no names of persons, no brands.
6. Give three to six keywords: short phrases that would be searched for on that journey, all in small letters.
7. Write in the language of the words in the data.
Propose eight, the likeliest first. Where you are in doubt about one, leave it out: four good ones are better than eight
of which half are poor. If the data describe nothing that has related journeys, give an empty list.

Reply with one JSON object and nothing else:
{"journeys": [{"name": "...", "keywords": ["...", "..."]}, ...]}
""",
    RelatedReply,
)


@dataclass(frozen=True, slots=True)
class Written:
    """What was proposed for one entry. kept: what passed, the likeliest first. dropped: how many, by reason. by: who
    wrote it, None where no model answered, and then because says why; because may also tell why there was no critic."""

    entry_id: str
    kept: tuple[Proposal, ...] = ()
    proposed: int = 0
    dropped: Mapping[Dropped, int] = field(default_factory=dict)
    by: WrittenBy | None = None
    because: str = ""


def write_expansions(
    entry: Entry,
    structured: Structured,
    centres: EntryCentres,
    embed: Embed,
    checker: SensitivityChecker,
    guard: Guard | None = None,
) -> Written:
    """Asks for related journeys, drops what code can tell is poor, and has the rest judged by a second step.

    centres: of the catalogue, with this entry. embed: texts to unit vectors. guard: has the last word on what is kept,
    where there is one. Raises BudgetSpent before a call that the
    budget has no room for; the answers until then are in the reply cache.
    """
    answer = structured.ask(RELATED, entry_fields(entry))
    if answer.value is None:
        return Written(entry.entry_id, because=answer.because)
    proposals = [_proposal(each) for each in answer.value.journeys]
    fit, dropped = _without_the_poor(proposals, entry, centres, embed, checker)
    judged = judge_proposals(entry_fields(entry), fit, structured) if fit else None
    kept = fit
    if judged is not None:
        kept = [proposal for proposal, why in zip(fit, judged.dropped, strict=True) if why is None]
        dropped.update(why for why in judged.dropped if why is not None)
    if guard and kept:
        kept = _guarded(kept, guard, dropped)
    by = WrittenBy(
        model=answer.model,
        prompt_version=answer.prompt_version,
        checked_by=judged.prompt_version if judged else "",
    )
    because = judged.because if judged else ""
    return Written(entry.entry_id, tuple(kept), len(proposals), dict(dropped), by, because)


def expander(
    structured: Structured,
    centres: EntryCentres,
    embed: Embed,
    checker: SensitivityChecker,
    guard: Guard | None = None,
) -> Runnable[Entry, Written]:
    """Has a model propose what a catalogue entry leads to, and drops what is poor. See `write_expansions`."""

    def write(entry: Entry) -> Written:
        return write_expansions(entry, structured, centres, embed, checker, guard)

    return RunnableLambda(write, name="write_expansions")


def entry_fields(entry: Entry) -> dict[str, JsonValue]:
    """What a model is told of an entry: its name and the words that most users share."""
    commonest = sorted(entry.keywords, key=lambda keyword: (-keyword.users, keyword.text))
    return {"journey": entry.name, "words": [keyword.text for keyword in commonest[:_KEYWORDS_TOLD]]}


def proposal_rows(proposals: Sequence[Proposal], embed: Embed) -> Floats:
    """(len(proposals), d) float32, unit length: where proposals lie, made as a journey's centre is, from its texts."""
    texts = [text for each in proposals for text in (each.name, *each.keywords)]
    vectors = embed(texts)
    rows, start = np.zeros((len(proposals), vectors.shape[1])), 0
    for place, each in enumerate(proposals):
        end = start + 1 + len(each.keywords)
        rows[place] = vectors[start:end].mean(axis=0)
        start = end
    return unit(rows)


def _proposal(proposed: _ProposedJourney) -> Proposal:
    keywords = dict.fromkeys(" ".join(each.split()) for each in proposed.keywords)
    return Proposal(" ".join(proposed.name.split()), tuple(keywords))


def _guarded(proposals: Sequence[Proposal], guard: Guard, dropped: Counter[Dropped]) -> list[Proposal]:
    """Without what the guard flags, or could not be asked about."""
    rulings = guard.rule(["\n".join((each.name, *each.keywords)) for each in proposals])
    dropped.update(
        Dropped.UNSAFE if ruling.flagged else Dropped.NOT_JUDGED
        for ruling in rulings
        if ruling.flagged or ruling.failed
    )
    return [each for each, ruling in zip(proposals, rulings, strict=True) if not ruling.flagged and not ruling.failed]


def _is_unsafe(proposal: Proposal, checker: SensitivityChecker) -> bool:
    """Judged as users' journeys are: by its name, and by how many of its texts speak of something sensitive."""
    texts = (proposal.name, *proposal.keywords)
    return checker.journey(proposal.name, texts, [1.0] * len(texts)).policy is not Policy.ALLOW


def _without_the_poor(
    proposals: Sequence[Proposal], entry: Entry, centres: EntryCentres, embed: Embed, checker: SensitivityChecker
) -> tuple[list[Proposal], Counter[Dropped]]:
    """What code lets pass, in order, and what it dropped and why."""
    dropped = Counter[Dropped]()
    fit = []
    for each in proposals:
        if _is_unsafe(each, checker):
            dropped[Dropped.UNSAFE] += 1
            continue
        if len(each.name) > _LONGEST_NAME or why_unfit_text(each.name, checker):
            dropped[Dropped.UNFIT] += 1
            continue
        keywords = tuple(one for one in each.keywords if one and not why_unfit_text(one, checker))
        fit.append(Proposal(presentable(each.name), keywords[:_KEYWORDS_KEPT]))
    if not fit:
        return [], dropped
    # The entry as the model was told of it: where its users' texts lie says less about words.
    itself = Proposal(entry.name, tuple(keyword.text for keyword in entry.keywords[:_KEYWORDS_KEPT]))
    first, *rows = centres.apart(proposal_rows([itself, *fit], embed))
    taken_rows = [first]
    taken_words = {frozenset(words_in(entry.name))}
    kept = []
    for each, row in zip(fit, rows, strict=True):
        words = frozenset(words_in(each.name))
        if words in taken_words or max(round(float(row @ other), 4) for other in taken_rows) >= DUPLICATE:
            dropped[Dropped.DUPLICATE] += 1
            continue
        taken_rows.append(row)
        taken_words.add(words)
        kept.append(each)
    return kept, dropped
