"""The keywords of a user on a plane: near in meaning is near, the number and the colour say whose they are."""

from collections.abc import Mapping, Sequence

from assistant.reading import MappedKeyword
from chains.wording import shortened
from ui.markup import Markup, joined, tag
from ui.pieces import colour
from ui.timeline import percent

_HEIGHT = 360
# Of a screen on which labels must not meet: a desk's, and a telephone's.
_WIDE, _NARROW = 620, 330
_LETTER, _LINE = 6.6, 15
_LONGEST = 24


def keyword_plot(keywords: Sequence[MappedKeyword], ranks: Mapping[str, int]) -> Markup:
    """ranks: by journey id."""
    if not keywords:
        return tag("p", "No keywords to draw.", class_="muted")
    ordered = sorted(keywords, key=lambda each: (each.weight, each.text))
    points = joined(_point(each, ranks[each.journey_id]) for each in ordered)
    wide, narrow = _free(keywords, _WIDE), _free(keywords, _NARROW)
    labels = joined(
        _label(each, "" if number in narrow else "wide-only")
        for number, each in enumerate(keywords)
        if number in wide or number in narrow
    )
    told = f"Map of {len(keywords)} keywords of {len(ranks)} journeys; the table below has them all"
    return tag("svg", points, labels, width="100%", height=_HEIGHT, class_="map", role="img", aria_label=told)


def _place(each: MappedKeyword) -> tuple[float, float]:
    return 0.04 + 0.92 * each.x, 0.05 + 0.9 * (1 - each.y)


def _point(each: MappedKeyword, rank: int) -> Markup:
    x, y = _place(each)
    size = 7 + 4 * each.weight
    return tag(
        "svg",
        tag("title", f"{each.text} (journey {rank})"),
        tag("circle", r=f"{size:.1f}"),
        tag("text", rank, y="3.5", text_anchor="middle"),
        x=percent(x),
        y=percent(y),
        overflow="visible",
        class_=f"point {colour(rank)}",
    )


def _label(each: MappedKeyword, class_: str) -> Markup:
    x, y = _place(each)
    left = x > 0.62
    offset = 8 + 4 * each.weight
    return tag(
        "text",
        shortened(each.text, _LONGEST),
        x=percent(x),
        y=percent(y),
        dx=f"{-offset if left else offset:.0f}",
        dy=4,
        text_anchor="end" if left else "start",
        class_=f"label {class_}".strip(),
    )


def _free(keywords: Sequence[MappedKeyword], width: int) -> set[int]:
    """Which keywords have room for a label on a screen so wide, the heaviest first."""
    taken: list[tuple[float, float, float, float]] = []
    for each in keywords:
        x, y = (share * size for share, size in zip(_place(each), (width, _HEIGHT), strict=True))
        taken.append((x - 8, y - 8, x + 8, y + 8))
    free = set()
    for number, each in sorted(enumerate(keywords), key=lambda pair: (-pair[1].weight, pair[0])):
        x, y = (share * size for share, size in zip(_place(each), (width, _HEIGHT), strict=True))
        long = _LETTER * len(shortened(each.text, _LONGEST))
        start = x - 13 - long if _place(each)[0] > 0.62 else x + 13
        box = (start, y - _LINE / 2, start + long, y + _LINE / 2)
        inside = box[0] >= 0 and box[2] <= width
        if inside and not any(_meet(box, other) for place, other in enumerate(taken) if place != number):
            taken.append(box)
            free.add(number)
    return free


def _meet(one: tuple[float, float, float, float], other: tuple[float, float, float, float]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
