"""How good journeys are on labelled logs: `python -m tests.bench_clusters`.

Each figure comes from models that never saw the users they are scored on (`journeys evaluate clustering --folds`): they
learn from the other users of the set, from the other sets and from the sample users. The data does not come with the
project; where it is missing, a line says so.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
#: Log, granularity, folds. Six users: each is left out once.
SCORED = (
    ("boards.csv", "normal", 6),
    ("collections.csv", "normal", 5),
    ("search_missions.csv", "normal", 5),
    ("search_missions.csv", "fine", 5),
)
MISSING = "The labelled logs (`../shared/data`) were not there when this was run, so there are no figures."


def evaluated(home: Path, *words: str) -> Any:
    """What `journeys evaluate … --json` says. Raises CalledProcessError where it fails."""
    command = [str(Path(sys.executable).parent / "journeys"), "--home", str(home), "evaluate", *words, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def measure(folder: Path, *, small: bool = False) -> list[str]:
    """Two Markdown tables, as lines. small: the smallest set only, with two folds."""
    if not DATA.is_dir():
        return [MISSING]
    lines = [
        "| log | granularity | weighted B-cubed F1 | 95 % interval | macro F1 | precision | recall | users | texts |",
        "| --- | --- |" + "--:|" * 7,
    ]
    names = sorted({name for name, _, _ in SCORED})
    for name, granularity, folds in SCORED[:1] if small else SCORED:
        also = [] if small else [word for other in names if other != name for word in ("--also", str(DATA / other))]
        options = ["--granularity", granularity, "--folds", str(2 if small else folds), *also]
        found = evaluated(folder, "clustering", str(DATA / name), *options)
        interval = f"{found['low']:.3f} to {found['high']:.3f}"
        lines.append(
            f"| {name} | {granularity} | **{found['weighted_f1']:.3f}** | {interval} | {found['macro_f1']:.3f} "
            f"| {found['precision']:.3f} | {found['recall']:.3f} | {found['users']:,} | {found['units']:,} |"
        )
    known = evaluated(folder, "stage", str(DATA / "boards.csv"), str(DATA / "boards_journeys.csv"))
    right = (f"{name} {known[name]} ({known[name] / known['found']:.0%})" for name in ("kind", "stage", "both"))
    return [
        *lines,
        "",
        f"Kind and stage on boards.csv, with the model that comes with the program: of {known['known']} known journeys "
        f"{known['found']} were found, and of these as known: {', '.join(right)}.",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="the smallest log with two folds, to try it")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-clusters-") as name:
        sys.stdout.write("\n".join(measure(Path(name), small=given.small)) + "\n")


if __name__ == "__main__":
    main()
