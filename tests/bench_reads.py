"""How long one user's answers take: `python -m tests.bench_reads`.

A home of made users is read and inferred; then users drawn at random are asked for, in one process that stays open, as
a page does. The first call, which opens what it needs, is left out.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from assistant.assistant import JourneyAssistant
from assistant.settings import Settings

USERS, SMALL_USERS = 1_000, 60
RUNS, SMALL_RUNS = 400, 20
_WORDS = "ideas for a small garden|how to sew a dress|what to eat in japan|wedding on a budget|first marathon plan"


def made_home(folder: Path, users: int) -> Path:
    """Made users' activity, read, indexed and inferred by the command line."""
    home, log = folder / "home", folder / "log.csv"
    subprocess.run(
        [sys.executable, "-m", "tests.bench_runs", "--only-log", str(log), "--users", str(users)], check=True
    )
    for words in (["ingest", str(log)], ["infer"]):
        command = [str(Path(sys.executable).parent / "journeys"), "--home", str(home), *words]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return home


def questions(assistant: JourneyAssistant, users: Sequence[str]) -> Iterator[tuple[str, Callable[[int], object]]]:
    """What is asked, and how: each takes the number of the run."""

    def user(run: int) -> str:
        return users[run % len(users)]

    def query(run: int) -> str:
        words = _WORDS.split("|")
        return f"{words[run % len(words)]} {run}"

    yield "a user's journeys", lambda run: assistant.journeys(user(run))
    yield "why the first one is claimed", lambda run: assistant.explain(user(run), "1")
    yield "a user's activity", lambda run: assistant.log.of(user(run))
    yield "search in a user's activity, a new query", lambda run: assistant.retriever(user(run)).invoke(query(run))
    yield "the same, a known query", lambda run: assistant.retriever(user(run)).invoke(query(0))
    # Of a version that has a catalogue.
    expand, recommend = (getattr(assistant, name, None) for name in ("expand", "recommend"))
    if expand and recommend:
        expand()
        asked: Any = recommend
        yield "ranked, explained recommendations", lambda run: asked(user(run))


def milliseconds(ask: Callable[[int], object], runs: int) -> list[float]:
    ask(runs)
    spent = []
    for run in range(runs):
        begun = time.perf_counter()
        ask(run)
        spent.append(1000 * (time.perf_counter() - begun))
    return spent


def measure(folder: Path, *, small: bool = False) -> Iterator[str]:
    """A Markdown table, as lines."""
    with JourneyAssistant(Settings(home=made_home(folder, SMALL_USERS if small else USERS))) as assistant:
        users = sorted(state.user_id for state in assistant.library.states() if state.journeys)
        random.Random(7).shuffle(users)
        runs = SMALL_RUNS if small else RUNS
        yield f"{assistant.library.count().users:,} users, {runs} calls each, in milliseconds."
        yield from ("", "| question | p50 | p95 | p99 |", "| --- |" + "--:|" * 3)
        for name, ask in questions(assistant, users):
            sys.stderr.write(f"  {name}\n")
            p50, p95, p99 = np.percentile(milliseconds(ask, runs), [50, 95, 99])
            yield f"| {name} | {p50:.2f} | {p95:.2f} | {p99:.2f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few users and calls, to try it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-reads-") as name:
        for line in measure(Path(name), small=given.small):
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
