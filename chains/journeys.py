"""A journey and its parts: what every later step reads, shows, stores and sends."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vectorstore.activity import ActivityKind

Probability = Annotated[float, Field(ge=0.0, le=1.0)]

#: Changes whenever the same activity may give other journeys than before; a new one asks for a full run.
ALGORITHM = "cluster-5"


class Kind(StrEnum):
    """Situational: engagement within a limited time. Evergreen: steady over a long time, and never ended."""

    SITUATIONAL = "situational"
    EVERGREEN = "evergreen"


class Stage(StrEnum):
    ONGOING = "ongoing"
    ENDED = "ended"


class NamedBy(StrEnum):
    """Person: by somebody who corrected it; such a name stays."""

    KEYWORD = "keyword"
    LLM = "llm"
    PERSON = "person"


class InferenceMode(StrEnum):
    """Cluster: without a model. Merge: sure clusters that a model merges and names. LLM: one call for the whole."""

    CLUSTER = "cluster"
    MERGE = "merge"
    LLM = "llm"


class Intent(StrEnum):
    """What somebody on such a journey is about to do next."""

    EXPLORE = "explore"
    LEARN = "learn"
    PLAN = "plan"
    BUY = "buy"
    MAKE = "make"


class Policy(StrEnum):
    """What may be done with a journey. In the app: shown to the user where he looks, never sent. Block: not stored."""

    ALLOW = "allow"
    IN_APP = "in_app"
    BLOCK = "block"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class JourneyKeyword(_Part):
    """A keyword of the journey. weight: its share of the journey's engagement, the heaviest 1. events: at least 1."""

    text: str
    weight: Probability
    events: int = Field(ge=1)


class Term(_Part):
    """One term of a score. value: what was measured, as a person would say it. contribution: what it adds."""

    name: str
    value: str
    contribution: float


class Receipt(_Part):
    """One dated activity behind a claim."""

    activity_id: str
    timestamp: datetime
    kind: ActivityKind
    text: str
    item_id: str | None = None


class Verdict(_Part):
    """What safety says of a journey. category: such as "health", None where nothing was found."""

    policy: Policy = Policy.ALLOW
    category: str | None = None
    because: str = ""


class Journey(_Part):
    """One journey of one user.

    journey_id: stable from run to run. rank: 1 is best. texts: the distinct texts that went into it, as first written,
    in order of their normalized form.
    confidence: calibrated probability that two of its texts belong together; in mode llm what the model says of that,
    not calibrated. score: after diversification;
    the contributions of `terms` add up to `base_score`, and score = base_score * diversification.
    return_probability: that the user comes back to it within 28 days; None in what was stored before there was one.
    keyword_name: the name without a model, where a model wrote one; "" where it is the name itself. mode: how it was
    inferred. intent, context: what a model says it is for, and where or when ("outdoors in June"); model,
    prompt_version: which made the journey, or else wrote its name; "" for none. fallback: why a model that was asked
    has no part in it, or in its name. events: activities; active_days: distinct UTC days. receipts: at least three
    where there are three, by time.
    """

    user_id: str
    journey_id: str
    rank: int = Field(ge=1)
    name: str = Field(min_length=1, max_length=60)
    description: str
    keywords: tuple[JourneyKeyword, ...] = Field(min_length=1)
    texts: tuple[str, ...] = Field(min_length=1)
    kind: Kind
    stage: Stage
    stage_reason: str
    return_probability: Probability | None = None
    confidence: Probability
    score: Probability
    base_score: Probability
    diversification: Probability
    terms: tuple[Term, ...]
    first_seen: datetime
    last_seen: datetime
    events: int = Field(ge=1)
    active_days: int = Field(ge=1)
    mode: InferenceMode = InferenceMode.CLUSTER
    intent: Intent | None = None
    context: str = ""
    named_by: NamedBy = NamedBy.KEYWORD
    keyword_name: str = ""
    model: str = ""
    prompt_version: str = ""
    fallback: str = ""
    safety: Verdict = Verdict()
    receipts: tuple[Receipt, ...]
    as_of: datetime
    algorithm: str = ALGORITHM
    run_id: str = ""
