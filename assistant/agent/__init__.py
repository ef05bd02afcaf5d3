"""The agent: answers questions about users' journeys by looking things up, and writes a label where a person says yes.

with JourneyAssistant.from_settings() as assistant:
    agent = open_agent(assistant, may_see=None)
    for event in agent.stream("What is s01 planning?", "my thread"):
        ...
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assistant.agent.agent import Agent
    from assistant.agent.conversations import Conversations
    from assistant.agent.scope import MaySee
    from assistant.assistant import JourneyAssistant
    from chains.call_records import Recorder


def open_agent(
    assistant: "JourneyAssistant",
    *,
    may_see: "MaySee",
    by: str = "chat",
    memory: "Conversations | None" = None,
    record: "Sequence[Recorder]" = (),
) -> "Agent":
    """The agent for one person, with the models of the settings.

    may_see: the users that this person may see, as a collection of ids or a predicate; None for all. by: who the person
    is: conversations and labels are theirs. memory: by default the conversations in the home folder. record: each is
    told of every call to a model. Raises SettingsError where no model is set, ModelError where none can be opened.
    """
    # LangGraph takes longer to import than most commands take.
    from assistant.agent.agent import Agent  # noqa: PLC0415
    from assistant.agent.agent_models import models_of  # noqa: PLC0415

    return Agent(assistant, models_of(assistant.settings), may_see=may_see, by=by, memory=memory, record=record)
