"""Our journeys against other ways to cluster, on the same texts and vectors in one run: `python -m tests.bench_peers`.

Every peer has the best setting of a small grid on the very log that it is scored on, and the better of two vectors (of
the text alone, or with its annotations), which flatters it; our figures are those of `tests.bench_clusters`, by models
that never saw the users they are scored on. Times are of one thread, without embedding.
"""

import argparse
import json
import logging
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_limits

from assistant.evaluation.labelled import crowd_of
from chains.affinity import affinity
from chains.clustering import CUT, POWER, Granularity, cluster
from chains.crowd import Crowd
from chains.inference import InferenceModels, InferenceOptions, infer_journeys, inferred_texts
from vectorstore.embeddings import CachedEmbeddings, open_embeddings

from .methods import PEERS
from .scored import ROUNDS, Case, best_of, cases

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT.parent / "shared" / "data"
#: Log -> the granularities that we are scored with.
LOGS = {"boards.csv": ("normal",), "collections.csv": ("normal",), "search_missions.csv": ("normal", "fine")}
MISSING = "The labelled logs (`../shared/data`) were not there when this was run, so there are no figures."

NEEDED = ("bertopic", "hdbscan", "umap", "sklearn")
_HEADINGS = (
    "| method | setting | weighted B-cubed F1 | 95 % interval | macro F1 | pairs F1 | adjusted Rand | users/s "
    "| time, ours 1 |"
)
HOW = "Not measured: {} is not installed. `make bench` installs what the peers need, and `make peers` does only that."


def ours(users: Sequence[Case], granularity: Granularity, crowd: Crowd) -> tuple[float, float]:
    """Seconds for all users: to clusters, and to journeys with name, stage, rank and safety; the best of some rounds.

    With the model that comes with the program: other numbers in it take as long. crowd: of all of them.
    """
    models, options = InferenceModels(crowd=crowd), InferenceOptions(granularity=granularity)

    def clusters(case: Case) -> None:
        together = affinity(inferred_texts(case.keywords, case.vectors, options, models), models.affinity, granularity)
        cluster(together, CUT[granularity], POWER[granularity])

    def journeys(case: Case) -> None:
        clock = max(event.timestamp for event in case.user.activities)
        infer_journeys(case.keywords, case.vectors, clock, options, models)

    works = (clusters, journeys)
    spent: list[list[float]] = [[] for _ in works]
    for turn in range(ROUNDS + 1):
        # They take turns, so that another program's load hits both; the first round loads what they need.
        for work, seconds in zip(works, spent, strict=True):
            begun = time.perf_counter()
            for case in users[:1] if turn == 0 else users:
                work(case)
            if turn:
                seconds.append(time.perf_counter() - begun)
    return min(spent[0]), min(spent[1])


def cells(figures: Any) -> list[str]:
    """figures: ClusterFigures as JSON."""
    means = figures["all_units"]["measures"]
    return [
        f"**{figures['weighted_f1']:.3f}**",
        f"{figures['low']:.3f} to {figures['high']:.3f}",
        f"{figures['macro_f1']:.3f}",
        f"{means['pair_f1']['weighted']['value']:.3f}",
        f"{means['adjusted_rand']['weighted']['value']:.3f}",
    ]


def table(name: str, kept: Path, embeddings: CachedEmbeddings, *, small: bool) -> Iterator[str]:
    """Of one log, as lines of Markdown."""
    users = cases(DATA / name, embeddings)
    yield from ("", f"**{name}**, {len(users)} users", "", _HEADINGS, "| --- | --- |" + "--:|" * 7)
    own, crowd = 0.0, crowd_of([case.user for case in users], embeddings)

    def row(method: str, setting: str, figures: Sequence[str], seconds: float) -> str:
        rate = f"{len(users) / seconds:,.1f}"
        return "| " + " | ".join([method, setting, *figures, rate, f"{seconds / own:,.2g}"]) + " |"

    for granularity in LOGS[name]:
        told(f"{name}: ours, {granularity}")
        figures = json.loads((kept / f"{name}-{granularity}.json").read_text(encoding="utf-8"))
        clusters, journeys = ours(users, Granularity(granularity), crowd)
        own = own or clusters
        yield row(f"ours, {granularity}", "by folds of users", cells(figures), clusters)
        yield row(f"ours, {granularity}", "to named, staged, ranked journeys", [""] * 5, journeys)
    for peer in PEERS:
        told(f"{name}: {peer.name}")
        if peer.each:
            peer.each(users[0].texts, peer.settings[0])
        best = best_of(peer, users, small=small)
        yield row(best.name, best.shown, cells(asdict(best.figures)), best.seconds)


def told(what: str) -> None:
    sys.stderr.write(f"  {what}\n")
    sys.stderr.flush()


def measure(kept: Path, *, small: bool = False) -> Iterator[str]:
    """A table for each log, as lines."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if not DATA.is_dir() or missing:
        yield HOW.format(", ".join(missing)) if missing else MISSING
        return
    # Our figures take a training for each fold: made once, and not again where the part before has made them.
    words = ["--kept", str(kept), *(["--small"] if small else [])]
    subprocess.run(
        [sys.executable, "-m", "tests.bench_clusters", *words], check=True, stdout=subprocess.DEVNULL, cwd=ROOT
    )
    embeddings = open_embeddings(folder=kept / "home" / "embeddings", threads=1)
    # Users' matrices are small: for all of these methods more threads cost more than they bring.
    with threadpool_limits(limits=1):
        for name in list(LOGS)[:1] if small else LOGS:
            yield from table(name, kept, embeddings, small=small)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="the smallest log and few settings, to try it")
    parser.add_argument("--kept", type=Path, help="a folder with the figures of tests.bench_clusters")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    warnings.filterwarnings("ignore", module="umap|hdbscan|sklearn|numba")
    with tempfile.TemporaryDirectory(prefix="bench-peers-") as folder:
        for line in measure(given.kept or Path(folder), small=given.small):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
