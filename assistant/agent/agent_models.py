"""The agent's models: that of its role, and the one that stands in."""

from assistant.agent_settings import NO_MODEL
from assistant.errors import SettingsError
from assistant.models import models_of_role
from assistant.settings import Settings
from chains.chat_models import ChatModel, ModelError
from chains.faults import first_line
from chains.roles import Role


def models_of(settings: Settings) -> list[ChatModel]:
    """Those that can be opened, in order. Raises SettingsError where none is set, ModelError where none opens."""
    found, reasons = [], []
    for model in models_of_role(Role.AGENT, settings):
        try:
            _ = model.chat
        except Exception as error:  # noqa: BLE001 - whatever the provider's library raises: a key that isn't set
            reasons.append(f"{model.label} cannot be opened: {first_line(error)}")
        else:
            found.append(model)
    if not found:
        raise ModelError("; ".join(reasons)) if reasons else SettingsError(NO_MODEL)
    return found
