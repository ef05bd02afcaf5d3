"""All figures that take long, in one go: `python -m tests.bench` writes docs/benchmarks.md (`make bench`).

One part alone, printed: `python -m tests.bench --only stores`, and put into the page with `--write`; with `--small` in
a minute, to try it.
"""

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
_LIBRARIES = ("numpy", "scipy", "onnxruntime", "pyarrow", "qdrant-edge-py", "chromadb", "sqlalchemy")
_HEAD = """# Benchmarks

Written by `make bench`, which takes a while; each part can be had alone with `python -m tests.bench --only NAME`.
Figures are measured, never promised: other programs that run on the machine make them worse.
"""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. keywords: in the default store; slow_keywords: in the slower or larger others."""

    small: bool
    keywords: int
    slow_keywords: int

    @property
    def words(self) -> list[str]:
        return ["--small"] if self.small else []


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the page. measure: sizes -> Markdown."""

    title: str
    about: str
    measure: Callable[[Sizes], str]


def machine(_: Sizes) -> str:
    """What the figures were measured on; nothing that tells whose machine it is."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"- {cores} cores, {_cpu()}, {_memory()}\n"
        f"- {platform.system()}, Python {platform.python_version()}, journey-assistant {version('journey-assistant')}\n"
        f"- {', '.join(f'{name} {version(name)}' for name in _LIBRARIES)}"
    )


def clusters(sizes: Sizes) -> str:
    return _printed("tests.bench_clusters", *sizes.words)


def users(sizes: Sizes) -> str:
    return _printed("tests.bench_users", *sizes.words)


def runs(sizes: Sizes) -> str:
    return _printed("tests.bench_runs", *sizes.words)


def embedding(sizes: Sizes) -> str:
    words = ["--texts", "200", "--rounds", "1"] if sizes.small else ["--texts", "4000"]
    return _fenced(_printed("tests.bench_embedding", *words))


def stores(sizes: Sizes) -> str:
    measured = []
    for store, keywords in (
        ("qdrant", sizes.keywords),
        ("chroma", sizes.slow_keywords),
        ("memory", sizes.slow_keywords),
    ):
        words = ["--store", store, "--keywords", str(keywords), "--users", str(max(keywords // 60, 1))]
        measured.append(_fenced(_printed("tests.bench_store", *words)))
    return "\n\n".join(measured)


PARTS = {
    "machine": Part("Machine", "", machine),
    "clusters": Part(
        "Clusters",
        "B-cubed F1 of journeys against labels, weighted by texts, by models that never saw the users they are scored "
        "on: they learn from the other users of the set, the other sets and the sample users. "
        "[design.md](design.md#figures) says how clusters are scored.",
        clusters,
    ),
    "users": Part("Journeys of one user", "From keywords and vectors to journeys, embedding left out.", users),
    "runs": Part("Whole runs", "Users of 30 events, by the command line, all texts embedded before.", runs),
    "embedding": Part("Embedding", "minilm, in texts a second.", embedding),
    "stores": Part("Keyword stores", "384 dimensions, users of 60 keywords.", stores),
}


def _printed(module: str, *words: str) -> str:
    """What a benchmark prints. Raises CalledProcessError where it fails."""
    command = [sys.executable, "-m", module, *words]
    printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
    return "\n".join(map(str.rstrip, printed.strip().splitlines()))


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    names = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    found = next((line.partition(":")[2].strip() for line in names if line.startswith("model name")), "")
    return found or platform.processor() or platform.machine()


def _memory() -> str:
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return "memory unknown"
    return f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.0f} GB memory"


def section(name: str, sizes: Sizes) -> str:
    """One part of the page, measured now."""
    part = PARTS[name]
    sys.stderr.write(f"{name} …\n")
    return "\n\n".join(filter(None, [f"## {part.title}", part.about, part.measure(sizes)])) + "\n"


def _on_the_page() -> dict[str, str]:
    """The parts that the page has from before, each with its heading."""
    read = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    by_title = {chunk.partition("\n")[0]: f"## {chunk.rstrip()}\n" for chunk in read.split("\n## ")[1:]}
    return {name: by_title[part.title] for name, part in PARTS.items() if part.title in by_title}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", action="append", choices=PARTS, help="print this part; may be repeated")
    parser.add_argument("--write", action="store_true", help="with --only: put the parts into the page as well")
    parser.add_argument("--small", action="store_true", help="small sizes, printed and not written")
    parser.add_argument("--keywords", type=int, default=300_000, help="in the stores")
    parser.add_argument("--slow-keywords", type=int, default=50_000, help="in Chroma and in memory")
    given = parser.parse_args()
    sizes = Sizes(given.small, given.keywords, given.slow_keywords)
    if given.small:
        sizes = Sizes(True, 3_000, 1_200)
    sections = {name: section(name, sizes) for name in given.only or PARTS}
    if given.small or (given.only and not given.write):
        sys.stdout.write("\n".join(sections.values()))
        return
    sections = _on_the_page() | sections
    unfinished = PAGE.with_suffix(".unfinished")
    unfinished.write_text("\n".join([_HEAD, *(sections[name] for name in PARTS if name in sections)]), encoding="utf-8")
    unfinished.replace(PAGE)
    sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
