"""What of a user's texts a judge gets to see: a history with numbers, without what is written to machines."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from chains.safety import SensitivityChecker
from chains.showable import gives_orders
from chains.wording import shortened
from vectorstore.activity import Activity, ActivityKind, days_of, in_order, normalize

#: Lines of a history; a longer one is thinned out evenly over time.
LINES = 200
_LONGEST = 100
_ANNOTATIONS = 3
_SPACES = re.compile(r"[\s_*~'’`\-–—]+")
_TO_A_JUDGE = re.compile(
    r"\b(?:give|gives|assign|award|return|output)\b.{0,30}\b(?:scores?|ratings?|relevance|levels?)\b"
    r"|\b(?:score|rate|grade|judge) (?:this|these|it|them|me|my|every|everything|all|each|the (?:journey|item|user))\b"
    r".{0,40}\b(?:[1-5]|one|five|highest|lowest|maximum|perfect|relevant)\b"
    r"|\b(?:score|rating|relevance)\b (?:is|must be|should be|shall be|=|:) ?(?:[1-5]|one|five|highest|maximum)\b"
    r"|\b(?:attention|note to|note for|message to|message for|dear|hey|hello|to the) (?:the )?(?:judges?|graders?"
    r"|raters?|evaluators?|annotators?|models?|assistants?)\b"
    r"|\brelevance (?:score|judge|level)\b|\bllm (?:judge|as a judge)\b"
)
_DID = {
    ActivityKind.SEARCH: "searched",
    ActivityKind.CLOSEUP: "opened",
    ActivityKind.SAVE: "saved",
    ActivityKind.CLICKTHROUGH: "clicked",
    ActivityKind.BOARD: "made a board",
}


def speaks_to_a_judge(text: str) -> bool:
    """Whether a text gives orders to a model, or tells a judge how to judge; by lists, so not in every wording."""
    return gives_orders(text) or _TO_A_JUDGE.search(_SPACES.sub(" ", text.casefold())) is not None


@dataclass(frozen=True)
class _Line:
    """All events with the same text, kind and board. events: at least one, in order of time."""

    events: tuple[Activity, ...]

    def field(self, number: int) -> dict[str, JsonValue]:
        first, last = self.events[0], self.events[-1]
        told: dict[str, JsonValue] = {
            "event": number,
            "date": first.timestamp.date().isoformat(),
            "did": _DID[first.kind],
            "text": shortened(first.text, _LONGEST),
        }
        if first.board and first.kind is not ActivityKind.BOARD and not speaks_to_a_judge(first.board):
            told["board"] = shortened(first.board, _LONGEST)
        notes = [each for each in first.annotations if not speaks_to_a_judge(each)][:_ANNOTATIONS]
        if notes:
            told["about"] = [shortened(each, _LONGEST) for each in notes]
        if len(self.events) > 1:
            told |= {"times": len(self.events), "last": last.timestamp.date().isoformat()}
        return told


@dataclass(frozen=True)
class History:
    """The lines that are shown, numbered from 1 in order of time; the same text met again is one line.

    withheld: texts that speak to a machine; sensitive: events with a text on a topic that policy blocks. Neither is in
    anything that is shown or counted, so the rest reads as if they had never been.
    """

    lines: tuple[_Line, ...]
    events: tuple[Activity, ...]
    withheld: int = 0
    sensitive: int = 0

    def fields(self) -> list[JsonValue]:
        return [line.field(number) for number, line in enumerate(self.lines, 1)]

    def features(self) -> dict[str, JsonValue]:
        """Counts of the whole history, not only of the lines."""
        if not self.events:
            return {"events": 0, "days": 0}
        return {
            "events": len(self.events),
            "days": len(days_of(self.events)),
            "first": self.events[0].timestamp.date().isoformat(),
            "last": self.events[-1].timestamp.date().isoformat(),
        }

    def cited(self, number: int) -> Sequence[Activity]:
        """The events of a line by its number; () where there is no such line."""
        return self.lines[number - 1].events if 1 <= number <= len(self.lines) else ()


def history_of(
    activities: Sequence[Activity], checker: SensitivityChecker, keep: Collection[str] = (), lines: int = LINES
) -> History:
    """keep: ids of activity whose lines stay where lines are thinned out. In a history with more than `lines`, the rest
    is taken at equal distances over all lines, so that each interest keeps its share."""
    groups: dict[tuple[str, str, str], list[Activity]] = {}
    shown: list[Activity] = []
    withheld: set[str] = set()
    sensitive = 0
    for event in in_order(activities):
        key = normalize(event.text)
        if key in withheld or speaks_to_a_judge(event.text):
            withheld.add(key)
        elif _is_blocked(event, checker):
            sensitive += 1
        else:
            shown.append(event)
            groups.setdefault((key, event.kind, normalize(event.board or "")), []).append(event)
    every = [_Line(tuple(events)) for events in groups.values()]
    wanted = set(keep)
    kept = {place for place, line in enumerate(every) if any(event.activity_id in wanted for event in line.events)}
    if len(every) > lines:
        others = [place for place in range(len(every)) if place not in kept]
        room = min(max(lines - len(kept), 0), len(others))
        kept |= {others[(2 * i + 1) * len(others) // (2 * room)] for i in range(room)}
        every = [every[place] for place in sorted(kept)]
    return History(tuple(every), tuple(shown), len(withheld), sensitive)


def _is_blocked(event: Activity, checker: SensitivityChecker) -> bool:
    return any(checker.blocks(text) for text in (event.text, event.board or "", *event.annotations) if text)
