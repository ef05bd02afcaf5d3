"""People's ratings on five levels, from the files that a judge can be tried on. How each scale becomes levels is here.

Three kinds of CSV, told by their columns:
- labels of journeys: user_id, journey_id, rater, score (1 to 5, taken as it is), at (when, ISO 8601). A rater's newest
  label of a journey counts;
- ratings of search results: year, topic, topic_description, query_seen, doc_id, title, snippet, relevance. The grades
  of the TREC Session track: -2 (spam) and 0 (not relevant) are level 1, 1 (relevant) is 2, 2 (highly relevant) is 3,
  3 (key) is 4, 4 (the page looked for) is 5;
- ratings of names: topic_id, keywords, name, human, a mean of 0 to 3; the level is 1 + human * 4/3, rounded, halves up.
"""

import csv
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from assistant.evaluation.rated_names import read_ratings
from assistant.kept_judgements import JudgeTask
from chains.judgement import LEVELS
from vectorstore.errors import InputError

_COLUMNS = {
    JudgeTask.JOURNEYS: ("user_id", "journey_id", "rater", "score", "at"),
    JudgeTask.RESULTS: ("year", "topic", "topic_description", "query_seen", "title", "snippet", "relevance"),
    JudgeTask.NAMES: ("topic_id", "keywords", "name", "human"),
}
_GRADES = {"-2": 1, "0": 1, "1": 2, "2": 3, "3": 4, "4": 5}


@dataclass(frozen=True, slots=True)
class JourneyLabel:
    user_id: str
    journey_id: str
    rater: str
    level: int


@dataclass(frozen=True, slots=True)
class RatedQuery:
    """need_id: the same for all queries about one need. results: title and snippet. levels: one a result."""

    need_id: str
    need: str
    query: str
    results: tuple[tuple[str, str], ...]
    levels: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RatedNames:
    topic_id: str
    keywords: tuple[str, ...]
    names: tuple[str, ...]
    levels: tuple[int, ...]


def task_of(path: Path) -> JudgeTask:
    """What the file's ratings are of. Raises InputError where it cannot be read or has none of the three headings."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            columns = set(next(csv.reader(file), ()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}: give a CSV of labels") from error
    for task, needed in _COLUMNS.items():
        if set(needed) <= columns:
            return task
    raise InputError(f"{path} has no ratings: give a CSV of {', '.join(_COLUMNS[JudgeTask.JOURNEYS])}")


def name_level(human: float) -> int:
    """From a mean of 0 to 3 to a level. Raises ValueError outside of that."""
    if not 0 <= human <= 3:
        raise ValueError("a name is rated 0 to 3")
    return math.floor(1 + human * 4 / 3 + 0.5)


def read_labels(path: Path) -> list[JourneyLabel]:
    """In order of user, journey and rater. Raises InputError with the line where a score or a time is none."""
    newest: dict[tuple[str, str, str], tuple[datetime, int]] = {}
    for line, row in _rows(path):
        score = row["score"].strip()
        if score not in {str(level) for level in LEVELS}:
            raise InputError(f"{path}, line {line}: score is 1, 2, 3, 4 or 5, not {score!r}")
        try:
            at = datetime.fromisoformat(row["at"].strip())
        except ValueError:
            raise InputError(f"{path}, line {line}: at is a time such as 2026-07-01T09:30:00Z") from None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        key = (row["user_id"], row["journey_id"], row["rater"])
        if key not in newest or newest[key][0] <= at:
            newest[key] = (at, int(score))
    return [JourneyLabel(*key, level) for key, (_, level) in sorted(newest.items())]


def read_rated_queries(path: Path) -> list[RatedQuery]:
    """In order of need and query. Raises InputError with the line where a grade is none of the track's."""
    found: dict[tuple[str, str], tuple[str, list[tuple[str, str]], list[int]]] = {}
    for line, row in _rows(path):
        grade = row["relevance"].strip()
        if grade not in _GRADES:
            raise InputError(f"{path}, line {line}: relevance is one of {', '.join(_GRADES)}, not {grade!r}")
        key = (f"{row['year']}-{row['topic']}", row["query_seen"])
        _, results, levels = found.setdefault(key, (row["topic_description"], [], []))
        results.append((row["title"], row["snippet"]))
        levels.append(_GRADES[grade])
    return [
        RatedQuery(need_id, need, query, tuple(results), tuple(levels))
        for (need_id, query), (need, results, levels) in sorted(found.items())
    ]


def read_rated_names(path: Path) -> list[RatedNames]:
    """In order of topic. Raises InputError."""
    try:
        return [
            RatedNames(
                each.topic_id, each.keywords, each.names, tuple(name_level(float(human)) for human in each.human)
            )
            for each in read_ratings(path)
        ]
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row with the number of its last line. Raises InputError where a row is short."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            for row in reader:
                if None in row.values() or None in row:
                    raise InputError(f"{path}, line {reader.line_num}: not as many values as columns")
                yield reader.line_num, row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}: give a CSV of labels") from error
