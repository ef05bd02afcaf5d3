"""What users said and did about journeys that they were shown, as labels for the ranker.

A feedback file is CSV (with a header) or JSONL; one row is one piece of feedback:

| column | what |
| --- | --- |
| `user_id` | whose |
| `journey_id` or `name` | which journey; where both are given either may fit. A name counts without case |
| `timestamp` | when: ISO 8601, or a count since 1970 |
| `kind` | `open`, `click`, `dismiss`, `ignore` or `verdict` |
| `value` | of a verdict only: 1 to 5, 5 the best |

An open, a click and a verdict of 4 or 5 say that the journey is gone on with; a dismissal and a verdict of 1 or 2 that
it is not; a verdict of 3 says nothing. To ignore, sent and not clicked, says weakly that it is not: it takes nothing
back from a journey that is known to have been gone on with. A journey that is cut at a moment takes the latest feedback
within the horizon after it; only where there is none does the log itself say what was gone on with.
"""

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path

from assistant.evaluation.ranked_lists import RankedList
from vectorstore.activity import normalize
from vectorstore.errors import InputError
from vectorstore.times import parse_time

IGNORE = "ignore"
_KINDS = ("open", "click", "dismiss", IGNORE, "verdict")
_NEEDED = ("user_id", "timestamp", "kind")
_BEST, _GOOD, _BAD = 5, 4, 2


@dataclass(frozen=True, slots=True)
class Feedback:
    """One piece. wanted: None where it says neither. line: where it stands, which decides between equal times. weak: it
    says so only where nothing says otherwise."""

    user_id: str
    journey_id: str
    name: str
    timestamp: datetime
    wanted: bool | None
    line: int
    weak: bool = False


@dataclass(frozen=True)
class FeedbackRead:
    """rejected: the line and the reason of each row that could not be taken."""

    rows: list[Feedback] = field(default_factory=list)
    rejected: list[tuple[int, str]] = field(default_factory=list)


def read_feedback(path: Path, zone: tzinfo = UTC) -> FeedbackRead:
    """A CSV or JSONL file as above. Raises InputError for a file that is none."""
    read = FeedbackRead()
    try:
        for line, row in _objects(path):
            taken = _taken(row, line, zone) if isinstance(row, dict) else row
            if isinstance(taken, Feedback):
                read.rows.append(taken)
            else:
                read.rejected.append((line, taken))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as feedback ({error}): give a CSV or JSONL file") from None
    return read


def _objects(path: Path) -> Iterator[tuple[int, dict[str, object] | str]]:
    with path.open(encoding="utf-8", newline="") as file:
        if path.suffix.lower() == ".jsonl":
            for number, text in enumerate(file, start=1):
                if text.strip():
                    yield number, _parsed(text)
            return
        reader = csv.DictReader(file)
        found = reader.fieldnames or []
        missing = [name for name in _NEEDED if name not in found]
        if "journey_id" not in found and "name" not in found:
            missing.append("journey_id or name")
        if missing:
            raise InputError(f"{path}: no column {missing[0]}: feedback has user_id, journey_id or name, timestamp, "
                             "kind, value")  # fmt: skip
        for row in reader:
            yield reader.line_num, {name: value for name, value in row.items() if name is not None}


def _parsed(text: str) -> dict[str, object] | str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "broken JSON"
    return value if isinstance(value, dict) else "no JSON object"


def _taken(row: dict[str, object], line: int, zone: tzinfo) -> Feedback | str:
    """The piece of feedback, or why it is none."""
    user_id, journey_id, name, kind = (
        str(row.get(key) if row.get(key) is not None else "").strip()
        for key in ("user_id", "journey_id", "name", "kind")
    )
    if not user_id:
        return "no user_id"
    if not journey_id and not name:
        return "neither journey_id nor name"
    moment = parse_time(row.get("timestamp"), zone)
    if moment is None:
        return "a timestamp that cannot be read"
    if kind not in _KINDS:
        return f"a kind that is none of {', '.join(_KINDS)}"
    grade = _grade(row.get("value")) if kind == "verdict" else None
    if kind == "verdict" and grade is None:
        return "a verdict without a value from 1 to 5"
    return Feedback(user_id, journey_id, normalize(name), moment, _wanted(kind, grade), line, kind == IGNORE)


def _wanted(kind: str, grade: float | None) -> bool | None:
    """grade: of a verdict, from 1 to 5."""
    if kind == "verdict" and grade is not None:
        return None if _BAD < grade < _GOOD else grade >= _GOOD
    return kind not in ("dismiss", IGNORE)


def _grade(value: object) -> float | None:
    try:
        grade = float(str(value))
    except ValueError:
        return None
    return grade if 1 <= grade <= _BEST else None


def with_feedback(
    lists: Iterable[RankedList], feedback: Sequence[Feedback], horizon: timedelta
) -> tuple[list[RankedList], int]:
    """The lists with the labels of what was said about their journeys, and how many journeys these are."""
    by_user: dict[str, list[Feedback]] = defaultdict(list)
    for each in sorted(feedback, key=lambda each: (each.timestamp, each.line)):
        if each.wanted is not None:
            by_user[each.user_id].append(each)
    labelled, count = [], 0
    for asked in lists:
        days, known = asked.days.copy(), asked.known.copy()
        said = [each for each in by_user[asked.user_id] if asked.as_of < each.timestamp <= asked.as_of + horizon]
        told = set()
        for each in said:
            for place in _places(asked, each):
                if each.weak and days[place]:
                    continue
                days[place] = max(int(asked.days[place]), 1) if each.wanted else 0
                known[place] = True
                told.add(place)
        count += len(told)
        labelled.append(replace(asked, days=days, known=known) if told else asked)
    return labelled, count


def _places(asked: RankedList, each: Feedback) -> list[int]:
    by_id = [place for place, own in enumerate(asked.journey_ids) if own == each.journey_id]
    return by_id or [place for place, own in enumerate(asked.names) if each.name and normalize(own) == each.name]
