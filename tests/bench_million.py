"""A million made users, as far as the time goes: `python -m tests.bench_million --minutes 20`.

Users are those of `tests.bench_scale`. Their log is written and read whole; then a full run begins, is killed after the
minutes given, and is begun again to see that it goes on. It shows whether the rate falls and memory grows while the
library fills.
"""

import argparse
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

# Tests find each other by name, as pytest has it.
sys.path.insert(0, str(Path(__file__).parent))
import bench_scale as scale

USERS, SMALL_USERS = 1_000_000, 2_000
_QUARTERS = 4
_AGAIN, _FURTHER = 600.0, 500


@dataclass(frozen=True, slots=True)
class Look:
    """seconds: since the command began. work: processor seconds of its processes until then. memory: theirs, in MB."""

    seconds: float
    users: int
    work: float
    memory: float


def inferred(home: Path) -> int:
    """Users whose journeys are in the library."""
    try:
        with closing(sqlite3.connect(f"file:{home / 'library.sqlite'}?mode=ro", uri=True, timeout=30)) as asked:
            return int(asked.execute("SELECT count(*) FROM user_state").fetchone()[0])
    except sqlite3.Error:
        return 0


def run_and_kill(home: Path, seconds: float, workers: int, until: int = sys.maxsize) -> list[Look]:
    """What was seen of a full run, every part of the time; it ends by SIGKILL, also where so many users are done, or
    before if it is through."""
    command = [*scale.PROGRAM, "--home", str(home), "infer", "--engine", "local", "--workers", str(workers)]
    begun = time.perf_counter()
    looks: list[Look] = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None and time.perf_counter() - begun < seconds and inferred(home) < until:
            time.sleep(min(seconds / (_QUARTERS * 10), 5.0))
            found = scale.below(process.pid)
            memory, work = sum(map(scale.memory_of, found)), sum(map(_work, found))
            if not looks or work >= looks[-1].work:  # else it is ending, and some are gone
                looks.append(Look(time.perf_counter() - begun, inferred(home), work, memory))
        process.send_signal(signal.SIGKILL)
    return looks


def _work(process: int) -> float:
    """Processor seconds of a process; 0 where it is gone."""
    try:
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(told[11]) + int(told[12])) / 100


def quarters(looks: Sequence[Look]) -> Iterator[tuple[Look, Look, float]]:
    """The first and last look of each quarter of the users, and the most memory seen in it."""
    users = looks[-1].users
    for quarter in range(_QUARTERS):
        chosen = [each for each in looks if users * quarter <= each.users * _QUARTERS <= users * (quarter + 1)]
        if len(chosen) > 1:
            yield chosen[0], chosen[-1], max(each.memory for each in chosen)


def measure(folder: Path, users: int, minutes: float, workers: int) -> Iterator[str]:
    """Markdown, as lines."""
    log, home, cache = folder / "log", folder / "home", folder / "home" / "embeddings"
    cache.mkdir(parents=True)
    scale.say("embedding the vocabulary")
    scale.embed_all(cache)
    scale.say(f"{users:,} users: writing their log")
    rows = scale.write_log(log, users)
    scale.say(f"{users:,} users: ingest of {rows:,} events")
    spent = scale.journeys_without_index(home, log)
    yield (
        f"Of {users:,} made users, {rows:,} events: ingest took {spent.work:,.0f} seconds of processor "
        f"({1_000 * spent.work / users:.2f} ms a user) and {spent.peak:,.0f} MB at the peak."
    )
    scale.say(f"{users:,} users: a full run, for {minutes:g} minutes")
    looks = run_and_kill(home, 60 * minutes, workers)
    yield f"A full run by {workers} processes, killed after {minutes:g} minutes with {looks[-1].users:,} users done:"
    yield from (
        "",
        "| users done | users/s | processor, ms a user | most memory of all processes, MB |",
        "|--:|--:|--:|--:|",
    )
    for first, last, memory in quarters(looks):
        done = max(last.users - first.users, 1)
        rate, work = done / (last.seconds - first.seconds), 1_000 * (last.work - first.work) / done
        yield f"| {last.users:,} | {rate:,.0f} | {work:.1f} | {memory:,.0f} |"
    before = inferred(home)
    scale.say(f"{users:,} users: going on with {before:,} done")
    looks = run_and_kill(home, _AGAIN, workers, until=before + _FURTHER)
    after, waited = looks[-1].users, looks[-1].seconds
    library = sum(each.stat().st_size for each in home.glob("library.sqlite*")) / max(after, 1)
    yield ""
    yield (
        f"Begun again it was at {after:,} users, from {before:,}, after {waited:.0f} seconds. The library has "
        f"{library:,.0f} bytes a user done."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few users and half a minute, to try it")
    parser.add_argument("--minutes", type=float, default=20.0, help="of the full run")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--folder", type=Path, help="where there is room for 3 GB; by default that of temporary files")
    given = parser.parse_args()
    users, minutes = (SMALL_USERS, 0.5) if given.small else (USERS, given.minutes)
    with tempfile.TemporaryDirectory(prefix="bench-million-", dir=given.folder) as name:
        for line in measure(Path(name), users, minutes, given.workers):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
