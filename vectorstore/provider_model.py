"""An embedding model of any provider that LangChain knows, asked in batches and patiently."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cached_property
from importlib.util import find_spec
from json import JSONDecodeError
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from pydantic import SecretStr
from tenacity import RetryCallState, RetryError, Retrying, retry_if_exception
from tenacity.wait import wait_random_exponential

from vectorstore.errors import EmbeddingError
from vectorstore.store import Vectors

# The smallest limit among the providers (Cohere), and so many characters that no request is too large for any.
BATCH_TEXTS = 96
BATCH_CHARACTERS = 100_000
PARALLEL_REQUESTS = 4
LONGEST_PAUSE = 60.0
# The package that a provider comes in. Others are left to LangChain, which names what it knows.
PACKAGES = {
    "azure_ai": "langchain-azure-ai",
    "azure_openai": "langchain-openai",
    "bedrock": "langchain-aws",
    "cohere": "langchain-cohere",
    "google_genai": "langchain-google-genai",
    "google_vertexai": "langchain-google-vertexai",
    "huggingface": "langchain-huggingface",
    "mistralai": "langchain-mistralai",
    "ollama": "langchain-ollama",
    "openai": "langchain-openai",
}
ADDRESS_ARGUMENT = {"azure_openai": "azure_endpoint", "mistralai": "endpoint"}
# What the providers' libraries call errors of a connection; they share no base class.
CONNECTION_ERRORS = {"APIConnectionError", "TransportError", "ConnectionError", "EndpointConnectionError"}

Places = NDArray[np.int64]


class ProviderModel:
    """A model by "provider:name". Its library is imported, and its client made, at the first text."""

    def __init__(
        self,
        spec: str,
        *,
        base_url: str | None = None,
        api_key: SecretStr | None = None,
        timeout: float = 60.0,
        attempts: int = 5,
        pause: float = 1.0,
    ) -> None:
        """timeout: seconds for one request with openai, azure_openai, mistralai and ollama; others have their own.

        attempts: how often a request is made before its failure counts. pause: seconds; the wait after attempt n is
        random between 0 and pause * 2 ** (n - 1), at most a minute, and not shorter than the server asks for.
        api_key: by default what the library finds; but nothing is sent to a base_url of openai that is not OpenAI's.
        Raises EmbeddingError where the provider's package is missing, naming it.
        """
        self.model = spec
        self.dimension: int | None = None
        self._provider, _, self._name = spec.partition(":")
        self._base_url, self._api_key, self._timeout, self._attempts = base_url, api_key, timeout, attempts
        self._pause = wait_random_exponential(multiplier=pause, max=LONGEST_PAUSE)
        # A model that runs in this process uses all cores for one batch already.
        self._parallel = 1 if self._provider == "huggingface" else PARALLEL_REQUESTS
        package = PACKAGES.get(self._provider)
        if package is not None and find_spec(package.replace("-", "_")) is None:
            raise EmbeddingError(f"{spec} needs the package {package}: pip install {package}")

    def encode(self, texts: Sequence[str]) -> Iterator[tuple[Places, Vectors]]:
        """Batches as they are answered: places in `texts`, and vectors (k, dimension) float32, unit length.

        All texts are embedded as documents, queries too, for keywords are compared with each other. What was answered
        before a failure is given out before the failure is raised, as EmbeddingError.
        """
        batches = list(_batches(texts))
        with ThreadPoolExecutor(self._parallel) as pool:
            for start in range(0, len(batches), self._parallel):
                group = batches[start : start + self._parallel]
                answers = [pool.submit(self._ask, [texts[place] for place in places]) for places in group]
                wait(answers)
                errors = [error for answer in answers if (error := answer.exception())]
                for places, answer in zip(group, answers, strict=True):
                    if answer.exception() is None:
                        yield places, self._checked(answer.result())
                if errors:
                    raise errors[0]

    def _checked(self, rows: Vectors) -> Vectors:
        if self.dimension not in (None, rows.shape[1]):
            raise EmbeddingError(
                f"{self.model} gave vectors of {self.dimension} and of {rows.shape[1]} dimensions: check its address"
            )
        self.dimension = rows.shape[1]
        return rows

    def _ask(self, texts: list[str]) -> Vectors:
        # Providers raise whatever their libraries raise. All of it ends in RetryError, so that a caller sees one kind.
        retrying = Retrying(
            retry=retry_if_exception(
                lambda error: isinstance(error, Exception) and not isinstance(error, EmbeddingError)
            ),
            stop=lambda state: state.attempt_number >= self._attempts or _is_final(state),
            wait=self._wait,
        )
        try:
            return _unit_rows(retrying(lambda: self._client.embed_documents(texts)), len(texts))
        except RetryError as error:
            cause = error.last_attempt.exception()
            raise EmbeddingError(
                f"{self.model} does not answer ({self._describe(cause)}): check address, model name, key and quota, "
                "then run again; what was embedded is kept"
            ) from cause
        except (TypeError, ValueError) as error:
            raise EmbeddingError(
                f"{self.model} gave no usable vectors ({error}): check model name and address"
            ) from error

    @cached_property
    def _client(self) -> Embeddings:
        # A program whose texts are all cached never needs it, and a provider's library takes seconds.
        from langchain.embeddings import init_embeddings  # noqa: PLC0415

        try:
            client = init_embeddings(self._name, provider=self._provider, **self._arguments())
        except (ImportError, ValueError) as error:
            raise EmbeddingError(f"{self.model} cannot be used: {self._describe(error)}") from error
        if self._provider == "openai" and not _is_openai(getattr(client, "openai_api_base", None)):
            # Another server knows neither OpenAI's token ids nor, often, base64.
            client.check_embedding_ctx_length = False  # type: ignore[attr-defined]
            client.model_kwargs["encoding_format"] = "float"  # type: ignore[attr-defined]
        return client

    def _arguments(self) -> dict[str, Any]:
        arguments: dict[str, Any] = {}
        if self._base_url is not None:
            arguments[ADDRESS_ARGUMENT.get(self._provider, "base_url")] = self._base_url
        if self._api_key is not None:
            arguments["api_key"] = self._api_key
        elif self._provider == "openai" and not _is_openai(self._base_url):
            # One's own server asks for no key, but the library does; and OpenAI's key is no business of that server.
            arguments["api_key"] = SecretStr("none")
        # Retrying is done here, so not below too.
        match self._provider:
            case "openai" | "azure_openai":
                arguments |= {"timeout": self._timeout, "max_retries": 0}
            case "mistralai":
                arguments |= {"timeout": int(self._timeout), "max_retries": 1}
            case "ollama":
                arguments |= {"client_kwargs": {"timeout": self._timeout}}
        return arguments

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        asked = str(headers.get("retry-after", ""))
        seconds = min(float(asked), LONGEST_PAUSE) if asked.isdecimal() else 0.0
        return max(seconds, self._pause(state))

    def _describe(self, error: BaseException | None) -> str:
        text = " ".join(f"{type(error).__name__}: {error}".split())
        if self._api_key is not None and (secret := self._api_key.get_secret_value()):
            text = text.replace(secret, "***")
        return text[:300]


def _is_openai(address: str | None) -> bool:
    return address is None or (urlsplit(address).hostname or "").endswith("openai.com")


def _is_final(state: RetryCallState) -> bool:
    """Whether trying again is of no use."""
    error = state.outcome.exception() if state.outcome else None
    status = getattr(error, "status_code", None) or getattr(getattr(error, "response", None), "status_code", None)
    if isinstance(status, int):
        return (
            not (status in (408, 409, 425, 429) or status >= 500) or getattr(error, "code", "") == "insufficient_quota"
        )
    if isinstance(error, ConnectionError | TimeoutError | JSONDecodeError):
        return False
    return not CONNECTION_ERRORS & {kind.__name__ for kind in type(error).__mro__}


def _batches(texts: Sequence[str]) -> Iterator[Places]:
    start, characters = 0, 0
    for place, text in enumerate(texts):
        if place > start and (place - start == BATCH_TEXTS or characters + len(text) > BATCH_CHARACTERS):
            yield np.arange(start, place)
            start, characters = place, 0
        characters += len(text)
    if texts:
        yield np.arange(start, len(texts))


def _unit_rows(raw: list[list[float]], count: int) -> Vectors:
    rows = np.asarray(raw, dtype=np.float64)
    if rows.ndim != 2 or len(rows) != count:
        raise ValueError(f"{len(raw)} vectors for {count} texts, or vectors of unequal length")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    if not (np.isfinite(lengths) & (lengths > 0)).all():
        raise ValueError("a vector without length")
    vectors: Vectors = (rows / lengths).astype(np.float32)
    return vectors
