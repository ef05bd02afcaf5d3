"""One call that turns a user's activity into journeys, in place of extraction, clustering, naming and stage."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import Field

from chains.activity_lines import Line, line_data
from chains.call_records import About
from chains.condensing import condense, request_tokens
from chains.inference import InferenceModels, InferenceOptions, cluster_texts
from chains.journeys import InferenceMode, Journey, Kind, Stage
from chains.regrouping import NONE_LEFT, Asked, by_code, regrouped, unusable, wrong_numbers
from chains.roles import Role
from chains.steps import Fields, ModelReply, Step
from chains.structured import Structured
from chains.tellable import tellable
from chains.texts import Floats, Texts
from chains.told_journeys import Origin, Told
from vectorstore.activity import Keyword

#: Tokens of a request, at most. Most texts of half a year fit, and a reply about them into 2,000 tokens.
CONTEXT_TOKENS = 16_000

_INSTRUCTIONS = """\
You read what one user of a web site searched, opened and saved, and find the journeys behind it.

A journey is one thing that somebody is busy with for a while, or again and again: an interest with a purpose. Planning
a wedding, renovating a kitchen, learning to sew and playing the guitar are journeys. One user has several at once and
goes from one to another within minutes.

The data
- today: the day from which you look back.
- breadth: how broad a journey is to be. "coarse" is a field of life (travel), "normal" one undertaking or one lasting
  interest (two weeks in Peru), "fine" one errand in it (hotels in Cusco).
- texts: a line for each different text, in order of time.
  n: its number. text: what was searched for, the title of what was opened or saved, or the name of a board.
  did: what was done, with a count where it was more than once. search: searched for it; closeup: looked at it;
  save: saved it; clickthrough: went to its site; board: made a collection of this name.
  on: when that was first. until: the day of the last time, where it was a later day.
  board: the user's collections that it was saved to. about: words that the site has for it.
  alike: how many more texts of nearly the same wording are counted in this line.

How to group
1. Put texts together that serve one purpose, even if they share no word: "couch to 5k" and "Socks That Spare You the
   Blisters" are one journey.
2. Keep texts apart that serve different purposes, even if they share words: a weekend in Lisbon and learning Portuguese
   are two journeys.
3. The meaning of the text counts most. A common board and nearby times are hints: what was done within minutes is often
   one journey, and often not. A board with a vague name may hold several journeys.
4. A journey takes at least two texts, or one that was come back to on several days. Leave out what stands alone: a
   passing thought, a joke, the news of the day.
5. In doubt about a text, put it where it rather belongs than not, or else leave it out. In doubt whether two groups are
   one journey, ask whether a person would plan, buy for or tell of them as one thing.
6. Use each number once at most, and only numbers that are in the data.

Answer with one JSON object: {"journeys": [...]}, the journeys with most texts first. Each of them has, in this order
- texts: the numbers of its texts.
- name: 2 to 6 words, at most 60 characters, that say the activity or goal, in the language of most of its texts and in
  words that stand in them: "Planning a rustic barn wedding". The name is of the interest. It never speaks of or to a
  person (no "you", "user", "my", "her"), and never says what somebody is, has or feels.
- keywords: 1 to 5 short words or phrases that tell it best, copied from the data: searches, boards, words in "about".
- kind: "situational" where it is for a limited time, until an event, a purchase or a project is done. "evergreen" where
  it is a steady interest or habit without an end in view, seen again and again over months.
- stage: "ended" where it was called off, its day has passed, it is done, or nothing has come for much longer than it
  used to pause. Else, in doubt, and always where it is evergreen: "ongoing".
- confidence: 0 to 100, how sure you are that these texts are one journey and not more.
"""


class _JourneyReply(ModelReply):
    texts: Annotated[list[int], Field(min_length=1)]
    name: str = Field(min_length=1, max_length=120)
    keywords: list[Annotated[str, Field(max_length=200)]] = Field(max_length=10)
    kind: Kind
    stage: Stage
    confidence: int = Field(ge=0, le=100)


class JourneysReply(ModelReply):
    journeys: list[_JourneyReply] = Field(max_length=80)


STEP = Step(Role.INFERRER, "journeys", 1, _INSTRUCTIONS, JourneysReply)


def infer_by_call(
    keywords: Sequence[Keyword],
    vectors: Floats,
    as_of: datetime,
    options: InferenceOptions,
    models: InferenceModels,
    structured: Structured,
    *,
    context_tokens: int = CONTEXT_TOKENS,
) -> list[Journey]:
    """Journeys of one user, best first, from the same arguments as `infer_journeys` and a model.

    context_tokens: of the request, estimated to be safe; a longer history is condensed (`chains/condensing.py`).
    Where the model fails, or nothing of its reply can be used, the clustered journeys with `fallback` saying why.
    Raises BudgetSpent.
    """
    clustered = cluster_texts(keywords, vectors, options, models)
    texts, may = clustered.texts, tellable(clustered, models.checker)
    given = keywords, vectors, as_of, options, models

    def fields(lines: Sequence[Line]) -> Fields:
        return call_fields(lines, texts, as_of, options)

    lines = condense(texts, may.told.tolist(), lambda some: request_tokens(STEP, fields(some)) <= context_tokens)
    if not lines:
        unfit = f"no text fits into a context of {context_tokens:,} tokens" if len(may.told) else ""
        return by_code(clustered, *given, unfit)
    asked = Asked(clustered, may, [line.places for line in lines], whole=False)

    def check(reply: JourneysReply) -> str:
        return wrong_numbers(asked, _numbers(reply))

    about = About(keywords[0].user_id)
    answer = structured.ask(STEP, fields(lines), about=about, check=check)
    if answer.value is None:
        return by_code(clustered, *given, answer.because)
    if answer.complaint and (because := unusable(asked, _numbers(answer.value))):
        return by_code(clustered, *given, f"{answer.model}: {because}")
    origin = Origin(InferenceMode.LLM, answer.model, answer.prompt_version)
    found = regrouped(asked, _numbers(answer.value), (), _told(answer.value), origin, *given)
    return found or by_code(clustered, *given, f"{answer.model}: {NONE_LEFT}")


def call_fields(lines: Sequence[Line], texts: Texts, as_of: datetime, options: InferenceOptions) -> Fields:
    """The data of the call."""
    return {
        "today": f"{as_of:%Y-%m-%d}",
        "breadth": str(options.granularity),
        "texts": [line_data(number, line, texts) for number, line in enumerate(lines, 1)],
    }


def _numbers(reply: JourneysReply) -> list[list[int]]:
    return [each.texts for each in reply.journeys]


def _told(reply: JourneysReply) -> list[Told]:
    return [
        Told(each.name, each.kind, each.stage, each.confidence / 100, tuple(each.keywords)) for each in reply.journeys
    ]
