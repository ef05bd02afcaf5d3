"""A real process, really killed: the next run brings what is missing, and nothing twice."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from vectorstore.activity_log import ActivityLog
from vectorstore.ingest import ingest

ROWS = 12_000
CHILD = """
import sys
from pathlib import Path
from vectorstore.activity_log import ActivityLog
from vectorstore.ingest import ingest

home = Path(sys.argv[1])
log = ActivityLog(home / "activity_log", buckets=4, batch_rows=200, most_parts=2)
print("ready", flush=True)
ingest(
    [Path(each) for each in sys.argv[2:]],
    log,
    rejected_to=home / "rejected.jsonl",
    on_progress=lambda progress: print(progress.rows, flush=True),
)
print("done", flush=True)
"""


def logs(folder: Path) -> list[Path]:
    """Two files that overlap, each with a broken row."""
    rows = [
        f"u{number * 7919 % 97},{1767225600 + number * 60},search,text {number},,,a|b{number % 3}\n"
        for number in range(ROWS)
    ]
    header = "user_id,timestamp,kind,text,item_id,board,annotations\n"
    paths = [folder / "a.csv", folder / "b.csv"]
    paths[0].write_text(header + "".join(rows[: ROWS * 2 // 3]) + "u1,soon,search,x\n")
    paths[1].write_text(header + "u1,0,search,x\n" + "".join(rows[ROWS // 2 :]))
    return paths


def digest(log: ActivityLog) -> str:
    return hashlib.sha256(repr(list(log.stream())).encode()).hexdigest()


def kill_after(child: "subprocess.Popen[str]", lines: int, seconds: float) -> None:
    """Kills the child a little after it has told so many lines."""
    assert child.stdout is not None
    for _ in range(lines):
        child.stdout.readline()
    time.sleep(seconds)
    os.kill(child.pid, signal.SIGKILL)
    assert child.wait() in {-signal.SIGKILL, 0}


def test_killed_at_random_moments_the_log_is_that_of_an_undisturbed_run(tmp_path: Path) -> None:
    paths = logs(tmp_path)
    undisturbed = ActivityLog(tmp_path / "undisturbed" / "activity_log", buckets=4)
    ingest(paths, undisturbed, rejected_to=tmp_path / "undisturbed" / "rejected.jsonl")
    assert undisturbed.count() == ROWS

    home = tmp_path / "home"
    log = ActivityLog(home / "activity_log")
    moments = random.Random(20260701)
    command = [sys.executable, "-c", CHILD, str(home), *map(str, paths)]
    counts = [0]
    for _ in range(6):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            kill_after(child, moments.randint(1, 3), moments.uniform(0.0, 0.2))
        # What is there is whole at any time, is never less than before, and holds nothing twice.
        counts.append(log.count())
        assert sum(len(activities) for _, activities in log.stream()) == counts[-1]
        assert len({each.activity_id for _, activities in log.stream() for each in activities}) == counts[-1]
    assert counts == sorted(counts)

    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
    assert digest(log) == digest(undisturbed)
    assert (home / "rejected.jsonl").read_text() == (tmp_path / "undisturbed" / "rejected.jsonl").read_text()
    assert not list(home.rglob("*.tmp"))
