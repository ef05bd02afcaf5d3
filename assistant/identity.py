"""A journey stays the same journey from run to run, and what happened to it in between is told.

Pure: the result depends on the two sequences of journeys alone, so that a full and an incremental run agree.
"""

from collections.abc import Callable, Sequence, Set
from dataclasses import replace
from itertools import count

from assistant.changes import Change
from assistant.kept_names import Successor, settle_names
from assistant.matching import MOST, Matching, match
from assistant.telling import tell
from chains.journeys import Journey


def continue_journeys(
    previous: Sequence[Journey],
    current: Sequence[Journey],
    *,
    seen_as: Sequence[Journey] | None = None,
    named: Callable[[Sequence[Journey]], list[Journey]] = list,
) -> tuple[list[Journey], list[Change]]:
    """The current journeys by rank, with ids and names carried over from previous ones, and what changed.

    previous, current: all journeys of one user, in any order; the ids of current are provisional. A journey that
    continues another takes its id, and its name unless the new one is clearly better; a new one keeps its provisional
    id, or where another has or had that, a numbered one. seen_as: what ids and names are continued from, by default the
    previous journeys; labels say what was before them. named: gives journeys, which have their ids, other names. Raises
    ValueError where the journeys are of several users, or two previous ones have one id.
    """
    if len({journey.user_id for journey in (*previous, *current)}) > 1:
        raise ValueError("the journeys to continue are of several users")
    if len({journey.journey_id for journey in previous}) < len(previous):
        raise ValueError("two previous journeys have the same id")
    before = sorted(previous, key=lambda journey: (journey.first_seen, journey.rank, journey.journey_id))
    now = sorted(current, key=lambda journey: (journey.rank, journey.texts, journey.journey_id))
    matching = match(before, now)
    known, by_known = before, matching
    if seen_as is not None:
        known = sorted(seen_as, key=lambda journey: (journey.first_seen, journey.rank, journey.journey_id))
        by_known = match(known, now)
    ids = _ids(known, now, by_known, {journey.journey_id for journey in before})
    continued = named(
        [
            journey.model_copy(update={"journey_id": journey_id})
            for journey, journey_id in zip(settle_names(_successors(known, now, by_known)), ids, strict=True)
        ]
    )
    goes_on_as = {journey_id: j for j, journey_id in enumerate(ids)}
    same = {i: goes_on_as[old.journey_id] for i, old in enumerate(before) if old.journey_id in goes_on_as}
    return continued, tell(before, continued, replace(matching, continued=same))


def _successors(before: Sequence[Journey], now: Sequence[Journey], matching: Matching) -> list[Successor]:
    successors = [Successor(journey) for journey in now]
    for i, j in matching.continued.items():
        successors[j] = Successor(now[j], before[i], mostly_kept=matching.overlaps[i, j].kept > MOST)
    return successors


def _ids(before: Sequence[Journey], now: Sequence[Journey], matching: Matching, others: Set[str]) -> list[str]:
    """others: ids that a new journey doesn't get either."""
    continues = {j: before[i].journey_id for i, j in matching.continued.items()}
    used = {*others, *(journey.journey_id for journey in before)}
    ids: list[str] = []
    for j, journey in enumerate(now):
        journey_id = continues.get(j)
        if journey_id is None:
            numbered = (f"{journey.journey_id}-{number}" for number in count(2))
            journey_id = journey.journey_id
            while journey_id in used:
                journey_id = next(numbered)
        used.add(journey_id)
        ids.append(journey_id)
    return ids
