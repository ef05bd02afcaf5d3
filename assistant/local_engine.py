"""Users inferred by several processes of this machine.

Workers are spawned, never forked, and each loads what it infers with once. They embed nothing: they look vectors up in
the cache on disk, and where one is missing the driver embeds the text and gives the work out again. A worker that dies
loses nothing: its users are done again by another one, one by one, so that whoever killed it is found.
"""

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Generator, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from queue import SimpleQueue
from threading import Thread
from typing import Any

from threadpoolctl import ThreadpoolController

from assistant.errors import EngineError
from assistant.pieces import Piece, Pieces
from assistant.user_work import MissingTexts, UserFound, UserWork, VectorsOf, cached_vectors, group_done
from chains.metering import BudgetSpent
from vectorstore.embedding_cache import EmbeddingCache
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import JourneyError
from vectorstore.parts import by_user, table_of

# Work that a worker has beside what it is doing, so that it never waits for the driver.
_AHEAD = 2
_DEATHS_AT_START = 3
#: What a worker says before it begins.
READY = "ready"


@dataclass
class _Worker:
    process: BaseProcess
    connection: "Connection[Any, Any]"
    pieces: deque[Piece] = field(default_factory=deque)
    is_ready: bool = False


class LocalEngine:
    """embeddings: makes the vectors that are missing in its cache. workers: how many processes, at least 1."""

    def __init__(self, work: UserWork, embeddings: CachedEmbeddings, workers: int) -> None:
        self._work = work
        self._embeddings = embeddings
        self._count = workers
        self._workers: list[_Worker] = []
        self._deaths_at_start = 0

    def infer(self, tables: Iterable[Any]) -> Generator[tuple[Any, list[UserFound]]]:
        """As `Engine.infer`. Raises EngineError where workers die as soon as they start."""
        pieces = Pieces(tables, most=self._count * (_AHEAD + 2))
        try:
            while True:
                self._hand_out(pieces)
                if not any(worker.pieces for worker in self._workers):
                    yield from pieces.take()
                    if pieces.is_done():
                        return
                    continue
                for worker in self._answering():
                    self._receive(worker, pieces)
                yield from pieces.take()
        finally:
            self.close()

    def close(self) -> None:
        """Ends the workers, also where they are at work."""
        for worker in self._workers:
            worker.process.kill()
            worker.connection.close()
            worker.process.join()
        self._workers.clear()

    @property
    def processes(self) -> list[int]:
        """The ids of the workers' processes."""
        return [worker.process.pid or 0 for worker in self._workers]

    def _hand_out(self, pieces: Pieces) -> None:
        """Gives each worker what it can take, those with least first; one more is started where all have work."""
        while piece := pieces.next():
            if len(self._workers) < self._count and all(worker.pieces for worker in self._workers):
                self._workers.append(self._start())
            worker = min(self._workers, key=lambda each: len(each.pieces))
            if len(worker.pieces) >= _AHEAD:
                pieces.put_back(piece)
                return
            worker.pieces.append(piece)
            # Where it is dead already, waiting for its answer will tell.
            with suppress(OSError):
                worker.connection.send_bytes(piece.content)

    def _start(self) -> _Worker:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        cache = self._embeddings.cache
        process = context.Process(target=serve, args=(theirs, self._work, cache), name="journeys-worker", daemon=True)
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _answering(self) -> list[_Worker]:
        ready = wait([worker.connection for worker in self._workers if worker.pieces])
        return [worker for worker in self._workers if worker.connection in ready]

    def _receive(self, worker: _Worker, pieces: Pieces) -> None:
        try:
            answer = worker.connection.recv()
        except (EOFError, OSError):
            self._bury(worker, pieces)
            return
        if answer == READY:
            worker.is_ready, self._deaths_at_start = True, 0
            return
        pieces.received(worker.pieces.popleft(), answer, self._embeddings.embed)

    def _bury(self, worker: _Worker, pieces: Pieces) -> None:
        """What a dead worker had is done again. What it was at is watched from now on, if it had begun."""
        self._workers.remove(worker)
        worker.connection.close()
        worker.process.join()
        code = worker.process.exitcode
        at = worker.pieces.popleft() if worker.is_ready else None
        for piece in reversed(worker.pieces):
            pieces.put_back(piece)
        if at:
            pieces.died(at, f"its worker died twice (exit code {code})")
            return
        self._deaths_at_start += 1
        if self._deaths_at_start == _DEATHS_AT_START:
            raise EngineError(
                f"{_DEATHS_AT_START} workers died before they began (exit code {code}): is there memory for them? "
                "infer with fewer --workers; with --workers 1 everything is done in this process"
            )


def serve(connection: "Connection[Any, Any]", work: UserWork, cache: EmbeddingCache) -> None:
    """What a worker does until the driver is gone."""
    # Control-C is for the driver, which ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    waiting: SimpleQueue[bytes | None] = SimpleQueue()
    connection.send(READY)
    Thread(target=_receive_all, args=(connection, waiting), daemon=True).start()
    with ThreadpoolController().limit(limits=1, user_api="blas"):
        while (content := waiting.get()) is not None:
            try:
                connection.send(answer_to(content, work, lambda texts: cached_vectors(cache, texts)))
            except OSError:
                return
    sys.exit(0)


def answer_to(content: bytes, work: UserWork, vectors_of: VectorsOf) -> list[UserFound] | Exception:
    """What was found of the users of a piece, or what the driver has to know instead."""
    try:
        return list(group_done(list(by_user(table_of(content))), work, vectors_of))
    except (MissingTexts, JourneyError, BudgetSpent) as error:
        return error


def _receive_all(connection: "Connection[Any, Any]", waiting: "SimpleQueue[bytes | None]") -> None:
    """Takes work off the driver's hands at once, so that neither waits for the other to read."""
    while True:
        try:
            waiting.put(connection.recv_bytes())
        except (EOFError, OSError):
            waiting.put(None)
            return
