"""A user's activity in time: a lane for each journey, a sign for each event. Widths are shares: any screen fits."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from chains.wording import count_text, date_text, shortened
from ui.markup import Markup, joined, tag
from ui.pieces import colour
from vectorstore.activity import Activity, ActivityKind

#: How each kind of event is drawn, round the middle of its place, and how it is called.
SIGNS: dict[ActivityKind, tuple[str, str]] = {
    ActivityKind.SEARCH: ("M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z", "search"),
    ActivityKind.CLOSEUP: ("M-1.25 -5h2.5v10h-2.5Z", "opened"),
    ActivityKind.SAVE: ("M-4 -4h8v8h-8Z", "saved"),
    ActivityKind.CLICKTHROUGH: ("M-4 -5L5 0L-4 5Z", "clicked"),
    ActivityKind.BOARD: ("M0 -6L6 0L0 6L-6 0Z", "board"),
}
_HEIGHT = 26
_LONGEST = 90


def percent(share: float) -> str:
    return f"{100 * share:.2f}%"


def share_of(moment: datetime, first: datetime, last: datetime) -> float:
    """Where between first and last, with a little room at both ends; in [0, 1]."""
    whole = (last - first).total_seconds()
    return 0.5 if whole <= 0 else 0.015 + 0.97 * ((moment - first).total_seconds() / whole)


def sign(kind: ActivityKind, x: str, y: str, title: str = "") -> Markup:
    path, _ = SIGNS[kind]
    return tag(
        "svg", tag("path", tag("title", title) if title else None, d=path), x=x, y=y, overflow="visible", class_="sign"
    )


def lane(events: Sequence[Activity], first: datetime, last: datetime, rank: int, label: str) -> Markup:
    """One line of signs. rank: whose colour it has, 0 for none."""
    places = [share_of(event.timestamp, first, last) for event in events]
    middle = str(_HEIGHT / 2)
    line = None
    if places:
        line = tag("line", x1=percent(places[0]), x2=percent(places[-1]), y1=middle, y2=middle, class_="span")
    signs = joined(
        sign(
            event.kind,
            percent(place),
            middle,
            f"{date_text(event.timestamp)}, {SIGNS[event.kind][1]}: {shortened(event.text, _LONGEST)}",
        )
        for event, place in zip(events, places, strict=True)
    )
    return tag(
        "svg",
        line,
        signs,
        width="100%",
        height=_HEIGHT,
        class_=f"lane {colour(rank) if rank else 'none'}",
        role="img",
        aria_label=label,
    )


def lane_label(name: str, events: Sequence[Activity]) -> str:
    """The lane in words."""
    if not events:
        return f"{name}: no activity in the log"
    return (
        f"{name}: {count_text(len(events), 'event')}, the first on {date_text(events[0].timestamp)}, "
        f"the last on {date_text(events[-1].timestamp)}"
    )


def axis(first: datetime, last: datetime) -> Markup:
    """The first of each month, or fewer where there are many."""
    marks = []
    moment = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    while moment <= last:
        if moment >= first:
            marks.append(moment)
        moment = (moment + timedelta(days=32)).replace(day=1)
    step = max(1, -(-len(marks) // 6))
    texts = joined(
        tag(
            "text",
            f"{mark:%b %Y}" if mark.month == 1 or not number else f"{mark:%b}",
            x=percent(share_of(mark, first, last)),
            y=12,
        )
        for number, mark in enumerate(marks[::step])
    )
    return tag("svg", texts, width="100%", height=16, class_="axis", aria_hidden="true")


def key() -> Markup:
    """What the signs mean."""
    return tag(
        "ul",
        *(
            tag("li", tag("svg", sign(kind, "8", "8"), width=16, height=16, aria_hidden="true"), name)
            for kind, (_, name) in SIGNS.items()
        ),
        class_="key",
    )


def sparkline(events: Sequence[Activity], first: datetime, last: datetime, rank: int, label: str) -> Markup:
    """Activity week by week as small bars."""
    weeks = max(1, -(-((last - first).days + 1) // 7))
    counts = [0] * weeks
    for event in events:
        counts[min(max((event.timestamp - first).days // 7, 0), weeks - 1)] += 1
    return bars(counts, label, colour(rank))


def bars(counts: Sequence[int | None], label: str, class_: str, height: int = 28) -> Markup:
    """Bars of counts; None, a count that is hidden, is a dot. label: the same in words."""
    most = max((count for count in counts if count), default=1)
    wide = 100 / max(len(counts), 1)
    drawn = []
    for number, count in enumerate(counts):
        if count is None:
            drawn.append(tag("circle", cx=f"{(number + 0.5) * wide:.2f}%", cy=height - 2, r=1.5, class_="hidden"))
        elif count:
            tall = max(2.0, (height - 2) * count / most)
            drawn.append(
                tag(
                    "rect",
                    x=f"{(number + 0.12) * wide:.2f}%",
                    y=f"{height - tall:.1f}",
                    width=f"{0.76 * wide:.2f}%",
                    height=f"{tall:.1f}",
                )
            )
    base = tag("line", x1="0", x2="100%", y1=height - 0.5, y2=height - 0.5, class_="base")
    return tag("svg", base, *drawn, width="100%", height=height, class_=f"bars {class_}", role="img", aria_label=label)
