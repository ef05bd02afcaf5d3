"""Users inferred on a Ray cluster: one of its own on this machine, or one that runs already.

Actors load what they infer with once. Vectors come from one actor on the driver's machine, where the embedding cache
lies; where one is missing the driver makes it. Every machine of a cluster needs this program installed.
"""

import os
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from typing import Any

from assistant.errors import EngineError
from assistant.local_engine import answer_to
from assistant.pieces import Piece, Pieces
from assistant.user_work import MissingTexts, UserFound, UserWork, cached_vectors
from chains.texts import Floats
from vectorstore.embedding_cache import EmbeddingCache
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import MissingExtra

_AHEAD = 2
_DEATHS_AT_START = 3


@dataclass
class _Worker:
    actor: Any
    out: deque[tuple[Any, Piece]] = field(default_factory=deque)


class RayEngine:
    """workers: how many actors, each with one core; None for one on each core of the cluster.

    address: of a cluster, None for one of its own, which ends with the run. It listens on all interfaces of this
    machine. Raises MissingExtra where Ray is not installed.
    """

    def __init__(
        self, work: UserWork, embeddings: CachedEmbeddings, workers: int | None, address: str | None = None
    ) -> None:
        # Read by Ray when it is imported.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        # Takes seconds to import, and is an optional extra.
        try:
            import ray  # noqa: PLC0415
            from ray.exceptions import RayActorError  # noqa: PLC0415
        except ImportError as error:
            raise MissingExtra("Ray", "ray") from error
        self._ray: Any = ray
        self._dead: Any = RayActorError
        self._work, self._embeddings = work, embeddings
        self._count, self._address = workers, address
        self._workers: list[_Worker] = []

    def infer(self, tables: Iterable[Any]) -> Generator[tuple[Any, list[UserFound]]]:
        """As `Engine.infer`. Raises EngineError where the cluster cannot be reached or its workers cannot start."""
        ray = self._ray
        try:
            self._open()
            self._vectors = self._actor(Vectors, 0, self._embeddings.cache)
            self._shared_work = ray.put(self._work)
            wanted = self._count or max(1, int(ray.cluster_resources().get("CPU", 1)))
            self._workers = self._started(wanted)
            pieces = Pieces(tables, most=wanted * (_AHEAD + 2))
            while True:
                self._hand_out(pieces)
                out = {worker.out[0][0]: worker for worker in self._workers if worker.out}
                if not out:
                    yield from pieces.take()
                    if pieces.is_done():
                        return
                    continue
                for ready in ray.wait(list(out), num_returns=1)[0]:
                    self._receive(out[ready], pieces)
                yield from pieces.take()
        finally:
            self._workers.clear()
            ray.shutdown()

    def _open(self) -> None:
        own = {} if self._address else {"num_cpus": self._count, "include_dashboard": False}
        try:
            self._ray.init(self._address or "local", log_to_driver=False, logging_level="error", **own)
        except (ConnectionError, ValueError, RuntimeError) as error:
            where = self._address or "this machine"
            told = str(error).strip().partition("\n")[0]
            # Ray does not say that a token is missing; with an address given, it looks for none unasked.
            check = "check the address, and set RAY_AUTH_MODE=token where the cluster asks for a token"
            raise EngineError(f"no Ray cluster at {where}: {told}: {check}, or use --engine local") from error

    def _actor(self, kind: type, cores: int, *arguments: Any) -> Any:
        options: dict[str, Any] = {"num_cpus": cores}
        if kind is Vectors:
            # Soft=False: nowhere else does the cache lie.
            from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # noqa: PLC0415 - see above

            here = self._ray.get_runtime_context().get_node_id()
            options["scheduling_strategy"] = NodeAffinitySchedulingStrategy(here, soft=False)
        return self._ray.remote(**options)(kind).remote(*arguments)

    def _started(self, count: int) -> list[_Worker]:
        """Raises EngineError where one dies three times before it begins."""
        for _ in range(_DEATHS_AT_START):
            actors = [self._actor(UserWorker, 1, self._shared_work, self._vectors) for _ in range(count)]
            try:
                self._ray.get([actor.ready.remote() for actor in actors])
            except self._dead:
                continue
            return [_Worker(actor) for actor in actors]
        raise EngineError(
            f"{_DEATHS_AT_START} Ray actors died before they began: is there memory for them, and is this program "
            "installed on every machine of the cluster?"
        )

    def _hand_out(self, pieces: Pieces) -> None:
        while piece := pieces.next():
            worker = min(self._workers, key=lambda each: len(each.out))
            if len(worker.out) >= _AHEAD:
                pieces.put_back(piece)
                return
            worker.out.append((worker.actor.infer.remote(piece.content), piece))

    def _receive(self, worker: _Worker, pieces: Pieces) -> None:
        """The answer to the oldest piece that the worker has: actors answer in order."""
        asked, piece = worker.out.popleft()
        try:
            answer = self._ray.get(asked)
        except self._dead:
            for _, other in reversed(worker.out):
                pieces.put_back(other)
            pieces.died(piece, "its worker died twice, on Ray")
            worker.out.clear()
            worker.actor = self._started(1)[0].actor
            return
        pieces.received(piece, answer, self._embeddings.embed)


class Vectors:
    """The actor beside the embedding cache."""

    def __init__(self, cache: EmbeddingCache) -> None:
        self._cache = cache

    def find(self, texts: list[str]) -> Floats | MissingTexts:
        try:
            return cached_vectors(self._cache, texts)
        except MissingTexts as error:
            return error


class UserWorker:
    """The actor that infers users."""

    def __init__(self, work: UserWork, vectors: Any) -> None:
        from threadpoolctl import ThreadpoolController  # noqa: PLC0415 - after what it limits is loaded

        self._work, self._vectors = work, vectors
        self._limited = ThreadpoolController().limit(limits=1, user_api="blas")

    def ready(self) -> bool:
        return True

    def infer(self, content: bytes) -> list[UserFound] | Exception:
        import ray  # noqa: PLC0415 - see above

        def find(texts: Any) -> Floats:
            found: Floats | MissingTexts = ray.get(self._vectors.find.remote(list(texts)))
            if isinstance(found, MissingTexts):
                raise found
            return found

        return answer_to(content, self._work, find)
