"""Speed of a keyword store: `python -m tests.bench_store --keywords 300000 --users 5000 --store qdrant`.

Made keywords of three events each, users of one size, random unit vectors. Writes go in batches of whole users, then
each figure is taken over users drawn at random (seeded). Prints, asserts nothing.
"""

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource
from vectorstore.nearest import unit_rows
from vectorstore.open_store import open_store
from vectorstore.store import KeywordStore, Vectors

START = datetime(2025, 1, 1, 8, tzinfo=UTC)
MODEL = "bench"


def keywords_of(user: int, count: int, revision: int = 0) -> list[Keyword]:
    """Keywords with texts and titles of the length that logs have."""
    user_id = f"user-{user:06d}"
    return [
        Keyword(
            user_id,
            f"keyword {number} of an interest {user % 97}",
            KeywordSource.ANNOTATION,
            tuple(
                Activity(
                    user_id,
                    START + timedelta(days=(number + 9 * event) % 180, minutes=user % 600, seconds=revision),
                    ActivityKind.SAVE,
                    f"title {event} of a saved item that has to do with keyword {number}",
                    f"item-{user}-{number}-{event}",
                    f"board {number % 5}",
                    ("first annotation", "second annotation"),
                )
                for event in range(3)
            ),
        )
        for number in range(count)
    ]


def vectors_of(user: int, count: int, dimension: int) -> Vectors:
    vectors = np.random.default_rng(user).normal(size=(count, dimension)).astype(np.float32)
    return unit_rows(vectors, count, dimension)


def batches(args: argparse.Namespace, users: int, revision: int = 0) -> Iterator[tuple[list[Keyword], Vectors]]:
    each = args.keywords // args.users
    size = max(1, args.batch // each)
    for first in range(0, users, size):
        chosen = range(first, min(first + size, users))
        yield (
            [keyword for user in chosen for keyword in keywords_of(user, each, revision)],
            np.concatenate([vectors_of(user, each, args.dimension) for user in chosen]),
        )


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def written(store: KeywordStore, parts: Iterator[tuple[list[Keyword], Vectors]], what: str) -> None:
    """Prints the rate of `add` alone, the making of keywords left out."""
    spent, count = 0.0, 0
    for keywords, vectors in parts:
        begun = time.perf_counter()
        store.add(keywords, vectors)
        spent += time.perf_counter() - begun
        count += len(keywords)
    say(f"{what}: {count / spent:,.0f} keywords/s ({count:,} in {spent:.1f} s)")


def timed(what: str, runs: int, ask: Callable[[int], object]) -> None:
    times = []
    for run in range(runs):
        begun = time.perf_counter()
        ask(run)
        times.append(1000 * (time.perf_counter() - begun))
    p50, p95 = np.percentile(times, [50, 95])
    say(f"{what}: p50 {p50:.2f} ms, p95 {p95:.2f} ms, max {max(times):.2f} ms ({runs} runs)")


def measure(args: argparse.Namespace, folder: Path) -> None:
    def opened() -> KeywordStore:
        return open_store(args.store, folder=folder, model=MODEL, dimension=args.dimension)

    each = args.keywords // args.users
    say(f"{args.store}: {args.keywords:,} keywords of {args.users:,} users, {args.dimension} dimensions")
    store = opened()
    written(store, batches(args, args.users), "add, new")
    few = min(args.users, max(1, 3_000 // each))
    written(store, batches(args, few), "add, unchanged")
    written(store, batches(args, few, revision=1), "add, new events")
    begun = time.perf_counter()
    store.close()
    say(f"close: {time.perf_counter() - begun:.2f} s")
    begun = time.perf_counter()
    store = opened()
    say(f"reopen: {time.perf_counter() - begun:.2f} s")

    drawn = np.random.default_rng(7).integers(0, args.users, size=2 * args.runs).tolist()
    queries = vectors_of(10**7, args.runs, args.dimension)
    names = [f"user-{user:06d}" for user in drawn]
    timed("keywords(user), first touch", args.runs, lambda run: store.keywords(names[run]))
    timed("keywords(user)", args.runs, lambda run: store.keywords(names[args.runs + run]))
    timed("search in one user", args.runs, lambda run: store.search(queries[run], user_id=names[run]))
    timed("search across users", max(3, args.runs // 20), lambda run: store.search(queries[run]))
    timed("users()", 1, lambda _: list(store.users()))
    timed("count()", 3, lambda _: store.count())
    timed("forget(user)", 5, lambda run: store.forget(f"user-{run:06d}"))
    store.close()
    disk = sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    say(f"disk: {disk / 1e6:,.0f} MB, peak memory: {peak:,.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", default="qdrant")
    parser.add_argument("--keywords", type=int, default=300_000)
    parser.add_argument("--users", type=int, default=5_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--batch", type=int, default=5_000, help="keywords in one add")
    parser.add_argument("--runs", type=int, default=400)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-store-") as folder:
        measure(args, Path(folder))


if __name__ == "__main__":
    main()
