"""Settings of what a model writes: the house style of names, and the guard that is asked before they are shown."""

from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, model_validator

from assistant.settings_section import Address, Section
from chains.house_style import HouseStyle
from vectorstore.errors import InputError


class StyleSettings(Section):
    """See `HouseStyle`."""

    language: str = ""
    tone: str = HouseStyle().tone
    avoid: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_a_house_style(self) -> Self:
        try:
            self.house_style()
        except InputError as error:
            raise ValueError(str(error)) from None
        return self

    def house_style(self) -> HouseStyle:
        return HouseStyle(self.language, self.tone, self.avoid, self.examples)


class GuardKind(StrEnum):
    """Moderation: an endpoint of OpenAI's protocol. Model: a chat model that answers safe or unsafe (Llama Guard)."""

    MODERATION = "moderation"
    MODEL = "model"


class GuardSettings(Section):
    """kind: without one there is no guard. model: "provider:model" of a guard model, or the moderation endpoint's
    model. base_url, api_key: of its server. timeout: seconds for one request."""

    kind: GuardKind | None = None
    model: str = ""
    base_url: Address | None = None
    api_key: SecretStr | None = None
    timeout: float = Field(default=20.0, gt=0)

    @model_validator(mode="after")
    def _has_a_model(self) -> Self:
        if self.kind is GuardKind.MODEL and not all(self.model.partition(":")):
            raise ValueError('a guard of the kind "model" needs guard.model, such as "openai:llama-guard-4"')
        return self
