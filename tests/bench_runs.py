"""Time and memory of whole runs: `python -m tests.bench_runs`.

A made log of many users, each with the beginning of a sample user's activity, is read and inferred by the command line;
then one user in a hundred does one thing more, and the incremental run follows. As the texts recur, their embedding
costs next to nothing: what is measured is everything else.
"""

import argparse
import csv
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from assistant.sample import AS_OF, sample_users
from vectorstore.activity import Activity

SIZES = (1_000, 10_000)
LARGE_SIZES = (1_000, 10_000, 100_000)
SMALL_SIZES = (50, 100)
_EVENTS = 30
_COLUMNS = ("user_id", "timestamp", "kind", "text", "item_id", "board", "annotations")


#: The program needs no pandas; where it is installed for something else, as for the peers, PyArrow would load it.
_WITHOUT_PANDAS = """
import sys
class Without:
    def find_spec(self, name, path=None, target=None):
        if name == "pandas":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Without())
from assistant.cli import main
main()
"""
_LOOK = 0.05


@dataclass(frozen=True, slots=True)
class Spent:
    """seconds: from start to end of the process. peak: its memory in MB; own: without the files that it maps."""

    seconds: float
    peak: float
    own: float


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
    command = [sys.executable, "-c", _WITHOUT_PANDAS, "--home", str(home), *words]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    own = 0.0
    while True:
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        own = max(own, _own_memory(process.pid))
        time.sleep(_LOOK)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command[3:])
    return Spent(time.perf_counter() - begun, used.ru_maxrss / 1024, own or used.ru_maxrss / 1024)


def _own_memory(process: int) -> float:
    """In MB, without the files that are mapped, which the system takes back when it needs the room; 0 if not told."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


def measure(folder: Path, sizes: Sequence[int]) -> Iterator[str]:
    """A Markdown table, as lines. The embeddings of the texts are made before."""
    yield (
        "| users | rows | ingest, s | peak, MB | of it files | infer, s | users/s | peak, MB | 1 % active: "
        "infer --incremental, s | of the full run | peak, MB |"
    )
    yield "|" + "--:|" * 11
    home = folder / "texts"
    write_log(folder / "texts.csv", len(pool()))
    journeys(home, "ingest", str(folder / "texts.csv"))
    for users in sizes:
        own, log, more = folder / f"home-{users}", folder / f"{users}.csv", folder / f"{users}-more.csv"
        (own / "embeddings").mkdir(parents=True)
        for file in (home / "embeddings").iterdir():
            if not file.name.endswith((".lock", "-wal", "-shm")):
                (own / "embeddings" / file.name).write_bytes(file.read_bytes())
        rows = write_log(log, users)
        sys.stderr.write(f"  {users:,} users: ingest\n")
        read = journeys(own, "ingest", str(log))
        sys.stderr.write(f"  {users:,} users: infer\n")
        inferred = journeys(own, "infer")
        write_more(more, users)
        journeys(own, "ingest", str(more))
        again = journeys(own, "infer", "--incremental")
        yield (
            f"| {users:,} | {rows:,} | {read.seconds:.1f} | {read.peak:,.0f} | {read.peak - read.own:,.0f} "
            f"| {inferred.seconds:.1f} | {users / inferred.seconds:,.0f} | {inferred.peak:,.0f} | {again.seconds:.1f} "
            f"| {again.seconds / inferred.seconds:.1%} | {again.peak:,.0f} |"
        )
        shutil.rmtree(own)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few users, to try it")
    parser.add_argument("--large", action="store_true", help="100,000 users too, which takes about an hour")
    parser.add_argument("--users", type=int, help="only so many")
    parser.add_argument("--only-log", type=Path, help="write a log of so many users there, and no more")
    given = parser.parse_args()
    if given.only_log:
        write_log(given.only_log, given.users)
        return
    sizes = SMALL_SIZES if given.small else LARGE_SIZES if given.large else SIZES
    with tempfile.TemporaryDirectory(prefix="bench-runs-") as name:
        for line in measure(Path(name), [given.users] if given.users else sizes):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
