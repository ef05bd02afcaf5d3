"""Training the stage model: rows from cut logs and known journeys, that it learns, and the command."""

import json
from collections.abc import Sequence
from datetime import timedelta
from math import inf
from pathlib import Path

import numpy as np
import pytest
from homes import START, TOPICS, Row, failed, run, word_embeddings, words_fixture, write_log
from made_journeys import make_journey

from assistant.demo import AS_OF, known_sample, labelled_sample
from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.stage_agreement import KnownStage
from assistant.evaluation.time_split import SplitJourney, SplitUser
from assistant.training.kinds import KnownRow, fit_kinds, fit_thresholds, known_rows
from assistant.training.logistic import fit_logistic, standard_of
from assistant.training.returning import ReturnRow, fit_returns, return_rows
from chains.journeys import Kind, Stage
from chains.returning import RETURN_FEATURES, ReturnModel
from chains.rhythm import FEATURES, USER_FEATURES
from chains.stage_model import StageModel
from vectorstore.activity import Activity, ActivityKind
from vectorstore.errors import InputError

__all__ = ["words_fixture"]

GAP, DAYS = FEATURES.index("gap"), FEATURES.index("days")
SITUATIONAL, EVERGREEN = (
    KnownStage(Kind.SITUATIONAL, Stage.ENDED),
    KnownStage(Kind.EVERGREEN, Stage.ONGOING),
)


def act(text: str, day: float) -> Activity:
    return Activity("ann", START + timedelta(days=day), ActivityKind.SEARCH, text)


# --- logistic weighings


def test_a_logistic_weighing_finds_the_odds_and_is_held() -> None:
    ones = np.ones((10, 1))
    back = np.array([1.0] * 8 + [0.0] * 2)
    free = fit_logistic(ones, back, np.ones(10), np.array([1e-9]))
    assert free == pytest.approx([np.log(4)])
    weighed = fit_logistic(ones, back, np.array([1.0] * 8 + [4.0] * 2), np.array([1e-9]))
    assert weighed == pytest.approx([0], abs=1e-6)
    assert fit_logistic(ones, back, np.ones(10), np.array([1e9]), np.array([-3.0])) == pytest.approx([-3], abs=1e-5)


def test_columns_are_standardized_by_weight() -> None:
    mean, scale = standard_of(np.array([[0.0], [4.0]]), np.array([3.0, 1.0]))
    assert mean == pytest.approx([1])
    assert scale == pytest.approx([3**0.5], abs=2e-3)


# --- returns


def test_rows_say_when_users_came_back() -> None:
    cut = START + timedelta(days=10)
    past = (act("veil", 1), act("beds", 2), act("veil", 4))
    later = (act("veil", 13.5), act("veil", 14))
    journeys = (
        SplitJourney(make_journey("ann", "j1", texts=["veil"]), (past[0], past[2]), later),
        SplitJourney(make_journey("ann", "j2", texts=["beds", "soil"]), (past[1],), ()),
    )
    split = SplitUser(LabelledUser("ann", [*past, *later], {}), past, later, journeys)
    first, second = return_rows("log", [split], cut, timedelta(days=28))
    assert (first.log, first.user_id, first.seen, first.back) == ("log", "ann", 28, 3.5)
    assert second.back == inf
    assert first.features[GAP] == pytest.approx(np.log(6.25))
    assert second.features[FEATURES.index("texts")] == pytest.approx(np.log(2))
    assert first.user.tolist() == second.user.tolist()


def made_rows(log: str, slope: float, share: float, *, searches: float = 0.0, seed: int = 0) -> list[ReturnRow]:
    """Two journeys of each of 150 users, come back to with odds that fall with the gap."""
    draw = np.random.default_rng(seed)
    rows = []
    for place in range(300):
        features, user = draw.normal(size=len(FEATURES)), draw.normal(size=len(USER_FEATURES)) / 10
        user[0] += searches
        odds = np.log(share / (1 - share)) + slope * features[GAP]
        back = float(draw.uniform(0, 7)) if draw.random() < 1 / (1 + np.exp(-odds)) else inf
        rows.append(ReturnRow(log, f"u{place // 2}", features, user, 28.0, back))
    return rows


def test_each_log_has_a_weighing_of_its_own_and_users_are_told_apart() -> None:
    pins, shop = made_rows("pins", -2.0, 0.7), made_rows("shop", 1.0, 0.2, searches=3.0, seed=1)
    model = fit_returns([*pins, *shop])
    gap = RETURN_FEATURES.index("gap")
    assert model.weights[0, gap] < -0.5
    assert model.weights[1, gap] > model.weights[0, gap] + 0.5
    likely = model.like(np.stack([row.user for row in [*pins, *shop]]))
    assert likely[:300, 0].mean() > 0.9
    assert likely[300:, 1].mean() > 0.9
    for rows in (pins, shop):
        x, user = np.stack([row.features for row in rows]), np.stack([row.user for row in rows])
        assert model.probability(x, user, 28).mean() == pytest.approx(
            np.mean([row.back <= 28 for row in rows]), abs=0.06
        )
    mixed = [row for pair in zip(shop, pins, strict=True) for row in pair]
    assert fit_returns(mixed).to_json() == model.to_json(), "the order of the rows is nothing"


def test_what_is_not_known_is_not_learned_from() -> None:
    rows = made_rows("pins", -2.0, 0.5)
    unknown = [ReturnRow("pins", "u0", row.features, row.user, 5.0, inf) for row in rows]
    with pytest.raises(InputError, match="no cut leaves 7 days after it"):
        fit_returns(unknown)
    with pytest.raises(InputError, match="no journey lies before any cut"):
        fit_returns([])


# --- kinds and thresholds


def known_row(kind: KnownStage, *, gap: float = 0.0, days: float = 0.0, centre: Sequence[float] = (1, 0)) -> KnownRow:
    features, fresh = np.zeros(len(FEATURES)), np.zeros(len(FEATURES))
    features[GAP], features[DAYS] = gap, days
    fresh[DAYS] = days
    vector = np.array(centre, dtype=np.float32)
    return KnownRow("ann", features, fresh, np.zeros(len(USER_FEATURES)), vector, False, kind)


def test_kinds_are_learned_from_rhythm_and_meaning() -> None:
    rows = [known_row(EVERGREEN, days=1, centre=(1, 0))] * 40 + [known_row(SITUATIONAL, days=-1, centre=(0, 1))] * 40
    model = fit_kinds(rows, "made")
    features = np.zeros((1, len(FEATURES)))
    towards, away = np.array([[1, 0]], np.float32), np.array([[0, 1]], np.float32)
    assert model.evergreen(features, towards, "made")[0] > 0.7
    assert model.evergreen(features, away, "made")[0] < 0.3
    assert model.evergreen(features, towards, "other") == pytest.approx(model.evergreen(features, away, "other"))
    features[0, DAYS] = 1
    assert model.evergreen(features, away, "other")[0] > 0.7
    with pytest.raises(InputError, match="the known journeys are of one kind"):
        fit_kinds(rows[:40], "made")


def test_the_threshold_lies_between_what_goes_on_and_what_is_over() -> None:
    returning = fit_returns(made_rows("pins", -2.0, 0.5))
    goes_on = KnownStage(Kind.SITUATIONAL, Stage.ONGOING)
    rows = [known_row(goes_on, gap=gap) for gap in (0, 0.2, 0.4)]
    rows += [known_row(SITUATIONAL, gap=gap) for gap in (2.0, 2.2)]
    ongoing, steady = fit_thresholds(rows, returning)
    kept = [kept_at(returning, gap) for gap in (0.4, 2.0)]
    assert kept[1] < ongoing < kept[0]
    assert steady == ongoing, "nothing evergreen is known"
    ongoing, steady = fit_thresholds([*rows, *[known_row(EVERGREEN, gap=1.9)] * 5], returning)
    assert steady == pytest.approx(kept_at(returning, 1.9))
    assert steady < ongoing
    with pytest.raises(InputError, match="no situational journey is known"):
        fit_thresholds([known_row(EVERGREEN)], returning)


def kept_at(returning: ReturnModel, gap: float) -> float:
    row = known_row(EVERGREEN, gap=gap)
    now, then = (returning.probability(x[None], row.user[None])[0] for x in (row.features, row.fresh))
    return float(now / (1 - now) * (1 - then) / then)


def test_a_known_journey_is_learned_from_as_labelled_and_as_found(tmp_path: Path) -> None:
    events = [act("veil", 1), act("venue", 3), act("beds", 2), act("beds", 50)]
    user = LabelledUser("ann", events, {"veil": "w", "venue": "w", "beds": "g"})
    journeys = [make_journey("ann", "j1", texts=["veil", "venue", "beds"])]
    known = {("ann", "w"): SITUATIONAL, ("ann", "g"): EVERGREEN, ("ann", "x"): EVERGREEN, ("bob", "w"): EVERGREEN}
    as_of = START + timedelta(days=20)
    rows = list(known_rows([(user, journeys)], known, as_of, word_embeddings(tmp_path)))
    # As labelled: g, w. As found: w, in the journey that holds all three texts. Nothing after the clock.
    assert [row.known for row in rows] == [EVERGREEN, SITUATIONAL, SITUATIONAL]
    assert [round(float(np.exp(row.features[FEATURES.index("texts")]))) for row in rows] == [1, 2, 3]
    assert rows[0].features[GAP] == pytest.approx(np.log(18.25))
    assert rows[0].fresh[GAP] == pytest.approx(np.log(0.25))
    assert [float(np.linalg.norm(row.centre)) for row in rows] == pytest.approx([1, 1, 1])
    early = START + timedelta(days=-1)
    assert list(known_rows([(user, [])], known, early, word_embeddings(tmp_path))) == []


def test_what_is_known_of_the_sample_users_bears_their_labels() -> None:
    known = known_sample()
    labels = {(user.user_id, label) for user in labelled_sample() for label in user.labels.values()}
    assert len(known) > 200
    assert labels <= known.keys()
    assert max(event.timestamp for user in labelled_sample() for event in user.activities) < AS_OF


# --- the command


@pytest.fixture(name="log")
def log_fixture(tmp_path: Path) -> Path:
    rows = []
    for number in range(8):
        user_id = f"u{number}"
        rows += [Row(user_id, TOPICS["garden"][0], number % 3 + 5 * day) for day in range(18)]
        rows += [Row(user_id, "lace veil", number % 4 + day) for day in range(4)]
    path = write_log(tmp_path / "log.csv", rows)
    lines = path.read_text().splitlines()
    labelled = [
        f"{line},{line.split(',')[0]}-{'w' if 'veil' in line else 'g'}" if place else f"{line},label"
        for place, line in enumerate(lines)
    ]
    path.write_text("\n".join(labelled) + "\n")
    return path


@pytest.mark.usefixtures("words")
def test_the_command_writes_a_model(tmp_path: Path, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    known = tmp_path / "known.csv"
    lines = [f"u{n},u{n}-w,situational,ended\nu{n},u{n}-g,evergreen,ongoing\n" for n in range(8)]
    known.write_text("user_id,label,kind,stage\n" + "".join(lines))
    model = tmp_path / "model.json"
    home = ("--home", tmp_path / "home", "train", "stage", log, "--no-sample", "-o", model)
    ran = run(capsys, *home, "--known", known)
    assert ran.code == 0, ran.err
    assert "trained on 8 users: log" in ran.out
    loaded = StageModel.load(model)
    assert loaded.kind.embedding == "words"
    assert "veil" not in model.read_text()
    first = model.read_text()
    run(capsys, *home, "--known", known)
    assert model.read_text() == first, "the same log gives the same model"
    assert json.loads(first)["trained_on"] == "8 users: log"
    assert "nothing is known of kinds and stages" in failed(run(capsys, *home))
    assert "two logs have one name" in failed(run(capsys, *home, log, "--known", known))
