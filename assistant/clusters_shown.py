"""How the terminal shows what clusters are worth: the figure to quote first, then all others in one table."""

from rich import box
from rich.table import Table
from rich.text import Text

from assistant.evaluation.clusters import ClusterFigures, Mean
from assistant.evaluation.confidence import ConfidenceFigures

_ROWS = (
    ("B-cubed F1", "b_cubed_f1"),
    ("  precision", "b_cubed_precision"),
    ("  recall", "b_cubed_recall"),
    ("Pairs F1", "pair_f1"),
    ("  precision", "pair_precision"),
    ("  recall", "pair_recall"),
    ("Adjusted Rand", "adjusted_rand"),
    ("V-measure", "v_measure"),
    ("  homogeneity", "homogeneity"),
    ("  completeness", "completeness"),
)


def headline(figures: ClusterFigures, title: str) -> Text:
    """One line: the weighted B-cubed F1, how sure it is, and of how much."""
    return Text.assemble(
        f"{title}: B-cubed F1 ",
        (f"{figures.weighted_f1:.3f}", "bold"),
        f" (95 %: {figures.low:.3f} to {figures.high:.3f}), weighted by texts; "
        f"{figures.users:,} users, {figures.units:,} texts",
    )


def measures_table(figures: ClusterFigures) -> Table:
    """A row a measure: with all texts, and without those that are alone in their group."""
    all_units, company = figures.all_units, figures.in_company
    table = _table("All texts", "Weighted", "95 %", "Macro", "Without lone texts", "Macro ")
    for shown, name in _ROWS:
        means = all_units.measures[name]
        row = [shown, _value(means.weighted), _interval(means.weighted), _value(means.macro)]
        if company.users:
            row += [_value(company.measures[name].weighted), _value(company.measures[name].macro)]
        table.add_row(*row)
    return table


def sizes_table(figures: ClusterFigures) -> Table:
    """A row for each group of users, by how many labelled texts they have."""
    table = _table("Texts a user", "Users", "Texts", "B-cubed", "95 %", "Pairs", "Adj. Rand")
    for name, scored in figures.by_size.items():
        if scored.users:
            f1, pairs, rand = (scored.measures[each].weighted for each in ("b_cubed_f1", "pair_f1", "adjusted_rand"))
            counts = f"{scored.users:,}", f"{scored.units:,}"
            table.add_row(name, *counts, _value(f1), _interval(f1), _value(pairs), _value(rand))
    return table


def safety_line(before: ClusterFigures) -> Text:
    """What the figure would be if nothing were left out; before: of the clusters as they were then."""
    interval = f"(95 %: {before.low:.3f} to {before.high:.3f})"
    return Text(
        f"Before safety and the least size of a journey leave some out: B-cubed F1 {before.weighted_f1:.3f} {interval}"
    )


def confidence_line(figures: ConfidenceFigures) -> Text:
    return Text(
        f"Confidence of {figures.journeys:,} journeys: {figures.confidence:.0%} said, {figures.actual:.0%} so; "
        f"calibration error {figures.error:.3f} (95 %: {figures.low:.3f} to {figures.high:.3f})"
    )


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(first, no_wrap=True)
    for heading in others:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _value(mean: Mean) -> str:
    return f"{mean.value:.3f}"


def _interval(mean: Mean) -> str:
    return f"{mean.low:.3f} to {mean.high:.3f}"
