"""What `journeys evaluate replay` shows: tables, and in plain words what their figures mean."""

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table

from assistant.evaluation.replay_figures import Rate, ReplayFigures

MEANING = (
    "A rate counts users who came back, once for each date. The best interest-based system is the one that did best "
    "for other users. This is a replay of logged behaviour, not an experiment: users saw what they saw, nobody was "
    "sent anything, and what a notification would have changed is not known. Clicks may go another way."
)

_HEADINGS = {
    "hit": "Hit",
    "latest": "Latest",
    "recognised": "Recognised",
    "days": "Of days",
    "own_terms": "Own terms",
    "precision": "Precision@10",
    "hit_rate": "Hit rate@10",
}


def rates_table(figures: ReplayFigures, title: str) -> Table:
    """One row a system, each rate above its interval."""
    table = _table(title, "System", *(_HEADINGS[measure] for measure in figures.measures))
    for name, rates in figures.systems.items():
        table.add_row(name, *(_rate(rates[measure]) for measure in figures.measures))
    return table


def lifts_table(figures: ReplayFigures) -> Table:
    table = _table("Lift, with the middle 95 % over users", "System", "Over", "Measure", "Lift")
    for lift in figures.lifts:
        rate = lift.rate
        told = f"{rate.value:+.0%}  ({rate.low:+.0%} to {rate.high:+.0%})" if rate.value == rate.value else "–"
        table.add_row(lift.system, lift.over, _HEADINGS[lift.measure], told)
    return table


def dates_table(figures: ReplayFigures, names: Sequence[str]) -> Table:
    """By date the first measure of some systems."""
    table = _table(f"By date: {_HEADINGS[figures.measures[0]].lower()}", "As of", "Users", *names)
    for date in figures.dates:
        table.add_row(date.as_of, f"{date.users:,}", *(f"{_first(date.rates, name):.3f}" for name in names))
    return table


def _first(rates: Mapping[str, Sequence[float]], name: str) -> float:
    return rates[name][0]


def _rate(rate: Rate) -> str:
    return f"{rate.value:.3f}\n{rate.low:.3f}–{rate.high:.3f}"


def _table(title: str, *headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    for place, heading in enumerate(headings):
        table.add_column(heading, justify="left" if not place else "right")
    return table
