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

#: Keywords of a user -> how many users are timed, as far as the time goes.
SIZES = {10: 400, 30: 400, 100: 100, 300: 25, 1_000: 8, 2_000: 3, 5_000: 1}
SMALL_SIZES = {10: 10, 30: 10, 100: 2}
#: Seconds after which no further user of a size is begun.
_LONGEST = 30.0
#: A larger user takes so long that what the first call loads does not count.
_WARMED_UP = 1_000
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


def work(sizes: Sequence[int], folder: Path, first: int, *, only_embed: bool = False) -> None:
    """A worker: makes its users, says that it is ready, waits for a line, works, and says how it went.

    only_embed: it only makes the vectors, so that another one finds them and has no model in its memory.
    """
    activity = pool()
    embeddings = open_embeddings(folder=folder, threads=1)
    users: list[tuple[list[Keyword], Vectors]] = []
    for number, size in enumerate(sizes):
        keywords = made_keywords(activity, first + number, size)
        users.append((keywords, embeddings.embed([keyword.text for keyword in keywords])))
    if only_embed:
        return
    options, models = InferenceOptions(), InferenceModels()
    if sizes[0] <= _WARMED_UP:
        infer_journeys(*users[0], AS_OF, options, models)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    begun, done = time.perf_counter(), 0
    for keywords, vectors in users:
        infer_journeys(keywords, vectors, AS_OF, options, models)
        done += 1
        if time.perf_counter() - begun > _LONGEST:
            break
    seconds = time.perf_counter() - begun
    texts = float(np.median([len(texts_of(*user)) for user in users]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    said = (done, seconds, texts, float(np.median(sizes)), float(np.mean(sizes)), peak)
    sys.stdout.write(json.dumps(said) + "\n")


def timed(of_workers: Sequence[Sequence[int]], folder: Path) -> list[Timed]:
    """Workers side by side, one for each list of user sizes; they begin at the same moment."""
    base = [sys.executable, "-m", "tests.bench_users", "--folder", str(folder)]
    commands = [
        [*base, "--worker", ",".join(map(str, sizes)), "--first", str(17 * number)]
        for number, sizes in enumerate(of_workers)
    ]
    for command in commands:
        subprocess.run([*command, "--only-embed"], check=True)
    workers = [
        subprocess.Popen(
            command,
            env={**os.environ, **_ONE_THREAD},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for command in commands
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
        sys.stderr.write(f"  {size:,} keywords\n")
        one = timed([[size] * users], folder)[0]
        lines.append(f"| {size:,} | {one.texts:,.0f} | {_rate(one.users / one.seconds)} | {one.peak:,.0f} |")
    each = 20 if small else 400
    both = timed([sizes_drawn(30, each, seed) for seed in (1, 2)], folder)
    rate = sum(one.users for one in both) / max(one.seconds for one in both)
    mean = np.mean([one.mean_keywords for one in both])
    return [
        *lines,
        "",
        f"Two processes, users of a median of 30 keywords (log-normal, mean {mean:.0f}): **{rate:,.0f} users/s**.",
    ]


def _rate(a_second: float) -> str:
    return f"{a_second:,.0f}" if a_second >= 100 else f"{a_second:.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few users, to try it")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--only-embed", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--first", type=int, default=0, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work([int(size) for size in given.worker.split(",")], given.folder, given.first, only_embed=given.only_embed)
        return
    with tempfile.TemporaryDirectory(prefix="bench-users-") as name:
        sys.stdout.write("\n".join(measure(Path(name), small=given.small)) + "\n")


if __name__ == "__main__":
    main()
