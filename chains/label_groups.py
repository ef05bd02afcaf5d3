"""Merges, splits and "not a journey" as constraints on the groups of one user's texts. Pure; order means nothing.

A group is a set of texts that make one journey. Splits come first, then merges, then splits again where a merge has
brought along what was parted, then what is no journey. So it doesn't matter which label of which journey came when;
only where two contradict each other, the later holds.
"""

from collections.abc import Callable, Collection, Iterable, Sequence

from chains.labels import MOST, Label, LabelKind, mostly

Group = frozenset[str]

#: (text, texts) -> how near the text is to them; the mean probability that they belong together.
Nearness = Callable[[str, Collection[str]], float]


def constrained(
    groups: Collection[Group], labels: Iterable[Label], free: Collection[str], near: Nearness
) -> list[Group]:
    """The groups as the labels want them, none empty, in order of their first texts.

    groups: disjoint. labels: of one user, in any order; those that hold. free: texts of no group that a label may bring
    into one. near: decides on which side of a split a text goes that is younger than the label. No text is in two
    groups, and none gets lost but those of a group that is no journey.
    """
    held = sorted((label for label in labels if label.withdrawn_at is None), key=lambda label: label.order)
    merges = [label for label in held if label.kind is LabelKind.MERGE]
    splits = [label for label in held if label.kind is LabelKind.SPLIT and not _undone(label, merges)]
    barred = [label.texts for label in held if label.kind is LabelKind.NOT_A_JOURNEY]
    pairs = sorted({_parts(label) for label in splits}, key=lambda pair: (sorted(pair[0]), sorted(pair[1])))
    made = set(groups)
    for apart, rest in pairs:
        made = parted(made, apart, rest, near)
    for bound in _bound_together(sides for label in merges for sides in _cut(label, splits)):
        made = joined(made, bound, free)
    for apart, rest in pairs:
        made = parted(made, apart, rest, near)
    return sorted((group for group in made if not is_barred(group, barred)), key=sorted)


def _parts(split: Label) -> tuple[Group, Group]:
    apart = frozenset(split.apart)
    return apart, split.texts - apart


def _undone(split: Label, merges: Sequence[Label]) -> bool:
    """Whether a later merge put together again what the split had parted."""
    apart, rest = _parts(split)
    return any(
        merge.order > split.order and apart & (whole := merge.texts | merge.other_texts) and rest & whole
        for merge in merges
    )


def _cut(merge: Label, splits: Iterable[Label]) -> list[list[Group]]:
    """The two sides of a merge; of one that later splits took something away from, what is left to each other."""
    pieces = [[merge.texts, merge.other_texts]]
    for split in splits:
        if split.order > merge.order:
            apart = frozenset(split.apart)
            pieces = [part for sides in pieces for part in ([s - apart for s in sides], [s & apart for s in sides])]
    return [sides for sides in pieces if all(sides)]


def _bound_together(merges: Iterable[list[Group]]) -> list[list[Group]]:
    """Merges that share a text are one: lists of the sides of which all texts belong into one group."""
    bound: list[list[Group]] = []
    for sides in merges:
        texts = frozenset().union(*sides)
        linked = [each for each in bound if texts & frozenset().union(*each)]
        bound = [each for each in bound if each not in linked]
        bound.append([*(side for each in linked for side in each), *sides])
    return sorted(bound, key=lambda sides: sorted(frozenset().union(*sides)))


def joined(groups: Collection[Group], sides: Sequence[Group], free: Collection[str]) -> set[Group]:
    """All texts of the sides in one group, with the whole of each group that is mostly a side or holds most of one.

    Of any other group only the texts of the sides come. Nothing changes where one group alone would be concerned.
    """
    wanted = frozenset().union(*sides)
    present = wanted & (frozenset(free).union(*groups))
    whole = [group for group in groups if any(mostly(group, side & present) for side in sides)]
    together = present.union(*whole)
    if not together or sum(bool(side & present) for side in sides) < 2:
        return set(groups)
    return {rest for group in groups if (rest := group - together)} | {together}


def parted(groups: Collection[Group], apart: Group, rest: Group, near: Nearness) -> set[Group]:
    """No group with texts of both: each such falls in two. What is of neither goes where it is nearer, or with the
    rest."""
    made: set[Group] = set()
    for group in groups:
        ones, others = group & apart, group & rest
        if not ones or not others:
            made.add(group)
            continue
        follow = {text for text in group - ones - others if round(near(text, ones) - near(text, others), 4) > 0}
        made |= {ones | follow, group - ones - follow}
    return made


def is_barred(group: Group, barred: Iterable[Group]) -> bool:
    """Whether most of the group comes from one that a person said is no journey."""
    return any(len(group & texts) > MOST * len(group) for texts in barred)


def undone(groups: Collection[Group], withdrawn: Label, free: Collection[str], near: Nearness) -> set[Group]:
    """The groups as they were before the label, as far as its own texts tell."""
    if withdrawn.kind is LabelKind.MERGE:
        return parted(groups, withdrawn.other_texts, withdrawn.texts, near)
    if withdrawn.kind is LabelKind.SPLIT:
        apart = frozenset(withdrawn.apart)
        return joined(groups, [apart, withdrawn.texts - apart], free)
    if withdrawn.kind is LabelKind.NOT_A_JOURNEY and (back := withdrawn.texts & frozenset(free)):
        return {*groups, back}
    return set(groups)
