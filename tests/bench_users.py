"""Speed of the per-user part, from keywords and vectors to journeys: `python -m tests.bench_users`.

Users are made of the sample users' own activity: cut where they have the number of keywords asked for, joined where one
has too few. Vectors are those of minilm, made before the clock starts. Workers are processes with one thread each.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from assistant.sample import AS_OF, sample_users
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.keywords import extract_keywords
from chains.texts import texts_of
from vectorstore.activity import Activity, Keyword
from vectorstore.embeddings import open_embeddings
from vectorstore.store import Vectors

#: Keywords of a user -> how many users are timed.
SIZES = {10: 200, 30: 200, 100: 60, 300: 15, 1000: 4}
SMALL_SIZES = {10: 10, 30: 10, 100: 2}
#: Spread of the user sizes around their median, of a log-normal distribution.
_SPREAD = 0.8
_LARGEST, _FEWEST = 1_000, 3
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True, slots=True)
class Timed:
    """What a worker says. texts: the median number of distinct texts, which is what is clustered. peak: in MB."""

    users: int
    seconds: float
    texts: float
    keywords: float
    mean_keywords: float
    peak: float


def pool() -> list[list[Activity]]:
    """The activity of each sample user, but for the few who have hardly any and the one who does all things often."""
    events = [[event for event, _ in user.activities] for user in sample_users()]
    return [each for each in events if 100 < len(each) < 1_000]


def made_keywords(activity: Sequence[Sequence[Activity]], first: int, count: int) -> list[Keyword]:
    """A user with `count` keywords, beginning with the activity of the sample user number `first`."""
    events: list[Activity] = []
    for turn in range(len(activity)):
        found = activity[(first + turn) % len(activity)]
        step = max(count // 4, 5)
        for start in range(0, len(found), step):
            events += [replace(event, user_id="made") for event in found[start : start + step]]
            keywords = extract_keywords(events)
            if len(keywords) >= count:
                return keywords[:count]
    raise ValueError(f"the sample users have fewer than {count} keywords together")


def sizes_drawn(median: int, users: int, seed: int) -> list[int]:
    drawn = np.random.default_rng(seed).lognormal(np.log(median), _SPREAD, users)
    return [int(size) for size in np.clip(np.round(drawn), _FEWEST, _LARGEST)]


def work(sizes: Sequence[int], folder: Path, first: int) -> None:
    """A worker: makes its users, says that it is ready, waits for a line, works, and says how it went."""
    activity = pool()
    embeddings = open_embeddings(folder=folder, threads=1)
    users: list[tuple[list[Keyword], Vectors]] = []
    for number, size in enumerate(sizes):
        keywords = made_keywords(activity, first + number, size)
        users.append((keywords, embeddings.embed([keyword.text for keyword in keywords])))
    options, models = InferenceOptions(), InferenceModels()
    infer_journeys(*users[0], AS_OF, options, models)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    begun = time.perf_counter()
    for keywords, vectors in users:
        infer_journeys(keywords, vectors, AS_OF, options, models)
    seconds = time.perf_counter() - begun
    texts = float(np.median([len(texts_of(*user)) for user in users]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = (len(users), seconds, texts, float(np.median(sizes)), float(np.mean(sizes)), peak)
    sys.stdout.write(json.dumps(said) + "\n")


def timed(of_workers: Sequence[Sequence[int]], folder: Path) -> list[Timed]:
    """Workers side by side, one for each list of user sizes; they begin at the same moment."""
    command = [sys.executable, "-m", "tests.bench_users", "--folder", str(folder)]
    workers = [
        subprocess.Popen(
            [*command, "--worker", ",".join(map(str, sizes)), "--first", str(17 * number)],
            env={**os.environ, **_ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number, sizes in enumerate(of_workers)
    ]
    for worker in workers:
        assert worker.stdout is not None
        worker.stdout.readline()
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.write("go\n")
        worker.stdin.flush()
    return [Timed(*json.loads(worker.communicate()[0])) for worker in workers]


def measure(folder: Path, *, small: bool = False) -> list[str]:
    """Two Markdown tables, as lines."""
    lines = ["| keywords a user | distinct texts (median) | users/s, one core | peak memory, MB |", "|" + "--:|" * 4]
    for size, users in (SMALL_SIZES if small else SIZES).items():
        one = timed([[size] * users], folder)[0]
        lines.append(f"| {size:,} | {one.texts:,.0f} | {one.users / one.seconds:,.1f} | {one.peak:,.0f} |")
    each = 20 if small else 400
    both = timed([sizes_drawn(30, each, seed) for seed in (1, 2)], folder)
    rate = sum(one.users for one in both) / max(one.seconds for one in both)
    mean = np.mean([one.mean_keywords for one in both])
    return [
        *lines,
        "",
        f"Two processes, users of a median of 30 keywords (log-normal, mean {mean:.0f}): **{rate:,.0f} users/s**.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few users, to try it")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work([int(size) for size in given.worker.split(",")], given.folder, given.first)
        return
    with tempfile.TemporaryDirectory(prefix="bench-users-") as name:
        sys.stdout.write("\n".join(measure(Path(name), small=given.small)) + "\n")


if __name__ == "__main__":
    main()
