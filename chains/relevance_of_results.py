"""The judge of search results: how well a result serves a need, on five levels. It is there to be tried on people's
ratings; journeys are judged by `chains/relevance.py`."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from chains.plain_ratings import PlainRatings, Rated, rate_plainly
from chains.roles import Role
from chains.samples import SAMPLES
from chains.shown_to_a_judge import speaks_to_a_judge
from chains.steps import Step
from chains.structured import Structured
from chains.wording import shortened

_LONGEST_NEED = 800
_LONGEST_TITLE = 150
_LONGEST_SNIPPET = 500

STEP = Step(
    Role.JUDGE,
    "result_relevance",
    1,
    """
You judge search results. Somebody had a need, put a query to a search engine, and got results. You see of each result
the title and a piece of its text. Say of each result, by itself, how relevant the page behind it is to the need.

The data has these fields:
- "need": what was looked for, and why. A title may stand before it, with a | between.
- "query": what was typed. Where query and need differ, the need counts.
- "results": each with its number, "title" and "snippet". Either may be empty.

Give each result one of five scores:
1 = Not relevant: nothing on the page is likely to help with the need, or the page is spam.
2 = A little: the page says something about the need, perhaps very little or only in passing.
3 = Relevant: the page says a good deal about the need.
4 = Very relevant: the page is wholly about the need, and is a source that should not be missed.
5 = The very page: the home page or main page of what the need or the query names, which is likely to be what was
    looked for.

How to judge:
- You see only a part of the page. Judge what the page most likely holds, from title and snippet together.
- A page on the wider topic that does not speak of what is needed is not relevant. Same words are no proof.
- Judge each result by itself; their order and number mean nothing, and all may have the same score.
- In doubt between two scores give the lower one.

For each result write its "number", a "reason" of at most 20 words, and the "score": 1, 2, 3, 4 or 5.
Answer for every result exactly once, as one JSON object of this shape:
{"ratings": [{"number": 1, "reason": "...", "score": 3}]}
""",
    PlainRatings,
)


@dataclass(frozen=True, slots=True)
class Result:
    title: str
    snippet: str


def rate_results(
    structured: Structured, need: str, query: str, results: Sequence[Result], *, samples: int = SAMPLES
) -> list[Rated]:
    """One Rated for each result, in their order. What speaks to a judge is withheld. Raises BudgetSpent."""
    listed: list[dict[str, JsonValue]] = [
        {"title": _shown(each.title, _LONGEST_TITLE), "snippet": _shown(each.snippet, _LONGEST_SNIPPET)}
        for each in results
    ]
    given: dict[str, JsonValue] = {"need": shortened(need, _LONGEST_NEED), "query": _shown(query, _LONGEST_TITLE)}
    return rate_plainly(structured, STEP, given, "results", listed, samples=samples)


def _shown(text: str, longest: int) -> str:
    return "" if speaks_to_a_judge(text) else shortened(text, longest)
