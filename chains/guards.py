"""Guards: a moderation endpoint, or a model that was trained to tell safe text from unsafe (Llama Guard)."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import httpx
from langchain_core.messages import HumanMessage
from pydantic import SecretStr
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_combine, wait_exception, wait_random

from chains.chat_models import ChatModel
from chains.faults import Fault, FaultKind, fault_of, may_pass
from chains.metering import Meter
from chains.model_safety import Ruling

OPENAI = "https://api.openai.com/v1"
MODERATION = "omni-moderation-latest"

_AT_ONCE = 32
# What a template of a guard model adds to the text: the list of its categories.
_TEMPLATE_TOKENS = 1_000

#: The categories of Llama Guard 3 and 4, https://huggingface.co/meta-llama/Llama-Guard-4-12B
_HAZARDS = {
    "S1": "violent crimes", "S2": "non-violent crimes", "S3": "sex-related crimes", "S4": "child exploitation",
    "S5": "defamation", "S6": "specialized advice", "S7": "privacy", "S8": "intellectual property",
    "S9": "indiscriminate weapons", "S10": "hate", "S11": "self-harm", "S12": "sexual content", "S13": "elections",
    "S14": "code interpreter abuse",
}  # fmt: skip

Done = TypeVar("Done")


class _StatusError(Exception):
    """An answer with a status that isn't good, in the form in which `fault_of` reads errors."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__("the moderation endpoint said so")
        self.status_code, self.response = response.status_code, response


class ModerationGuard:
    """OpenAI's moderation endpoint, or another that speaks its protocol. What it is sent is what would be shown.

    timeout: seconds for one request. attempts: how often it is made before it counts as failed. After an answer that
    denies (a wrong key, an unknown model) it isn't asked again.
    """

    def __init__(
        self,
        *,
        api_key: SecretStr | None = None,
        base_url: str = OPENAI,
        model: str = MODERATION,
        timeout: float = 20.0,
        attempts: int = 3,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._url, self._model, self._timeout = f"{base_url.rstrip('/')}/moderations", model, timeout
        self._headers = {"Authorization": f"Bearer {api_key.get_secret_value()}"} if api_key else {}
        self._attempts, self._wait = attempts, wait
        self._down_because = ""

    def rule(self, texts: Sequence[str]) -> list[Ruling]:
        """One ruling a text, in order."""
        return [ruling for at in range(0, len(texts), _AT_ONCE) for ruling in self._some(texts[at : at + _AT_ONCE])]

    def _some(self, texts: Sequence[str]) -> list[Ruling]:
        if not self._down_because:
            try:
                return _persistent(lambda: self._asked(texts), self._attempts, self._wait)
            except Fault as fault:
                if fault.kind is not FaultKind.DENIED:
                    return [Ruling(because=fault.reason, failed=True)] * len(texts)
                self._down_because = fault.reason
        return [Ruling(because=self._down_because, failed=True)] * len(texts)

    def _asked(self, texts: Sequence[str]) -> list[Ruling]:
        body = {"model": self._model, "input": list(texts)}
        try:
            response = httpx.post(self._url, json=body, headers=self._headers, timeout=self._timeout)
            if response.status_code != httpx.codes.OK:
                raise _StatusError(response)
            return [_ruling(result) for _, result in zip(texts, response.json()["results"], strict=True)]
        except (httpx.HTTPError, _StatusError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise fault_of(error) from error


class ModelGuard:
    """A guard model behind a chat endpoint, such as Llama Guard on vLLM or Ollama: it answers "safe", or "unsafe" and
    below it the numbers of its categories. meter: counts what it uses, as the step "guard"."""

    def __init__(
        self, model: ChatModel, *, meter: Meter | None = None, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self._model, self._meter, self._wait = model, meter or Meter(), wait

    def rule(self, texts: Sequence[str]) -> list[Ruling]:
        """One ruling a text, in order; each text is asked about by itself. Raises BudgetSpent."""
        with ThreadPoolExecutor(max_workers=self._model.limits.concurrency) as threads:
            return list(threads.map(self._one, texts))

    def _one(self, text: str) -> Ruling:
        if self._model.down_because:
            return Ruling(because=self._model.down_because, failed=True)
        try:
            return _persistent(lambda: self._asked(text), self._model.limits.attempts, self._wait)
        except Fault as fault:
            if fault.kind is FaultKind.DENIED:
                self._model.down_because = fault.reason
            return Ruling(because=fault.reason, failed=True)

    def _asked(self, text: str) -> Ruling:
        model = self._model
        most = _TEMPLATE_TOKENS + len(text)
        with self._meter.reserved(most, model.max_reply_tokens, model.price), model.turnstile:
            message = model.answer(lambda: model.chat.invoke([HumanMessage(text)]))
            self._meter.add("guard", model.label, model.usage_of(message, len(text)))
        first, _, rest = str(message.text).strip().partition("\n")
        if first.strip().lower() == "safe":
            return Ruling()
        if first.strip().lower() != "unsafe":
            raise Fault(FaultKind.UNUSABLE, "its answer is neither safe nor unsafe")
        named = (_HAZARDS.get(code.strip().upper(), "") for code in rest.replace(",", " ").split())
        return Ruling(flagged=True, because=", ".join(filter(None, named)))


def _ruling(result: dict[str, Any]) -> Ruling:
    if not isinstance(result["flagged"], bool):
        raise TypeError("flagged is true or false")
    named = sorted(name for name, found in result.get("categories", {}).items() if found is True)
    return Ruling(flagged=result["flagged"], because=", ".join(named) if result["flagged"] else "")


def _persistent(ask: Callable[[], Done], attempts: int, wait: Callable[[float], None]) -> Done:
    """Asks again where that may help, later each time, and as late as the server says. Raises Fault."""
    asking = Retrying(
        retry=retry_if_exception(may_pass),
        stop=stop_after_attempt(attempts),
        wait=wait_combine(wait_random(0.5, 1.5), wait_exception(_asked_to_wait)),
        sleep=wait,
        reraise=True,
    )
    return asking(ask)


def _asked_to_wait(error: BaseException) -> float:
    return (error.wait or 0.0) if isinstance(error, Fault) else 0.0
