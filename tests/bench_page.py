"""How long the page takes, measured in a browser: `python -m tests.bench_page`.

Made users, each with the beginnings of two sample users' activity, are read and inferred by the command line; then the
page is served by it, and a browser opens users and searches for them, each time another.
"""

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from assistant.assistant import JourneyAssistant
from assistant.sample import sample_users
from assistant.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
USERS, SMALL_USERS = 5_000, 60
TIMES, SMALL_TIMES = 40, 5
_EVENTS = 30
_COLUMNS = ("user_id", "timestamp", "kind", "text", "item_id", "board", "annotations")
_DRAWN = "query => location.search === query && !document.body.dataset.busy"
_WORDS = ("kitchen renovation", "learning to sew", "wedding on a budget", "road trip", "raised beds", "shore birds")


def write_log(path: Path, users: int) -> None:
    begun = [[event for event, _ in user.activities[:_EVENTS]] for user in sample_users()]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for number in range(users):
            first, second = number % len(begun), (number * 7 + number // len(begun) + 1) % len(begun)
            for event in [*begun[first], *(begun[second] if second != first else [])]:
                moment, annotations = event.timestamp.isoformat(), "|".join(event.annotations)
                row = (moment, event.kind, event.text, event.item_id or "", event.board or "", annotations)
                writer.writerow((f"made-{number:05d}", *row))


def searches(count: int) -> list[str]:
    """No two alike, so that none was embedded before."""
    return [f"{_WORDS[number % len(_WORDS)].replace(' ', '+')}+{number}" for number in range(count)]


def made_home(folder: Path, users: int) -> Path:
    """Read, indexed, inferred and expanded by the command line."""
    home, log = folder / "home", folder / "log.csv"
    write_log(log, users)
    for words in (["ingest", str(log)], ["infer"], ["expand"]):
        sys.stderr.write(f"  {words[0]}\n")
        command = [sys.executable, "-c", "from assistant.cli import main; main()", "--home", str(home), *words]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return home


def measure(folder: Path, *, small: bool = False) -> Iterator[str]:
    """A Markdown table, as lines."""
    sys.path.insert(0, str(ROOT / "tools"))
    from page_browser import launched, served, visitor

    home = made_home(folder, SMALL_USERS if small else USERS)
    with JourneyAssistant(Settings(home=home)) as assistant:
        users = sorted(state.user_id for state in assistant.library.states() if state.journeys)
        keywords = assistant.store.count()
    random.Random(7).shuffle(users)
    with served(home) as address, launched() as browser:
        _, visit = visitor(browser, address)
        visit.page.set_default_timeout(180_000)
        begun = time.perf_counter()
        visit.page.goto(address)
        visit.page.wait_for_selector(".tiles", timeout=180_000)
        first = time.perf_counter() - begun
        yield f"{len(users):,} users with journeys, {keywords:,} keywords; the first overview after {first:.1f} s."

        def go(query: str) -> Callable[[], None]:
            def going() -> None:
                visit.page.evaluate(
                    "query => { const link = document.querySelector('nav.tabs a'); link.setAttribute('href', query); "
                    "document.body.dataset.busy = '1'; link.click(); }",
                    query,
                )
                visit.page.wait_for_function(_DRAWN, arg=query)

            return going

        times = SMALL_TIMES if small else TIMES
        asked = {
            "open a user": [go(f"?tab=explore&user={user}") for user in users[:times]],
            "open a user's first journey": [go(f"?tab=journey&user={user}") for user in users[:times]],
            "turn the dial": [go(f"?tab=granularity&user={user}&dial=fine") for user in users[:times]],
            "find users by meaning": [go(f"?tab=explore&find={words}") for words in searches(times)],
            "all users": [go(f"?tab=overview&n={n}") for n in range(times)],
        }
        yield from ("", f"Milliseconds from the click, {times} times each.", "")
        yield from ("| what | p50 | p95 | longest |", "| --- |" + "--:|" * 3)
        for name, steps in asked.items():
            sys.stderr.write(f"  {name}\n")
            spent = []
            for step in steps:
                begun = time.perf_counter()
                step()
                spent.append(1000 * (time.perf_counter() - begun))
            p50, p95 = np.percentile(spent, [50, 95])
            yield f"| {name} | {p50:.0f} | {p95:.0f} | {max(spent):.0f} |"
        assert visit.wrong == [], visit.wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few users and clicks, to try it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-page-") as name:
        for line in measure(Path(name), small=given.small):
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
