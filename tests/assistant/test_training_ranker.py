"""Training the ranker: what it learns from lists and from feedback, and both commands."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from homes import START as BEGIN
from homes import TOPICS, run, words_fixture
from made_lists import NOW, made_list

from assistant.evaluation.ranked_lists import RankedList
from assistant.training import ranker as training
from assistant.training.feedback import read_feedback, with_feedback
from assistant.training.ranker import folds_of, scores_of, train_ranker
from chains.ranking import RankerModel, sigmoid
from chains.ranking_terms import LIFTING, LOWERING, RANK_FEATURES
from vectorstore.errors import InputError

__all__ = ["words_fixture"]


def recent_ones(count: int, start: int = 0) -> list[RankedList]:
    """Users who go on with what they did last."""
    return [
        made_list(f"u{start + number}", [2, 0, 0], silent=[1 + number % 3, 30 + number, 60]) for number in range(count)
    ]


def start_of(model: RankerModel, each: RankedList) -> float:
    return sigmoid(model.log_odds(each.measures)[0])


def test_it_learns_what_users_go_on_with() -> None:
    model = train_ranker({"a": recent_ones(120)}, "many made users")
    assert model.trained_on == "many made users"
    for each in recent_ones(5, start=200):
        scores = scores_of(model, each)
        assert scores[0] > 0.6 > 0.3 > scores[1] > scores[2]
    assert model.weights[0, 1 + RANK_FEATURES.index("gap")] < -0.5


def test_silence_lifts_in_no_log() -> None:
    """These go on with what lies longest back: recency then says nothing, rather than the contrary."""
    lists = [made_list(f"u{number}", [0, 0, 2], silent=[1, 30, 60]) for number in range(90)]
    weights = train_ranker({"a": lists}, "").weights[0, 1:]
    assert all(weights[RANK_FEATURES.index(name)] <= 0 for name in LOWERING)
    assert all(weights[RANK_FEATURES.index(name)] >= 0 for name in LIFTING)


def test_each_log_has_weights_of_its_own_held_to_those_of_all() -> None:
    """In one log journeys of many texts are gone on with, in the other those of few; a user is ranked like those whose
    days he has."""
    many = [made_list(f"u{number}", [0, 1], silent=[3, 3], active_days=[4, 8]) for number in range(300)]
    few = [made_list(f"v{number}", [1, 0], silent=[3, 3], active_days=[1, 2]) for number in range(300)]
    model = train_ranker({"a": many, "b": few}, "")
    assert [int(scores_of(model, each).argmax()) for each in (many[0], few[0])] == [1, 0]
    apart = np.abs(np.diff(model.weights[:, 1:], axis=0)).sum()
    held = np.abs(np.diff(train_ranker({"a": many, "b": few[:2]}, "").weights[:, 1:], axis=0)).sum()
    assert held < apart, "two users say less of what is their log's own"


def test_the_start_is_what_a_mean_journey_of_the_log_comes_to() -> None:
    """A third is gone on with in one log, half in the other: each log has a start of its own."""
    lists = [made_list(f"u{number}", [1, 0, 0], silent=[5, 5, 5]) for number in range(90)]
    assert start_of(train_ranker({"a": lists}, ""), lists[0]) == pytest.approx(1 / 3, abs=0.01)
    more = [made_list(f"v{number}", [1, 0], silent=[5, 5], active_days=[9, 9]) for number in range(90)]
    both = train_ranker({"a": lists, "b": more}, "")
    assert start_of(both, lists[0]) < start_of(both, more[0])


def test_order_is_nothing_and_who_did_nothing_says_nothing() -> None:
    lists = recent_ones(6)
    model = train_ranker({"a": lists, "b": recent_ones(3, 50)}, "x")
    away = made_list("away", [0, 0], silent=[1, 2], known=False)
    again = train_ranker({"b": recent_ones(3, 50)[::-1], "a": [away, *lists[::-1]], "c": [away]}, "x")
    assert again.to_json() == model.to_json()
    for nothing in ({}, {"a": [away]}, {"a": [made_list("u", [1, 1], silent=[1, 2])]}):
        with pytest.raises(InputError, match="all or none of the journeys were gone on with"):
            train_ranker(nothing, "")


def test_no_fold_sees_the_users_that_it_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = [*recent_ones(5), *recent_ones(5)]  # two lists each
    other = recent_ones(2, 90)
    seen: list[set[str]] = []
    whole = training.train_ranker

    def watched(logs: dict[str, Sequence[RankedList]], trained_on: str) -> RankerModel:
        seen.append({each.user_id for own in logs.values() for each in own})
        return whole(logs, trained_on)

    monkeypatch.setattr(training, "train_ranker", watched)
    folds = list(folds_of("a", lists, {"b": other}, 3))
    assert sorted(place for _, inside in folds for place in inside) == list(range(10))
    for (_, inside), learned in zip(folds, seen, strict=True):
        assert learned == {each.user_id for each in (*lists, *other)} - {lists[place].user_id for place in inside}


# --- feedback

ROWS = """user_id,journey_id,name,timestamp,kind,value
ann,j0,,2026-05-02,dismiss,
ann,,journey  1,2026-05-03T10:00:00Z,click,
bob,j0,,2026-05-02,verdict,5
bob,j0,,2026-05-03,verdict,3
bob,j1,,2026-05-04,verdict,2
bob,j1,,2026-05-03,open,
cat,j0,,2026-04-30,click,
cat,j1,,2026-07-30,click,
,j0,,2026-05-02,click,
ann,,,2026-05-02,click,
ann,j0,,yesterday,click,
ann,j0,,2026-05-02,stare,
ann,j0,,2026-05-02,verdict,6
ann,j0,,2026-05-02,verdict,
"""


def test_feedback_is_read_and_bad_rows_are_told(tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text(ROWS)
    read = read_feedback(tmp_path / "said.csv")
    assert [row.wanted for row in read.rows] == [False, True, True, None, False, True, True, True]
    assert read.rejected == [
        (10, "no user_id"),
        (11, "neither journey_id nor name"),
        (12, "a timestamp that cannot be read"),
        (13, "a kind that is none of open, click, dismiss, ignore, verdict"),
        (14, "a verdict without a value from 1 to 5"),
        (15, "a verdict without a value from 1 to 5"),
    ]
    (tmp_path / "said.jsonl").write_text(
        '{"user_id": "ann", "name": "Oak", "timestamp": 1777000000, "kind": "verdict", "value": 4}\n\n{"broken\n[]\n'
    )
    lines = read_feedback(tmp_path / "said.jsonl")
    assert [(row.name, row.wanted) for row in lines.rows] == [("oak", True)]
    assert lines.rejected == [(3, "broken JSON"), (4, "no JSON object")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("user_id,timestamp,kind\n", "no column journey_id or name"),
        ("user_id,name,kind\n", "no column timestamp: feedback has user_id"),
        ("", "no column user_id"),
    ],
)
def test_a_file_that_is_no_feedback(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "said.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        read_feedback(tmp_path / "said.csv")
    with pytest.raises(InputError, match="cannot be read as feedback"):
        read_feedback(tmp_path / "missing.csv")


def test_feedback_goes_before_the_log(tmp_path: Path) -> None:
    (tmp_path / "said.csv").write_text(ROWS)
    said = read_feedback(tmp_path / "said.csv").rows
    lists = [
        made_list("ann", [3, 0, 2], silent=[1, 2, 3]),
        made_list("bob", [0, 0, 0], silent=[1, 2, 3], known=False),
        made_list("cat", [0, 1], silent=[1, 2]),  # what she said was before the cut, or long after
    ]
    found, count = with_feedback(lists, said, timedelta(days=28))
    assert count == 4
    assert [each.days.tolist() for each in found] == [[0, 1, 2], [1, 0, 0], [0, 1]]
    assert [each.known.tolist() for each in found] == [[True] * 3, [True, True, False], [True] * 2]
    assert lists[0].days.tolist() == [3, 0, 2], "what was given stays as it was"
    assert said[0].timestamp > NOW


# --- commands


def write_log(path: Path, users: int) -> Path:
    """Each user begins a topic, goes on with it week after week, and has left another behind."""
    rows, topics = ["user_id,timestamp,kind,text"], list(TOPICS)
    for number in range(users):
        left, kept = topics[number % len(topics)], topics[(number + 1) % len(topics)]
        days = [(day / 2, text) for day, text in enumerate(TOPICS[left])]
        days += [(8 + 7 * week + place / 9, text) for week in range(12) for place, text in enumerate(TOPICS[kept][:3])]
        rows += [f"u{number},{(BEGIN + timedelta(days=day)).isoformat()},search,{text}" for day, text in days]
    path.write_text("\n".join(rows) + "\n")
    return path


def test_on_the_command_line(words: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log, other = write_log(tmp_path / "made.csv", 6), write_log(tmp_path / "other.csv", 4)
    (tmp_path / "said.csv").write_text(ROWS)
    ran = run(capsys, "train", "ranker", log, "--no-sample", "--output", "model.json", "--feedback", "said.csv")
    assert (ran.code, ran.out) == (
        0,
        "feedback: 8 rows read, 6 rejected (line 10: no user_id); it labels 0 journeys at cuts\n"
        "written: model.json, trained on 6 users: made and 8 rows of feedback\n",
    )
    assert RankerModel.load(tmp_path / "model.json").trained_on == "6 users: made and 8 rows of feedback"

    figures = json.loads(run(capsys, "evaluate", "ranking", log, "--folds", "2", "--no-sample", "--json").out)
    assert (figures["all_users"], figures["horizon_days"], len(figures["cuts"])) == (6, 28, 5)
    assert 1 <= figures["users"] <= 6
    assert figures["figures"]["learned"]["nDCG@3"]["value"] == pytest.approx(1)
    assert figures["against"]["recency"]["hit@1"]["value"] == pytest.approx(0)
    cut = (BEGIN + timedelta(days=50)).date().isoformat()
    shown = run(capsys, "evaluate", "ranking", log, "--also", other, "--no-sample", "--as-of", cut)
    assert shown.code == 0
    assert "model trained on: other logs only: other" in shown.out
    assert "nDCG@3" in shown.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--folds", "1"], "--folds takes 2 or more: one fold would leave nothing to learn from"),
        (["--horizon", "soon"], "--horizon soon: give days, such as 28d"),
        (["--also", "made.csv"], "--also made: that is the log itself: give another one"),
    ],
)
def test_what_is_refused(
    words: None, tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    log = write_log(tmp_path / "made.csv", 2)
    refused = run(capsys, "evaluate", "ranking", log, *arguments)
    assert (refused.code, refused.err) == (1, f"journeys: {message}\n")
