"""What a guard flags is not shown: the last safe name stands in; where that is flagged too, the journey stays away."""

from collections.abc import Sequence

from chains.journeys import Journey, NamedBy
from chains.model_safety import Guard, Ruling
from chains.name_evidence import may_be_told


def by_keywords(journey: Journey) -> Journey:
    """The journey under the name that it has without a model."""
    if not journey.keyword_name:
        return journey
    return journey.model_copy(update={"name": journey.keyword_name, "named_by": NamedBy.KEYWORD, "keyword_name": ""})


def guarded(journeys: Sequence[Journey], before: Sequence[Journey], guard: Guard) -> list[Journey]:
    """The journeys that may be shown, in order, ranked anew where one was left out.

    before: the same ones, one by one, as they were before a model named them. A guard that fails counts as a flag for
    what a model wrote, and as none for a keyword name. A keyword name of a sensitive topic is told to no guard either.
    Raises BudgetSpent.
    """
    asked = [place for place, each in enumerate(journeys) if may_be_told(each) or each.named_by is NamedBy.LLM]
    renamed = [place for place in asked if _shown(journeys[place]) != _shown(before[place])]
    first = dict(zip(asked, _rulings(guard, [journeys[place] for place in asked]), strict=True))
    again = [place for place in renamed if first[place].flagged]
    second = dict(zip(again, _rulings(guard, [before[place] for place in again]), strict=True))
    kept: list[Journey] = []
    for place, journey in enumerate(journeys):
        ruling = first.get(place, Ruling())
        if _passes(journey, ruling):
            kept.append(journey)
        elif place in renamed and _passes(before[place], second.get(place, Ruling(failed=True))):
            kept.append(_as_before(before[place], ruling))
    return _ranked(kept)


def _rulings(guard: Guard, journeys: Sequence[Journey]) -> list[Ruling]:
    return guard.rule([_shown(journey) for journey in journeys]) if journeys else []


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
