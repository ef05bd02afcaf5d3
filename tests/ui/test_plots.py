"""What is drawn, from values worked out by hand."""

import re
from datetime import timedelta

import pytest
from made_view import BEGIN, event, journey

from assistant.reading import MappedKeyword
from chains.merge_outline import Joined, Leaf, MergeOutline
from ui.map_plot import keyword_plot
from ui.score_bars import Step, scale_of, score_bars, steps_of
from ui.timeline import axis, bars, lane, share_of, sparkline
from ui.tree_plot import tree_plot
from vectorstore.activity import ActivityKind


def numbers(markup: str, attribute: str) -> list[float]:
    return [float(found) for found in re.findall(rf' {attribute}="([-0-9.]+)%?"', markup)]


def test_bars_of_the_score_begin_where_the_last_one_ended_and_end_at_the_score() -> None:
    steps = steps_of(journey())
    assert [(step.name, step.kind) for step in steps] == [
        ("start", "start"),
        ("recency", "up"),
        ("engagement", "down"),
        ("diversification", "down"),
        ("score", "total"),
    ]
    assert [step.begin for step in steps] == pytest.approx([0, 0.6, 0.8, 0.72, 0])
    assert [step.end for step in steps] == pytest.approx([0.6, 0.8, 0.72, 0.684, 0.684])
    assert sum(step.added for step in steps[:-1]) == pytest.approx(journey().score)


def test_without_diversification_there_is_no_such_step() -> None:
    steps = steps_of(journey(diversification=1.0, score=0.72))
    assert [step.name for step in steps] == ["start", "recency", "engagement", "score"]


def test_the_scale_holds_every_bar_and_zooms_in() -> None:
    steps = steps_of(journey())
    assert scale_of(steps) == (0.5, 0.8)
    drawn = score_bars(steps)
    assert numbers(drawn, "x")[:3] == pytest.approx([0, 33.33, 73.33])
    assert "+0.200" in drawn
    assert "-0.080" in drawn
    assert "0.684" in drawn
    assert "from 0.5 to 0.8" in re.sub(r"<[^>]+>", "", drawn)


def test_a_scale_never_leaves_nought_to_one() -> None:
    assert scale_of([Step("start", "", 0, 0.02, "start"), Step("score", "", 0, 0.02, "total")]) == (0.0, 0.1)


def test_a_moment_stands_where_its_share_of_time_is() -> None:
    last = BEGIN + timedelta(days=100)
    assert share_of(BEGIN, BEGIN, last) == 0.015
    assert share_of(BEGIN + timedelta(days=50), BEGIN, last) == pytest.approx(0.5)
    assert share_of(BEGIN, BEGIN, BEGIN) == 0.5


def test_a_lane_has_a_sign_for_every_event_with_its_day_and_text() -> None:
    events = [event("venue", 0), event("cake", 50, ActivityKind.SAVE), event("cake", 50, ActivityKind.CLOSEUP)]
    drawn = lane(events, BEGIN, BEGIN + timedelta(days=100), 1, "Wedding: 3 events")
    assert drawn.count('class="sign"') == 3
    assert "<title>21 April 2026, saved: cake</title>" in drawn
    assert 'role="img" aria-label="Wedding: 3 events"' in drawn
    levels = re.findall(r'y="(\d+)" overflow', drawn)
    assert len(set(levels)) == 3, "what was done at one moment does not lie on one another"


def test_the_axis_names_months_and_the_year_in_january() -> None:
    begin = BEGIN.replace(month=11)
    assert re.findall(r">([A-Z][^<]+)</text>", axis(begin, begin + timedelta(days=120))) == [
        "Dec",
        "Jan 2027",
        "Feb",
        "Mar",
    ]


def test_a_sparkline_counts_weeks() -> None:
    drawn = sparkline([event("a", 0), event("b", 1), event("c", 8)], BEGIN, BEGIN + timedelta(days=20), 2, "by week")
    assert numbers(drawn, "height")[1:] == [26.0, 13.0] or numbers(drawn, "height")[:2] == [26.0, 13.0]
    assert 'class="bars c1"' in drawn


def test_a_hidden_count_is_a_dot_and_none_is_nothing() -> None:
    drawn = bars([4, None, 0, 2], "four, few, none, two", "c0")
    assert drawn.count("<rect") == 2
    assert drawn.count("<circle") == 1
    assert 'aria-label="four, few, none, two"' in drawn


def keyword(text: str, x: float, y: float, weight: float = 0.5) -> MappedKeyword:
    return MappedKeyword("7f", text, weight, x, y)


def test_points_of_the_map_have_the_number_of_their_journey() -> None:
    drawn = keyword_plot([keyword("venue", 0, 0), keyword("cake", 1, 1)], {"7f": 3})
    assert numbers(drawn, "x")[:2] == [96.0, 4.0] or numbers(drawn, "x")[:2] == [4.0, 96.0]
    assert drawn.count('class="point c2"') == 2
    assert drawn.count(">3</text>") == 2
    assert 'aria-label="Map of 2 keywords of 1 journeys' in drawn


def test_labels_that_would_meet_are_left_out_the_heavier_stays() -> None:
    drawn = keyword_plot([keyword("lighter", 0.2, 0.5, 0.1), keyword("heavier", 0.21, 0.5, 0.9)], {"7f": 1})
    shown = re.findall(r'class="label[^"]*">([^<]+)<', drawn)
    assert shown == ["heavier"]


def test_no_keywords_draw_no_map() -> None:
    assert "<svg" not in keyword_plot([], {})


def test_the_tree_joins_left_of_the_cut_what_belongs_together() -> None:
    tree = MergeOutline(
        (Leaf((0, 2), 0.9, 0), Leaf((1,), 1.0, 0), Leaf((3,), 1.0, 1)),
        (Joined(0, 1, 2, 0.6), Joined(0, 2, 3, 0.1)),
        0.3,
    )
    drawn = tree_plot(tree, ["venue", "cake", "flowers", "compost"], {0: 1})
    assert drawn.count(">venue +1 <tspan") == 2, "once for each width of screen"
    assert 'class="merge c0"' in drawn
    assert 'class="merge apart"' in drawn
    assert 'class="leaf none"' in drawn, "what makes no journey has no colour"
    assert "cut 30%" in drawn
    assert 'aria-label="Tree of 3 leaves; cut at 30% it falls into 2 groups"' in drawn
