"""A table for a notebook: any values in, shown as text and never as markup."""

from collections.abc import Iterable, Sequence

from rich import box
from rich.table import Table
from rich.text import Text


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> Table:
    """headings: of the columns. rows: of as many values each; numbers stand right, fractions with three places."""
    given = [list(row) for row in rows]
    shown = Table(
        box=box.SIMPLE_HEAD,
        title=Text(title) if title else None,
        title_justify="left",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )
    for place, heading in enumerate(headings):
        values = [row[place] for row in given]
        number = bool(values) and all(isinstance(value, int | float) for value in values)
        shown.add_column(Text(heading), justify="right" if number else "left", no_wrap=number)
    for row in given:
        shown.add_row(*(Text(f"{value:.3f}" if isinstance(value, float) else str(value)) for value in row))
    return shown
