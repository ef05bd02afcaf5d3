"""What a model is told of a journey that it is to name, and what its name has to rest on."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from langchain_core.embeddings import Embeddings
from pydantic import JsonValue

from chains.journeys import Journey, NamedBy, Policy
from chains.model_safety import fit_to_tell
from chains.safety import SensitivityChecker
from chains.word_support import Support
from chains.wording import shortened
from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource, normalize

_KEYWORDS, _BOARDS, _LONGEST_TOLD = 15, 4, 80


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """keywords: with the journey's events of each, those of most texts first. repeated: those of several texts. boards:
    the commonest first. activity: events of each kind. All of them may be told."""

    keywords: tuple[tuple[str, int], ...]
    repeated: tuple[str, ...]
    boards: tuple[str, ...]
    activity: tuple[tuple[ActivityKind, int], ...]

    def support(self, journey: Journey, embeddings: Embeddings | None = None) -> Support:
        """The words that a name may have; it may rely alone on a keyword of several texts, and on the keyword name."""
        core = [*self.repeated, *([journey.name] if journey.named_by is NamedBy.KEYWORD else [])]
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
    """keywords: all of the user's; those count that stand in an event of the journey.

    Left out is what may not be told (`fit_to_tell`), with all that comes from such a text, and a phrase of a title that
    stands in no other, since its title says it.
    """
    own = {normalize(text) for text in journey.texts}
    may = cache(lambda text: fit_to_tell(text, checker))
    weights = {normalize(each.text): each.weight for each in journey.keywords}
    counts: dict[str, tuple[int, int]] = {}
    written: dict[str, str] = {}
    events: dict[str, Activity] = {}
    for keyword in keywords:
        inside = [event for event in keyword.events if normalize(event.text) in own and may(event.text)]
        events |= {event.activity_id: event for event in inside}
        texts = len({normalize(event.text) for event in inside})
        if texts > (keyword.source is KeywordSource.PHRASE) and may(keyword.text):
            counts[keyword.key], written[keyword.key] = (texts, len(inside)), keyword.text
    kinds = Counter(event.kind for event in events.values())
    saved = Counter(normalize(event.board) for event in events.values() if event.board and may(event.board))
    boards = {normalize(event.board): event.board for event in events.values() if event.board}
    return NameEvidence(
        tuple((written[key], counts[key][1]) for key in _largest(counts, weights)),
        tuple(written[key] for key in sorted(counts) if counts[key][0] > 1),
        tuple(boards[key] for key in _largest(saved, {})),
        tuple((kind, kinds[kind]) for kind in ActivityKind if kinds[kind]),
    )


def _largest(counts: Mapping[str, int | tuple[int, int]], weights: Mapping[str, float]) -> list[str]:
    """Of equals the heavier."""
    by_weight = sorted(counts, key=lambda key: (-weights.get(key, 0.0), key))
    return sorted(by_weight, key=counts.__getitem__, reverse=True)
