"""How the terminal shows modes of inference side by side."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from assistant.evaluation.inferred_modes import ModeFigures


def modes_table(modes: Sequence[ModeFigures], title: str) -> Table:
    """A row a mode: quality, how much more than the first mode's, and what one user takes."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), title=title, title_justify="left")
    table.add_column("Mode", no_wrap=True)
    for heading in ("B-cubed F1", "95 %", "More, 95 %", "Fell back", "Tokens a user", "Cost a user"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in modes:
        clusters = each.clusters
        table.add_row(
            str(each.mode),
            f"{clusters.weighted_f1:.3f}",
            f"{clusters.low:.3f} to {clusters.high:.3f}",
            f"{each.more.low:+.3f} to {each.more.high:+.3f}" if each.more else "",
            f"{each.fell_back} of {each.users}",
            f"{each.tokens:,.0f}",
            "no price" if each.cost is None else f"{each.cost:.5f}",
        )
    return table


def kept_line(modes: Sequence[ModeFigures]) -> Text | None:
    """That some replies cost nothing now; None where none was kept."""
    kept = sum(each.kept for each in modes)
    if not kept:
        return None
    return Text(f"{kept:,} replies were kept from before; tokens and cost are of the users who were asked about now.")
