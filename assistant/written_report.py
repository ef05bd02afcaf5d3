"""What became of the related journeys that a model proposed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from chains.metering import Usage


@dataclass(frozen=True, slots=True)
class WrittenReport:
    """entries: asked about. proposed: related journeys in all; new: those kept as entries of their own; joined: those
    that mean an entry of the catalogue; dropped: how many of the others, by reason. unanswered: entries for which no
    model, or no critic, gave an answer, by reason. usage: what it took. not_asked: entries left when the budget ended,
    and stopped: how it did, "" where it was enough.
    """

    entries: int
    proposed: int
    new: int
    joined: int
    dropped: Mapping[str, int] = field(default_factory=dict)
    unanswered: Mapping[str, int] = field(default_factory=dict)
    models: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)
    not_asked: int = 0
    stopped: str = ""

    def as_json(self) -> dict[str, object]:
        return asdict(self)
