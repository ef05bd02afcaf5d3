"""`journeys notify` on a made log: every user gets a message or a reason, twice the same, and killed anywhere too."""

import csv
import json
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from homes import (
    TOPICS,
    MadeAssistant,
    Row,
    failed,
    made,
    run,
    two_of_each,
    words_fixture,
    write_log,
)
from langchain_core.messages import HumanMessage
from model_server import ModelServer, serving
from scripted_model import data_of

from assistant.notifications import midnight_after
from assistant.notifying import NotifyPlan, NotifySummary, Sources, notify_users
from assistant.settings import Settings
from assistant.users_file import UsersFile
from chains.copywriting import why_unfit_copy
from chains.experiment_arms import Arm, assign
from chains.notification import Channel, Copy, Reason
from chains.notification_rules import NotifyPolicy

__all__ = ["words_fixture"]

USERS = 60
#: The last activity is on the 13th of March.
AS_OF = datetime(2026, 3, 15, tzinfo=UTC)
DAY = AS_OF.date()
ON = ("--as-of", "2026-03-15")


def with_items(rows: Sequence[Row]) -> list[Row]:
    """And behind each text two of five items that are called so, so that others have some that a user has not met."""
    kinds = ("holder", "stand", "basket", "hook", "frame")
    known = {text for texts in TOPICS.values() for text in texts}
    added = [
        replace(row, text=f"{row.text} {kinds[(int(row.user_id[-4:]) + more) % 5]}", kind="save")
        for row in rows
        if row.text in known
        for more in (0, 1)
    ]
    return [*rows, *added]


def worded(request: dict[str, Any]) -> str:
    """Good words for most messages, and of a person for the others."""
    data = data_of([HumanMessage(str(each["content"])) for each in request["messages"]])
    topic, (first, *others) = data["topic"], data["items"]
    body = f"Worth a closer look: {first} and {others[0]}." if len(first) % 4 else f"You will love {topic}."
    return json.dumps({"title": f"Fresh finds: {topic}", "preheader": f"Starting with {first}.", "body": body})


@pytest.fixture(scope="module", name="known")
def known_fixture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with users, journeys and a catalogue; not to be written to."""
    home = tmp_path_factory.mktemp("known") / "home"
    with made(home) as assistant:
        log = write_log(home.parent / "log.csv", with_items(two_of_each(USERS)))
        assistant.ingest([log], index=False)
        assistant.infer(as_of=AS_OF)
        assistant.expand()
    return home


@pytest.fixture(name="home")
def home_fixture(known: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(known, tmp_path / "home"))


def write_users(path: Path, **of_user: str) -> Path:
    """Everybody agrees to everything, in Berlin; of_user: lines for those who are otherwise."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("user_id", "email_consent", "push_consent", "timezone", "age"))
        for number in range(USERS):
            name = f"user-{number:04d}"
            told = of_user.get(name.replace("-", "_"), "yes,yes,Europe/Berlin,30")
            if told:
                writer.writerow((name, *told.split(",")))
    return path


def rows_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def notified(
    assistant: MadeAssistant,
    users: Path,
    as_of: datetime = AS_OF,
    channel: Channel = Channel.EMAIL,
    arm: Arm = Arm.JOURNEY,
    never: Sequence[str] = (),
    policy: NotifyPolicy | None = None,
) -> NotifySummary:
    with UsersFile(users, assistant.settings.notify.columns) as file:
        sources = Sources(
            assistant.log,
            assistant.library,
            assistant.embeddings,
            assistant.expansions,
            assistant.models.checker,
            assistant.forgotten,
            file,
        )
        plan = NotifyPlan(
            policy or NotifyPolicy(),
            UTC,
            "notify",
            lambda user_id: arm,
            lambda journeys: dict.fromkeys(journeys, never),
        )
        return notify_users(sources, channel, as_of, plan)


@pytest.mark.usefixtures("words")
class TestCommand:
    def test_every_user_gets_a_message_or_a_reason(
        self, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        users = write_users(
            tmp_path / "users.csv",
            user_0001="no,yes,,",
            user_0002="yes,yes,,17",
            user_0003="yes,yes,Mars/Olympus,",
            user_0004="",
        )
        out = tmp_path / "out.jsonl"
        ran = run(
            capsys, "--home", home, "notify", "--channel", "email", *ON, "--users-file", users, "-o", out, "--json"
        )
        assert ran.code == 0, ran.err
        told = json.loads(ran.out)
        rows = rows_of(out)
        assert told["users"] == USERS == len(rows) + sum(told["reasons"].values())
        assert told["candidates"] == len(rows) == sum(told["arms"].values()) > USERS // 2
        reasons = told["reasons"]
        expected = {"no_consent": 1, "minor": 1, "unknown_zone": 1, "not_listed": 1}
        assert {name: reasons[name] for name in expected} == expected
        assert reasons["holdout"] > 0
        assert {row["arm"] for row in rows} == {"interest", "journey"}
        assert [row["user_id"] for row in rows] == sorted(str(row["user_id"]) for row in rows)
        for row in rows:
            copy = Copy(*(str(row[name]) for name in ("template", "title", "body", "preheader")))
            assert why_unfit_copy(copy, Channel.EMAIL, made(home).models.checker) == ""
            assert (row["send_after"], row["send_before"]) == ("2026-03-15T07:00:00Z", "2026-03-15T20:00:00Z")
            assert set(row["targets"]) == {"interest", "journey"}  # type: ignore[call-overload]
        with made(home) as assistant:
            (why,) = assistant.library.ledger.why_not_sent("user-0001", DAY)
            assert why.reason is Reason.NO_CONSENT

    def test_a_model_words_what_it_words_well_and_templates_the_rest(
        self, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        users = write_users(tmp_path / "users.csv")
        told = ("--home", home, "notify", "--channel", "email", *ON, "--users-file", users)
        no_model = run(capsys, *told, "--copy", "model", "-o", tmp_path / "none.jsonl")
        assert "set models.copywriter.model" in failed(no_model)
        with serving(ModelServer(worded, faults=("", "", "429", "refusal", "not_json"))) as server:
            options = f'[models.copywriter]\nmodel = "openai:local"\nbase_url = "{server.url}"\n'
            (home / "journeys.toml").write_text(options, encoding="utf-8")
            out, audit = tmp_path / "out.jsonl", tmp_path / "audit.jsonl"
            ran = run(capsys, *told, "--copy", "model", "--audit", audit, "-o", out, "--json")
            assert ran.code == 0, ran.err
            again = run(capsys, *told, "--copy", "model", "-o", tmp_path / "again.jsonl", "--max-tokens", "10")
            assert again.code == 0, again.err
        summary, rows = json.loads(ran.out), rows_of(out)
        by_model = [row for row in rows if row["model"]]
        assert len(by_model) == summary["written_by_model"] > len(rows) // 3
        assert sum(summary["fell_back"].values()) == len(rows) - len(by_model) > 0
        assert {row["template"] for row in by_model} == {"model"}
        assert all(str(row["prompt_version"]).startswith("copy-1-") for row in by_model)
        assert all(row["template"] != "model" and row["fallback"] for row in rows if not row["model"])
        assert summary["usage"][0]["step"] == "copy"
        assert len(audit.read_text(encoding="utf-8").splitlines()) >= len(by_model)
        # Good replies are kept, and without money for more the templates stand.
        kept = {row["key"]: row for row in rows_of(tmp_path / "again.jsonl")}
        assert all(kept[row["key"]] == row for row in by_model)
        assert {kept[row["key"]]["fallback"] for row in rows if not row["model"]} == {
            "no model wrote it: the budget was spent"
        }

    def test_twice_is_once_and_parquet_holds_the_same(
        self, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        users = write_users(tmp_path / "users.csv")
        outs = [tmp_path / name for name in ("one.jsonl", "two.jsonl", "three.parquet")]
        for out in outs:
            ran = run(capsys, "--home", home, "notify", "--channel", "push", *ON, "--users-file", users, "-o", out)
            assert ran.code == 0, ran.err
        assert outs[0].read_bytes() == outs[1].read_bytes()
        rows, table = rows_of(outs[0]), pq.read_table(outs[2]).to_pylist()
        assert [row["key"] for row in table] == [row["key"] for row in rows]
        assert len({row["key"] for row in rows}) == len(rows)
        assert dict(table[0]["terms"]) == rows[0]["terms"]
        assert json.loads(table[0]["targets"]) == rows[0]["targets"]
        assert "candidates" in ran.out

    def test_without_a_users_file_nobody_is_told_anything(
        self, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        out = tmp_path / "out.jsonl"
        ran = run(capsys, "--home", home, "notify", "--channel", "email", "-o", out)
        assert out.read_text() == ""
        assert "without --users-file nobody has agreed" in ran.out
        assert "not_listed" in ran.out

    def test_what_others_sent_counts(self, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        users, sent, out = write_users(tmp_path / "users.csv"), tmp_path / "sent.csv", tmp_path / "out.jsonl"
        lines = [f"user-{number:04d},2026-03-{14 - number % 3}T10:00:00Z,sms" for number in (5, 5 + 3, 5 + 4)]
        lines += [f"user-0005,2026-03-1{day}T10:00:00Z,email" for day in (1, 2, 3)]
        sent.write_text("user_id,timestamp,channel\n" + "\n".join(lines) + "\nuser-0006,when,sms\n", encoding="utf-8")
        ask = ("--home", home, "notify", "--channel", "push", *ON, "--users-file", users, "-o", out, "--sent", sent)
        assert "1 of 7 rows could not be read; most often: unreadable time (1)" in failed(run(capsys, *ask))
        sent.write_text("user_id,timestamp,channel\n" + "\n".join(lines) + "\n", encoding="utf-8")
        told = json.loads(run(capsys, *ask, "--json").out)
        assert (told["sent_by_others"]["read"], told["reasons"]["week_cap"]) == (6, 1)
        assert json.loads(run(capsys, *ask, "--json").out)["sent_by_others"]["new"] == 0

    def test_feedback_finds_the_candidates_in_the_library(
        self, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        users, out, told = write_users(tmp_path / "users.csv"), tmp_path / "out.jsonl", tmp_path / "told.csv"
        run(capsys, "--home", home, "notify", "--channel", "email", *ON, "--users-file", users, "-o", out)
        key = rows_of(out)[0]["key"]
        told.write_text(f"key,kind,timestamp\n{key},clicked,2026-03-15T09:00:00Z\nother,clicked,2026-03-15\n")
        found = json.loads(run(capsys, "--home", home, "feedback", told, "--json").out)
        assert (found["new"], found["aside"]) == (2, 1)
        # All users were assigned, whether or not they were sent something, and one only of them clicked.
        read = json.loads(run(capsys, "--home", home, "experiment", "--from-feedback", "--json").out)
        shares = Settings().experiment.shares.by_arm
        assigned = Counter(assign(f"user-{number:04d}", "journeys", shares).value for number in range(USERS))
        assert read["sample_ratio"]["users"] == assigned
        assert assigned["holdout"] > 0

    def test_errors_say_what_to_do(self, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        ask = ("--home", home, "notify", "--channel", "email", "-o")
        assert "written as .jsonl or .parquet" in failed(run(capsys, *ask, tmp_path / "out.csv"))
        gone = run(capsys, *ask, tmp_path / "out.jsonl", "--users-file", tmp_path / "gone.csv")
        assert "no such file" in failed(gone)
        empty = run(capsys, "--home", tmp_path / "empty", "notify", "--channel", "email", "-o", tmp_path / "o.jsonl")
        assert "nothing has been read yet" in failed(empty)


def test_the_days_after_follow_caps_and_cool_downs(home: Path, tmp_path: Path) -> None:
    users = write_users(tmp_path / "users.csv")
    with made(home) as assistant:
        days = [notified(assistant, users, AS_OF + timedelta(days=number)) for number in range(5)]
        rows = {
            name: assistant.library.ledger.of_user(name) for name in (f"user-{number:04d}" for number in range(USERS))
        }
    assert sum(days[0].candidates.values()) > USERS // 2
    kinds = set()
    for own in rows.values():
        assert len(own) <= 3, "three in seven days"
        targets = [str(row["target_id"]) for row in own]
        assert len(set(targets)) == len(targets), "the same is not told twice in a fortnight"
        templates = [row["template"] for row in sorted(own, key=lambda row: str(row["day"]))]
        assert all(one != other for one, other in pairwise(templates))
        kinds |= {row["target_kind"] for row in own}
    assert kinds == {"journey"}, "no interest here leads to another but by its meaning"
    assert days[4].reasons[Reason.WEEK_CAP] + days[4].reasons.get(Reason.COOL_DOWN, 0) > 0


def test_two_channels_on_one_day_share_the_cap(home: Path, tmp_path: Path) -> None:
    users = write_users(tmp_path / "users.csv", user_0001="no,yes,,")
    with made(home) as assistant:
        email = notified(assistant, users)
        push = notified(assistant, users, channel=Channel.PUSH)
        assert push.reasons[Reason.DAY_CAP] == sum(email.candidates.values())
        assert [row["user_id"] for row in assistant.library.ledger.rows(Channel.PUSH, DAY)][:1] == ["user-0001"]
        before = list(assistant.library.ledger.rows(Channel.EMAIL, DAY))
        assert notified(assistant, users) == email, "the push messages of the day came later"
        assert list(assistant.library.ledger.rows(Channel.EMAIL, DAY)) == before


def test_consent_that_is_taken_back_takes_the_candidate_back(home: Path, tmp_path: Path) -> None:
    with made(home) as assistant:
        notified(assistant, write_users(tmp_path / "one.csv"))
        first = {row["user_id"] for row in assistant.library.ledger.rows(Channel.EMAIL, DAY)}
        gone = sorted(str(user_id) for user_id in first)[0]
        notified(assistant, write_users(tmp_path / "two.csv", **{gone.replace("-", "_"): "no,no,,"}))
        assert first - {row["user_id"] for row in assistant.library.ledger.rows(Channel.EMAIL, DAY)} == {gone}


def test_arms_are_told_of_other_targets_and_the_holdout_of_none(home: Path, tmp_path: Path) -> None:
    users = write_users(tmp_path / "users.csv")
    with made(home) as assistant:
        ledger = assistant.library.ledger
        rows = {}
        for arm in (Arm.INTEREST, Arm.JOURNEY):
            notified(assistant, users, arm=arm)
            rows[arm] = {row["user_id"]: row for row in ledger.rows(Channel.EMAIL, DAY)}
        assert {row["target_kind"] for row in rows[Arm.INTEREST].values()} == {"interest"}
        for user_id, row in rows[Arm.JOURNEY].items():
            if user_id in rows[Arm.INTEREST]:
                assert rows[Arm.INTEREST][user_id]["targets"] == row["targets"], "both are the same in either arm"
        held = notified(assistant, users, arm=Arm.HOLDOUT)
        assert held.candidates == {}
        assert held.reasons[Reason.HOLDOUT] >= len(rows[Arm.JOURNEY])


def test_what_people_said_is_never_sent(home: Path, tmp_path: Path) -> None:
    users = write_users(tmp_path / "users.csv")
    with made(home) as assistant:
        notified(assistant, users)
        row = next(iter(assistant.library.ledger.rows(Channel.EMAIL, DAY)))
        others = [each.journey_id for each in assistant.journeys(row["user_id"])]
        told = notified(assistant, users, never=others)
        assert assistant.library.ledger.why_not_sent(row["user_id"], DAY)[0].reason is Reason.NEVER_NOTIFY
        assert told.reasons[Reason.NEVER_NOTIFY] >= 1


def test_floors_keep_everybody_back(home: Path, tmp_path: Path) -> None:
    users = write_users(tmp_path / "users.csv")
    with made(home) as assistant:
        low = notified(assistant, users, policy=NotifyPolicy(score_floor=1.0))
        unsure = notified(assistant, users, policy=NotifyPolicy(confidence_floor=1.0))
    assert (low.candidates, unsure.candidates) == ({}, {})
    assert low.reasons[Reason.LOW_SCORE] > USERS // 2
    assert unsure.reasons[Reason.LOW_CONFIDENCE] > USERS // 2


def test_who_was_forgotten_is_passed_over_and_leaves_no_trace(home: Path, tmp_path: Path) -> None:
    users = write_users(tmp_path / "users.csv")
    with made(home) as assistant:
        notified(assistant, users)
        ledger = assistant.library.ledger
        gone = str(next(iter(ledger.rows(Channel.EMAIL, DAY)))["user_id"])
        assert ledger.count_of(gone) == 1
        assert assistant.forget(gone).remaining == 0
        assert ledger.count_of(gone) == 0
        again = notified(assistant, users, AS_OF + timedelta(days=1))
        assert again.forgotten == 1
        assert ledger.count_of(gone) == 0
        assert gone.encode() not in (home / "library.sqlite").read_bytes()


def test_those_who_did_nothing_have_no_journey(home: Path, tmp_path: Path) -> None:
    users = write_users(tmp_path / "users.csv")
    with users.open("a", encoding="utf-8") as file:
        file.writelines(f"silent-{number:04d},yes,yes,,\n" for number in range(700))
    with made(home) as assistant:
        summary = notified(assistant, users)
        assert summary.users == USERS + 700
        assert assistant.library.ledger.why_not_sent("silent-0699", DAY)[0].reason is Reason.NO_JOURNEY
    assert summary.reasons[Reason.NO_JOURNEY] >= 700


def test_midnights() -> None:
    assert midnight_after(datetime(2026, 3, 14, 22, 21, tzinfo=UTC)) == AS_OF
    assert midnight_after(AS_OF) == AS_OF


_RUN = """
import sys
sys.path.insert(0, sys.argv.pop(1))
import assistant.home
from homes import word_embeddings
assistant.home.open_embeddings = lambda spec, *, folder, **others: word_embeddings(folder)
import assistant.notifying
assistant.notifying._USERS_AT_ONCE = 7
from assistant.cli import main
main()
"""


def test_killed_anywhere_nothing_is_lost_or_there_twice(home: Path, tmp_path: Path) -> None:
    users = write_users(tmp_path / "users.csv")
    other = Path(shutil.copytree(home, tmp_path / "other"))

    def command(at: Path) -> list[str]:
        tests = str(Path(__file__).parent)
        told = ["--home", at, "notify", "--channel", "email", *ON, "--users-file", users, "-o", at / "out.jsonl"]
        return [sys.executable, "-c", _RUN, tests, *map(str, told)]

    def decided() -> int:
        with made(home) as assistant:
            own = sum(1 for _ in assistant.library.ledger.rows(Channel.EMAIL, DAY))
            return own + sum(assistant.library.ledger.reasons(Channel.EMAIL, DAY).values())

    kills = []
    for least in (1, 14, 35):
        with subprocess.Popen(command(home), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as child:
            while child.poll() is None and decided() < least:
                time.sleep(0.002)
            child.send_signal(signal.SIGKILL)
            kills.append(child.wait() == -signal.SIGKILL)
        assert not kills[-1] or not (home / "out.jsonl").exists()
    assert any(kills)
    for at in (home, other):
        subprocess.run(command(at), check=True, capture_output=True, timeout=120)
    assert (home / "out.jsonl").read_bytes() == (other / "out.jsonl").read_bytes()
    assert rows_of(home / "out.jsonl")
    with made(home) as one, made(other) as two:
        for name in (f"user-{number:04d}" for number in range(USERS)):
            assert one.library.ledger.count_of(name) == two.library.ledger.count_of(name) == 1
            assert one.library.ledger.why_not_sent(name, DAY) == two.library.ledger.why_not_sent(name, DAY)
    assert not list(home.glob(".out.jsonl.*"))
