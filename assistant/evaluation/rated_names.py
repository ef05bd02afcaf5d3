"""Topics with names that people rated."""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chains.naming_candidates import Candidate, Subject, words_in
from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError
from vectorstore.store import Vectors

_COLUMNS = ("topic_id", "keywords", "name", "human")
_NOBODY = "topic"
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class RatedTopic:
    """A topic of ten keywords or so. names: n of them, at least two, with their mean human ratings (n,)."""

    topic_id: str
    keywords: tuple[str, ...]
    names: tuple[str, ...]
    human: NDArray[np.float64]


def is_ratings(path: Path) -> bool:
    """Whether the file has the columns of rated names. Raises InputError where it cannot be read."""
    if path.suffix.lower() != ".csv":
        return False
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return set(_COLUMNS) <= set(next(csv.reader(file), ()))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}: give ratings or a log") from error


def read_ratings(path: Path) -> list[RatedTopic]:
    """A CSV with topic_id, keywords (joined by |), name, human, in order of topic. Raises InputError."""
    topics: dict[str, tuple[str, dict[str, float]]] = {}
    if not is_ratings(path):
        raise InputError(f"{path} has no rated names: give a CSV of {', '.join(_COLUMNS)}")
    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), 2):
            try:
                rating = float(row["human"])
            except (TypeError, ValueError):
                rating = float("nan")
            if not np.isfinite(rating) or not row["name"] or not row["keywords"]:
                raise InputError(f"{path}, row {number}: human is no number, or keywords or name are missing: mend it")
            topics.setdefault(row["topic_id"], (row["keywords"], {}))[1][row["name"]] = rating
    found = [
        RatedTopic(topic, tuple(keywords.split("|")), tuple(sorted(rated)), np.array([rated[n] for n in sorted(rated)]))
        for topic, (keywords, rated) in sorted(topics.items())
        if len(rated) > 1
    ]
    if not found:
        raise InputError(f"{path}: no topic has two rated names: there is nothing to compare")
    return found


def as_candidates(
    topic: RatedTopic, names: Sequence[str], embeddings: CachedEmbeddings
) -> tuple[tuple[Candidate, ...], Subject]:
    """Names as if they were a journey's keywords, and the topic's keywords as if they were its texts.

    There is no user and no activity here: what is said of events, sources and other journeys is the same of all.
    """
    texts = embeddings.embed(list(topic.keywords))
    middle = texts.mean(axis=0)
    words = [frozenset(words_in(keyword)) for keyword in topic.keywords]
    subject = Subject(
        centres=(middle / max(float(np.linalg.norm(middle)), 1e-9))[None],
        number=0,
        words=words,
        of_user=Counter(word for held in words for word in held),
    )
    vectors: Vectors = embeddings.embed(list(names))
    event = Activity(_NOBODY, _NEVER, ActivityKind.CLOSEUP, " ".join(topic.keywords))
    return tuple(
        Candidate(Keyword(_NOBODY, name, KeywordSource.TITLE, (event,)), vector, words_in(name), 1, 1)
        for name, vector in zip(names, vectors, strict=True)
    ), subject
