"""Settings of language models: one for all, others for a role, and one that stands in."""

from typing import Self

from pydantic import Field, SecretStr, field_validator

from assistant.settings_section import Address, Section
from chains.roles import Role
from chains.shaping import Shaping


class ModelSettings(Section):
    """What a role's section leaves open is as in `models.default`, and then as said here.

    model: "provider:model", such as "openai:gpt-5-mini"; without one there is no model, "" is none for this role.
    base_url: of a server that speaks OpenAI's protocol. api_key: by default what the provider's library finds, but
    none for a base_url. temperature: by default the server's. max_reply_tokens: 2,000; a longer reply is cut off.
    timeout: seconds for one call, 60. attempts: how often a call is made, 4. patience: seconds for all attempts, 180.
    concurrency: calls at once, 8. rate: calls a second, no limit. input_price, output_price: by a million tokens, in
    the currency of --max-cost. shaping: how a reply's shape is asked for, auto.
    """

    model: str | None = None
    base_url: Address | None = None
    api_key: SecretStr | None = None
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_reply_tokens: int | None = Field(default=None, ge=16)
    timeout: float | None = Field(default=None, gt=0)
    attempts: int | None = Field(default=None, ge=1, le=20)
    patience: float | None = Field(default=None, gt=0)
    concurrency: int | None = Field(default=None, ge=1, le=1_000)
    rate: float | None = Field(default=None, gt=0)
    input_price: float | None = Field(default=None, ge=0)
    output_price: float | None = Field(default=None, ge=0)
    shaping: Shaping | None = None

    @field_validator("model")
    @classmethod
    def _is_a_spec(cls, spec: str | None) -> str | None:
        if spec and not all(spec.partition(":")):
            raise ValueError('is "provider:model", such as "openai:gpt-5-mini"')
        return spec

    def over(self, default: Self) -> Self:
        """This section, with what it leaves open taken from another. A model of its own brings its own server."""
        own = {name: value for name in type(self).model_fields if (value := getattr(self, name)) is not None}
        theirs = {name: getattr(default, name) for name in type(self).model_fields}
        if self.model is not None and self.model != default.model:
            for name in ("base_url", "api_key", "input_price", "output_price"):
                theirs[name] = None
        return self.model_copy(update=theirs | own)


class ModelsSettings(Section):
    """default: for every role. fallback: stands in where the first fails. The others: by role, over the default."""

    default: ModelSettings = ModelSettings()
    fallback: ModelSettings = ModelSettings()
    namer: ModelSettings = ModelSettings()
    expander: ModelSettings = ModelSettings()
    explainer: ModelSettings = ModelSettings()
    judge: ModelSettings = ModelSettings()
    inferrer: ModelSettings = ModelSettings()
    agent: ModelSettings = ModelSettings()
    copywriter: ModelSettings = ModelSettings()


def model_for(role: Role, settings: ModelsSettings) -> ModelSettings:
    """What holds for a role; its `model` is None or "" where it has none."""
    own: ModelSettings = getattr(settings, role.value)
    return own.over(settings.default)
