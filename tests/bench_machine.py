"""What figures were measured on; nothing that tells whose machine it is: `python -m tests.bench_machine`."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_LIBRARIES = (
    *("numpy", "scipy", "onnxruntime", "pyarrow", "qdrant-edge-py", "chromadb", "sqlalchemy"),
    *("scikit-learn", "bertopic", "hdbscan", "umap-learn"),
)


def machine() -> str:
    """What the figures were measured on; nothing that tells whose machine it is."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"- {cores} cores, {_cpu()}, {_memory()}\n"
        f"- {platform.system()}, Python {platform.python_version()}, journey-assistant {version('journey-assistant')}\n"
        f"- {', '.join(filter(None, map(_version, _LIBRARIES)))}"
    )


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return ""


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    names = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    found = next((line.partition(":")[2].strip() for line in names if line.startswith("model name")), "")
    return found or platform.processor() or platform.machine()


def _memory() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return "memory unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GB memory"


if __name__ == "__main__":
    sys.stdout.write(machine() + "\n")
