"""What tools tell the model: marked data with what may not be told left out, and one line on it for a person."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import JsonValue

from assistant.agent.events import JourneyRef
from chains.journeys import Journey, Policy
from chains.safety import SensitivityChecker
from chains.showable import gives_orders
from chains.steps import data_block
from chains.wording import shortened

_LONGEST = 160

Fields = dict[str, JsonValue]
#: For the model, and for whoever watches.
Told = tuple[str, Fields]


def told(summary: str, fields: Fields, journeys: Sequence[JourneyRef] = ()) -> Told:
    """A tool's content and artifact. summary: one line for a person; of users only counts."""
    refs: list[JsonValue] = [
        {"user_id": each.user_id, "journey_id": each.journey_id, "name": each.name} for each in journeys
    ]
    return data_block(fields), {"summary": summary, "journeys": refs}


def refs_in(artifact: Fields) -> list[JourneyRef]:
    """The journeys of `told`."""
    found = artifact.get("journeys")
    return [
        JourneyRef(str(each["user_id"]), str(each["journey_id"]), str(each["name"]))
        for each in (found if isinstance(found, list) else [])
        if isinstance(each, dict)
    ]


def named_in(answer: str, journeys: Iterable[JourneyRef]) -> tuple[JourneyRef, ...]:
    """Those that the answer speaks of, by name or by id."""
    said = answer.casefold()
    return tuple(ref for ref in journeys if ref.name.casefold() in said or ref.journey_id in answer)


def may_tell(text: str, checker: SensitivityChecker) -> bool:
    """Whether a user's text may go to the model: neither of a blocked topic, nor spoken to a machine."""
    finding = checker.text(text)
    return not (finding and finding.policy is Policy.BLOCK) and not gives_orders(text)


def short(text: str) -> str:
    return shortened(text, _LONGEST)


def told_journeys(journeys: Sequence[Journey], checker: SensitivityChecker) -> list[Journey]:
    """Without those that may not be told."""
    return [each for each in journeys if each.safety.policy is not Policy.BLOCK and not checker.blocks(each.name)]


def journey_fields(journey: Journey, checker: SensitivityChecker) -> Fields:
    """A journey in short."""
    keywords: list[JsonValue] = [short(each.text) for each in journey.keywords[:6] if may_tell(each.text, checker)]
    fields: Fields = {
        "rank": journey.rank,
        "journey_id": journey.journey_id,
        "name": journey.name,
        "keywords": keywords,
        "kind": journey.kind.value,
        "stage": journey.stage.value,
        "confidence": round(journey.confidence, 2),
        "events": journey.events,
        "active_days": journey.active_days,
        "first_seen": day(journey.first_seen),
        "last_seen": day(journey.last_seen),
    }
    if journey.safety.policy is not Policy.ALLOW:
        fields["sensitive"] = journey.safety.category or "yes"
    return fields


def ref_to(journey: Journey) -> JourneyRef:
    return JourneyRef(journey.user_id, journey.journey_id, journey.name)


def day(moment: datetime) -> str:
    return moment.date().isoformat()


def minute(moment: datetime) -> str:
    return moment.isoformat(timespec="minutes").replace("+00:00", "Z")
