"""A chat model by "provider:model", made when it is first asked."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from importlib.util import find_spec
from threading import BoundedSemaphore
from typing import Any

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage
from langchain_core.rate_limiters import InMemoryRateLimiter
from langchain_core.runnables import Runnable
from pydantic import SecretStr

from chains.deadline import within
from chains.faults import fault_of
from chains.metering import Price, Usage
from chains.shaping import Shaping
from chains.steps import Reply, Step
from vectorstore.errors import JourneyError

_PACKAGES = {"openai": "langchain_openai", "azure_openai": "langchain_openai", "anthropic": "langchain_anthropic",
             "google_genai": "langchain_google_genai", "ollama": "langchain_ollama"}  # fmt: skip
# A key that a local server never looks at; OpenAI's library refuses to start without one.
_NO_KEY = "none"
_CHARACTERS_A_TOKEN = 4


class ModelError(JourneyError):
    """A model that cannot be asked at all: its package, its key or its address is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Limits:
    """timeout: seconds for one call. attempts: how often a call is made before it counts as failed. patience: seconds
    for all attempts at one reply. concurrency: calls at once. rate: calls a second, None for no limit."""

    timeout: float = 60.0
    attempts: int = 4
    patience: float = 180.0
    concurrency: int = 8
    rate: float | None = None


@dataclass
class ChatModel:
    """One model with its limits. label: what results and reports call it. max_reply_tokens: a longer reply is cut off.
    make: gives the LangChain model; it is called once, at the first call."""

    label: str
    make: Callable[[], BaseChatModel]
    limits: Limits = field(default_factory=Limits)
    price: Price = field(default_factory=Price)
    max_reply_tokens: int = 2_000
    shaping: Shaping = Shaping.AUTO
    down_because: str = ""
    _shapings: list[Shaping] = field(init=False)

    def __post_init__(self) -> None:
        every = [Shaping.JSON_SCHEMA, Shaping.FUNCTION_CALLING, Shaping.TEXT]
        self._shapings = every if self.shaping is Shaping.AUTO else [self.shaping]
        self.turnstile = BoundedSemaphore(self.limits.concurrency)

    @cached_property
    def chat(self) -> BaseChatModel:
        return self.make()

    @property
    def shaped_by(self) -> Shaping:
        return self._shapings[0]

    def give_up(self, shaping: Shaping) -> bool:
        """The server doesn't take this one: uses the next, and tells whether there is one."""
        if self._shapings[0] is not shaping:
            return True  # Another thread was told before.
        if len(self._shapings) == 1:
            return False
        self._shapings = self._shapings[1:]
        return True

    def shaped(self, step: Step[Reply], shaping: Shaping) -> Runnable[LanguageModelInput, AIMessage]:
        """The model, held to the step's reply."""
        if shaping is Shaping.JSON_SCHEMA:
            wanted = {"name": step.name, "schema": step.schema, "strict": True}
            return self.chat.bind(response_format={"type": "json_schema", "json_schema": wanted})
        if shaping is Shaping.FUNCTION_CALLING:
            function = {"name": step.name, "description": "Gives the answer.", "parameters": step.schema}
            return self.chat.bind_tools([{"type": "function", "function": function}], tool_choice=step.name)
        return self.chat

    def answer(self, call: Callable[[], AIMessage]) -> AIMessage:
        """One call to it, within its timeout. Raises Fault, whatever the provider's library raises."""
        try:
            return within(self.limits.timeout, call)
        except Exception as error:
            raise fault_of(error) from error

    def usage_of(self, message: AIMessage, characters: int) -> Usage:
        """Of one answered call, as the server tells it, or else estimated. characters: that were sent."""
        told = message.usage_metadata
        if told:
            read, written, estimated = told["input_tokens"], told["output_tokens"], 0
        else:
            read, written, estimated = characters // _CHARACTERS_A_TOKEN, len(message.text) // _CHARACTERS_A_TOKEN, 1
        return Usage(1, read, written, self.price.of(read, written) or 0.0, estimated)


def open_chat_model(
    spec: str,
    *,
    base_url: str | None = None,
    api_key: SecretStr | None = None,
    temperature: float | None = None,
    max_reply_tokens: int = 2_000,
    limits: Limits | None = None,
    price: Price | None = None,
    shaping: Shaping = Shaping.AUTO,
) -> ChatModel:
    """spec: "provider:model", such as "openai:gpt-5-mini". base_url: of a server that speaks OpenAI's protocol (vLLM,
    Ollama, transformers serve); such a server gets no key but the one given here. Raises ModelError where the spec is
    none, or the provider's package is missing.
    """
    provider, _, name = spec.partition(":")
    if not name:
        raise ModelError(f'a model is "provider:model", such as "openai:gpt-5-mini", not {spec!r}')
    package = _PACKAGES.get(provider)
    if package and find_spec(package) is None:
        raise ModelError(f"{spec} needs the package {package.replace('_', '-')}: pip install it")
    limits = limits or Limits()

    def make() -> BaseChatModel:
        # Takes seconds to import, and most commands need no model.
        from langchain.chat_models import init_chat_model  # noqa: PLC0415

        given: dict[str, Any] = {"timeout": limits.timeout, "max_retries": 0, "max_tokens": max_reply_tokens}
        if temperature is not None:
            given["temperature"] = temperature
        if base_url:
            given["base_url"] = base_url
            if provider == "openai":
                # Without it, a reply that is streamed from another server comes without its tokens.
                given["stream_usage"] = True
        if api_key:
            given["api_key"] = api_key.get_secret_value()
        elif base_url and provider == "openai":
            given["api_key"] = _NO_KEY
        if limits.rate:
            given["rate_limiter"] = InMemoryRateLimiter(
                requests_per_second=limits.rate, check_every_n_seconds=0.02, max_bucket_size=1
            )
        chat: BaseChatModel = init_chat_model(spec, **given)
        return chat

    # Two servers may call different models the same.
    label = f"{spec} at {base_url}" if base_url else spec
    return ChatModel(label, make, limits, price or Price(), max_reply_tokens, shaping)
