"""Which model wrote something, and with which words it was asked."""

from pydantic import BaseModel, ConfigDict


class WrittenBy(BaseModel):
    """model: as `ChatModel.label`. prompt_version: of the step that wrote; checked_by: of the one that judged it, ""
    where only code did."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str
    prompt_version: str
    checked_by: str = ""
