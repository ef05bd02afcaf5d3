"""What the terminal shows of how well returns are foreseen."""

from rich import box
from rich.table import Table

from assistant.evaluation.returns import FIGURES, MODEL, Measured, ReturnFigures


def returns_tables(figures: ReturnFigures, title: str) -> list[Table]:
    """The figures of the model and the baselines, the differences, and how true the probabilities are."""
    shown = _table(title, "", *FIGURES)
    for name, values in figures.figures.items():
        shown.add_row(name, *(_text(values[each]) for each in FIGURES))
    against = _table("The model less the baseline", "", *FIGURES)
    for name, values in figures.against.items():
        against.add_row(name, *(_text(values[each], signed=True) for each in FIGURES))
    reliability = _table(
        f"Reliability: ECE {figures.figures[MODEL]['ECE'].value:.3f}, by chance {figures.by_chance:.3f}",
        "Journeys",
        "Foreseen",
        "Returned",
    )
    for each in figures.reliability:
        reliability.add_row(str(each.journeys), f"{each.foreseen:.0%}", f"{each.returned:.0%}")
    return [shown, against, reliability]


def _table(title: str, *headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(heading)
    return table


def _text(measured: Measured, *, signed: bool = False) -> str:
    plus = "+" if signed else ""
    return f"{measured.value:{plus}.3f}\n{measured.low:{plus}.3f} to {measured.high:{plus}.3f}"
