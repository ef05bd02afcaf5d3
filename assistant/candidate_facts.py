"""What feedback needs to know of a candidate: whose it is, of which arm, about which journey, and why it was chosen."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

from chains.experiment_arms import Arm


@dataclass(frozen=True, slots=True)
class CandidateFacts:
    """terms: what each added to the score when it was chosen. journey_id: empty where it is about none."""

    user_id: str
    arm: Arm
    journey_id: str
    day: date
    channel: str
    terms: Mapping[str, float] = field(default_factory=dict)


class Candidates(Protocol):
    """Where candidates are kept."""

    def facts_of(self, keys: Collection[str]) -> Mapping[str, CandidateFacts]:
        """Those of these keys that are known."""
