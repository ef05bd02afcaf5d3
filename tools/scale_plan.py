"""What runs over many users take, from what was measured: `python tools/scale_plan.py`.

The figures are those that `python -m tests.bench_scale --figures docs/scale_figures.json` and `python -m
tests.bench_plan` with the same option write. What a model and what machines cost is assumed, and said to be.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FIGURES = Path(__file__).resolve().parent.parent / "docs" / "scale_figures.json"
USERS = (1_000_000, 100_000_000, 500_000_000)

# Assumed, not measured: change them for your own prices and log.
CORE_HOUR = 0.04  # of a rented core
ACTIVE = 0.05  # of all users, on a day that names are written for
INPUT_PRICE, OUTPUT_PRICE = 0.25, 2.00  # of a small hosted model, a million tokens
CATALOGUE = 20_000  # entries that a model names once, where names come from the catalogue
HOUR = 3_600_000  # milliseconds


@dataclass(frozen=True, slots=True)
class Measured:
    """Processor milliseconds, bytes and a model's tokens of names a user; the texts that a core embeds in a second."""

    ingest: float
    full: float
    day: float
    log_bytes: float
    library_bytes: float
    store_bytes: float
    texts_a_second: float
    input_tokens: float
    output_tokens: float

    @classmethod
    def read(cls, path: Path = FIGURES) -> "Measured":
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        size = found["sizes"][-1]
        users = size["users"]
        return cls(
            ingest=1_000 * size["ingest"]["work"] / users,
            # By one process where that was measured, else by two.
            full=1_000 * min(size["runs"].items())[1]["work"] / users,
            day=1_000 * size["day"]["work"] / users,
            log_bytes=size["log_bytes"],
            library_bytes=size["library_bytes"],
            store_bytes=found["store_bytes"],
            texts_a_second=found["texts_a_second"] / found["cores"],
            input_tokens=found["names"]["input_tokens"],
            output_tokens=found["names"]["output_tokens"],
        )

    def name_cost(self, users: float) -> float:
        """Of names by a model for so many users, in its currency."""
        return users * (self.input_tokens * INPUT_PRICE + self.output_tokens * OUTPUT_PRICE) / 1e6


def plan(measured: Measured, sizes: Sequence[int] = USERS) -> Iterator[list[str]]:
    """Rows of a table: what, and for each number of users how much."""

    def row(what: str, *values: str) -> list[str]:
        return [what, *values]

    def core_hours(milliseconds: float) -> list[float]:
        return [users * milliseconds / HOUR for users in sizes]

    yield row("ingest of everything, core-hours", *(f"{hours:,.0f}" for hours in core_hours(measured.ingest)))
    yield row("full run, core-hours", *(f"{hours:,.0f}" for hours in core_hours(measured.full)))
    yield row("full run on 1,000 cores, hours", *(f"{hours / 1_000:,.1f}" for hours in core_hours(measured.full)))
    yield row("full run, cost of cores", *(f"{hours * CORE_HOUR:,.0f}" for hours in core_hours(measured.full)))
    yield row("a day with 1 % active, core-hours", *(f"{hours:,.0f}" for hours in core_hours(measured.day)))
    embedding = f"{1e8 / measured.texts_a_second / 3_600:,.0f}"
    yield row("embedding 100 million distinct texts, core-hours", *[embedding] * len(sizes))
    cost = measured.name_cost
    yield row("names by a model, all users once", *(f"{cost(users):,.0f}" for users in sizes))
    yield row("names by a model, those active on a day", *(f"{cost(users * ACTIVE):,.0f}" for users in sizes))
    yield row("names by a model, catalogue only", *[f"{cost(CATALOGUE):,.0f}"] * len(sizes))
    yield row("activity log, GB", *(f"{users * measured.log_bytes / 1e9:,.0f}" for users in sizes))
    yield row("library, GB", *(f"{users * measured.library_bytes / 1e9:,.0f}" for users in sizes))
    yield row("keyword store, GB", *(f"{users * measured.store_bytes / 1e9:,.0f}" for users in sizes))


def plan_table() -> str:
    """As Markdown."""
    rows = [["", *(f"{users:,} users" for users in USERS)], ["---", *["--:"] * len(USERS)], *plan(Measured.read())]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def assumptions() -> str:
    """What the plan takes for granted, in two sentences."""
    measured = Measured.read()
    return (
        f"Measured: names of one user take {measured.input_tokens:,.0f} tokens in and {measured.output_tokens:,.0f} "
        f"out, at four characters a token. Assumed: a core-hour costs {CORE_HOUR}; {ACTIVE:.0%} of users are active on "
        f"a day that names are written for; tokens cost {INPUT_PRICE} and {OUTPUT_PRICE} a million; the catalogue has "
        f"{CATALOGUE:,} entries."
    ).replace("%", " %")


if __name__ == "__main__":
    sys.stdout.write(f"{plan_table()}\n\n{assumptions()}\n")
