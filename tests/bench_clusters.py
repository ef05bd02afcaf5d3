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
from collections.abc import Iterator
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
_OTHERS = {
    "pair_precision": "pairs precision",
    "pair_recall": "recall",
    "pair_f1": "F1",
    "adjusted_rand": "adjusted Rand",
    "homogeneity": "homogeneity",
    "completeness": "completeness",
    "v_measure": "V-measure",
}


def evaluated(home: Path, *words: str) -> Any:
    """What `journeys evaluate … --json` says. Raises CalledProcessError where it fails."""
    command = [str(Path(sys.executable).parent / "journeys"), "--home", str(home), "evaluate", *words, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def fold_figures(kept: Path, log: str, granularity: str, folds: int, *, small: bool = False) -> Any:
    """ClusterFigures as JSON, by models that never saw the users; made once, since it trains a model for each fold.

    kept: a folder; what is found there is not made again. small: two folds, and nothing learned from other logs.
    """
    path = kept / f"{log}-{granularity}.json"
    if not path.exists():
        names = sorted({name for name, _, _ in SCORED} - {log})
        also = [] if small else [word for other in names for word in ("--also", str(DATA / other))]
        options = ["--granularity", granularity, "--folds", str(2 if small else folds), *also]
        sys.stderr.write(f"  {log}: folds, {granularity}\n")
        found = evaluated(kept / "home", "clustering", str(DATA / log), *options)
        kept.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(found), encoding="utf-8")
    return json.loads(path.read_text(encoding="utf-8"))


def measure(kept: Path, *, small: bool = False) -> Iterator[str]:
    """Markdown tables, as lines. small: the smallest set only, with two folds."""
    if not DATA.is_dir():
        yield MISSING
        return
    found = [
        (f"| {log} | {granularity} |", fold_figures(kept, log, granularity, folds, small=small))
        for log, granularity, folds in (SCORED[:1] if small else SCORED)
    ]
    yield from _headlines(found)
    yield from ("", "Other measures of the same, weighted by texts and then as the mean of users:", "")
    yield "| log | granularity | mean | " + " | ".join(_OTHERS.values()) + " |"
    yield "| --- | --- | --- |" + "--:|" * len(_OTHERS)
    for begin, each in found:
        for mean in ("weighted", "macro"):
            values = (f"{each['all_units']['measures'][name][mean]['value']:.3f}" for name in _OTHERS)
            yield f"{begin} {mean} | {' | '.join(values)} |"
    yield from ("", "Without texts that are alone in their group, and by how many labelled texts users have:", "")
    yield from _parts_of(found)


def _confidence(found: Any) -> str:
    """Three cells: what journeys say, what is so, and the expected calibration error."""
    if found is None:
        return " | | "
    return f"{found['confidence']:.3f} | {found['actual']:.3f} | {found['error']:.3f}"


def _headlines(found: list[tuple[str, Any]]) -> Iterator[str]:
    yield (
        "| log | granularity | weighted B-cubed F1 | 95 % interval | before safety | macro F1 | precision | recall "
        "| confidence said | so | error | users | texts |"
    )
    yield "| --- | --- |" + "--:|" * 11
    for begin, each in found:
        yield (
            f"{begin} **{each['weighted_f1']:.3f}** | {each['low']:.3f} to {each['high']:.3f} "
            f"| {each['before_safety']['weighted_f1']:.3f} | {each['macro_f1']:.3f} "
            f"| {each['precision']:.3f} | {each['recall']:.3f} | {_confidence(each['confidence'])} "
            f"| {each['users']:,} | {each['units']:,} |"
        )


def _parts_of(found: list[tuple[str, Any]]) -> Iterator[str]:
    yield "| log | granularity | of | users | texts | weighted B-cubed F1 | 95 % interval | pairs F1 | adjusted Rand |"
    yield "| --- | --- | --- |" + "--:|" * 6
    for begin, each in found:
        for name, part in (("not alone", each["in_company"]), *each["by_size"].items()):
            if not part["users"]:
                continue
            f1, pairs, rand = (part["measures"][key]["weighted"] for key in ("b_cubed_f1", "pair_f1", "adjusted_rand"))
            yield (
                f"{begin} {name} | {part['users']:,} | {part['units']:,} | {f1['value']:.3f} "
                f"| {f1['low']:.3f} to {f1['high']:.3f} | {pairs['value']:.3f} | {rand['value']:.3f} |"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="the smallest log with two folds, to try it")
    parser.add_argument("--kept", type=Path, help="a folder for figures and vectors that another part needs too")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-clusters-") as name:
        for line in measure(given.kept or Path(name), small=given.small):
            sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
