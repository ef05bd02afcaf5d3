"""What replayed targets and items come to: rates, and how much more one system has than another, over users."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.intervals import over_users

Floats64 = NDArray[np.float64]

_FOLDS = 10


@dataclass(frozen=True, slots=True)
class Rate:
    """A mean in [0, 1], or a lift from -1, with the middle 95 % over users drawn again, all dates of one together."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Lift:
    """rate of `system` / rate of `over` - 1; not a number where `over` has none."""

    system: str
    over: str
    measure: str
    rate: Rate


@dataclass(frozen=True, slots=True)
class DateRates:
    """as_of: the day of the cut. users: who came back. rates: by system, in the order of the measures."""

    as_of: str
    users: int
    rates: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class ReplayFigures:
    """moments: users and cuts, each counting once. systems: by name the rate of each measure."""

    users: int
    moments: int
    measures: tuple[str, ...]
    systems: dict[str, dict[str, Rate]]
    lifts: tuple[Lift, ...]
    dates: tuple[DateRates, ...]


def figures_of(
    systems: Mapping[str, Floats64],
    users: Sequence[str],
    dates: Sequence[str],
    measures: Sequence[str],
    compared: Sequence[tuple[str, str, str]],
    seed: int = 0,
) -> ReplayFigures:
    """systems: by name (rows, measures). users, dates: of each row, at least one. compared: system, over, measure."""
    names, of_row = np.unique(np.array(users), return_inverse=True)
    rows = np.bincount(of_row).astype(float)
    sums = {name: _sums(values, of_row, len(names)) for name, values in systems.items()}
    column = {measure: place for place, measure in enumerate(measures)}

    def rate(name: str, measure: str) -> Rate:
        own = sums[name][:, column[measure]]
        interval = over_users(lambda drawn: float(own[drawn].sum() / rows[drawn].sum()), len(names), seed)
        return Rate(float(own.sum() / rows.sum()), *interval)

    def lift(name: str, over: str, measure: str) -> Rate:
        own, other = sums[name][:, column[measure]], sums[over][:, column[measure]]
        interval = over_users(lambda drawn: _ratio(own[drawn], other[drawn]), len(names), seed)
        return Rate(_ratio(own, other), *interval)

    days = np.array(dates)
    return ReplayFigures(
        len(names),
        len(users),
        tuple(measures),
        {name: {measure: rate(name, measure) for measure in measures} for name in systems},
        tuple(Lift(*each, lift(*each)) for each in compared),
        tuple(
            DateRates(
                str(day),
                int((days == day).sum()),
                {name: tuple(values[days == day].mean(axis=0).tolist()) for name, values in systems.items()},
            )
            for day in sorted(set(dates))
        ),
    )


def _sums(values: Floats64, of_row: NDArray[np.intp], count: int) -> Floats64:
    sums = np.zeros((count, values.shape[1]))
    np.add.at(sums, of_row, values)
    return sums


def _ratio(own: Floats64, other: Floats64) -> float:
    return float(own.sum() / other.sum() - 1) if other.sum() else float("nan")


def chosen_on_others(tried: Floats64, users: Sequence[str], seed: int = 0) -> Floats64:
    """(settings, rows, measures) -> (rows, measures): each row by the setting with the highest first measure over the
    rows of other users, of equals the first.

    The users are dealt out into ten folds with the seed; a user alone has nobody to choose on and gets the first.
    """
    names, of_row = np.unique(np.array(users), return_inverse=True)
    fold_of = (np.random.default_rng(seed).permutation(len(names)) % _FOLDS)[of_row]
    chosen = np.empty(tried.shape[1:])
    for fold in range(min(_FOLDS, len(names))):
        inside = fold_of == fold
        others = tried[:, ~inside, 0]
        best = int(np.round(others.mean(axis=1), 9).argmax()) if others.shape[1] else 0
        chosen[inside] = tried[best, inside]
    return chosen
