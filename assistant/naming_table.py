"""How names were chosen, as a table."""

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assistant.evaluation.names import Figure, NameFigures, NameScores


def naming_table(scores: NameScores, title: str) -> RenderableType:
    """Two tables, at 80 columns: what is picked and what it is worth; and how well all candidates are ordered.

    Gap: the share of it, from the mean candidate to the best, that a pick closes. Model: how far the model's pick is
    above that of each other way.
    """
    picks = _table(f"{title}: {scores.choices:,} of {scores.groups:,} users or topics")
    for heading in ("Picked by", "Worth", "95 %", "Gap", "Regret", "Model", "95 %"):
        picks.add_column(heading, justify="left" if heading == "Picked by" else "right", no_wrap=True)
    orders = _table(None)
    for heading in ("Ordered by", "nDCG", "@1", "@3", "@5", "Spearman", "One word", "Over four"):
        orders.add_column(heading, justify="left" if heading == "Ordered by" else "right", no_wrap=True)
    for place, (way, figures) in enumerate(scores.ways.items()):
        picks.add_row(*_pick(way, figures, first=place == 0))
        ordered = (figures.ndcg["all"], figures.ndcg["1"], figures.ndcg["3"], figures.ndcg["5"], figures.spearman)
        orders.add_row(way, *(_number(each.value) for each in ordered), f"{figures.bare:.0%}", f"{figures.wordy:.0%}")
    picks.add_row("best of all", _number(scores.best), "", "100%", _number(0.0), "", "")
    picks.add_row("their mean", _number(scores.mean), "", "0%", _number(scores.best - scores.mean), "", "")
    return Group(picks, orders)


def _pick(way: str, figures: NameFigures, *, first: bool) -> tuple[str, ...]:
    closed = figures.closed
    return (
        way,
        _number(figures.picked.value),
        _range(figures.picked),
        f"{closed.value:.0%}" if closed.value == closed.value else "–",
        _number(figures.regret.value),
        "" if first else f"{figures.beaten.value:+.3f}",
        "" if first else f"{figures.beaten.low:+.3f} to {figures.beaten.high:+.3f}",
    )


def _table(title: str | None) -> Table:
    return Table(
        box=box.SIMPLE_HEAD,
        title=None if title is None else Text(title),
        title_justify="left",
        pad_edge=False,
        padding=(0, 1, 0, 0),
    )


def _number(value: float) -> str:
    return f"{value:.3f}" if value == value else "–"


def _range(figure: Figure) -> str:
    return f"{figure.low:.3f} to {figure.high:.3f}"
