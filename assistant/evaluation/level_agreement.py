"""How far two raters agree on levels 1 to 5, all from the table of how often one said i and the other j."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.intervals import Interval, over_users
from chains.judgement import LEVELS

Table = NDArray[np.float64]
_COUNT = len(LEVELS)
_LEVELS = np.array(LEVELS, dtype=np.float64)


def table_of(first: Sequence[int], second: Sequence[int]) -> Table:
    """(5, 5): row the first rater's level, column the second's. Raises ValueError where a level is none of 1 to 5."""
    if len(first) != len(second) or any(level not in LEVELS for level in (*first, *second)):
        raise ValueError("two raters give each item one level of 1 to 5")
    table = np.zeros((_COUNT, _COUNT))
    np.add.at(table, (np.array(first, dtype=int) - 1, np.array(second, dtype=int) - 1), 1)
    return table


def exact(table: Table) -> float:
    """Share of items with the same level, 0 to 1; not a number without items, as all of these."""
    return _ratio(float(np.trace(table)), float(table.sum()))


def within_one(table: Table) -> float:
    """Share of items whose levels differ by one at most, 0 to 1."""
    near = np.abs(_LEVELS[:, None] - _LEVELS[None, :]) <= 1
    return _ratio(float(table[near].sum()), float(table.sum()))


def quadratic_kappa(table: Table) -> float:
    """Cohen's kappa with squared distances as weights (Cohen 1968), -1 to 1.

    1 - sum(w O) / sum(w E), with E from the margins. Not a number where both raters say one and the same level only.
    """
    total = float(table.sum())
    if not total:
        return float("nan")
    weights = (_LEVELS[:, None] - _LEVELS[None, :]) ** 2
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / total
    chance = float((weights * expected).sum())
    return 1 - float((weights * table).sum()) / chance if chance else float("nan")


def spearman(table: Table) -> float:
    """Pearson correlation of the ranks, equal levels sharing their mean rank, -1 to 1; not a number where a rater says
    one level only."""
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    first, second = _mean_ranks(rows), _mean_ranks(columns)
    total = float(table.sum())
    if not total:
        return float("nan")
    middle = (total + 1) / 2
    first, second = first - middle, second - middle
    together = float(first @ table @ second)
    return _ratio(together, float(np.sqrt((rows @ first**2) * (columns @ second**2))))


def kendall(table: Table) -> float:
    """Kendall's tau-b (1945): concordant less discordant pairs, over those untied in each; -1 to 1, not a number where
    a rater says one level only."""
    below = np.array([[table[i + 1 :, j + 1 :].sum() for j in range(_COUNT)] for i in range(_COUNT)])
    beside = np.array([[table[i + 1 :, :j].sum() for j in range(_COUNT)] for i in range(_COUNT)])
    difference = float((table * (below - beside)).sum())
    total = float(table.sum())
    pairs = total * (total - 1) / 2
    tied_first = float((table.sum(axis=1) * (table.sum(axis=1) - 1)).sum()) / 2
    tied_second = float((table.sum(axis=0) * (table.sum(axis=0) - 1)).sum()) / 2
    return _ratio(difference, float(np.sqrt(max((pairs - tied_first) * (pairs - tied_second), 0.0))))


_MEASURES = {
    "exact": exact,
    "within_one": within_one,
    "kappa": quadratic_kappa,
    "spearman": spearman,
    "kendall": kendall,
}


@dataclass(frozen=True, slots=True)
class Figure:
    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class LevelAgreement:
    """pairs: of levels compared. groups: what was drawn again for the intervals. table: (5, 5) counts."""

    pairs: int
    groups: int
    exact: Figure
    within_one: Figure
    kappa: Figure
    spearman: Figure
    kendall: Figure
    table: tuple[tuple[int, ...], ...]


def level_agreement(groups: Sequence[Table], *, seed: int = 0) -> LevelAgreement | None:
    """groups: one table each, of items that belong together (of one user, one need, one topic); the intervals come
    from drawing whole groups again, as items of one group are alike. Of a single group the items are drawn, which makes
    them narrower than they should be. None where there is nothing to compare."""
    filled = [table for table in groups if table.sum()]
    if not filled:
        return None
    if len(filled) == 1:
        filled = list(_items(filled[0]))
    stacked = np.stack(filled)
    table = stacked.sum(axis=0)
    figures = {
        name: Figure(
            measure(table),
            over_users(lambda places, m=measure: m(stacked[places].sum(axis=0)), len(stacked), seed),  # type: ignore[misc]
        )
        for name, measure in _MEASURES.items()
    }
    counts = tuple(tuple(int(cell) for cell in row) for row in table)
    return LevelAgreement(int(table.sum()), len(stacked), table=counts, **figures)


def _items(table: Table) -> Iterator[Table]:
    for place in np.argwhere(table):
        one = np.zeros_like(table)
        one[tuple(place)] = 1
        yield from [one] * int(table[tuple(place)])


def _mean_ranks(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    ends = np.cumsum(margin)
    return ends - margin + (margin + 1) / 2


def _ratio(above: float, below: float) -> float:
    return above / below if below else float("nan")
