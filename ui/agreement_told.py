"""How far a judge and people agree, as a table and as bars with their intervals."""

import math

from assistant.evaluation.judge_agreement import KAPPA, WITHIN_ONE, JudgeAgreement
from assistant.evaluation.level_agreement import Figure, LevelAgreement
from assistant.judge_gate import Gate
from chains.wording import count_text
from ui.markup import Child, Markup, joined, tag
from ui.pieces import notice

_ABOUT = (
    ("exact", "Exact", None),
    ("within_one", "Within one level", WITHIN_ONE),
    ("kappa", "Quadratic kappa", KAPPA),
)


def agreement_bars(found: JudgeAgreement, gate: Gate) -> Markup:
    """The judge against people, and people among themselves; what is missing where there is nothing to compare."""
    judge = (
        _block("Judge and people", found.judge, f"{found.model}, against the middle of what people said.", bars=True)
        if found.judge
        else notice(
            "No judge to compare with.",
            "Verdicts on journeys that a judge has scored are compared here; journeys judge scores some.",
        )
    )
    people = (
        _block("People among themselves", found.humans, "Each two people who rated the same journey.", bars=False)
        if found.humans and found.humans.pairs
        else notice("Nobody to compare with.", "Two people have to rate the same journey.")
    )
    told = tag("p", _gate_told(gate), class_="small") if found.judge else None
    return joined((judge, told, people))


def _gate_told(gate: Gate) -> str:
    if gate.is_open:
        return "This judge is validated: its figures may be relied on."
    return f"Not to be relied on yet: {gate.because}."


def _block(title: str, found: LevelAgreement, says: str, *, bars: bool) -> Markup:
    rows = joined(_row(name, getattr(found, key), bar if bars else None) for key, name, bar in _ABOUT)
    pairs = f"{count_text(found.pairs, 'pair')} of {count_text(found.groups, 'user')}"
    return tag(
        "div",
        tag("h4", title),
        tag("p", f"{says} {pairs}.", class_="small"),
        tag("ul", rows, class_="intervals"),
    )


def _row(name: str, figure: Figure, wanted: float | None) -> Markup:
    if math.isnan(figure.value):
        return tag("li", tag("span", name), tag("span", "not known: all say one level", class_="small"))
    low, high = figure.interval
    known = not math.isnan(low)
    said = f"{figure.value:.2f}" + (f" ({low:.2f} to {high:.2f})" if known else "")
    return tag("li", tag("span", name), _interval(figure.value, low, high, wanted), tag("span", said, class_="number"))


def _interval(value: float, low: float, high: float, wanted: float | None) -> Markup:
    """On a line from 0 to 1: the figure as a dot, the interval as a bar, what a judge must reach as a mark."""

    def x(at: float) -> str:
        return f"{100 * min(max(at, 0.0), 1.0):.1f}%"

    parts: list[Child] = [tag("line", x1="0", x2="100%", y1=9, y2=9, class_="base")]
    if not math.isnan(low):
        parts.append(tag("line", x1=x(low), x2=x(high), y1=9, y2=9, class_="range"))
    if wanted is not None:
        parts.append(tag("line", x1=x(wanted), x2=x(wanted), y1=2, y2=16, class_="wanted"))
    parts.append(tag("circle", cx=x(value), cy=9, r=5))
    return tag("svg", *parts, width="100%", height=18, class_="interval", aria_hidden="true")
