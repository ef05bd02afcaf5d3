"""The judge at work: on the stored journeys of users, and on what people rated."""

from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from assistant.assistant import JourneyAssistant
from assistant.evaluation.human_levels import JourneyLabel, RatedNames, RatedQuery
from assistant.evaluation.judge_agreement import JudgedItem, judge_each, labels_by_journey
from chains.judgement import Judgement
from chains.plain_ratings import Rated
from chains.relevance import STEP, JudgedUser, judge_journeys
from chains.relevance_of_names import rate_names
from chains.relevance_of_results import Result, rate_results
from chains.roles import Role
from chains.structured import Structured

PROMPT_VERSION = STEP.prompt_version


def _silently() -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class JudgedOne:
    user_id: str
    judged: JudgedUser


def judge_stored(
    assistant: JourneyAssistant, structured: Structured, users: Sequence[str], *, top: int, samples: int
) -> Iterator[JudgedOne]:
    """Judges the first `top` journeys of each user, some users at a time, and keeps the judgements as they come.

    Raises BudgetSpent; what was judged before is kept, and kept replies make it cost nothing again.
    """
    workers = workers_of(structured)
    pool = ThreadPoolExecutor(workers)

    def judge(user_id: str) -> JudgedOne:
        journeys = assistant.library.journeys(user_id)[:top]
        activities = assistant.log.of(user_id) if journeys else []
        judged = judge_journeys(structured, activities, journeys, assistant.models.checker, samples=samples)
        return JudgedOne(user_id, judged)

    try:
        for start in range(0, len(users), 2 * workers):
            for one in pool.map(judge, users[start : start + 2 * workers]):
                assistant.library.put_judgements(one.judged.judgements)
                if assistant.library.state(one.user_id) is None and structured.cache:
                    structured.cache.forget(one.user_id)  # Forgotten while he was judged.
                yield one
    finally:
        pool.shutdown(cancel_futures=True)


def judge_labels(
    assistant: JourneyAssistant,
    structured: Structured,
    labels: Collection[JourneyLabel],
    *,
    samples: int,
    on_unit: Callable[[], None] = _silently,
) -> tuple[list[JudgedItem], int]:
    """Judges the journeys that people labelled; also returns how many of them are stored no longer."""
    by_user = labels_by_journey(labels)
    stored = assistant.library.journeys_of(list(by_user))
    missing = sum(
        len(levels.keys() - {journey.journey_id for journey in stored[user_id]}) for user_id, levels in by_user.items()
    )

    def judge(user_id: str) -> list[JudgedItem]:
        levels = by_user[user_id]
        journeys = [journey for journey in stored[user_id] if journey.journey_id in levels]
        activities = assistant.log.of(user_id) if journeys else []
        judged = judge_journeys(structured, activities, journeys, assistant.models.checker, samples=samples)
        return [_item(each, levels[each.journey_id]) for each in judged.judgements]

    return judge_each(sorted(by_user), judge, workers_of(structured), on_unit), missing


def judge_queries(
    structured: Structured, queries: Sequence[RatedQuery], *, samples: int, on_unit: Callable[[], None] = _silently
) -> list[JudgedItem]:
    def judge(query: RatedQuery) -> list[JudgedItem]:
        results = [Result(title, snippet) for title, snippet in query.results]
        rated = rate_results(structured, query.need, query.query, results, samples=samples)
        return _items(query.need_id, query.levels, rated)

    return judge_each(queries, judge, workers_of(structured), on_unit)


def judge_names(
    structured: Structured, topics: Sequence[RatedNames], *, samples: int, on_unit: Callable[[], None] = _silently
) -> list[JudgedItem]:
    def judge(topic: RatedNames) -> list[JudgedItem]:
        rated = rate_names(structured, topic.keywords, topic.names, samples=samples)
        return _items(topic.topic_id, topic.levels, rated)

    return judge_each(topics, judge, workers_of(structured), on_unit)


def workers_of(structured: Structured) -> int:
    """As many as the judge's model takes at once; more would wait at its turnstile."""
    models = structured.models.get(Role.JUDGE, ())
    return min(models[0].limits.concurrency, 32) if models else 1


def _item(judgement: Judgement, humans: tuple[int, ...]) -> JudgedItem:
    return JudgedItem(judgement.user_id, humans, judgement.scores, judgement.model, judgement.because)


def _items(group: str, levels: Sequence[int], rated: Sequence[Rated]) -> list[JudgedItem]:
    return [
        JudgedItem(group, (level,), each.scores, each.model, each.because)
        for level, each in zip(levels, rated, strict=True)
    ]
