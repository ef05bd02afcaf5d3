"""Runs at scale over made users: `python -m tests.bench_scale`.

Users have a median of 30 keywords with a heavy tail, of up to 3,000, out of a vocabulary that all share. Each
has a few interests, of whose texts he does some on some days of the last year. They are written as Parquet, read, and
inferred by the command line with one process, two, and Ray; then a day passes on which 1 % are active, and some on
which nobody is. Memory is the sum over all processes of the command, without files that are mapped.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence, Set
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SIZES, SMALL_SIZES, LARGE_SIZES = (5_000, 20_000), (200, 400), (5_000, 100_000)
AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
TOPICS, TEXTS_A_TOPIC = 400, 50
# In events; a text makes one or two keywords.
_MEDIAN, _SPREAD, _MOST = 17, 1.1, 2_000
_AT_ONCE = 2_000
_MANY = 50_000
_COUNTED, _HEAVY = 2_000, 5
_LOOK = 0.25
_DAYS_AFTER = 4
PROGRAM = [sys.executable, "-c", "from assistant.cli import main; main()"]
_ALONE = ["unshare", "-rn", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
_THINGS = ("ideas", "tips", "plan", "set", "guide", "colours", "at home", "for beginners", "checklist", "kit")
_WORDS = tuple(
    word
    for line in (
        "garden wedding kitchen sewing running baking camping piano yoga chess pottery knitting cycling sailing",
        "woodwork painting drawing hiking skiing fishing coffee tea bread cheese pasta salad soup cake candle soap",
        "lamp sofa shelf carpet curtain mirror balcony terrace roof cellar",
    )
    for word in line.split()
)


@dataclass(frozen=True, slots=True)
class Spent:
    """seconds: of the whole command. work: processor seconds of it and of the processes that it waited for, which other
    programs on the machine make no longer; of Ray only the driver's. peak: most memory of all its processes, in MB."""

    seconds: float
    work: float
    peak: float


@dataclass(frozen=True, slots=True)
class Day:
    """An incremental run. users: whom it took up. silent: those of them of whom nothing was new but the clock.
    needless: those of the silent of whose journeys none became another kind or stage."""

    spent: Spent
    users: int
    silent: int
    needless: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one size. Bytes are on disk, a user. day: with 1 % active. idle: the same command again, with nothing to do.
    days: that one, and those after it, without any activity."""

    users: int
    rows: int
    journeys: int
    ingest: Spent
    runs: dict[str, Spent]
    day: Spent
    day_users: int
    idle: Spent
    days: list[Day]
    same: bool
    log_bytes: float
    library_bytes: float
    cache_bytes: int


def text_of(topic: int, place: int) -> str:
    """One of 20,000 texts of two to five words; those of a topic share words."""
    first, second = _WORDS[topic % len(_WORDS)], _WORDS[(topic // len(_WORDS) * 7 + topic + 3) % len(_WORDS)]
    third = _WORDS[(place * 3 + topic) % len(_WORDS)]
    return f"{first} {second} {_THINGS[place % len(_THINGS)]} {third} {place // 10 + 1}"


def size_of(chance: np.random.Generator) -> int:
    """How many events a user has, by his own random numbers, of which it takes the first."""
    return int(np.clip(chance.lognormal(np.log(_MEDIAN), _SPREAD), 2, _MOST))


def made_rows(users: range) -> pa.Table:
    """A row an event, in order of user. Each user is made by his own number alone."""
    columns: tuple[list[str], list[datetime], list[str], list[str]] = ([], [], [], [])
    for number in users:
        chance = np.random.default_rng(number)
        size = size_of(chance)
        # Most were last active within months, as in any log that is a year old.
        silent = min(chance.exponential(60), 340.0)
        left, seen = size, set[int]()
        while left > 0:
            part = min(left, max(2, int(chance.lognormal(np.log(8), 0.8))))
            left -= part
            topic = int(chance.zipf(1.3)) % TOPICS
            if topic in seen:
                # Somebody who does much has more interests, and not the commonest ones over and over.
                topic = int(chance.integers(TOPICS))
            seen.add(topic)
            places = chance.choice(TEXTS_A_TOPIC, size=min(part, TEXTS_A_TOPIC), replace=False)
            end = silent + chance.exponential(40)
            days = end + np.sort(chance.exponential(6, size=len(places)).cumsum())
            for place, day in zip(places.tolist(), days.tolist(), strict=True):
                columns[0].append(f"user-{number:09d}")
                columns[1].append(AS_OF - timedelta(days=min(day, 360.0)))
                columns[2].append(("search", "save", "closeup", "clickthrough")[int(chance.integers(4))])
                columns[3].append(text_of(topic, place))
    return pa.table(dict(zip(("user_id", "timestamp", "kind", "text"), columns, strict=True)))


def write_log(folder: Path, users: int) -> int:
    """Parquet files of users; returns the number of rows."""
    folder.mkdir(parents=True)
    rows = 0
    for start in range(0, users, _AT_ONCE):
        table = made_rows(range(start, min(start + _AT_ONCE, users)))
        pq.write_table(table, folder / f"users-{start:09d}.parquet")
        rows += len(table)
    # So that every run has the same clock.
    last = {"user_id": ["user-000000000"], "timestamp": [AS_OF], "kind": ["search"], "text": [text_of(0, 0)]}
    pq.write_table(pa.table(last), folder / "last.parquet")
    return rows + 1


def write_day(path: Path, users: int) -> None:
    """One event of one user in a hundred, on the next day."""
    active = range(0, users, 100)
    moments = [AS_OF + timedelta(days=1) - timedelta(seconds=number % 3_600) for number in active]
    moments[0] = AS_OF + timedelta(days=1)
    texts = [text_of(number % TOPICS, number % TEXTS_A_TOPIC) for number in active]
    names = [f"user-{number:09d}" for number in active]
    pq.write_table(
        pa.table({"user_id": names, "timestamp": moments, "kind": ["search"] * len(names), "text": texts}), path
    )


def journeys(home: Path, *words: str, alone: bool = False) -> Spent:
    """Raises CalledProcessError where the command fails."""
    command = [*(_ALONE if alone else []), *PROGRAM, "--home", str(home), *words]
    return _run(command)


def _run(command: Sequence[str]) -> Spent:
    begun, peak = time.perf_counter(), 0.0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        ended, status, used = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        peak = max(peak, sum(map(memory_of, below(process.pid))))
        time.sleep(_LOOK)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    return Spent(time.perf_counter() - begun, used.ru_utime + used.ru_stime, peak)


def below(parent: int) -> set[int]:
    parents = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
    found = {parent}
    while more := {process for process, of in parents.items() if of in found} - found:
        found |= more
    return found


def memory_of(process: int) -> float:
    """Own pages of a process in MB; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")) / 1024


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in (path.rglob("*") if path.is_dir() else [path]) if each.is_file())


def measured(folder: Path, users: int, cache: Path, engines: Sequence[str]) -> Figures:
    """cache: an embedding cache that has the texts already, or will have them from here on."""
    log, home = folder / f"log-{users}", folder / f"home-{users}"
    rows = write_log(log, users)
    (home / "embeddings").mkdir(parents=True)
    for file in cache.glob("*") if cache.exists() else ():
        if not file.name.endswith((".lock", "-wal", "-shm")):
            shutil.copy(file, home / "embeddings" / file.name)
    say(f"{users:,} users: ingest")
    # The keyword store has a benchmark of its own; runs do without it.
    ingested = journeys_without_index(home, log)
    runs, outputs = {}, set()
    for engine in engines:
        say(f"{users:,} users: {engine}")
        (home / "library.sqlite").unlink(missing_ok=True)
        for left in home.glob("library.sqlite-*"):
            left.unlink()
        output = folder / f"{engine.replace(' ', '-')}.jsonl"
        kind, _, workers = engine.partition(" ")
        words = ["infer", "--engine", kind, "--workers", workers, "--output", str(output)]
        runs[engine] = journeys(home, *words, alone=kind == "ray")
        outputs.add(_hash(output))
        found = sum(1 for _ in output.open("rb"))
        output.unlink()
    library = _size(home / "library.sqlite")
    write_day(folder / "day.parquet", users)
    journeys_without_index(home, folder / "day.parquet")
    say(f"{users:,} users: one day later")
    active = {f"user-{number:09d}" for number in range(0, users, 100)}
    day = incremental_day(home, active)
    idle = journeys(home, "infer", "--incremental")
    later = [
        incremental_day(home, set(), "--as-of", f"{AS_OF + timedelta(days=1 + number):%Y-%m-%d}")
        for number in range(1, _DAYS_AFTER + 1)
    ]
    figures = Figures(
        users, rows, found, ingested, runs, day.spent, day.users, idle, [day, *later],
        len(outputs) == 1,
        _size(home / "activity") / users, library / users, _size(home / "embeddings"),
    )  # fmt: skip
    if not cache.exists():
        shutil.copytree(home / "embeddings", cache)
    shutil.rmtree(home)
    shutil.rmtree(log)
    return figures


def incremental_day(home: Path, active: Set[str], *words: str) -> Day:
    """active: who did something since the last run."""
    before = _states_in(home)
    spent = journeys(home, "infer", "--incremental", *words)
    after = _states_in(home)
    taken = {user_id for user_id, (run_id, _) in after.items() if run_id != before.get(user_id, ("", ()))[0]}
    silent = taken - active
    return Day(spent, len(taken), len(silent), sum(before[user_id][1] == after[user_id][1] for user_id in silent))


def _states_in(home: Path) -> dict[str, tuple[str, tuple[tuple[str, str, str], ...]]]:
    """Of each user the run that his journeys are from, and their kinds and stages."""
    with closing(sqlite3.connect(home / "library.sqlite")) as library:
        runs = dict(library.execute("SELECT user_id, run_id FROM user_state"))
        found: dict[str, list[tuple[str, str, str]]] = {user_id: [] for user_id in runs}
        for user_id, *state in library.execute("SELECT user_id, journey_id, kind, stage FROM journeys ORDER BY 1, 2"):
            found[user_id].append((state[0], state[1], state[2]))
    return {user_id: (run_id, tuple(found[user_id])) for user_id, run_id in runs.items()}


def journeys_without_index(home: Path, log: Path) -> Spent:
    """Reads logs and embeds their texts, and leaves the keyword store alone."""
    code = (
        "import sys; from pathlib import Path\n"
        "from assistant.assistant import JourneyAssistant\n"
        "from assistant.settings import Settings\n"
        "with JourneyAssistant(Settings(home=Path(sys.argv[1]))) as made: made.ingest([Path(sys.argv[2])], index=False)"
    )
    return _run([sys.executable, "-c", code, str(home), str(log)])


def embed_all(cache: Path) -> float:
    """Embeds the whole vocabulary; returns texts a second."""
    from vectorstore.embeddings import open_embeddings

    texts = sorted({text_of(topic, place) for topic in range(TOPICS) for place in range(TEXTS_A_TOPIC)})
    begun = time.perf_counter()
    open_embeddings(folder=cache).embed(texts)
    return len(texts) / (time.perf_counter() - begun)


def _hash(path: Path) -> str:
    """Of all journeys, without the run."""
    import hashlib
    import re

    told = hashlib.blake2b()
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            told.update(re.sub(r'"run_id": "[^"]*"', "", line).encode())
    return told.hexdigest()


def say(line: str) -> None:
    sys.stderr.write(f"  {line}\n")
    sys.stderr.flush()


def table(found: Sequence[Figures]) -> Iterator[str]:
    """As Markdown."""
    yield "| users | events | journeys | how | seconds | users/s | processor, ms a user | peak of all processes, MB |"
    yield "|--:|--:|--:|---|--:|--:|--:|--:|"
    for each in found:
        head = f"| {each.users:,} | {each.rows:,} | {each.journeys:,} |"
        for how, spent in {"ingest": each.ingest, **each.runs}.items():
            speed, work = each.users / spent.seconds, 1_000 * spent.work / each.users
            told = "" if how.startswith("ray") else f"{work:.1f}"
            yield f"{head} {how} | {spent.seconds:.1f} | {speed:,.0f} | {told} | {spent.peak:,.0f} |"
        full, day, later = min(each.runs.items())[1], each.days[0], each.days[-1]
        days = {f"a day later, {_whom(day)}": day.spent, "again, nothing to do": each.idle}
        days[f"day {len(each.days)}, {_whom(later)}"] = later.spent
        for told, spent in days.items():
            of_work, of_time = (f"{part:.1%}" for part in (spent.work / full.work, spent.seconds / full.seconds))
            share = f"{of_work} of the work of a full run, {of_time} of its time".replace("%", " %")
            yield f"{head} {told} | {spent.seconds:.1f} | {share} | {spent.work:.1f} s | {spent.peak:,.0f} |"
    last = found[-1]
    silent = sum(day.silent for each in found for day in each.days)
    needless = sum(day.needless for each in found for day in each.days)
    yield ""
    yield f"Of {silent:,} times that a silent user was taken up, {needless:,} were needless."
    same = "the same to the byte" if all(each.same for each in found) else "DIFFERENT"
    yield ""
    median, mean, most = keywords_of(last.users)
    yield (
        f"Of {last.users:,} users the median has {median:.0f} keywords, the mean {mean:.0f}, the heaviest {most:,}. "
        f"On disk a user: activity log {last.log_bytes:,.0f} bytes, library {last.library_bytes:,.0f} bytes. The "
        f"journeys of all ways of a size are {same}."
    )


def _engines(users: int, *, ray: bool) -> list[str]:
    """One process alone takes too long for many users."""
    return [*(["local 1"] if users < _MANY else []), "local 2", *(["ray 2"] if ray else [])]


def keywords_of(users: int) -> tuple[float, float, int]:
    """Median and mean number of keywords of these users, by some thousands of them, and the most that one has."""
    from chains.keywords import extract_keywords
    from vectorstore.activity import Activity, ActivityKind

    def count(user: int) -> int:
        rows = made_rows(range(user, user + 1)).to_pylist()
        return len(
            extract_keywords(
                [Activity(row["user_id"], row["timestamp"], ActivityKind(row["kind"]), row["text"]) for row in rows]
            )
        )

    counts = [count(user) for user in range(min(users, _COUNTED))]
    heaviest = sorted(range(users), key=lambda user: size_of(np.random.default_rng(user)))[-_HEAVY:]
    return float(np.median(counts)), float(np.mean(counts)), max(map(count, heaviest))


def _whom(day: Day) -> str:
    return f"{day.users - day.silent:,} active and {day.silent:,} silent users"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few users, to try it")
    parser.add_argument("--large", action="store_true", help="100,000 users, which takes a while")
    parser.add_argument("--users", type=int, action="append", help="only so many; may be repeated")
    parser.add_argument("--without-ray", action="store_true")
    parser.add_argument("--figures", type=Path, help="write what was measured there too, as JSON, for the plan")
    given = parser.parse_args()
    sizes = given.users or (SMALL_SIZES if given.small else LARGE_SIZES if given.large else SIZES)
    with tempfile.TemporaryDirectory(prefix="bench-scale-") as name:
        cache = Path(name) / "embeddings"
        say("embedding the vocabulary")
        speed = embed_all(cache)
        found = [measured(Path(name), users, cache, _engines(users, ray=not given.without_ray)) for users in sizes]
    if given.figures:
        told = {"texts_a_second": speed, "cores": os.cpu_count(), "sizes": [asdict(each) for each in found]}
        before = json.loads(given.figures.read_text(encoding="utf-8")) if given.figures.exists() else {}
        given.figures.write_text(json.dumps(before | told, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write("\n".join(table(found)) + "\n")


if __name__ == "__main__":
    main()
