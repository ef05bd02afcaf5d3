"""The tree of merges: what is joined first stands far left, and the cut says which joins still count."""

from collections.abc import Mapping, Sequence

from chains.merge_outline import MergeOutline
from chains.wording import shortened
from ui.markup import Markup, tag
from ui.pieces import colour
from ui.timeline import percent

_ROW = 20
# Letters of a label that have room: on a desk's screen, and on a telephone's.
_LONGEST, _SHORTEST = 36, 17
_TEXT = 0.42


def tree_plot(tree: MergeOutline, texts: Sequence[str], of_group: Mapping[int, int]) -> Markup:
    """texts: of the members. of_group: by group of the cut the rank of its journey; a group without one makes none."""
    if not tree.leaves:
        return tag("p", "Nothing to merge.", class_="muted")
    height = _ROW * len(tree.leaves) + 22
    drawn = []
    at = {
        (number, number + 1): (_x(leaf.together), 18 + _ROW * (number + 0.5)) for number, leaf in enumerate(tree.leaves)
    }
    for number, leaf in enumerate(tree.leaves):
        rank = of_group.get(leaf.group, 0)
        more = f" +{len(leaf.members) - 1}" if len(leaf.members) > 1 else ""
        y = 18 + _ROW * (number + 0.5)
        class_ = f"leaf {colour(rank) if rank else 'none'}"
        drawn.append(
            tag(
                "g",
                tag("title", "; ".join(shortened(texts[place], 80) for place in leaf.members[:12])),
                *(
                    tag(
                        "text",
                        f"{shortened(texts[leaf.members[0]], long - len(more))}{more} ",
                        tag("tspan", str(rank) if rank else "–", class_="rank", dx=4),
                        x=percent(_TEXT - 0.01),
                        y=y + 4,
                        text_anchor="end",
                        class_=f"label {on}",
                    )
                    for long, on in ((_LONGEST, "wide-only"), (_SHORTEST, "narrow-only"))
                ),
                tag("line", x1=percent(_TEXT), x2=percent(_x(leaf.together)), y1=y, y2=y),
                class_=class_,
            )
        )
    for merge in tree.merges:
        (left_x, left_y), (right_x, right_y) = at[merge.start, merge.middle], at[merge.middle, merge.end]
        x = max(_x(merge.together), left_x, right_x)
        rank = of_group.get(tree.leaves[merge.start].group, 0)
        joined_up = merge.together >= tree.cut
        class_ = f"merge {(colour(rank) if rank else 'none') if joined_up else 'apart'}"
        drawn.append(
            tag(
                "g",
                tag("line", x1=percent(left_x), x2=percent(x), y1=left_y, y2=left_y),
                tag("line", x1=percent(right_x), x2=percent(x), y1=right_y, y2=right_y),
                tag("line", x1=percent(x), x2=percent(x), y1=left_y, y2=right_y),
                class_=class_,
            )
        )
        at[merge.start, merge.end] = (x, (left_y + right_y) / 2)
    cut = _x(tree.cut)
    drawn.append(tag("line", x1=percent(cut), x2=percent(cut), y1=14, y2=height, class_="cut"))
    drawn.append(tag("text", f"cut {tree.cut:.0%}", x=percent(cut), y=10, text_anchor="middle", class_="cut-label"))
    groups = len({leaf.group for leaf in tree.leaves})
    told = f"Tree of {len(tree.leaves)} leaves; cut at {tree.cut:.0%} it falls into {groups} groups"
    return tag("svg", *drawn, width="100%", height=height, class_="tree", role="img", aria_label=told)


def _x(together: float) -> float:
    """Surely together is left, beside the texts; surely apart is right."""
    return _TEXT + 0.02 + (0.97 - _TEXT) * (1.0 - together)
