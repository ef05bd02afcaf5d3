"""The readout of an experiment as tables and as JSON."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from assistant.experiment.lifts import Lift
from assistant.experiment.rates import Rate
from assistant.experiment.readout import Compared, Readout
from assistant.experiment.results import Results
from assistant.experiment.simulation import Coverage
from assistant.experiment.verdict import percent, verdict_of
from chains.experiment_arms import Arm
from chains.wording import count_text

_HARM = {"done": "red", "excluded": "green", "open": "yellow"}
LOOKS = (
    "The 95 % hold for one look that was fixed beforehand: who looks every day and stops at the first clear lift finds "
    "one too often."
)


def arms_line(results: Results, readout: Readout) -> Text:
    """How many users are in each arm, and whether that can be."""
    check = readout.ratio
    told = ", ".join(f"{arm} {check.users[arm]:,}" for arm in Arm if arm in check.users)
    text = Text(f"users: {told}; ")
    if check.passes:
        text.append(f"as many as they should be (p {check.p:.3f})", style="green")
    else:
        expected = ", ".join(f"{arm} {check.expected[arm]:,.0f}" for arm in Arm if arm in check.expected)
        text.append(f"SAMPLE RATIO MISMATCH: should be {expected} (p {check.p:.2g})", style="bold red")
    if results.mixed:
        text.append(f"; left out: {count_text(results.mixed, 'user')} in two arms", style="yellow")
    return text


def rates_table(readout: Readout) -> Table:
    """One row a metric, guards first, one column an arm; below each rate its 95 % interval."""
    arms = [arm for arm in Arm if arm in readout.ratio.users]
    table = _table("Rates", "Metric", *arms)
    for metric, rates in readout.rates.items():
        table.add_row(Text(metric.name), *(_rate_cell(rates.get(arm)) for arm in arms))
    return table


def _rate_cell(rate: Rate | None) -> Text:
    if rate is None:
        return Text("–", style="dim")
    cell = Text(f"{rate.value:.3%}", style="bold")
    if rate.low is None or rate.high is None:
        return cell.append(f"\n{rate.events:g} of {rate.base:,.0f}", style="dim not bold")
    return cell.append(f"\n{rate.low:.3%} to {rate.high:.3%}", style="dim not bold")


def guards_table(readout: Readout) -> Table:
    """Whether an arm does harm, over which other."""
    table = _table("Guards", "Metric", "Arm", "Rise, 95 %", f"Harm of {readout.asked.most_harm:.0%}")
    for each in readout.guards:
        if each.guarded:
            harm = each.guarded.harm
            wide = Text(f"{percent(each.guarded.low)} to {percent(each.guarded.high)}")
            table.add_row(Text(each.metric.name), _pair(each), wide, Text(harm, style=_HARM[harm]))
    return table


def lifts_table(readout: Readout) -> Table:
    """Relative lifts with 95 % intervals; adjusted by what users did before, where that is told."""
    adjusted = any(each.adjusted for each in readout.lifts)
    table = _table("Lifts", "Metric", "Arm", "Lift", "p", *(["Adjusted", "Less variance"] if adjusted else []))
    for each in readout.lifts:
        cells = [_lift_cell(each.lift), Text(f"{each.lift.p:.4f}" if each.lift else "–")]
        if adjusted:
            cells.append(_lift_cell(each.adjusted.lift if each.adjusted else None))
            cells.append(Text(f"{each.adjusted.reduction:.0%}" if each.adjusted else "–"))
        table.add_row(Text(each.metric.name), _pair(each), *cells)
    return table


def _lift_cell(lift: Lift | None) -> Text:
    if lift is None:
        return Text("too few events", style="dim")
    cell = Text(percent(lift.value), style="bold" if lift.clear else "")
    return cell.append(f"\n{percent(lift.low)} to {percent(lift.high)}", style="dim not bold")


def _pair(each: Compared) -> Text:
    return Text(f"{each.treated} over {each.control}")


def notes(readout: Readout) -> list[str]:
    """How long it must run, and what looking more than once does."""
    told = []
    if readout.plan:
        plan = readout.plan
        days = f", in all {count_text(plan.days, 'day')}" if plan.days is not None else ""
        told.append(
            f"to find a lift of {percent(plan.wanted)} in {readout.asked.primary.name} (power 80 %, alpha 5 %): "
            f"{plan.times:.2f} times what there is{days}; what there is finds {percent(plan.smallest)}"
        )
    looks = LOOKS
    if readout.always:
        looks += (
            f" At every look holds: {readout.asked.primary.name} {percent(readout.always.low)} to "
            f"{percent(readout.always.high)}."
        )
    return [*told, looks]


def coverage_table(found: Sequence[Coverage]) -> Table:
    """In how many made experiments the 95 % intervals hold the true lift, and in how many a lift is seen."""
    title = f"{found[0].experiments:,} made experiments each: share whose interval holds the true lift"
    table = _table(
        title, "Users an arm", "True lift", "By user", "Adjusted", "By message", "Lift seen", "Less variance"
    )
    for each in found:
        held = (f"{share:.1%}" for share in (each.covered, each.adjusted, each.by_message, each.clear, each.reduction))
        table.add_row(f"{each.users:,}", f"{each.lift:.0%}", *held)
    return table


def as_json(results: Results, readout: Readout) -> dict[str, Any]:
    """All that the tables say; rates and lifts are parts of 1, lifts relative."""
    return {
        "verdict": verdict_of(readout),
        "primary": readout.asked.primary.name,
        "sample_ratio": {
            "users": {str(arm): count for arm, count in readout.ratio.users.items()},
            "expected": {str(arm): round(count, 3) for arm, count in readout.ratio.expected.items()},
            "p": readout.ratio.p,
            "passes": readout.ratio.passes,
            "in_two_arms": results.mixed,
        },
        "rejected": dict(results.rejected),
        "rates": {
            metric.name: {
                str(arm): {name: getattr(rate, name) for name in ("value", "low", "high", "events", "base", "users")}
                for arm, rate in rates.items()
            }
            for metric, rates in readout.rates.items()
        },
        "guards": [_compared(each) for each in readout.guards],
        "lifts": [_compared(each) for each in readout.lifts],
        "always_valid": readout.always._asdict() if readout.always else None,
        "plan": _fields(readout.plan, ("wanted", "smallest", "times", "days", "more")) if readout.plan else None,
        "looks": LOOKS,
    }


def _compared(each: Compared) -> dict[str, Any]:
    names = ("value", "low", "high", "error", "p")
    told: dict[str, Any] = {"metric": each.metric.name, "arm": str(each.treated), "over": str(each.control)}
    told["lift"] = _fields(each.lift, names) if each.lift else None
    if each.adjusted:
        told["adjusted"] = {**_fields(each.adjusted.lift, names), "reduction": each.adjusted.reduction}
    if each.guarded:
        high = each.guarded.high if each.guarded.high < float("inf") else None
        told["guard"] = {"low": each.guarded.low, "high": high, "harm": str(each.guarded.harm)}
    return told


def _fields(value: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(value, name) for name in names}


def _table(title: str, *headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    words: Sequence[str] = ("Metric", "Arm")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in words else "right")
    return table
