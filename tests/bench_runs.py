"""Time and memory of whole runs: `python -m tests.bench_runs`.

A made log of many users, each with the beginning of a sample user's activity, is read and inferred by the command line;
then one user in a hundred does one thing more, and the incremental run follows. As the texts recur, their embedding
costs next to nothing: what is measured is everything else.
"""

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from assistant.sample import AS_OF, sample_users
from vectorstore.activity import Activity

SIZES = (1_000, 4_000)
SMALL_SIZES = (50, 100)
_EVENTS = 30
_COLUMNS = ("user_id", "timestamp", "kind", "text", "item_id", "board", "annotations")


@dataclass(frozen=True, slots=True)
class Spent:
    """seconds: from start to end of the process. peak: its memory in MB."""

    seconds: float
    peak: float


def pool() -> list[list[Activity]]:
    """The first events of each sample user who has enough of them."""
    events = [[event for event, _ in user.activities[:_EVENTS]] for user in sample_users()]
    return [each for each in events if len(each) == _EVENTS]


def write_log(path: Path, users: int) -> int:
    """Returns the number of rows."""
    activity, rows = pool(), 0
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS)
        for number in range(users):
            for event in activity[number % len(activity)]:
                moment, annotations = event.timestamp.isoformat(), "|".join(event.annotations)
                optional = (event.item_id or "", event.board or "", annotations)
                writer.writerow((f"user-{number:06d}", moment, event.kind, event.text, *optional))
                rows += 1
    return rows


def write_more(path: Path, users: int) -> int:
    """One event more for one user in a hundred; returns how many users."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_COLUMNS[:4])
        active = range(0, users, 100)
        for number in active:
            moment = (AS_OF - timedelta(minutes=number)).isoformat()
            writer.writerow((f"user-{number:06d}", moment, "search", "what comes next"))
    return len(active)


def journeys(home: Path, *words: str) -> Spent:
    """Runs the command line on the home folder. Raises CalledProcessError where it fails."""
    command = [str(Path(sys.executable).parent / "journeys"), "--home", str(home), *words]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[3:])
    return Spent(time.perf_counter() - begun, used.ru_maxrss / 1024)


def measure(folder: Path, *, small: bool = False) -> list[str]:
    """A Markdown table, as lines. The embeddings of the texts are made before."""
    lines = [
        "| users | rows | ingest, s | peak, MB | infer, s | users/s | peak, MB | 1 % active: infer --incremental, s "
        "| of the full run |",
        "|" + "--:|" * 9,
    ]
    home = folder / "texts"
    write_log(folder / "texts.csv", len(pool()))
    journeys(home, "ingest", str(folder / "texts.csv"))
    for users in SMALL_SIZES if small else SIZES:
        own, log, more = folder / f"home-{users}", folder / f"{users}.csv", folder / f"{users}-more.csv"
        (own / "embeddings").mkdir(parents=True)
        for file in (home / "embeddings").iterdir():
            if not file.name.endswith((".lock", "-wal", "-shm")):
                (own / "embeddings" / file.name).write_bytes(file.read_bytes())
        rows = write_log(log, users)
        read = journeys(own, "ingest", str(log))
        inferred = journeys(own, "infer")
        write_more(more, users)
        journeys(own, "ingest", str(more))
        again = journeys(own, "infer", "--incremental")
        lines.append(
            f"| {users:,} | {rows:,} | {read.seconds:.1f} | {read.peak:,.0f} | {inferred.seconds:.1f} "
            f"| {users / inferred.seconds:,.0f} | {inferred.peak:,.0f} | {again.seconds:.1f} "
            f"| {again.seconds / inferred.seconds:.1%} |"
        )
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few users, to try it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-runs-") as name:
        sys.stdout.write("\n".join(measure(Path(name), small=given.small)) + "\n")


if __name__ == "__main__":
    main()
