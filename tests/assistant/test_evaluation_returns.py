"""How well returns are foreseen: figures worked out by hand, folds of whole users, and the command."""

import json
from collections.abc import Sequence
from dataclasses import replace
from math import inf, log
from pathlib import Path

import numpy as np
import pytest
from homes import Row, failed, run, words_fixture, write_log
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.evaluation.returns import (
    GAP,
    MODEL,
    baselines,
    fold_of_users,
    foreseen,
    foreseen_by_folds,
    score_returns,
)
from assistant.training.returning import ReturnRow, fit_returns
from chains.rhythm import FEATURES, USER_FEATURES
from vectorstore.errors import InputError

__all__ = ["words_fixture"]


def row(user_id: str, back: float, *, gap: float = 0.0, events: float = 0.0, seen: float = 28) -> ReturnRow:
    features = np.zeros(len(FEATURES))
    features[FEATURES.index("gap")], features[FEATURES.index("events")] = gap, events
    return ReturnRow("log", user_id, features, np.zeros(len(USER_FEATURES)), seen, back)


def rows_of(backs: Sequence[float]) -> list[ReturnRow]:
    return [row(f"u{place}", back) for place, back in enumerate(backs)]


def many(seed: int = 0, users: int = 40) -> list[ReturnRow]:
    """Five journeys a user; the longer quiet, the less often they are come back to."""
    draw = np.random.default_rng(seed)
    rows = []
    for place in range(users):
        for _ in range(5):
            gap = float(draw.normal())
            back = float(draw.uniform(0, 28)) if draw.random() < 1 / (1 + np.exp(2 * gap)) else inf
            rows.append(row(f"u{place:02d}", back, gap=gap, events=float(draw.normal())))
    return rows


def test_the_figures_by_hand() -> None:
    back = [3.0, inf, 28.0, 28.01]
    model = np.array([0.9, 0.6, 0.6, 0.1])
    found = score_returns(rows_of(back), {MODEL: model, "even": np.full(4, 0.5)}, 28)
    values = {name: measured.value for name, measured in found.figures[MODEL].items()}
    # Of the four pairs of one that came back and one that did not three are in order, one is a tie.
    assert values["AUC"] == pytest.approx(3.5 / 4)
    assert values["Brier"] == pytest.approx((0.01 + 0.36 + 0.16 + 0.01) / 4)
    assert values["log loss"] == pytest.approx(-(log(0.9) + log(0.4) + log(0.6) + log(0.9)) / 4)
    assert values["ECE"] == pytest.approx((0.1 + 0.6 + 0.4 + 0.1) / 4), "fewer than ten: each is its own bin"
    even = {name: measured.value for name, measured in found.figures["even"].items()}
    assert (even["AUC"], even["Brier"]) == (0.5, 0.25)
    assert found.against["even"]["AUC"].value == pytest.approx(3.5 / 4 - 0.5)
    assert (found.users, found.journeys, found.returned) == (4, 4, 0.5)
    assert [each.returned for each in found.reliability] == [0, 0, 1, 1]
    assert [each.foreseen for each in found.reliability] == pytest.approx([0.1, 0.6, 0.6, 0.9])


def test_equal_masses_make_the_calibration_error() -> None:
    # Twenty of 0.2, of which ten came back; twenty of 0.8, of which sixteen did: 0.3 and 0 off, by halves.
    back = [1.0] * 10 + [inf] * 10 + [1.0] * 16 + [inf] * 4
    shuffled = np.random.default_rng(0).permutation(40)
    predicted = np.array([0.2] * 20 + [0.8] * 20)
    rows = rows_of(back)
    found = score_returns([rows[place] for place in shuffled], {MODEL: predicted[shuffled]}, 28).figures[MODEL]["ECE"]
    assert 0.15 - 1e-9 <= found.value <= 0.45


def test_intervals_are_over_users_and_differences_are_paired() -> None:
    rows = many()
    gap = np.array([each.features[FEATURES.index("gap")] for each in rows])
    good = 1 / (1 + np.exp(2 * gap))
    found = score_returns(rows, {MODEL: good, "same": good, "even": np.full(len(rows), 0.5)}, 28)
    for name in found.figures[MODEL]:
        assert found.against["same"][name] == (0, 0, 0)
    auc = found.figures[MODEL]["AUC"]
    assert auc.low < auc.value < auc.high
    assert found.against["even"]["AUC"].low > 0
    assert 0 < found.by_chance < 0.15
    assert score_returns(rows, {MODEL: good}, 28).figures[MODEL] == found.figures[MODEL], "drawn with a seed"


@pytest.mark.parametrize("back", [[1.0, 2.0], [inf, 29.0]])
def test_nothing_to_tell_apart_is_an_error(back: list[float]) -> None:
    with pytest.raises(InputError, match="all or none of the journeys were come back to"):
        score_returns(rows_of(back), {MODEL: np.full(2, 0.5)}, 28)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=30), st.integers(2, 6))
def test_no_user_is_in_two_folds(users: list[str], folds: int) -> None:
    rows = [row(user, 1) for user in users]
    fold = fold_of_users(rows, folds)
    assert len({(user, at) for user, at in zip(users, fold.tolist(), strict=True)}) == len(set(users))
    sizes = np.bincount([fold[users.index(user)] for user in set(users)], minlength=folds)
    assert sizes.max() - sizes.min() <= 1


def test_baselines_learn_from_other_folds_only() -> None:
    rows = many()
    fold = fold_of_users(rows, 4)
    found = baselines(rows, 28, fold)
    assert set(found) == {GAP, "frequency", "base rate"}
    back = np.array([each.back <= 28 for each in rows])
    for own in range(4):
        assert found["base rate"][fold == own] == pytest.approx(back[fold != own].mean(), abs=1e-3)
    assert np.corrcoef(found[GAP], back)[0, 1] > 0.5
    # What the scored users did makes no difference to what is foreseen of them.
    other = [replace(each, back=1.0) if fold[place] == 0 else each for place, each in enumerate(rows)]
    assert baselines(other, 28, fold)[GAP][fold == 0] == pytest.approx(found[GAP][fold == 0])
    with pytest.raises(InputError, match="folds take two users or more"):
        baselines(rows, 28, np.zeros(len(rows), dtype=np.intp))


def test_a_model_of_folds_never_saw_the_users_it_is_scored_on() -> None:
    rows = many()
    fold = fold_of_users(rows, 2)
    found = foreseen_by_folds(rows, [], 28, fold)
    learned = fit_returns([each for place, each in enumerate(rows) if fold[place] == 1])
    first = [each for place, each in enumerate(rows) if fold[place] == 0]
    assert found[fold == 0] == pytest.approx(foreseen(first, learned, 28))


# --- the command


@pytest.fixture(name="log")
def log_fixture(tmp_path: Path) -> Path:
    """Twelve users with a journey of daily texts that half of them take up again, over 90 days."""
    rows = []
    for number in range(12):
        user_id = f"u{number:02d}"
        rows += [Row(user_id, "lace veil", number % 5 + day) for day in range(4)]
        rows += [Row(user_id, "lace veil", number % 5 + 45 + day) for day in range(4) if number % 2]
        rows.append(Row(user_id, "bike lock", 90))
    return write_log(tmp_path / "log.csv", rows)


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize("folds", ["0", "3"])
def test_the_command_prints_figures(tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str], folds: str) -> None:
    home = ("--home", tmp_path / "home", "evaluate", "stage", log)
    ran = run(capsys, *home, "--as-of", "2026-03-30", "--folds", folds, "--no-sample", "--json")
    assert ran.code == 0, ran.err
    figures = json.loads(ran.out)
    assert figures["users"] == figures["journeys"] == 12
    assert figures["returned"] == 0.5
    assert figures["horizon_days"] == 28
    assert set(figures["figures"]) == {"model", "time since last event", "frequency", "base rate"}
    assert set(figures["figures"]["model"]["AUC"]) == {"value", "low", "high"}
    assert sum(each["journeys"] for each in figures["reliability"]) == 12
    shown = run(capsys, *home, "--as-of", "2026-03-30", "--folds", folds, "--no-sample").out
    assert "12 journeys of 12 users, 50% returned" in " ".join(shown.split())
    assert "cut on 30 March 2026" in shown


@pytest.mark.usefixtures("words")
def test_what_cannot_be_asked_is_said(tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ("--home", tmp_path / "home", "evaluate", "stage", log)
    assert "the log has ended" in failed(run(capsys, *home, "--as-of", "2026-05-20"))
    assert "give days, such as 28d" in failed(run(capsys, *home, "--horizon", "soon"))
    assert "--folds takes 2 or more" in failed(run(capsys, *home, "--folds", "1"))
    assert "too few for a horizon of 60" in failed(run(capsys, *home, "--horizon", "60d"))
