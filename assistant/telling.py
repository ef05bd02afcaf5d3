"""What happened to journeys between two inferences, in the words of a person."""

from collections.abc import Iterator, Mapping, Sequence

from assistant.changes import Change, ChangeKind
from assistant.matching import MOST, Matching
from chains.journeys import Journey, Stage
from chains.wording import count_text, date_text


def tell(previous: Sequence[Journey], current: Sequence[Journey], matching: Matching) -> list[Change]:
    """All changes: of the current journeys in their order, then of those that are no more, in theirs.

    current: with the ids and names that they bear from now on.
    """
    goes_on_as = {j: i for i, j in matching.continued.items()}
    merged = _merged(matching)
    split = _split(matching, len(current), goes_on_as)
    from_others = {j for pieces in split.values() for j in pieces}
    changes: list[Change] = []
    for j, journey in enumerate(current):
        into_it = [previous[i] for i, target in merged.items() if target == j]
        if into_it:
            names = _listed(old.name for old in into_it)
            changes.append(_change(journey, ChangeKind.MERGED, f"now has the activity of {names} too", into_it))
        if j in goes_on_as:
            before = previous[goes_on_as[j]]
            pieces = [current[piece] for piece in split.get(goes_on_as[j], ())]
            if pieces:
                changes.append(_change(journey, ChangeKind.SPLIT, _told_pieces(pieces), pieces))
            changes += _continued(before, journey, merged=bool(into_it))
        elif j not in from_others:
            changes.append(_change(journey, ChangeKind.BORN, _since(journey, count_text(journey.events, "event"))))
    for i, journey in enumerate(previous):
        pieces = [current[piece] for piece in split.get(i, ())]
        if i in matching.continued:
            continue
        if pieces:
            where = f"its activity is in {_listed(piece.name for piece in pieces)} now"
            changes.append(_change(journey, ChangeKind.SPLIT, where, pieces))
        elif i not in merged:
            changes.append(_change(journey, ChangeKind.GONE, "its activity belongs to no journey now"))
    return changes


def _merged(matching: Matching) -> dict[int, int]:
    """Those that are no more -> the journey that most of their texts are in."""
    best: dict[int, int] = {}
    for (i, j), overlap in sorted(matching.overlaps.items()):
        if i not in matching.continued and overlap.kept > MOST:
            best.setdefault(i, j)
    return best


def _split(matching: Matching, count: int, goes_on_as: Mapping[int, int]) -> dict[int, list[int]]:
    """Previous journeys -> the new ones that mostly come from them; or all that took over what is no more."""
    new = set(range(count)) - set(goes_on_as)
    split: dict[int, list[int]] = {}
    merged = _merged(matching)
    for (i, j), overlap in sorted(matching.overlaps.items()):
        scattered = i not in matching.continued and i not in merged and matching.covered[i] > MOST
        if scattered or (j in new and overlap.made_of > MOST):
            split.setdefault(i, []).append(j)
    return split


def _continued(before: Journey, now: Journey, *, merged: bool) -> Iterator[Change]:
    more = now.events - before.events
    if before.stage is Stage.ENDED and now.stage is Stage.ONGOING:
        yield _change(
            now, ChangeKind.REVIVED, _since(now, count_text(more, "more event") if more > 0 else "ongoing again")
        )
    elif more > 0 and not merged:
        yield _change(now, ChangeKind.GROWN, _since(now, count_text(more, "more event")))
    if before.stage is Stage.ONGOING and now.stage is Stage.ENDED:
        yield _change(now, ChangeKind.ENDED, now.stage_reason or f"last event on {date_text(now.last_seen)}")
    if before.name != now.name:
        yield _change(now, ChangeKind.RENAMED, f"was {_listed([before.name])}")


def _since(journey: Journey, what: str) -> str:
    return f"{what}, last on {date_text(journey.last_seen)}"


def _told_pieces(pieces: Sequence[Journey]) -> str:
    own = "is a journey of its own" if len(pieces) == 1 else "are journeys of their own"
    return f"{_listed(piece.name for piece in pieces)} {own} now"


def _listed(names: Iterator[str] | Sequence[str]) -> str:
    *rest, last = (f"“{name}”" for name in names)
    return f"{', '.join(rest)} and {last}" if rest else last


def _change(journey: Journey, kind: ChangeKind, detail: str, others: Sequence[Journey] = ()) -> Change:
    return Change(
        user_id=journey.user_id,
        journey_id=journey.journey_id,
        name=journey.name,
        kind=kind,
        detail=detail,
        others=tuple(sorted(other.journey_id for other in others)),
    )
