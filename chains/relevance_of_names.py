"""The judge of names: how well a name fits a topic given by keywords, on five levels. It is there to be tried on
people's ratings; the names of journeys are judged with the journeys, by `chains/relevance.py`."""

from collections.abc import Sequence

from pydantic import JsonValue

from chains.plain_ratings import PlainRatings, Rated, rate_plainly
from chains.roles import Role
from chains.samples import SAMPLES
from chains.shown_to_a_judge import speaks_to_a_judge
from chains.steps import Step
from chains.structured import Structured
from chains.wording import shortened

_LONGEST = 80

STEP = Step(
    Role.JUDGE,
    "name_relevance",
    1,
    """
You judge names of topics. A topic is given by its keywords, the most typical first. Say of each proposed name, by
itself, how well it would tell a reader what the topic is about.

The data has these fields:
- "keywords": words and phrases of the topic. A few may be stray and belong to no topic.
- "names": each with its number and the "name" that was proposed.

Give each name one of five scores:
1 = Wrong: the name has nothing to do with what most keywords are about.
2 = Poor: the name touches a few keywords, or is so wide or so narrow that a reader would expect another topic.
3 = Fair: the name belongs to the topic, but misses its middle: clearly too wide, too narrow, or a part of it.
4 = Good: the name tells what most keywords are about, with a small flaw in width or wording.
5 = Very good: the name is what a careful reader would call the topic.

How to judge:
- Find first what most of the keywords have in common, then compare each name with that.
- A name need not be one of the keywords, and a keyword is not a good name because it is one.
- Judge each name by itself; their order and number mean nothing, and several may have the same score.
- In doubt between two scores give the lower one.

For each name write its "number", a "reason" of at most 20 words, and the "score": 1, 2, 3, 4 or 5.
Answer for every name exactly once, as one JSON object of this shape:
{"ratings": [{"number": 1, "reason": "...", "score": 3}]}
""",
    PlainRatings,
)


def rate_names(
    structured: Structured, keywords: Sequence[str], names: Sequence[str], *, samples: int = SAMPLES
) -> list[Rated]:
    """One Rated for each name, in their order. What speaks to a judge is withheld. Raises BudgetSpent."""
    words: list[JsonValue] = [shortened(each, _LONGEST) for each in keywords if not speaks_to_a_judge(each)]
    listed: list[dict[str, JsonValue]] = [
        {"name": "" if speaks_to_a_judge(each) else shortened(each, _LONGEST)} for each in names
    ]
    return rate_plainly(structured, STEP, {"keywords": words}, "names", listed, samples=samples)
