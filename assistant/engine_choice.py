"""Which engine a run has, by what was asked for and how much there is to do."""

import os
from dataclasses import dataclass
from enum import StrEnum

from assistant.engines import Engine
from assistant.local_engine import LocalEngine
from assistant.user_work import UserWork
from vectorstore.embeddings import CachedEmbeddings

# A worker takes a second or two to start; for fewer users each it brings nothing.
_USERS_A_WORKER = 1_000


class EngineKind(StrEnum):
    """Local: processes of this machine. Ray: a Ray cluster."""

    LOCAL = "local"
    RAY = "ray"


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """workers: how many processes; None for as many as there are cores, or fewer where there is little to do.

    ray_address: of a cluster; None for one of its own on this machine.
    """

    kind: EngineKind = EngineKind.LOCAL
    workers: int | None = None
    ray_address: str | None = None


def open_engine(choice: EngineChoice, work: UserWork, embeddings: CachedEmbeddings, users: int) -> Engine | None:
    """None where this process alone is best. Raises MissingExtra where Ray is not installed."""
    if choice.kind is EngineKind.RAY:
        # Ray takes seconds to import.
        from assistant.ray_engine import RayEngine  # noqa: PLC0415

        return RayEngine(
            work, embeddings, choice.workers or (None if choice.ray_address else cores()), choice.ray_address
        )
    workers = choice.workers or max(1, min(cores(), users // _USERS_A_WORKER))
    return LocalEngine(work, embeddings, workers) if workers > 1 else None


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
