"""All figures that take long, in one go: `python -m tests.bench` writes docs/benchmarks.md (`make bench`).

One part alone, printed: `python -m tests.bench --only stores`, and put into the page with `--write`; with `--small` in
a minute, to try it.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Written by `make bench`, which takes a while; each part can be had alone with `python -m tests.bench --only NAME`.
Figures are measured, never promised: other programs that run on the machine make them worse.
"""


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured. keywords: in the default store; slow_keywords: in the slower or larger others.

    kept: a folder for what one part makes and another needs too.
    """

    small: bool
    large: bool
    keywords: int
    slow_keywords: int
    kept: Path

    @property
    def words(self) -> list[str]:
        return ["--small"] if self.small else []

    @property
    def keeping(self) -> list[str]:
        return [*self.words, "--kept", str(self.kept)]


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the page. measure: sizes -> Markdown, '' where this version has nothing to measure."""

    title: str
    about: str
    measure: Callable[[Sizes], str]


def machine(_: Sizes) -> str:
    return _printed("tests.bench_machine")


def clusters(sizes: Sizes) -> str:
    return _printed("tests.bench_clusters", *sizes.keeping)


def peers(sizes: Sizes) -> str:
    return _printed("tests.bench_peers", *sizes.keeping)


def figures(section: str) -> Callable[[Sizes], str]:
    return lambda sizes: _printed("tests.bench_figures", section, *sizes.keeping)


def users(sizes: Sizes) -> str:
    return _printed("tests.bench_users", *sizes.words)


def runs(sizes: Sizes) -> str:
    return _printed("tests.bench_runs", *sizes.words, *(["--large"] if sizes.large and not sizes.small else []))


def scale(sizes: Sizes) -> str:
    if sizes.small:
        return _printed("tests.bench_scale", *sizes.words)
    # docs/scale.md multiplies them.
    return _printed("tests.bench_scale", *(["--large"] if sizes.large else []), "--figures", "docs/scale_figures.json")


def million(sizes: Sizes) -> str:
    return _printed("tests.bench_million", *sizes.words) if sizes.large or sizes.small else ""


def reads(sizes: Sizes) -> str:
    return _printed("tests.bench_reads", *sizes.words)


def page(sizes: Sizes) -> str:
    return _printed("tests.bench_page", *sizes.words)


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
    "peers": Part(
        "Other ways to cluster",
        "On the same texts and vectors, in one run, one thread each. Every peer has the best setting of a small grid, "
        "and the better of two vectors (of the text, or of the text with its annotations), on the very log that it is "
        "scored on, which flatters it; ours are scored by models that never saw the users. What a peer calls noise "
        "counts as texts that are alone. Times are from vectors to clusters, embedding left out; a fit over all users "
        "is told as users a second too.",
        peers,
    ),
    "names": Part("Names", "How near names come to what people wrote or like.", figures("names")),
    "ranking": Part("Ranking", "Which journeys users go on with, on logs cut at a moment.", figures("ranking")),
    "stage": Part("Stage", "Kind and stage, and whether users come back, with the models in use.", figures("stage")),
    "replay": Part("Replay", "Journeys against interests as what a message is about, on the log.", figures("replay")),
    "users": Part("Journeys of one user", "From keywords and vectors to journeys, embedding left out.", users),
    "runs": Part(
        "Whole runs",
        "Users of 30 events, by the command line, all texts embedded before. Of the peak memory of `ingest` a part is "
        "files of the keyword store that are mapped, which the system takes back when it needs the room. Those active "
        "are so four months later, by when many others have fallen silent and are moved; for a day see below.",
        runs,
    ),
    "scale": Part(
        "Runs at scale",
        "Made users, out of a vocabulary that all share and that is embedded before. Full runs by one process (not of "
        "the larger size), by two, and on Ray; then a day on which 1 % are active, against the first full run of its "
        "size. The keyword store is left out of `ingest`. `python -m tests.bench_scale --help` says more.",
        scale,
    ),
    "million": Part(
        "A million users",
        "Whether the rate falls and memory grows while the library fills; the same made users, with `--large` only.",
        million,
    ),
    "reads": Part("Reading", "Answers about one user, from a process that stays open.", reads),
    "page": Part("The page", "Measured in a browser, from the click to what is drawn.", page),
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


def section(name: str, sizes: Sizes) -> str:
    """One part of the page, measured now; '' where there is nothing to measure."""
    part = PARTS[name]
    sys.stderr.write(f"{name} …\n")
    begun = time.perf_counter()
    found = part.measure(sizes)
    written = "\n\n".join(filter(None, [f"## {part.title}", part.about, found])) + "\n" if found else ""
    sys.stderr.write(f"{name}: {(time.perf_counter() - begun) / 60:.1f} minutes\n")
    return written


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
    parser.add_argument("--large", action="store_true", help="runs of 100,000 users too, an hour more")
    parser.add_argument("--kept", type=Path, help="keep there what is made on the way, and use what is there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        kept = given.kept.absolute() if given.kept else Path(folder)
        many, few = (3_000, 1_200) if given.small else (given.keywords, given.slow_keywords)
        sizes = Sizes(given.small, given.large, many, few, kept)
        sections = {name: section(name, sizes) for name in given.only or PARTS}
    if given.small or (given.only and not given.write):
        sys.stdout.write("\n".join(sections.values()))
        return
    sections = _on_the_page() | {name: written for name, written in sections.items() if written}
    unfinished = PAGE.with_suffix(".unfinished")
    unfinished.write_text("\n".join([_HEAD, *(sections[name] for name in PARTS if name in sections)]), encoding="utf-8")
    unfinished.replace(PAGE)
    sys.stdout.write(f"written: {PAGE.relative_to(ROOT)}\n")


if __name__ == "__main__":
    main()
