"""Figures of rankings as tables."""

from rich import box
from rich.table import Table
from rich.text import Text

from assistant.evaluation.ranking import FIGURES, Measured, RankingFigures


def ranking_tables(figures: RankingFigures, title: str) -> tuple[Table, Table]:
    """The figures of each ranking, and those of the model less those of each other; below each the middle 95 %.

    both, fitted: recency, events and active days in one logistic curve.
    """
    return (
        _table(figures.figures, title, "Ranking", signed=False),
        _table(figures.against, "learned, not diversified, less", "Ranking", signed=True),
    )


def _table(rows: dict[str, dict[str, Measured]], title: str, heading: str, *, signed: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=Text(title), title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(heading)
    for name in FIGURES:
        table.add_column(name, justify="right")
    for name, of in rows.items():
        table.add_row(Text(name), *(_cell(of[figure], signed) for figure in FIGURES))
    return table


def _cell(measured: Measured, signed: bool) -> Text:
    def told(value: float) -> str:
        return f"{round(value, 3) + 0.0:+.3f}" if signed else f"{value:.3f}"

    return Text(told(measured.value), style="bold").append(
        f"\n{told(measured.low)} to {told(measured.high)}", style="dim not bold"
    )
