"""Whom a question may be about, and what is known while it is answered. Nothing of it comes from the model."""

import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

from assistant.agent.events import JourneyRef
from assistant.agent_settings import AgentSettings
from assistant.assistant import JourneyAssistant
from chains.metering import Meter
from vectorstore.errors import JourneyError

MaySee = Callable[[str], bool] | Collection[str] | None

NO_SUCH_USER = "there is no such user"


class NoSuchUser(JourneyError):
    """The same words for a user who does not exist and for one who may not be seen."""


class OutOfTime(JourneyError):
    """A question took longer than `agent.timeout`."""


@dataclass
class Scope:
    """The context of one question.

    tell: notes that a user is about to be told of, before he is. approved: ids of the calls that a person said yes to.
    meter: of this question. deadline: by `time.monotonic`. told: users that tools told of. journeys: the same.
    """

    assistant: JourneyAssistant
    may_see: MaySee
    by: str
    limits: AgentSettings
    tell: Callable[[str], None]
    meter: Meter
    deadline: float
    approved: frozenset[str] = frozenset()
    told: set[str] = field(default_factory=set)
    journeys: dict[str, JourneyRef] = field(default_factory=dict)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        """LangChain makes a schema of each tool's arguments, of which this is one: it is passed on as it is."""
        return core_schema.is_instance_schema(cls)

    def sees(self, user_id: str) -> bool:
        """Whether the user may be seen, and has had an inference."""
        return allows(self.may_see, user_id) and self.assistant.library.state(user_id) is not None

    def require(self, user_id: str) -> None:
        """Raises NoSuchUser; else the user counts as told of from here on."""
        if not self.sees(user_id):
            raise NoSuchUser(NO_SUCH_USER)
        self.note(user_id)

    def note(self, user_id: str) -> None:
        self.tell(user_id)
        self.told.add(user_id)

    def users(self) -> Iterator[str]:
        """Everybody who may be seen, in order of id."""
        if self.may_see is None or callable(self.may_see):
            yield from (user_id for user_id in self.assistant.library.users() if allows(self.may_see, user_id))
        else:
            yield from (user_id for user_id in sorted(self.may_see) if self.sees(user_id))

    def few_users(self, most: int) -> list[str] | None:
        """All who may be seen where these are named and at most so many, else None."""
        if self.may_see is None or callable(self.may_see) or len(self.may_see) > most:
            return None
        return list(islice(self.users(), most))

    def require_time(self) -> None:
        """Raises OutOfTime."""
        if time.monotonic() > self.deadline:
            raise OutOfTime(
                f"the question took longer than {self.limits.timeout:g} s: ask a smaller one, or raise agent.timeout"
            )


def allows(may_see: MaySee, user_id: str) -> bool:
    """Whether a user may be seen, existing or not."""
    if may_see is None:
        return True
    return may_see(user_id) if callable(may_see) else user_id in may_see
