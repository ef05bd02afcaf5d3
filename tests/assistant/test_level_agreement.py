"""Agreement on levels, against values worked out by hand and against SciPy."""

import math
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from assistant.evaluation.human_levels import (
    JourneyLabel,
    RatedQuery,
    name_level,
    read_labels,
    read_rated_names,
    read_rated_queries,
    task_of,
)
from assistant.evaluation.judge_agreement import LEAST_COMPARED, JudgedItem, agreement_of, taken
from assistant.evaluation.level_agreement import (
    exact,
    kendall,
    level_agreement,
    quadratic_kappa,
    spearman,
    table_of,
    within_one,
)
from assistant.kept_judgements import JudgeTask
from vectorstore.errors import InputError

#: Six things: judge 1 2 3 4 5 3, people 1 2 4 4 5 1.
JUDGE, PEOPLE = (1, 2, 3, 4, 5, 3), (1, 2, 4, 4, 5, 1)


def test_figures_are_those_worked_out_by_hand() -> None:
    table = table_of(JUDGE, PEOPLE)
    assert exact(table) == pytest.approx(4 / 6)
    assert within_one(table) == pytest.approx(5 / 6)
    # Squared differences add up to 0+0+1+0+0+4 = 5. By chance: sum of (a - b)² over all 36 pairs / 6
    # = (6 * (64 + 63) - 2 * 18 * 17) / 6 = (762 - 612) / 6 = 25. So kappa = 1 - 5 / 25.
    assert quadratic_kappa(table) == pytest.approx(0.8)
    # Ranks of the judge 1 2 3.5 5 6 3.5, of people 1.5 3 4.5 4.5 6 1.5; less 3.5 each. Products:
    # (-2.5*-2) + (-1.5*-.5) + 0 + (1.5*1) + (2.5*2.5) + 0 = 5 + .75 + 1.5 + 6.25 = 13.5; squares 17 and 16.5.
    assert spearman(table) == pytest.approx(13.5 / math.sqrt(17 * 16.5))
    # Of 15 pairs one is tied by the judge, two by people; concordant 11, discordant 1 (the second and the last).
    assert kendall(table) == pytest.approx((11 - 1) / math.sqrt(14 * 13))


def test_what_cannot_be_told_is_not_a_number() -> None:
    same = table_of([3, 3], [3, 3])
    assert (exact(same), within_one(same)) == (1, 1)
    assert all(math.isnan(figure(same)) for figure in (quadratic_kappa, spearman, kendall))
    assert math.isnan(exact(table_of([], [])))
    with pytest.raises(ValueError, match="1 to 5"):
        table_of([0], [1])
    with pytest.raises(ValueError, match="one level"):
        table_of([1, 2], [1])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 5)), min_size=3, max_size=40))
def test_ranks_agree_with_scipy(pairs: list[tuple[int, int]]) -> None:
    first, second = [a for a, _ in pairs], [b for _, b in pairs]
    table = table_of(first, second)
    if len(set(first)) > 1 and len(set(second)) > 1:
        assert spearman(table) == pytest.approx(float(stats.spearmanr(first, second).statistic), abs=1e-9)
        assert kendall(table) == pytest.approx(float(stats.kendalltau(first, second).statistic), abs=1e-9)
    assert table.sum() == len(pairs)


def test_intervals_draw_whole_groups_and_hold_the_figure() -> None:
    chance = random.Random(1)
    groups = []
    for _ in range(30):
        people = [chance.randint(1, 5) for _ in range(4)]
        groups.append(table_of([min(max(level + chance.choice((-1, 0, 0, 1)), 1), 5) for level in people], people))
    found = level_agreement(groups)
    assert found is not None
    assert (found.pairs, found.groups, sum(map(sum, found.table))) == (120, 30, 120)
    for figure in (found.exact, found.kappa, found.spearman, found.kendall):
        assert figure.interval.low < figure.value < figure.interval.high
    assert found.within_one.value == found.within_one.interval.low == 1
    assert level_agreement(groups[::-1]) is not None
    one = level_agreement([np.sum(groups, axis=0)])
    assert one is not None
    assert (one.groups, one.kappa.value) == (120, found.kappa.value)
    assert level_agreement([]) is None


def item(group: str, humans: tuple[int, ...], scores: tuple[int, ...], model: str = "m") -> JudgedItem:
    return JudgedItem(group, humans, scores, model if scores else "", "" if scores else "it was left out")


def test_a_judge_is_compared_with_the_middle_of_people_and_with_each_of_them() -> None:
    items = [
        item("a", (1, 2), (1, 1, 2)),
        item("a", (4, 5), (5, 4, 5)),
        item("b", (3,), (3, 3, 3)),
        item("b", (2, 2), ()),
        item("b", (5,), (1, 1, 1), "stand-in"),
    ]
    found = agreement_of(items, JudgeTask.JOURNEYS, "relevance-1-x", 3, missing=2)
    assert (found.model, found.rated, found.compared, found.missing) == ("m", 5, 3, 2)
    assert found.consistency == pytest.approx((1 / 3 + 1 / 3 + 1) / 3)
    assert found.judge is not None
    assert found.each_rater is not None
    assert found.humans is not None
    # Middles 1 4 3 against 1 5 3; each rater: 1-1 1-2 5-4 5-5 3-3; people: 1-2 4-5 2-2.
    assert found.judge.exact.value == pytest.approx(2 / 3)
    assert (found.judge.within_one.value, found.each_rater.pairs, found.humans.pairs) == (1, 5, 3)
    assert found.each_rater.exact.value == pytest.approx(3 / 5)
    assert found.humans.exact.value == pytest.approx(1 / 3)
    assert found.because == "it was left out"
    figures = found.figures()
    assert (figures["task"], figures["passes"]) == ("journeys", False), "of three labels"
    assert figures["judge"]["kappa"]["value"] == found.judge.kappa.value  # type: ignore[index, call-overload]


@pytest.mark.parametrize(
    ("scores", "passes"),
    # Kappa 1; kappa 0.8 but 5 of 6 within one; a judge that says one level only, for whom kappa is 0.
    [(PEOPLE, True), (JUDGE, False), ((3,) * 6, False)],
)
def test_the_bars(scores: tuple[int, ...], passes: bool) -> None:
    items = [item(str(place), (PEOPLE[place],), (score,)) for place, score in enumerate(scores)]
    assert not agreement_of(items, JudgeTask.NAMES, "p", 1).passes, "of six labels, whatever they say"
    found = agreement_of(items * 5, JudgeTask.NAMES, "p", 1)
    assert (found.compared, found.passes) == (LEAST_COMPARED, passes)
    assert found.humans is None
    assert found.each_rater is None
    assert found.consistency is None


def test_without_scores_nothing_passes() -> None:
    found = agreement_of([item("a", (1,), ())], JudgeTask.NAMES, "p", 1)
    assert (found.judge, found.passes, found.figures()["judge"]) == (None, False, None)


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_labels_of_journeys_the_newest_of_a_rater_counts(tmp_path: Path) -> None:
    path = write(
        tmp_path / "labels.csv",
        "user_id,journey_id,rater,score,at",
        "ann,j1,r2,4,2026-07-02T10:00:00Z",
        "ann,j1,r1,2,2026-07-02T10:00:00",
        "ann,j1,r1,5,2026-07-01T10:00:00+00:00",
    )
    assert task_of(path) is JudgeTask.JOURNEYS
    assert read_labels(path) == [JourneyLabel("ann", "j1", "r1", 2), JourneyLabel("ann", "j1", "r2", 4)]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("ann,j1,r,6,2026-07-01", r"line 2: score is 1, 2, 3, 4 or 5, not '6'"),
        ("ann,j1,r,4,yesterday", "line 2: at is a time such as"),
        ("ann,j1,r", "line 2: not as many values as columns"),
    ],
)
def test_labels_that_cannot_be_are_told_with_their_line(tmp_path: Path, row: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_labels(write(tmp_path / "labels.csv", "user_id,journey_id,rater,score,at", row))


def test_grades_of_results_become_levels(tmp_path: Path) -> None:
    head = "year,topic,topic_description,query_seen,doc_id,title,snippet,relevance"
    grades = ("-2", "0", "1", "2", "3", "4")
    path = write(tmp_path / "r.csv", head, *(f"2012,1,need,query,d{grade},t{grade},s,{grade}" for grade in grades))
    assert task_of(path) is JudgeTask.RESULTS
    results = tuple((f"t{grade}", "s") for grade in grades)
    assert read_rated_queries(path) == [RatedQuery("2012-1", "need", "query", results, (1, 1, 2, 3, 4, 5))]
    with pytest.raises(InputError, match="line 2: relevance is one of"):
        read_rated_queries(write(tmp_path / "bad.csv", head, "2012,1,need,query,d,t,s,-1"))


def test_means_of_names_become_levels(tmp_path: Path) -> None:
    assert [name_level(human) for human in (0, 0.37, 0.375, 1.1, 1.5, 1.875, 2.6, 2.625, 3)] == [
        1, 1, 2, 2, 3, 4, 4, 5, 5,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="0 to 3"):
        name_level(3.1)
    path = write(tmp_path / "n.csv", "topic_id,keywords,name,human,raters", "7,a|b,x,3,4", "7,a|b,y,0.2,4")
    assert task_of(path) is JudgeTask.NAMES
    assert [(each.keywords, each.names, each.levels) for each in read_rated_names(path)] == [
        (("a", "b"), ("x", "y"), (5, 1))
    ]
    with pytest.raises(InputError, match="has no ratings: give a CSV of user_id, journey_id, rater, score, at"):
        task_of(write(tmp_path / "other.csv", "a,b"))


def test_a_draw_takes_whole_queries_until_there_are_enough() -> None:
    queries = [RatedQuery(f"n{i}", "need", "q", (("t", "s"),) * 4, (1,) * 4) for i in range(5)]
    assert taken(queries, 6, [3, 1, 0, 2, 4]) == [queries[1], queries[3]]
    assert taken(queries, None, [0]) == queries
