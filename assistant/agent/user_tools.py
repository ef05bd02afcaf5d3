"""Tools about users: who there is, which journeys they have, what changed, and why something was sent or not."""

from typing import Annotated

import numpy as np
from langchain.tools import ToolRuntime

from assistant.agent.notification_reasons import notification_reasons
from assistant.agent.scope import Scope, allows
from assistant.agent.told_data import (
    Fields,
    Told,
    day,
    journey_fields,
    may_tell,
    ref_to,
    short,
    told,
    told_journeys,
)
from assistant.agent.tool_making import agent_tool
from chains.wording import count_text
from vectorstore.store import Match, Vectors

Runtime = ToolRuntime[Scope, dict[str, object]]
UserId = Annotated[str, "A user's id, exactly as a tool told it or as the question has it."]

# As many users as are searched one by one; of more, all keywords are searched and the others passed over.
_FEW = 200
_MOST_SEARCHED = 16_384
_LEAST_SIMILARITY = 0.3
_KEYWORDS_TOLD = 3


@agent_tool
def find_users(
    runtime: Runtime,
    about: Annotated[str, "What the users are up to, in a few words, such as 'planning a wedding'; '' for any."] = "",
    id_part: Annotated[str, "A part of the user's id; '' for any."] = "",
) -> Told:
    """Finds users by what they are up to, by meaning, or by a part of their id. Use it when the question names no user.

    Gives ids, best first, each with how many journeys the user has and, where `about` is given, what of the user's
    activity is near to it (similarity 0 to 1)."""
    scope = runtime.context
    found = _by_meaning(scope, about.strip(), id_part) if about.strip() else _by_id(scope, id_part)
    rows = []
    for user_id, fields in found.items():
        scope.note(user_id)
        journeys = told_journeys(scope.assistant.library.journeys(user_id), scope.assistant.models.checker)
        rows.append({"user_id": user_id, "journeys": len(journeys), **fields})
    return told(f"found {count_text(len(rows), 'user')}", {"users": [*rows]})


def _by_id(scope: Scope, part: str) -> dict[str, Fields]:
    found: dict[str, Fields] = {}
    for user_id in scope.users():
        if part.casefold() in user_id.casefold():
            found[user_id] = {}
            if len(found) == scope.limits.rows:
                break
    return found


def _by_meaning(scope: Scope, about: str, part: str) -> dict[str, Fields]:
    vector = np.asarray(scope.assistant.embeddings.embed_query(about), dtype=np.float32)
    checker = scope.assistant.models.checker
    near: dict[str, list[Match]] = {}
    for match in _matches(scope, vector):
        user_id = match.keyword.user_id
        fits = part.casefold() in user_id.casefold() and match.similarity >= _LEAST_SIMILARITY
        if fits and may_tell(match.keyword.text, checker):
            near.setdefault(user_id, []).append(match)
    found: dict[str, Fields] = {}
    for user_id, matches in near.items():
        if len(found) == scope.limits.rows:
            break
        if scope.sees(user_id):
            found[user_id] = {
                "similarity": round(matches[0].similarity, 2),
                "near": [short(match.keyword.text) for match in matches[:_KEYWORDS_TOLD]],
            }
    return found


def _matches(scope: Scope, vector: Vectors) -> list[Match]:
    """The nearest keywords of users who may be seen, best first."""
    store, rows = scope.assistant.store, scope.limits.rows
    few = scope.few_users(_FEW)
    if few is not None:
        own = [match for user_id in few for match in store.search(vector, user_id=user_id, limit=_KEYWORDS_TOLD)]
        return sorted(own, key=lambda match: (-round(match.similarity, 6), match.keyword.user_id, match.keyword.key))
    limit = 8 * rows
    while True:
        every = store.search(vector, limit=limit)
        seen = [match for match in every if allows(scope.may_see, match.keyword.user_id)]
        enough = len({match.keyword.user_id for match in seen}) >= rows
        if enough or len(every) < limit or limit >= _MOST_SEARCHED or every[-1].similarity < _LEAST_SIMILARITY:
            return seen
        limit *= 4


@agent_tool
def list_journeys(runtime: Runtime, user_id: UserId) -> Told:
    """Lists the journeys of a user, best first: name, keywords, kind (situational or evergreen), stage (ongoing or
    ended), confidence (0 to 1), events, active days, first and last day. Use it before any question about a journey."""
    scope = runtime.context
    scope.require(user_id)
    checker = scope.assistant.models.checker
    every = told_journeys(scope.assistant.journeys(user_id), checker)
    journeys = every[: scope.limits.rows]
    fields: Fields = {
        "user_id": user_id,
        "journeys": [journey_fields(journey, checker) for journey in journeys],
        "not_listed": len(every) - len(journeys),
    }
    return told(count_text(len(every), "journey"), fields, [ref_to(journey) for journey in journeys])


@agent_tool
def journey_changes(runtime: Runtime, user_id: UserId) -> Told:
    """Tells what happened to a user's journeys from run to run, the newest first: born, grown, ended, revived, renamed,
    merged, split or gone."""
    scope = runtime.context
    scope.require(user_id)
    checker = scope.assistant.models.checker
    changes = [
        each
        for each in scope.assistant.changes(user_id)
        if may_tell(each.change.name, checker) and may_tell(each.change.detail, checker)
    ]
    fields: Fields = {
        "user_id": user_id,
        "changes": [
            {
                "as_of": day(each.as_of),
                "run_id": each.run_id,
                "journey_id": each.change.journey_id,
                "name": each.change.name,
                "what": each.change.kind.value,
                "detail": short(each.change.detail),
            }
            for each in changes[: scope.limits.rows]
        ],
    }
    return told(count_text(len(changes), "change"), fields)


@agent_tool
def why_sent_or_not(runtime: Runtime, user_id: UserId) -> Told:
    """Tells which notifications were chosen for a user in the last notification run and why, or why there was none."""
    scope = runtime.context
    scope.require(user_id)
    summary, fields = notification_reasons(scope.assistant, user_id)
    return told(summary, {"user_id": user_id, **fields})
