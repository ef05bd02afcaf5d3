"""A run of inference: what it was asked, how far it came, and what it left with each user."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue

from assistant.changes import Change
from chains.call_records import CallRecord
from chains.journeys import Journey


class RunMode(StrEnum):
    """Full: every user. Incremental: users with activity since their last inference."""

    FULL = "full"
    INCREMENTAL = "incremental"


class RunState(StrEnum):
    """Running: not finished, perhaps killed. Failed: given up, or overtaken by another run."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


class RunParameters(BaseModel):
    """All that decides what a run gives; an unfinished run goes on only where all of it is the same.

    log_position: how much of the activity log the run sees, growing as activity comes in. settings: the other settings
    that change results, as JSON; never a secret, and never a user's id, since forgetting a user does not look here.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: AwareDatetime
    mode: RunMode
    algorithm: str
    embedding: str
    granularity: str
    log_position: int = Field(ge=0)
    settings: dict[str, JsonValue] = {}

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits, the same for the same parameters."""
        parameters = self.model_dump(mode="json") | {"as_of": self.as_of.astimezone(UTC).isoformat()}
        text = json.dumps(parameters, sort_keys=True, separators=(",", ":"))
        return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


@dataclass(frozen=True, slots=True)
class Run:
    """A run as the library knows it. users, journeys: how many it wrote, 0 until it ends. resumed: begun before."""

    run_id: str
    parameters: RunParameters
    state: RunState
    started: datetime
    finished: datetime | None = None
    users: int = 0
    journeys: int = 0
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class UserResult:
    """What a run found for one user: all current journeys, perhaps none, and what changed since the last run.

    calls: the replies of models that the journeys rest on. next_change: when one of the journeys may become another
    kind or stage by the clock alone, None for never.
    """

    user_id: str
    journeys: Sequence[Journey]
    changes: Sequence[Change] = ()
    calls: Sequence[CallRecord] = ()
    next_change: datetime | None = None


@dataclass(frozen=True, slots=True)
class UserState:
    """With what a user's journeys were last inferred, whether or not there are any. journeys: how many.
    next_change: see UserResult."""

    user_id: str
    run_id: str
    as_of: datetime
    algorithm: str
    embedding: str
    granularity: str
    log_position: int
    journeys: int
    next_change: datetime | None = None


@dataclass(frozen=True, slots=True)
class DatedChange:
    """A change with the run that found it."""

    run_id: str
    as_of: datetime
    change: Change


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of one user went."""

    journeys: int
    changes: int
    states: int
    calls: int = 0
    judgements: int = 0
    labels: int = 0
    failures: int = 0
    feedback: int = 0
    notifications: int = 0


@dataclass(frozen=True, slots=True)
class Counts:
    """How much the library holds. users: with an inference, with or without journeys."""

    users: int
    journeys: int
    changes: int
    runs: int
