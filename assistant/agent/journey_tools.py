"""Tools about one journey or one user's activity: dated evidence, search, what comes next, and why."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import JsonValue

from assistant.agent.scope import Scope
from assistant.agent.told_data import Fields, Told, may_tell, minute, ref_to, short, told, told_journeys
from assistant.agent.tool_making import agent_tool
from assistant.agent.user_tools import Runtime, UserId
from assistant.errors import LibraryError
from chains.journeys import Journey
from chains.recommendation import RecommendOptions
from chains.wording import count_text
from vectorstore.activity import Activity, normalize

Which = Annotated[str, "The journey's rank, its name or its journey_id, as list_journeys told it."]

_LONGEST_QUERY = 500

NO_SUCH_JOURNEY = "the user has no such journey: list_journeys tells which there are"


def journey_of(scope: Scope, user_id: str, which: str) -> Journey:
    """A journey that may be told. Raises NoSuchUser, LibraryError."""
    scope.require(user_id)
    try:
        journey = scope.assistant.journey(user_id, which)
    except LibraryError:
        # Its own words list the names of all the user's journeys.
        raise LibraryError(NO_SUCH_JOURNEY) from None
    if not told_journeys([journey], scope.assistant.models.checker):
        raise LibraryError(NO_SUCH_JOURNEY)
    return journey


@agent_tool
def journey_evidence(runtime: Runtime, user_id: UserId, journey: Which) -> Told:
    """Gives the dated activity (UTC) that a journey rests on, the newest first: what was searched, opened, saved,
    clicked or made into a board. `withheld` counts what may not be told."""
    scope = runtime.context
    own = journey_of(scope, user_id, journey)
    texts = {normalize(text) for text in own.texts}
    events = [event for event in scope.assistant.log.of(user_id) if normalize(event.text) in texts]
    rows, withheld = _told_events(scope, sorted(events, key=lambda event: event.timestamp, reverse=True))
    fields: Fields = {
        "user_id": user_id,
        "journey": own.name,
        "events": rows,
        "older_not_told": max(len(events) - withheld - len(rows), 0),
        "withheld": withheld,
    }
    return told(f"{count_text(len(rows), 'event')} of a journey", fields, [ref_to(own)])


def _told_events(scope: Scope, events: Sequence[Activity]) -> tuple[list[JsonValue], int]:
    """As many as may be told at once, and how many were withheld."""
    checker = scope.assistant.models.checker
    fit = [event for event in events if may_tell(event.text, checker)]
    rows: list[JsonValue] = []
    for event in fit[: scope.limits.rows]:
        row: dict[str, JsonValue] = {"at": minute(event.timestamp), "kind": event.kind.value, "text": short(event.text)}
        if event.board and may_tell(event.board, checker):
            row["board"] = short(event.board)
        rows.append(row)
    return rows, len(events) - len(fit)


@agent_tool
def search_activity(
    runtime: Runtime,
    user_id: UserId,
    query: Annotated[str, "What to look for, in a few words; it is compared by meaning."],
) -> Told:
    """Searches the activity of one user by meaning, whether or not it belongs to a journey. Gives the nearest pieces,
    best first, each with when it was done (UTC, the last times) and its similarity (0 to 1)."""
    scope = runtime.context
    scope.require(user_id)
    checker = scope.assistant.models.checker
    found = (
        scope.assistant.retriever(user_id, scope.limits.rows).invoke(query[:_LONGEST_QUERY]) if query.strip() else []
    )
    fit = [document for document in found if may_tell(document.page_content, checker)]
    rows: list[JsonValue] = [
        {
            "kind": document.metadata["kind"],
            "text": short(document.page_content),
            "at": [moment[:16] + "Z" for moment in document.metadata["timestamps"][-3:]],
            "times": len(document.metadata["timestamps"]),
            "similarity": round(document.metadata["similarity"], 2),
        }
        for document in fit
    ]
    fields: Fields = {"user_id": user_id, "found": rows, "withheld": len(found) - len(fit)}
    return told(f"{count_text(len(rows), 'piece')} of activity", fields)


@agent_tool
def related_journeys(runtime: Runtime, user_id: UserId) -> Told:
    """Tells which journeys and items would be recommended to a user next, best first, each with the reason."""
    scope = runtime.context
    scope.require(user_id)
    rows = scope.limits.rows
    found = scope.assistant.recommend(user_id, RecommendOptions(journeys=rows, items=rows))
    checker = scope.assistant.models.checker
    fields: Fields = {
        "user_id": user_id,
        "journeys": [
            {
                "name": each.name,
                "score": round(each.score, 2),
                "because": [short(reason.text) for reason in each.because if may_tell(reason.text, checker)],
            }
            for each in found.journeys
            if may_tell(each.name, checker)
        ],
        "items": [
            {"text": short(each.text), "score": round(each.score, 2), "because": short(each.because.text)}
            for each in found.items
            if may_tell(each.text, checker) and may_tell(each.because.text, checker)
        ],
    }
    counts = f"{count_text(len(found.journeys), 'journey')} and {count_text(len(found.items), 'item')}"
    return told(f"{counts} to recommend", fields)


@agent_tool
def explain_journey(runtime: Runtime, user_id: UserId, journey: Which) -> Told:
    """Explains why a journey is claimed and why it ranks where it ranks, with the terms of its score and dated
    receipts."""
    scope = runtime.context
    own = journey_of(scope, user_id, journey)
    checker = scope.assistant.models.checker
    # By the template: a model inside a tool would use up what the question may use.
    text = scope.assistant.explained(user_id, own.journey_id, written=False).text
    lines: list[JsonValue] = [line for line in text.splitlines() if line.strip() and may_tell(line, checker)]
    return told("why the journey is claimed", {"user_id": user_id, "explanation": lines}, [ref_to(own)])
