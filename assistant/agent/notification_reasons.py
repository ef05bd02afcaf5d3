"""Why something was sent to a user or not, as the agent tells it."""

from assistant.agent.told_data import Fields
from assistant.assistant import JourneyAssistant


def notification_reasons(assistant: JourneyAssistant, user_id: str) -> tuple[str, Fields]:
    """One line for a person, and the fields for the model. user_id: one that may be told of."""
    return "no notification run is stored", {"notifications": "no notification run is stored"}
