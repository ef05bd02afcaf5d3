"""From rows of results to a verdict."""

import json
import random as chance
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from homes import failed, run, words_fixture
from hypothesis import given
from hypothesis import strategies as st

from assistant.experiment.metrics import METRICS
from assistant.experiment.readout import Asked, Readout, read_out
from assistant.experiment.results import Results, UserRow, gather, read_results
from assistant.experiment.verdict import verdict_of
from chains.experiment_arms import Arm
from vectorstore.errors import InputError

__all__ = ["words_fixture"]

HALVES = {Arm.INTEREST: 0.5, Arm.JOURNEY: 0.5}
CLICK = next(metric for metric in METRICS if metric.name == "click")


def arm_rows(arm: Arm, users: int, **events: int) -> list[UserRow]:
    """One message a user; the first so many did what is told."""
    return [
        UserRow(f"{arm}-{number}", arm, {"sent": 1, **{name: float(number < many) for name, many in events.items()}})
        for number in range(users)
    ]


def made(users: int = 10_000, days: float | None = None, **of_journey: int) -> Readout:
    before = {"clicked": 500, "unsubscribed": 400, "complained": 400}
    rows = [*arm_rows(Arm.INTEREST, users, **before), *arm_rows(Arm.JOURNEY, 10_000, **{**before, **of_journey})]
    return read_out(gather(rows), Asked(HALVES, CLICK, days=days))


def test_better_and_no_harm() -> None:
    """The logarithm of 1.2 is 0.18232, its error the root of 1/600 + 1/500 - 2/10,000, 0.05888: exp(0.18232 - 1.96 *
    0.05888) = 1.069, and 1.347 with plus."""
    assert verdict_of(made(clicked=600)) == (
        "Journey is better: click +20.0 % against interest (95 % from +6.9 % to +34.7 %), and a rise of unsubscribe "
        "and complaint by 25% or more is excluded."
    )


def test_harm_goes_before_clicks() -> None:
    assert verdict_of(made(clicked=900, complained=520)) == (
        "Journey does harm: its complaint rate is higher than that of interest, by +14.5 % or more: stop it."
    )


def test_better_but_harm_is_open() -> None:
    assert verdict_of(made(clicked=600, unsubscribed=440)).endswith(
        "but that it raises unsubscribe by 25% or more is not excluded: let it run on."
    )


def test_worse_and_no_difference() -> None:
    """510 against 500: an error of 0.06132, 1.8026 times the 0.03402 needed for 10 %: 3.249 times 10 days, so 33."""
    assert verdict_of(made(clicked=380)).startswith("Journey is worse: click -24.0 %")
    told = verdict_of(made(clicked=510, days=10))
    assert told.startswith("No difference is shown: click +2.0 % against interest (95 % from -9.6 % to +15.0 %); ")
    assert told.endswith("23 more days would find a lift of +10.0 %.")


def test_arms_of_other_sizes_than_they_should_be_get_no_verdict() -> None:
    assert verdict_of(made(users=9_000, clicked=900)) == (
        "No verdict: the arms hold other numbers of users than they should (p under 0.000001), so find out why users "
        "are missing before anything here is believed."
    )


def test_one_arm_alone_and_too_few_events() -> None:
    alone = read_out(gather(arm_rows(Arm.JOURNEY, 100, clicked=50)), Asked({Arm.JOURNEY: 1.0}, CLICK))
    assert verdict_of(alone) == "No verdict: click is not told of both the interest and the journey arm."
    assert verdict_of(made(clicked=2)) == "No verdict: too few events of click to compare; let it run on."


def counted(results: Results) -> dict[str, object]:
    return {arm: {name: own.tolist() for name, own in each.counts.items()} for arm, each in results.arms.items()}


PARTS = st.lists(
    st.builds(
        UserRow,
        user_id=st.sampled_from("abcd"),
        arm=st.sampled_from(Arm),
        counts=st.dictionaries(st.sampled_from(["sent", "clicked"]), st.integers(0, 9).map(float)),
    )
)


@given(rows=PARTS, seed=st.integers(0, 99))
def test_the_order_of_rows_means_nothing_and_who_is_in_two_arms_is_left_out(rows: list[UserRow], seed: int) -> None:
    shuffled = chance.Random(seed).sample(rows, len(rows))
    one, other = gather(rows), gather(shuffled)
    assert counted(one) == counted(other)
    arms_of = {user: {row.arm for row in rows if row.user_id == user} for user in {row.user_id for row in rows}}
    assert one.mixed == other.mixed == sum(len(arms) > 1 for arms in arms_of.values())
    assert sum(one.users.values()) == sum(len(arms) == 1 for arms in arms_of.values())


def test_parts_of_a_user_are_added_up() -> None:
    rows = [UserRow("a", Arm.JOURNEY, {"sent": 2, "clicked": 1}), UserRow("a", Arm.JOURNEY, {"sent": 3})]
    own = gather(rows).arms[Arm.JOURNEY]
    assert (own.users, own.counts["sent"].tolist(), own.counts["clicked"].tolist()) == (1, [5], [1])


def test_files_of_three_kinds_say_the_same(tmp_path: Path) -> None:
    rows = [{"user_id": "a", "arm": "journey", "sent": 3, "clicked": 1}, {"user_id": "b", "arm": "holdout", "sent": 0}]
    (tmp_path / "r.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    (tmp_path / "r.csv").write_text("arm;user_id;clicked;sent\njourney;a;1;3\nHoldout;b;;0\n", encoding="utf-8")
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "r.parquet")
    found = [counted(read_results(tmp_path / f"r.{kind}", 0.0)) for kind in ("jsonl", "csv", "parquet")]
    assert found[0] == found[1] == found[2]
    assert found[0] == {
        Arm.JOURNEY: {"clicked": [1.0], "sent": [3.0]},
        Arm.HOLDOUT: {"clicked": [0.0], "sent": [0.0]},
    }


def test_bad_rows_are_counted_and_too_many_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    lines = [
        "a,journey,1,0,0",
        ",journey,1,0,0",
        "b,other,1,0,0",
        "c,journey,-1,0,0",
        "d,interest,nan?,0,0",
        "e,interest,1,2,1",
    ]
    path.write_text("user_id,arm,sent,survey_positive,answered\n" + "\n".join(lines) + "\n", encoding="utf-8")
    found = read_results(path, 0.9)
    assert found.users == {Arm.JOURNEY: 1}
    assert found.rejected == {
        "missing user": 1,
        "arm: none of interest, journey, holdout": 1,
        "sent: not a count": 2,
        "survey_positive: more than answered": 1,
    }
    with pytest.raises(InputError, match=r"5 of 6 rows could not be read, .*; most often: sent: not a count"):
        read_results(path, 0.01)


def test_the_command_says_what_to_do(words: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("user_id,arm\na,journey\n", encoding="utf-8")
    assert failed(run(capsys, "experiment")) == "give either a file of results, or --from-feedback"
    assert failed(run(capsys, "experiment", path, "--primary", "complaint")) == (
        "--primary complaint: give one of click, open, clicks per user, survey, visit"
    )
    assert failed(run(capsys, "experiment", path, "--shares", "journey=0.5")) == (
        "--shares journey=0.5: the shares of interest, journey, holdout are 0.5 in sum: give shares whose sum is 1"
    )
    path.write_text("user,arm\na,journey\n", encoding="utf-8")
    assert failed(run(capsys, "experiment", path)).startswith(
        f"{path}: no column for user_id; found: user, arm. Give it"
    )


def test_tables_of_the_command(words: None, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    lines = [
        f"{arm}{n},{arm},2,{clicks if n < 300 else 0},{int(n < 20)},0,{int(n < 250)},1"
        for arm, clicks in (("interest", 1), ("journey", 2))
        for n in range(3_000)
    ]
    names = "user_id,arm,sent,clicked,unsubscribed,complained,pre_clicked,pre_sent"
    path.write_text("\n".join([names, *lines]) + "\n", encoding="utf-8")
    ran = run(capsys, "experiment", path, "--days", "7")
    assert (ran.code, ran.err) == (0, "")
    for told in ("users: interest 3,000, journey 3,000; as many as they should be (p 1.000)", "+100.0 %", "10.000%",
                 "Less variance", "At every look holds: click", "in all 7 days;"):  # fmt: skip
        assert told in ran.out
    assert ran.out.splitlines()[-1].startswith("Journey is better: click +100.0 %")
