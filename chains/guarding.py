"""What a guard flags is not shown: the last safe name stands in; where that is flagged too, the journey stays away."""

from collections.abc import Sequence

from chains.journeys import Journey, NamedBy
from chains.model_safety import Guard, Ruling


def guarded(journeys: Sequence[Journey], before: Sequence[Journey], guard: Guard) -> list[Journey]:
    """The journeys that may be shown, in order, ranked anew where one was left out.

    before: the same ones, one by one, as they were before a model named them. A guard that fails counts as a flag for
    what a model wrote, and as none for a keyword name. Raises BudgetSpent.
    """
    first = guard.rule([_shown(journey) for journey in journeys])
    renamed = [_shown(journey) != _shown(old) for journey, old in zip(journeys, before, strict=True)]
    again = [place for place, ruling in enumerate(first) if ruling.flagged and renamed[place]]
    second = dict(zip(again, guard.rule([_shown(before[place]) for place in again]) if again else [], strict=True))
    kept: list[Journey] = []
    for place, (journey, ruling) in enumerate(zip(journeys, first, strict=True)):
        if _passes(journey, ruling):
            kept.append(journey)
        elif renamed[place] and _passes(before[place], second.get(place, Ruling(failed=True))):
            kept.append(_as_before(before[place], ruling))
    return _ranked(kept)


def _passes(journey: Journey, ruling: Ruling) -> bool:
    return not ruling.flagged and not (ruling.failed and journey.named_by is NamedBy.LLM)


def _shown(journey: Journey) -> str:
    return "\n".join(filter(None, (journey.name, journey.description, journey.context)))


def _as_before(journey: Journey, ruling: Ruling) -> Journey:
    why = "the guard could not be asked" if ruling.failed else "the guard flagged it"
    told = f"the model's name was not taken: {why}" + (f" ({ruling.because})" if ruling.because else "")
    return journey.model_copy(update={"fallback": "; ".join(filter(None, (journey.fallback, told)))})


def _ranked(journeys: list[Journey]) -> list[Journey]:
    """With ranks from 1 without a gap, in their order."""
    order = sorted(journeys, key=lambda journey: journey.rank)
    ranks = {journey.journey_id: rank for rank, journey in enumerate(order, 1)}
    return [each.model_copy(update={"rank": ranks[each.journey_id]}) for each in journeys]
