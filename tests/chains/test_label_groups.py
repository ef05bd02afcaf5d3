"""Merges, splits and "not a journey" on groups of texts: by hand, and what always holds."""

from collections.abc import Collection, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_labels import made_label

from chains.label_groups import Group, constrained, undone
from chains.labels import Label, LabelKind

MERGE, SPLIT, NONE = LabelKind.MERGE, LabelKind.SPLIT, LabelKind.NOT_A_JOURNEY


def near(text: str, others: Collection[str]) -> float:
    """The nearer in the alphabet."""
    return -min((abs(ord(text) - ord(other)) for other in others), default=99)


def groups(*texts: str) -> list[Group]:
    return [frozenset(each) for each in texts]


def made(start: Sequence[Group], *labels: Label, free: str = "") -> list[str]:
    return ["".join(sorted(group)) for group in constrained(start, labels, free, near)]


def test_without_labels_nothing_changes() -> None:
    assert made(groups("def", "abc")) == ["abc", "def"]
    assert made([]) == []


def test_two_journeys_go_into_one() -> None:
    one = made_label(MERGE, "abc", other="de")
    assert made(groups("abc", "de", "xyz"), one) == ["abcde", "xyz"]
    # Both have grown since, and what they grew by comes along.
    assert made(groups("abcmn", "deo"), one) == ["abcdemno"]
    # Of a journey that took over one text only, this text comes alone.
    assert made(groups("auvwx", "bcde"), one) == ["abcde", "uvwx"]
    # What is in no journey comes where it may be shown.
    assert made(groups("abc"), one, free="dy") == ["abcd"]
    assert made(groups("abc"), one, free="y") == ["abc"]
    assert made(groups("xyz"), one) == ["xyz"]


def test_merges_that_share_a_journey_are_one() -> None:
    chain = [made_label(MERGE, "ab", other="cd", number=1), made_label(MERGE, "cd", other="ef", number=2)]
    for labels in (chain, chain[::-1]):
        assert made(groups("ab", "cd", "ef"), *labels) == ["abcdef"]


def test_keywords_part_from_the_rest() -> None:
    one = made_label(SPLIT, "abcyz", apart="yz")
    assert made(groups("abcyz"), one) == ["abc", "yz"]
    # A newer text goes where it is nearer, or where it is as near to both, with the rest.
    assert made(groups("abcdxyz"), one) == ["abcd", "xyz"]
    assert made(groups("aez"), made_label(SPLIT, "ai", apart="i")) == ["aez"]
    assert made(groups("aei"), made_label(SPLIT, "ai", apart="i")) == ["ae", "i"]
    # They may be apart already, or with others.
    assert made(groups("abc", "yzm"), one) == ["abc", "myz"]
    assert made(groups("yz"), one) == ["yz"]


def test_no_journey_is_no_journey_as_long_as_it_is_mostly_the_same() -> None:
    one = made_label(NONE, "abcd")
    assert made(groups("abcd", "xyz"), one) == ["xyz"]
    assert made(groups("ab"), one) == []
    assert made(groups("abcxy"), one) == []
    assert made(groups("abcxyz"), one) == ["abcxyz"]


def test_the_later_of_two_that_contradict_each_other_holds() -> None:
    merge, split = made_label(MERGE, "ab", other="cd", number=1), made_label(SPLIT, "abcd", apart="cd", number=2)
    assert made(groups("ab", "cd"), merge, split) == ["ab", "cd"]
    again = made_label(MERGE, "ab", other="cd", number=3)
    assert made(groups("ab", "cd"), again, split, merge) == ["abcd"]
    other = made_label(MERGE, "ab", other="xy", number=3)
    assert made(groups("abcd", "xy"), split, other) == ["abxy", "cd"]


def test_what_is_taken_back_does_nothing() -> None:
    gone = made_label(MERGE, "abc", other="de").model_copy(update={"withdrawn_at": made_label(MERGE).at})
    assert made(groups("abc", "de"), gone) == ["abc", "de"]


@pytest.mark.parametrize(
    ("label", "start", "free"),
    [
        (made_label(MERGE, "abc", other="de"), ["abc", "de", "xy"], ""),
        (made_label(SPLIT, "abcyz", apart="yz"), ["abcyz", "m"], ""),
        (made_label(NONE, "abc"), ["abc", "xy"], "abc"),
    ],
)
def test_undone(label: Label, start: list[str], free: str) -> None:
    changed = constrained(groups(*start), [label], "", near)
    assert sorted("".join(sorted(group)) for group in undone(changed, label, free, near)) == start


TEXTS = "abcdefghij"
some = st.frozensets(st.sampled_from(TEXTS), min_size=1, max_size=5)


@st.composite
def partitions(draw: st.DrawFn) -> tuple[list[Group], frozenset[str]]:
    """Groups, and texts of none."""
    places = draw(st.lists(st.integers(-1, 4), min_size=len(TEXTS), max_size=len(TEXTS)))
    found = [frozenset(t for t, at in zip(TEXTS, places, strict=True) if at == place) for place in range(5)]
    return [group for group in found if group], frozenset(TEXTS).difference(*found)


@st.composite
def labels(draw: st.DrawFn) -> list[Label]:
    made: list[Label] = []
    for number in range(draw(st.integers(0, 4))):
        kind, texts, other = draw(st.sampled_from([MERGE, SPLIT, NONE])), draw(some), draw(some)
        if kind is MERGE and other - texts:
            made.append(made_label(kind, texts, other=other - texts, number=number))
        elif kind is SPLIT and texts & other and texts - other:
            made.append(made_label(kind, texts, apart=texts & other, number=number))
        elif kind is NONE:
            made.append(made_label(kind, texts, number=number))
    return made


@given(partitions(), labels(), st.randoms())
def test_no_text_is_lost_or_doubled_and_order_means_nothing(
    start: tuple[list[Group], frozenset[str]], said: list[Label], chance: object
) -> None:
    held, free = start
    found = constrained(held, said, free, near)
    flat = [text for group in found for text in group]
    assert len(flat) == len(set(flat))
    assert all(found)
    everything = frozenset().union(*held)
    barred = frozenset().union(*(label.texts for label in said if label.kind is NONE))
    merged = frozenset().union(*(label.texts | label.other_texts for label in said if label.kind is MERGE))
    assert set(flat) <= everything | (free & merged)
    if not barred:
        assert set(flat) >= everything

    turned, shuffled = list(held), list(said)
    chance.shuffle(turned)  # type: ignore[attr-defined]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert constrained(turned, shuffled, free, near) == found


@given(partitions(), labels())
def test_what_is_parted_shares_no_group(start: tuple[list[Group], frozenset[str]], said: list[Label]) -> None:
    found = constrained(start[0], said, start[1], near)
    merges = [label for label in said if label.kind is MERGE]
    for label in said:
        apart = frozenset(label.apart)
        rest = label.texts - apart
        later = [each.texts | each.other_texts for each in merges if each.order > label.order]
        overruled = any(apart & whole and rest & whole for whole in later)
        if label.kind is SPLIT and not overruled:
            assert not any(group & apart and group & rest for group in found)
