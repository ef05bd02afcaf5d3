"""Texts to vectors, each text once, ever: a model, and the cache round it."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray
from pydantic import SecretStr

from vectorstore.activity import normalize
from vectorstore.embedding_cache import EmbeddingCache, cache_path, caches_in
from vectorstore.errors import EmbeddingError, InputError
from vectorstore.minilm import MiniLM
from vectorstore.provider_model import ProviderModel
from vectorstore.store import Vectors

Batch = tuple[NDArray[np.int64], Vectors]

# How many new vectors at most are lost when the process is killed; fewer cost writes.
KEPT_AT_ONCE = 256


class EmptyTextError(InputError, ValueError):
    """A text without a single letter has no meaning to embed."""


class EmbeddingModel(Protocol):
    """What computes vectors: minilm in this process, or a provider."""

    @property
    def model(self) -> str: ...

    @property
    def dimension(self) -> int | None:
        """None where only an answer can tell."""
        ...

    def encode(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Batches as they are done: places in `texts`, and vectors (k, dimension) float32, unit length."""
        ...


class CachedEmbeddings(Embeddings):
    """A model with its cache; usable wherever LangChain takes embeddings, from any thread.

    Texts are normalized first (casefolded, runs of white space as one space), so that texts which are the same keyword
    have the same vector. It is the normalized text that is embedded.
    """

    def __init__(self, model: EmbeddingModel, cache: EmbeddingCache) -> None:
        self._model = model
        self._cache = cache

    @property
    def model(self) -> str:
        """The model's name, such as "minilm" or "openai:text-embedding-3-small"."""
        return self._model.model

    @property
    def cache(self) -> EmbeddingCache:
        """Where the vectors lie, for other processes to read them from."""
        return self._cache

    @property
    def dimension(self) -> int:
        """The length of a vector. Asks a provider's model, once, where nothing was embedded with it yet."""
        return self._model.dimension or self._cache.dimension or self.embed(["dimension"]).shape[1]

    def warm(self) -> None:
        """Loads a model that runs in this process, so that no text waits for it. Raises EmbeddingError."""
        if isinstance(self._model, MiniLM):
            self._model.load()

    def embed(self, texts: Sequence[str], *, on_progress: Callable[[int], None] | None = None) -> Vectors:
        """(len(texts), dimension) float32, unit length, in the order of the texts.

        on_progress: called with the number of texts done since its last call; the numbers sum up to len(texts).
        Raises EmptyTextError for a text without content, EmbeddingError where the model or the cache fails; what was
        embedded until then is kept.
        """
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        places: dict[str, int] = {}
        rows_of = np.array([places.setdefault(_prepare(text), len(places)) for text in texts], dtype=np.int64)
        occurrences = np.bincount(rows_of)
        vectors: Vectors | None = None
        for done, rows in self._vectors(list(places)):
            if vectors is None:
                vectors = np.empty((len(places), rows.shape[1]), dtype=np.float32)
            vectors[done] = rows
            if on_progress is not None:
                on_progress(int(occurrences[done].sum()))
        assert vectors is not None
        return vectors if len(places) == len(texts) else vectors[rows_of]

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        """The same as lists of floats, for LangChain."""
        rows: list[list[float]] = self.embed(texts).tolist()
        return rows

    def embed_query(self, text: str) -> list[float]:
        """One text's vector as floats, for LangChain. A query is embedded as any other text."""
        return self.embed_documents([text])[0]

    def forget(self, texts: Sequence[str]) -> int:
        """Removes the cached vectors of the texts, whoever else has these texts; returns how many went.

        Also those of other models whose caches lie in the same folder.
        """
        prepared = list({_prepare(text) for text in texts})
        return sum(cache.forget(prepared) for cache in caches_in(self._cache.path.parent))

    def _vectors(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Batches of vectors of distinct texts: first the cached ones, then the new ones as they are done and kept."""
        missing = np.ones(len(texts), dtype=np.bool_)
        for places, rows in self._cache.find(texts):
            missing[places] = False
            yield places, rows
        left = np.flatnonzero(missing)
        if len(left):
            for places, rows in self._new([texts[place] for place in left.tolist()]):
                yield left[places], rows

    def _new(self, texts: Sequence[str]) -> Iterator[Batch]:
        """Batches of new vectors, each given out when it is kept."""
        waiting: list[Batch] = []
        try:
            for batch in self._model.encode(texts):
                waiting.append(batch)
                if sum(len(places) for places, _ in waiting) >= KEPT_AT_ONCE:
                    yield self._keep(texts, waiting)
        finally:
            # Also where the model fails or the user stops it: what is computed is not computed again.
            rest = self._keep(texts, waiting) if waiting else None
        if rest is not None:
            yield rest

    def _keep(self, texts: Sequence[str], waiting: list[Batch]) -> Batch:
        places = np.concatenate([places for places, _ in waiting])
        rows = np.concatenate([rows for _, rows in waiting])
        waiting.clear()
        self._cache.add([texts[place] for place in places.tolist()], rows)
        return places, rows


def open_embeddings(
    spec: str = "minilm",
    *,
    folder: Path,
    base_url: str | None = None,
    api_key: SecretStr | None = None,
    threads: int | None = None,
    timeout: float = 60.0,
    attempts: int = 5,
) -> CachedEmbeddings:
    """A model by name: "minilm", or "provider:model" for any provider of `langchain.embeddings.init_embeddings`.

    folder: where model file and cache lie; made when needed. base_url: a server that speaks the provider's protocol.
    Its address is no part of the model's name: where two servers give different models one name, keep a folder for
    each. api_key: by default whatever the provider's library finds by itself. threads: of minilm, by default one for
    each core. timeout: seconds for one request. attempts: how often a request is made before its failure counts.
    Nothing is loaded or asked yet. Raises EmbeddingError for a name that cannot be one, and for a provider whose
    package is missing.
    """
    provider, _, name = spec.partition(":")
    model: EmbeddingModel
    if spec == MiniLM.model:
        model = MiniLM(folder, threads=threads)
    elif provider and name:
        model = ProviderModel(spec, base_url=base_url, api_key=api_key, timeout=timeout, attempts=attempts)
    else:
        raise EmbeddingError(
            f'unknown embedding model "{spec}": use "minilm" or "provider:model", such as '
            '"openai:text-embedding-3-small"'
        )
    return CachedEmbeddings(model, EmbeddingCache(cache_path(folder, spec), spec))


def _prepare(text: str) -> str:
    prepared = normalize(text)
    if not prepared:
        raise EmptyTextError("an empty text cannot be embedded: leave it out")
    # Half a surrogate pair, as JSON may smuggle in, has no UTF-8.
    return prepared.encode("utf-8", "replace").decode("utf-8")
