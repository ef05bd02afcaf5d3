"""The readout against the published result of a real randomised e-mail test.

Kevin Hillstrom's MineThatData E-Mail Analytics And Data Mining Challenge (blog.minethatdata.com, 20 March 2008): 64,000
customers, a third sent an e-mail about men's merchandise, a third one about women's, a third none; who visited within
two weeks. Published: visits 10.62 % without e-mail, 18.28 % after men's, 15.14 % after women's. The counts below are
those of the data set; the rows of users are made from them.
"""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from homes import run, words_fixture
from scipy import stats

__all__ = ["words_fixture"]

#: Arm -> users, who visited, who bought.
PUBLISHED = {"holdout": (21_306, 2_262, 122), "journey": (21_307, 3_894, 267), "interest": (21_387, 3_238, 189)}


def test_the_counts_are_those_that_were_published() -> None:
    users, visits, bought = (sum(own[place] for own in PUBLISHED.values()) for place in range(3))
    assert users == 64_000
    assert (round(visits / users, 5), round(bought / users, 5)) == (0.14678, 0.00903)
    rates = {arm: round(100 * own[1] / own[0], 2) for arm, own in PUBLISHED.items()}
    assert rates == {"holdout": 10.62, "journey": 18.28, "interest": 15.14}


@pytest.fixture(name="results")
def results_fixture(tmp_path: Path) -> Path:
    path = tmp_path / "hillstrom.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user_id", "arm", "sent", "clicked", "visited"])
        for arm, (users, visits, bought) in PUBLISHED.items():
            sent = int(arm != "holdout")
            for number in range(users):
                writer.writerow([f"{arm}-{number}", arm, sent, int(sent and number < bought), int(number < visits)])
    return path


def read(capsys: pytest.CaptureFixture[str], results: Path, *more: str) -> dict[str, object]:
    shares = "interest=0.3334,journey=0.3333,holdout=0.3333"
    ran = run(capsys, "experiment", results, "--primary", "visit", "--shares", shares, "--json", *more)
    assert (ran.code, ran.err) == (0, "")
    found: dict[str, object] = json.loads(ran.out)
    return found


def test_rates_lifts_and_intervals_are_those_of_the_published_test(
    words: None, capsys: pytest.CaptureFixture[str], results: Path
) -> None:
    found: dict = read(capsys, results)  # type: ignore[type-arg]
    told = {arm: round(100 * rate["value"], 2) for arm, rate in found["rates"]["visit"].items()}
    assert told == {"interest": 15.14, "journey": 18.28, "holdout": 10.62}
    assert found["sample_ratio"]["passes"]
    lifts = {(each["arm"], each["over"]): each["lift"] for each in found["lifts"] if each["metric"] == "visit"}
    for (arm, over), expected in {
        ("journey", "interest"): 18.2757 / 15.1400 - 1,
        ("journey", "holdout"): 18.2757 / 10.6167 - 1,
        ("interest", "holdout"): 15.1400 / 10.6167 - 1,
    }.items():
        lift = lifts[arm, over]
        assert lift["value"] == pytest.approx(expected, abs=1e-4)
        low, high = drawn_again(arm, over)
        assert (lift["low"], lift["high"]) == (pytest.approx(low, abs=0.01), pytest.approx(high, abs=0.01))
        assert lift["p"] < 1e-10
        risk = stats.contingency.relative_risk(*(PUBLISHED[name][place] for name in (arm, over) for place in (1, 0)))
        wide = risk.confidence_interval(0.95)
        assert (lift["low"], lift["high"]) == pytest.approx((wide.low - 1, wide.high - 1), abs=1e-4)


def drawn_again(arm: str, over: str) -> tuple[float, float]:
    """The middle 95 % of the lift over users drawn again with replacement: visits of n users are then binomial."""
    random = np.random.default_rng(2008)
    drawn = []
    for users, visits, _ in (PUBLISHED[arm], PUBLISHED[over]):
        drawn.append(random.binomial(users, visits / users, 50_000) / users)
    low, high = np.quantile(drawn[0] / drawn[1] - 1, [0.025, 0.975])
    return float(low), float(high)


def test_nothing_is_told_of_those_who_were_sent_nothing_but_visits(
    words: None, capsys: pytest.CaptureFixture[str], results: Path
) -> None:
    found: dict = read(capsys, results)  # type: ignore[type-arg]
    assert set(found["rates"]["click"]) == {"interest", "journey"}
    over_holdout = {each["metric"] for each in found["lifts"] if each["over"] == "holdout"}
    assert over_holdout == {"clicks per user", "visit"}


def test_the_verdict_is_plain(words: None, capsys: pytest.CaptureFixture[str], results: Path) -> None:
    assert read(capsys, results)["verdict"] == (
        "Journey is better: visit +20.7 % against interest (95 % from +15.7 % to +26.0 %), but that it raises "
        "unsubscribe and complaint by 25% or more is not excluded: let it run on."
    )
    wrong = run(capsys, "experiment", results, "--primary", "visit", "--shares", "interest=0.5,journey=0.3,holdout=0.2")
    assert wrong.code == 0
    assert "SAMPLE RATIO MISMATCH" in wrong.out
    assert wrong.out.splitlines()[-1].startswith("No verdict: the arms hold other numbers of users than they should")
