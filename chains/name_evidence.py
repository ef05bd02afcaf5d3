"""What a model is told of a journey that it is to name, and what its name has to rest on."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from langchain_core.embeddings import Embeddings
from pydantic import JsonValue

from chains.journeys import Journey, NamedBy, Policy
from chains.model_safety import fit_to_tell
from chains.safety import SensitivityChecker
from chains.word_support import Support
from chains.wording import shortened
from vectorstore.activity import Activity, ActivityKind, Keyword, normalize

_KEYWORDS, _BOARDS, _LONGEST_TOLD = 12, 4, 80


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """keywords: with the journey's events of each, the commonest first; boards: the commonest first; activity: events
    of each kind. All of them may be told."""

    keywords: tuple[tuple[str, int], ...]
    boards: tuple[str, ...]
    activity: tuple[tuple[ActivityKind, int], ...]

    def support(self, journey: Journey, embeddings: Embeddings | None = None) -> Support:
        """The words that a name may have. A keyword that is the name counts as if it were there twice."""
        core = [journey.name] if journey.named_by is NamedBy.KEYWORD else []
        return Support([*(text for text, _ in self.keywords), *self.boards], core=core, embeddings=embeddings)

    def told(self, number: int, journey: Journey) -> dict[str, JsonValue]:
        """One line of the data."""
        return {
            "journey": number,
            "keyword_name": journey.name,
            "keywords": [[shortened(text, _LONGEST_TOLD), count] for text, count in self.keywords[:_KEYWORDS]],
            "boards": [shortened(board, _LONGEST_TOLD) for board in self.boards[:_BOARDS]],
            "activity": {str(kind): count for kind, count in self.activity},
            "first": f"{journey.first_seen:%Y-%m-%d}",
            "last": f"{journey.last_seen:%Y-%m-%d}",
            "kind": str(journey.kind),
            "stage": str(journey.stage),
        }


def may_be_told(journey: Journey) -> bool:
    """A journey of a sensitive topic is not told to a model for the sake of a name."""
    return journey.safety.policy is Policy.ALLOW


def evidence_of(journey: Journey, keywords: Iterable[Keyword], checker: SensitivityChecker) -> NameEvidence:
    """keywords: all of the user's; those count that stand in an event of the journey, as often as they do.

    Left out is what may not be told (`fit_to_tell`).
    """
    own = {normalize(text) for text in journey.texts}
    counts: Counter[str] = Counter()
    written: dict[str, str] = {}
    events: dict[str, Activity] = {}
    for keyword in keywords:
        inside = [event for event in keyword.events if normalize(event.text) in own]
        if inside and fit_to_tell(keyword.text, checker):
            counts[keyword.key] += len(inside)
            written[keyword.key] = keyword.text
        events |= {event.activity_id: event for event in inside}
    kinds = Counter(event.kind for event in events.values())
    saved: Counter[str] = Counter()
    for event in events.values():
        if event.board and fit_to_tell(event.board, checker):
            saved[normalize(event.board)] += 1
            written.setdefault(normalize(event.board), event.board)
    return NameEvidence(
        tuple((written[key], counts[key]) for key in _commonest(counts)),
        tuple(written[key] for key in _commonest(saved)),
        tuple((kind, kinds[kind]) for kind in ActivityKind if kinds[kind]),
    )


def _commonest(counts: Counter[str]) -> Sequence[str]:
    return sorted(counts, key=lambda key: (-counts[key], key))
