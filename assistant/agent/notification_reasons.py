"""Why something was sent to a user or not, as the agent tells it."""

from collections.abc import Mapping
from typing import Any

from pydantic import JsonValue

from assistant.agent.told_data import Fields, may_tell, short
from assistant.assistant import JourneyAssistant
from chains.notification import MEANS
from chains.safety import SensitivityChecker

_RUNS_TOLD = 4
_NONE = "no notification run is stored"


def notification_reasons(assistant: JourneyAssistant, user_id: str) -> tuple[str, Fields]:
    """One line for a person, and the fields for the model: of the last runs, by day and channel, what was chosen for
    the user, or why nothing was. user_id: one that may be told of."""
    runs = assistant.library.ledger.runs(_RUNS_TOLD)
    if not runs:
        return _NONE, {"notifications": _NONE}
    chosen = {(row["day"], row["channel"]): row for row in assistant.candidates(user_id)}
    told: list[JsonValue] = []
    for run in runs:
        when: Fields = {"day": run.day.isoformat(), "channel": run.channel.value}
        row = chosen.get((run.day.isoformat(), run.channel.value))
        if row is not None:
            told.append(when | _candidate(row, assistant.models.checker))
            continue
        why = [each for each in assistant.why_not_sent(user_id, run.day) if each.channel is run.channel]
        reason = why[0].reason if why else None
        told.append(
            when | {"chosen": False, "because": f"this user {MEANS[reason]}" if reason else "was not asked about"}
        )
    return f"the last {len(runs)} notification runs", {"notifications": told}


def _candidate(row: Mapping[str, Any], checker: SensitivityChecker) -> Fields:
    """What of a candidate tells why it was chosen. Whether it was sent, only feedback knows."""
    fields: Fields = {"chosen": True, "score": round(row["score"], 2), "arm": row["arm"]}
    for name in ("title", "topic"):
        if may_tell(row[name], checker):
            fields[name] = short(row[name])
    return fields | {"send_after": str(row["send_after"]), "target": row["target_kind"]}
