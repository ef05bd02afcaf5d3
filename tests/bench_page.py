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
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from assistant.assistant import JourneyAssistant
from assistant.sample import sample_users
from assistant.settings import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parent.parent
USERS, SMALL_USERS = 5_000, 60
TIMES, SMALL_TIMES = 40, 5
_EVENTS = 30
_COLUMNS = ("user_id", "timestamp", "kind", "text", "item_id", "board", "annotations")
_DRAWN = "query => location.search === query && !document.body.dataset.busy"
#: What takes longest when nobody asked before.
FIRST = {
    "find users by meaning": "?tab=explore&find=sourdough+bread",
    "Review": "?tab=review",
    "Notifications": "?tab=notifications",
    "Quality": "?tab=quality",
}
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


def measure(home: Path, *, small: bool = False) -> Iterator[str]:
    """Markdown tables, as lines. home: with journeys and a catalogue."""
    sys.path.insert(0, str(ROOT / "tools"))
    from page_browser import launched, served, visitor

    with JourneyAssistant(Settings(home=home)) as assistant:
        users = sorted(state.user_id for state in assistant.library.states() if state.journeys)
        keywords = assistant.store.count()
    random.Random(7).shuffle(users)
    times = SMALL_TIMES if small else TIMES
    with served(home) as address, launched() as browser:
        context, visit = visitor(browser, address)
        context.add_init_script("sessionStorage.setItem('journeys-who', 'Ada')")
        context.set_default_timeout(180_000)
        begun = time.perf_counter()
        visit.page.goto(address)
        visit.page.wait_for_selector(".tiles", timeout=180_000)
        first = time.perf_counter() - begun
        yield (
            f"{len(users):,} users with journeys, {keywords:,} keywords. All journeys are read once when the page is "
            f"served; opened at once, it showed the first overview after {first:.1f} s."
        )
        yield from ("", "The first time that each is asked for, once the overview stands, in milliseconds.", "")
        yield from ("| what | first |", "| --- |--:|")
        for name, query in FIRST.items():
            yield f"| {name} | {timed(visit.page, query):.0f} |"
        asked = {
            "open a user": [f"?tab=explore&user={user}" for user in users[:times]],
            "open a user's first journey": [f"?tab=journey&user={user}" for user in users[:times]],
            "turn the dial": [f"?tab=granularity&user={user}&dial=fine" for user in users[:times]],
            "find users by meaning": [f"?tab=explore&find={words}" for words in searches(times)],
            "all users": [f"?tab=overview&n={n}" for n in range(times)],
            "next in Review": [f"?tab=review&n={n}" for n in range(times)],
            "Notifications": [f"?tab=notifications&n={n}" for n in range(times)],
            "Quality": [f"?tab=quality&n={n}" for n in range(times)],
        }
        yield from ("", f"Milliseconds from the click, {times} times each.", "")
        yield from ("| what | p50 | p95 | longest |", "| --- |" + "--:|" * 3)
        for name, queries in asked.items():
            sys.stderr.write(f"  {name}\n")
            spent = [timed(visit.page, query) for query in queries]
            p50, p95 = np.percentile(spent, [50, 95])
            yield f"| {name} | {p50:.0f} | {p95:.0f} | {max(spent):.0f} |"
        assert visit.wrong == [], visit.wrong


def timed(page: "Page", query: str) -> float:
    """Milliseconds from a click that leads there to what is drawn."""
    begun = time.perf_counter()
    page.evaluate(
        "query => { const link = document.querySelector('nav.tabs a'); link.setAttribute('href', query); "
        "link.click(); }",
        query,
    )
    page.wait_for_function(_DRAWN, arg=query)
    return 1000 * (time.perf_counter() - begun)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="few users and clicks, to try it")
    parser.add_argument("--home", type=Path, help="a home with journeys and a catalogue, instead of made users")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-page-") as name:
        home = given.home or made_home(Path(name), SMALL_USERS if given.small else USERS)
        for line in measure(home.absolute(), small=given.small):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
