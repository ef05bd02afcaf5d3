"""The ledger: what counts as sent, what a second pass changes, and that nobody stays in it who was forgotten."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from assistant.candidate_facts import CandidateFacts
from assistant.candidate_output import row_of_candidate
from assistant.kept_candidates import ForeignSend, Ledger
from assistant.library import Library
from chains.experiment_arms import Arm
from chains.journeys import Term
from chains.notification import (
    Candidate,
    Channel,
    Copy,
    Option,
    Reason,
    Receipts,
    Refusal,
    Sent,
    ShownItem,
    TargetKind,
    candidate_key,
)

MORNING = datetime(2026, 6, 10, 4, tzinfo=UTC)
DAY = MORNING.date()
OPTION = Option(
    TargetKind.JOURNEY, "j1", "Garden paths", 0.8, (Term(name="recency", value="2 days", contribution=0.8),), "j1"
)


def candidate(user_id: str, channel: Channel = Channel.EMAIL, day: date = DAY) -> Candidate:
    return Candidate(
        key=candidate_key(user_id, channel, day, "notify"),
        user_id=user_id,
        channel=channel,
        day=day,
        arm=Arm.JOURNEY,
        target=OPTION,
        copy=Copy("en.more", "More on garden paths", "There is more to explore.", "More."),
        send_after=MORNING + timedelta(hours=4),
        send_before=MORNING + timedelta(hours=17),
        receipts=Receipts(MORNING - timedelta(days=9), MORNING, 4, 2, {"search": 4}, ("gravel",)),
        items=(ShownItem("i1", "rain barrel"),),
        both={Arm.JOURNEY: OPTION, Arm.INTEREST: None},
    )


@pytest.fixture(name="library")
def library_fixture(tmp_path: Path) -> Iterator[Library]:
    with Library(f"sqlite:///{tmp_path / 'library.sqlite'}") as library:
        yield library


@pytest.fixture(name="ledger")
def ledger_fixture(library: Library) -> Ledger:
    return library.ledger


def test_a_run_of_a_channel_and_day_is_one(ledger: Ledger) -> None:
    email = ledger.begin(Channel.EMAIL, MORNING)
    push = ledger.begin(Channel.PUSH, MORNING)
    again = ledger.begin(Channel.EMAIL, MORNING + timedelta(hours=2))
    assert (email.number, push.number, again.number) == (1, 2, 1)
    assert (again.day, again.as_of) == (DAY, MORNING + timedelta(hours=2))
    assert ledger.begin(Channel.EMAIL, MORNING + timedelta(days=1)).number == 3


def test_putting_twice_is_putting_once(ledger: Ledger) -> None:
    run = ledger.begin(Channel.EMAIL, MORNING)
    for _ in range(2):
        ledger.put(run, [candidate("bob"), candidate("ann")], [Refusal("cat", Reason.ENDED, {Reason.ENDED: 2})])
        ledger.finish(run)
    assert list(ledger.rows(Channel.EMAIL, DAY)) == [row_of_candidate(candidate(name)) for name in ("ann", "bob")]
    assert ledger.reasons(Channel.EMAIL, DAY) == {Reason.ENDED: 1}
    assert list(ledger.rows(Channel.PUSH, DAY)) == []


def test_why_a_user_was_told_nothing(ledger: Ledger) -> None:
    for channel in Channel:
        run = ledger.begin(channel, MORNING)
        ledger.put(run, [], [Refusal("cat", Reason.LOW_SCORE, {Reason.LOW_SCORE: 2, Reason.ENDED: 1}, Arm.INTEREST)])
    found = ledger.why_not_sent("cat", DAY)
    assert [(each.channel, each.reason, each.arm) for each in found] == [
        (Channel.EMAIL, Reason.LOW_SCORE, Arm.INTEREST),
        (Channel.PUSH, Reason.LOW_SCORE, Arm.INTEREST),
    ]
    assert found[0].others == {Reason.LOW_SCORE: 2, Reason.ENDED: 1}
    assert ledger.why_not_sent("cat", DAY + timedelta(days=1)) == []
    assert ledger.why_not_sent("ann", DAY) == []


def test_what_a_later_pass_would_not_send_is_withdrawn_and_still_counts(ledger: Ledger) -> None:
    run = ledger.begin(Channel.EMAIL, MORNING)
    ledger.put(run, [candidate("ann")], [])
    ledger.put(run, [], [Refusal("ann", Reason.NO_CONSENT)])
    assert list(ledger.rows(Channel.EMAIL, DAY)) == ledger.of_user("ann") == []
    assert ledger.why_not_sent("ann", DAY)[0].reason is Reason.NO_CONSENT
    tomorrow = ledger.begin(Channel.EMAIL, MORNING + timedelta(days=1))
    assert ledger.recent(["ann"], tomorrow, 14)["ann"] == [Sent(DAY, "email", "j1", "Garden paths", "en.more")]
    ledger.put(run, [candidate("ann")], [])
    assert len(ledger.of_user("ann")) == 1
    assert ledger.why_not_sent("ann", DAY) == []


def test_a_runs_own_candidates_do_not_count_nor_those_of_channels_asked_later(ledger: Ledger) -> None:
    email, push = ledger.begin(Channel.EMAIL, MORNING), ledger.begin(Channel.PUSH, MORNING)
    ledger.put(email, [candidate("ann")], [])
    ledger.put(push, [candidate("ann", Channel.PUSH)], [])
    assert ledger.recent(["ann"], email, 14) == {}
    assert [each.channel for each in ledger.recent(["ann"], push, 14)["ann"]] == ["email"]
    yesterday = ledger.begin(Channel.EMAIL, MORNING - timedelta(days=1))
    assert ledger.recent(["ann"], yesterday, 14) == {}, "what comes later is not known yet"


def test_how_far_back_it_looks(ledger: Ledger) -> None:
    old = ledger.begin(Channel.EMAIL, MORNING)
    ledger.put(old, [candidate("ann")], [])
    later = ledger.begin(Channel.EMAIL, MORNING + timedelta(days=10))
    assert ledger.recent(["ann"], later, 10)["ann"][0].day == DAY
    assert ledger.recent(["ann"], later, 9) == {}


def test_what_others_sent_counts_once(ledger: Ledger) -> None:
    run = ledger.begin(Channel.EMAIL, MORNING)
    ledger.put(run, [candidate("ann")], [])
    sends = [
        ForeignSend("s1", "ann", "sms", MORNING - timedelta(days=2), topic="Sale"),
        ForeignSend("s2", "ann", "email", MORNING + timedelta(hours=5), key=candidate("ann").key),
        ForeignSend("s3", "ann", "email", MORNING + timedelta(days=1, hours=1)),
    ]
    assert ledger.put_sends(sends) == 3
    assert ledger.put_sends(sends) == 0
    tomorrow = ledger.begin(Channel.EMAIL, MORNING + timedelta(days=1))
    # Ours, and the one before; not the report that ours was sent, nor what was sent after the moment of the run.
    assert ledger.recent(["ann"], tomorrow, 14)["ann"] == [
        Sent(DAY - timedelta(days=2), "sms", "", "Sale"),
        Sent(DAY, "email", "j1", "Garden paths", "en.more"),
    ]


def test_what_feedback_asks_for(ledger: Ledger) -> None:
    ledger.put(ledger.begin(Channel.EMAIL, MORNING), [candidate("ann")], [])
    key = candidate("ann").key
    assert ledger.facts_of([key, "unknown"]) == {
        key: CandidateFacts("ann", Arm.JOURNEY, "j1", DAY, "email", {"recency": 0.8})
    }


def test_more_than_one_statement_holds(ledger: Ledger) -> None:
    run = ledger.begin(Channel.EMAIL, MORNING)
    ledger.put(
        run,
        [candidate(f"user-{number:04d}") for number in range(1_203)],
        [Refusal(f"other-{number:04d}", Reason.ENDED) for number in range(1_203)],
    )
    assert len(list(ledger.rows(Channel.EMAIL, DAY))) == 1_203
    assert ledger.reasons(Channel.EMAIL, DAY) == {Reason.ENDED: 1_203}


def test_forgetting_leaves_nothing(library: Library, ledger: Ledger) -> None:
    run = ledger.begin(Channel.EMAIL, MORNING)
    ledger.put(run, [candidate("ann"), candidate("bob")], [])
    ledger.put(ledger.begin(Channel.PUSH, MORNING), [], [Refusal("ann", Reason.ENDED)])
    ledger.put_sends([ForeignSend("s1", "ann", "sms", MORNING)])
    assert ledger.count_of("ann") == 3
    assert library.forget("ann").notifications == 3
    assert ledger.count_of("ann") == 0
    assert ledger.count_of("bob") == 1


def test_a_row_has_no_text_but_what_may_be_told() -> None:
    row = row_of_candidate(replace(candidate("ann"), segments={"plan": "gold"}))
    assert row["receipts"] == {
        "first_seen": "2026-06-01T04:00:00Z",
        "last_seen": "2026-06-10T04:00:00Z",
        "events": 4,
        "active_days": 2,
        "kinds": {"search": 4},
        "keywords": ["gravel"],
    }
    assert row["targets"] == {
        "interest": None,
        "journey": {"kind": "journey", "target_id": "j1", "name": "Garden paths", "score": 0.8, "journey_id": "j1"},
    }
    assert (row["send_after"], row["send_before"]) == ("2026-06-10T08:00:00Z", "2026-06-10T21:00:00Z")
    assert (row["terms"], row["segments"]) == ({"recency": 0.8}, {"plan": "gold"})
