"""What a run does for each user: from activity to journeys, the same function in whichever process it is done."""

import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

import numpy as np

from chains.journeys import Journey
from chains.keywords import extract_keywords
from chains.metering import BudgetSpent
from chains.texts import Floats
from vectorstore.activity import Activity, Keyword
from vectorstore.embedding_cache import EmbeddingCache
from vectorstore.errors import JourneyError
from vectorstore.nearest import unit_rows

_LONGEST_REASON = 300
_ROOT = Path(__file__).resolve().parent.parent

#: From all keywords of one user and their vectors, row by row, to the journeys.
UserInference = Callable[[Sequence[Keyword], Floats], list[Journey]]
#: From distinct normalized texts to their vectors, row by row. Raises MissingTexts where it can only look them up.
VectorsOf = Callable[[Sequence[str]], Floats]
#: Users with their activities in order.
Group = Sequence[tuple[str, list[Activity]]]


class NextChange(Protocol):
    """When the first of the journeys may become another by the clock alone, None for never."""

    def __call__(
        self, keywords: Sequence[Keyword], vectors: Floats, journeys: Sequence[Journey]
    ) -> datetime | None: ...


def never(keywords: Sequence[Keyword], vectors: Floats, journeys: Sequence[Journey]) -> datetime | None:
    """Where nothing is known of what the clock does."""
    return None


class Move(Protocol):
    """The journeys of a user of whom nothing is new, as they are by the clock of now; None where that is not enough."""

    def __call__(
        self, keywords: Sequence[Keyword], vectors: Floats, journeys: Sequence[Journey]
    ) -> list[Journey] | None: ...


class MissingTexts(Exception):
    """Texts that have no vector yet; whoever has the model makes them, and the work is done again."""

    def __init__(self, texts: Sequence[str]) -> None:
        super().__init__(texts)
        self.texts = tuple(texts)


@dataclass(frozen=True, slots=True)
class UserWork:
    """Made once for a run, and sent to its workers. move: None where stored journeys can't be moved to a clock."""

    infer: UserInference
    next_change: NextChange = never
    move: Move | None = None


@dataclass(frozen=True, slots=True)
class UserFound:
    """What came of one user. failure: why there are no journeys of a user whose data breaks something, or empty."""

    user_id: str
    journeys: Sequence[Journey]
    next_change: datetime | None = None
    failure: str = ""


@dataclass(frozen=True, slots=True)
class UserTask:
    """One user's keywords, and the rows of their vectors among those of the group; or why there are none."""

    user_id: str
    keywords: Sequence[Keyword] = ()
    rows: Sequence[int] = ()
    failure: str = ""


def tasks_of(group: Group, vectors_of: VectorsOf) -> tuple[list[UserTask], Floats]:
    """The users' keywords, and the vectors of all of their distinct texts, each of which is looked up once."""
    of_users = [(user_id, _keywords_of(activities)) for user_id, activities in group]
    texts = list(
        dict.fromkeys(keyword.key for _, keywords in of_users if not isinstance(keywords, str) for keyword in keywords)
    )
    row = {text: place for place, text in enumerate(texts)}
    tasks = [
        UserTask(user_id, failure=keywords)
        if isinstance(keywords, str)
        else UserTask(user_id, keywords, [row[keyword.key] for keyword in keywords])
        for user_id, keywords in of_users
    ]
    if not texts:
        return tasks, np.empty((0, 0), dtype=np.float32)
    embedded = vectors_of(texts)
    # To the bit what a store makes of them, so that what is inferred from a store is the same.
    return tasks, unit_rows(embedded, *embedded.shape)


def done(task: UserTask, vectors: Floats, work: UserWork) -> UserFound:
    """One user's journeys. A user whose data breaks something is set aside with the reason.

    Raises BudgetSpent, and JourneyError for what is wrong with more than this user.
    """
    if task.failure:
        return UserFound(task.user_id, (), failure=task.failure)
    if not task.keywords:
        return UserFound(task.user_id, ())
    own = vectors[list(task.rows)]
    try:
        journeys = work.infer(task.keywords, own)
        return UserFound(task.user_id, journeys, work.next_change(task.keywords, own, journeys))
    except (BudgetSpent, JourneyError):
        raise
    except Exception as error:  # noqa: BLE001 - one user's data must not end the run of all others
        return UserFound(task.user_id, (), failure=reason_of(error))


def group_done(group: Group, work: UserWork, vectors_of: VectorsOf) -> Iterator[UserFound]:
    """The users one after the other. Raises as `done` and `vectors_of` do."""
    tasks, vectors = tasks_of(group, vectors_of)
    for task in tasks:
        yield done(task, vectors, work)


def cached_vectors(cache: EmbeddingCache, texts: Sequence[str]) -> Floats:
    """What the cache holds. Raises MissingTexts where that is not all."""
    vectors: Floats | None = None
    missing = np.ones(len(texts), dtype=np.bool_)
    for places, rows in cache.find(texts):
        if vectors is None:
            vectors = np.empty((len(texts), rows.shape[1]), dtype=np.float32)
        vectors[places], missing[places] = rows, False
    if vectors is None or missing.any():
        raise MissingTexts([texts[place] for place in np.flatnonzero(missing).tolist()])
    return vectors


def reason_of(error: BaseException) -> str:
    """In one line what went wrong, and where in this program."""
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(_ROOT)] or frames
    at = f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:_LONGEST_REASON] + at


def _keywords_of(activities: Sequence[Activity]) -> list[Keyword] | str:
    """The keywords, or why there are none to be had."""
    try:
        return extract_keywords(activities)
    except Exception as error:  # noqa: BLE001 - as in `done`
        return reason_of(error)
