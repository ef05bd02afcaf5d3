"""What the page reads of notifications, and what it tries out."""

from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path

import pytest
from homes import MadeAssistant, made, made_rows, write_log

from assistant.notify_desk import NotifyDesk
from chains.labels import LabelKind
from chains.notification import Channel, Reason
from vectorstore.errors import InputError

AS_OF = datetime(2026, 4, 15, tzinfo=UTC)


@pytest.fixture(name="assistant")
def assistant_fixture(tmp_path: Path) -> Iterator[MadeAssistant]:
    with made(tmp_path / "home") as assistant:
        rows = [row for user in ("ann", "bob", "cat") for row in made_rows(user, "wedding", "garden")]
        assistant.ingest([write_log(tmp_path / "log.csv", rows)])
        assistant.infer()
        yield assistant


@pytest.fixture(name="users")
def users_fixture(tmp_path: Path) -> Path:
    path = tmp_path / "users.csv"
    path.write_text("user_id,email_consent,push_consent\nann,yes,no\nbob,no,no\n", encoding="utf-8")
    return path


def test_only_runs_that_have_ended_are_there_the_last_day_first(assistant: MadeAssistant, users: Path) -> None:
    desk = assistant.reading.notifications
    assert desk.runs() == []
    assistant.library.ledger.begin(Channel.PUSH, AS_OF)
    assert desk.runs() == []
    assistant.notify(Channel.EMAIL, as_of=AS_OF, users_file=users)
    assistant.notify(Channel.EMAIL, as_of=AS_OF.replace(day=16), users_file=users)
    assert [(run.channel, run.day.day) for run in desk.runs()] == [(Channel.EMAIL, 16), (Channel.EMAIL, 15)]


def test_a_day_tells_who_is_told_what_and_who_nothing(assistant: MadeAssistant, users: Path) -> None:
    desk = assistant.reading.notifications
    assistant.notify(Channel.EMAIL, as_of=AS_OF, users_file=users)
    run = desk.runs()[0]
    day = desk.day(run, 10)
    assert run.candidates == len(day.rows)
    assert run.candidates + run.unsent == 3
    assert day.reasons[Reason.NO_CONSENT] == 1
    assert desk.told_nothing(run.channel, run.day, Reason.NO_CONSENT, 10) == ["bob"]
    assert desk.told_nothing(run.channel, run.day, Reason.NOT_LISTED, 10) == ["cat"]
    for row in day.rows:
        assert desk.one(row["key"]) == row
    assert desk.one("none") is None


def test_the_policy_is_that_of_the_settings_where_nothing_is_asked(assistant: MadeAssistant) -> None:
    desk = assistant.reading.notifications
    assert desk.trial({}).policy == assistant.settings.notify.policy
    asked = {
        "a_day": "2",
        "a_week": "",
        "quiet_from": "22:30",
        "floor": "0.1",
        "days": "7",
        "rate": "0.2",
        "lift": "0.5",
    }
    trial = desk.trial(asked)
    assert (trial.policy.a_day, trial.policy.a_week, trial.days) == (2, 3, 7)
    assert (trial.policy.quiet_from, trial.policy.score_floor) == (time(22, 30), 0.1)
    assert (trial.rate, trial.lift) == (0.2, 0.5)


@pytest.mark.parametrize(
    ("name", "given", "says"),
    [
        ("a_day", "0", "a day is a number from 1 to 20"),
        ("days", "1e3", "days is a number from 1 to 60"),
        ("floor", "nan", "floor is a number from 0 to 1"),
        ("rate", "1", "rate is a number from 0.001 to 0.9"),
        ("quiet_until", "late", "quiet until is a time such as 21:00"),
    ],
)
def test_what_is_out_of_bounds_is_said(assistant: MadeAssistant, name: str, given: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        assistant.reading.notifications.trial({name: given})


def test_more_a_week_is_never_fewer_messages(assistant: MadeAssistant) -> None:
    desk = assistant.reading.notifications
    counts = [desk.tried(desk.trial({"a_week": str(most), "floor": "0"})).simulated.messages for most in (1, 3, 7)]
    assert counts == sorted(counts)
    assert counts[0] > 0


def test_who_agreed_to_nothing_is_not_simulated(assistant: MadeAssistant, users: Path, tmp_path: Path) -> None:
    # Of three users ann agreed to e-mail, bob to nothing, and cat is not in the file.
    desk = NotifyDesk(assistant, users)
    tried = desk.tried(desk.trial({"floor": "0"}))
    assert tried.simulated.users == 1
    assert tried.agreed == pytest.approx(1 / 3)
    everybody = NotifyDesk(assistant)
    assert everybody.tried(everybody.trial({"floor": "0"})).simulated.users == 3
    silent = tmp_path / "segments.csv"
    silent.write_text("user_id,activity\nann,light\n", encoding="utf-8")
    without = NotifyDesk(assistant, silent).tried(desk.trial({"floor": "0"}))
    assert (without.simulated.users, without.agreed) == (3, None)


def test_nothing_is_simulated_for_a_journey_that_is_never_to_be_sent(assistant: MadeAssistant) -> None:
    desk: NotifyDesk = assistant.reading.notifications
    before = desk.tried(desk.trial({"floor": "0"})).simulated.users
    for journey in assistant.journeys("ann"):
        assistant.add_label("ann", journey.journey_id, LabelKind.NEVER_NOTIFY, by="Ada")
    assert desk.tried(desk.trial({"floor": "0"})).simulated.users == before - 1
