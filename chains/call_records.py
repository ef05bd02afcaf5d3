"""What was said to a model and what it said, and whom that was about."""

from collections.abc import Callable
from dataclasses import dataclass

from chains.metering import Usage


@dataclass(frozen=True, slots=True)
class About:
    """Whom and what a call is about, for accounts and for forgetting. None: nobody, as with the catalogue."""

    user_id: str | None = None
    journeys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One reply, or one failure to get one. parsed: the reply as JSON, "" where it couldn't be used, and then problem
    says why. usage: of this reply alone, nothing where it came from the cache. seconds: of all attempts."""

    step: str
    prompt_version: str
    model: str
    about: About
    messages: tuple[tuple[str, str], ...]
    reply: str
    parsed: str
    problem: str
    usage: Usage
    seconds: float
    cached: bool = False


Recorder = Callable[[CallRecord], None]
