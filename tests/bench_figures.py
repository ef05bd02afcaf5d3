"""What `journeys evaluate …` says on the labelled logs, as Markdown: `python -m tests.bench_figures ranking`.

The shape of the JSON decides the table, so that a figure that is added to a command appears here too: what has the same
keys stands in one table, an interval stands behind its value.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data"
MISSING = "The data (`../shared/data`) was not there when this was run, so there are no figures."
#: Name of a section -> the commands whose figures it has; a word that is a file of the data stands for its path.
COMMANDS: Mapping[str, Sequence[str]] = {
    "names": (
        "naming name_ratings.csv --folds 5 --journeys boards.csv --known boards_journeys.csv --named collections.csv",
        "naming boards.csv --known boards_journeys.csv --folds 6 --ratings name_ratings.csv --named collections.csv",
    ),
    "ranking": (
        "ranking boards.csv --folds 6",
        "ranking search_missions.csv --folds 5",
        "ranking retail.parquet --folds 5",
        "ranking collections.csv --folds 5",
    ),
    "stage": (
        "stage boards.csv boards_journeys.csv",
        "stage search_missions.csv --folds 5",
        "stage retail.parquet --folds 5",
    ),
    "replay": (
        "replay search_missions.csv --folds 5",
        "replay retail.parquet --folds 5",
        "replay boards.csv --folds 6",
        "replay collections.csv --folds 5",
    ),
}
_INTERVAL = {"low", "high"}
_USAGE = 2
_WIDE = 14


def figures(home: Path, words: Sequence[str]) -> Any:
    """What the command says with --json; a text where it failed, None where this version has no such command."""
    given = [str(DATA / word) if (DATA / word).is_file() else word for word in words]
    command = [str(Path(sys.executable).parent / "journeys"), "--home", str(home), "evaluate", *given, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True)
    if ended.returncode == 0:
        return json.loads(ended.stdout)
    why = (ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"])[-1]
    sys.stderr.write(f"  {why}\n")
    return None if ended.returncode == _USAGE else why


def tables(found: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """JSON -> Markdown tables and lines."""
    plain = {name: shown(each) for name, each in found.items() if shown(each)}
    if plain:
        yield from _grid([path], [plain], "") if path else ("", _line(plain))
    groups = {name: each for name, each in found.items() if name not in plain and each}
    alike: dict[tuple[str, ...], list[str]] = {}
    for name, each in groups.items():
        if isinstance(each, dict):
            alike.setdefault(tuple(leaves(each)), []).append(name)
    # What has the same figures stands in one table, as long as it is not too wide.
    together = [
        names
        for columns, names in alike.items()
        if len(columns) <= _WIDE and (len(names) > 1 or all(map(shown, groups[names[0]].values())))
    ]
    for names in together:
        yield from _grid(names, [leaves(groups[name]) for name in names], path)
    for name, each in groups.items():
        where = f"{path}, {name}" if path else name
        if isinstance(each, list):
            rows = [leaves(row) for row in each if isinstance(row, dict)]
            if rows:
                yield from _grid([""] * len(rows), rows, where)
        elif not any(name in names for names in together):
            yield from tables(each, where)


def leaves(found: Mapping[str, Any], path: str = "") -> dict[str, str]:
    """All figures inside, by their names one after the other; lists are left out."""
    told: dict[str, str] = {}
    for name, each in found.items():
        where = f"{path} {name}".strip()
        if shown(each):
            told[where] = shown(each)
        elif isinstance(each, dict):
            told |= leaves(each, where)
    return told


def shown(value: Any) -> str:
    """A number, a text, or a value with its interval; '' for what is none of these."""
    if isinstance(value, dict) and value.keys() >= _INTERVAL and len(value) == len(_INTERVAL) + 1:
        middle = next(each for name, each in value.items() if name not in _INTERVAL)
        return f"{shown(middle)} ({shown(value['low'])} to {shown(value['high'])})"
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, float):
        return f"{value:.3f}"
    if isinstance(value, int):
        return f"{value:,}"
    return value if isinstance(value, str) else ""


def _line(plain: Mapping[str, str]) -> str:
    # A path would tell whose machine it is.
    return ", ".join(f"{_words(name)} {Path(each).name if '/' in each else each}" for name, each in plain.items())


def _grid(names: Sequence[str], rows: Sequence[Mapping[str, str]], title: str) -> Iterator[str]:
    columns = list(dict.fromkeys(key for row in rows for key in row))
    yield from ("", "| " + " | ".join([_words(title), *map(_words, columns)]) + " |", "| --- |" + "--:|" * len(columns))
    for name, row in zip(names, rows, strict=True):
        yield "| " + " | ".join([_words(name), *(row.get(column, "") for column in columns)]) + " |"


def _words(name: str) -> str:
    return name.replace("_", " ")


def measure(folder: Path, section: str, *, small: bool = False) -> Iterator[str]:
    """The section's tables, as lines. small: of the first command only, without folds."""
    if not DATA.is_dir():
        yield MISSING
        return
    for command in COMMANDS[section][:1] if small else COMMANDS[section]:
        words = command.split()
        plain = words[: words.index("--folds")] if "--folds" in words else words
        asked = plain if small else words
        sys.stderr.write(f"  {' '.join(asked)}\n")
        found = figures(folder, asked)
        if found is None and asked != plain:
            # Not every command has folds to deal users into.
            asked, found = plain, figures(folder, plain)
        if found is None:
            continue
        yield from ("", f"`journeys evaluate {' '.join(asked)}`")
        yield from tables(found) if isinstance(found, dict) else ("", f"Not measured: {found}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("section", choices=COMMANDS)
    parser.add_argument("--small", action="store_true", help="the first command only, without folds, to try it")
    parser.add_argument("--kept", type=Path, help="a folder for vectors that another part needs too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-figures-") as name:
        for line in measure((given.kept or Path(name)) / "home", given.section, small=given.small):
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
