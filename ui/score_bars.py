"""Why a journey ranks where it ranks: bars that begin where the last one ended, and end at the score."""

from collections.abc import Sequence
from dataclasses import dataclass

from chains.journeys import Journey
from chains.ranking import START
from ui.markup import Markup, tag
from ui.timeline import percent


@dataclass(frozen=True, slots=True)
class Step:
    """From begin to end on the way to the score, both in [0, 1]. kind: start, up, down, or total."""

    name: str
    value: str
    begin: float
    end: float
    kind: str

    @property
    def added(self) -> float:
        return self.end - self.begin


def steps_of(journey: Journey) -> list[Step]:
    """The start, what moved it most first, what diversification took, and the score, where they all end."""
    terms = sorted(journey.terms, key=lambda term: (term.name != START, -round(abs(term.contribution), 6)))
    steps, reached = [], 0.0
    for term in terms:
        end = reached + term.contribution
        kind = "start" if term.name == START else "up" if term.contribution >= 0 else "down"
        steps.append(Step(term.name, term.value, reached, end, kind))
        reached = end
    if journey.diversification < 1:
        kept = f"× {journey.diversification:.2f}: near to journeys that rank higher"
        steps.append(Step("diversification", kept, reached, reached * journey.diversification, "down"))
        reached *= journey.diversification
    steps.append(Step("score", f"rank {journey.rank}", 0.0, reached, "total"))
    return steps


def score_bars(steps: Sequence[Step]) -> Markup:
    """A row for each step: its name and what was measured, the bar, and the number."""
    return tag("ol", *(_row(step) for step in steps), class_="waterfall")


def _row(step: Step) -> Markup:
    left, right = sorted((min(max(step.begin, 0.0), 1.0), min(max(step.end, 0.0), 1.0)))
    told = f"{step.end:.3f}" if step.kind in {"start", "total"} else f"{round(step.added, 3) + 0.0:+.3f}"
    bar = tag(
        "svg",
        tag("line", x1="0", x2="100%", y1=9, y2=9, class_="base"),
        tag("rect", x=percent(left), y=2, width=percent(max(right - left, 0.004)), height=14, rx=2),
        width="100%",
        height=18,
        aria_hidden="true",
    )
    name = tag("span", tag("b", step.name.capitalize()), " ", tag("span", step.value, class_="muted"), class_="what")
    return tag("li", name, bar, tag("span", told, class_="number"), class_=step.kind)
