"""The sample users: their log, the same on every machine, and what the main job makes of what is planted in it."""

import csv
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from homes import model_file_fixture, sample_home_fixture, shared_fixture

from assistant.assistant import JourneyAssistant
from assistant.demo import broken_rows, labelled_sample, write_log
from assistant.sample import AS_OF, KnownJourney, SampleUser, read_user, sample_users
from assistant.settings import Settings
from chains.journeys import Kind, Policy, Stage
from chains.naming import LONGEST_NAME
from vectorstore.activity import Activity, ActivityKind, normalize
from vectorstore.errors import InputError
from vectorstore.readers import read_activities
from vectorstore.rows import Reason, Rejected

__all__ = ["model_file_fixture", "sample_home_fixture", "shared_fixture"]

USERS = sample_users()
ACTIVITIES = [event for user in USERS for event, _ in user.activities]


@pytest.fixture(scope="module", name="sample")
def sample_fixture(sample_home: Path) -> Iterator[JourneyAssistant]:
    """The sample users after the main job. Nothing here opens the store, which one process holds at a time."""
    with JourneyAssistant(Settings(home=sample_home)) as assistant:
        yield assistant


# --- the log


def test_there_are_many_users_over_half_a_year() -> None:
    assert len(USERS) >= 40
    assert [user.user_id for user in USERS] == sorted({user.user_id for user in USERS})
    assert AS_OF - timedelta(days=180) < min(event.timestamp for event in ACTIVITIES)
    assert max(event.timestamp for event in ACTIVITIES) < AS_OF
    assert {event.kind for event in ACTIVITIES} == set(ActivityKind)
    assert len({event.activity_id for event in ACTIVITIES}) == len(ACTIVITIES), "no event is there twice"


def test_the_known_journeys_are_of_all_sorts() -> None:
    known = [journey for user in USERS for journey in user.journeys]
    sorts = Counter((journey.kind, journey.stage) for journey in known)
    assert set(sorts) == {("situational", "ongoing"), ("situational", "ended"), ("evergreen", "ongoing")}
    assert min(sorts.values()) >= 40
    notes = Counter(journey.note.partition(":")[0] for journey in known)
    assert set(notes) == {"", "called off", "revived", "sensitive"}
    assert {journey.note for journey in known if journey.note.startswith("sensitive")} >= {
        "sensitive: health",
        "sensitive: religion",
        "sensitive: fertility",
    }
    for user in USERS:
        keys = [journey.key for journey in user.journeys]
        assert len(set(keys)) == len(keys)
        assert {key for _, key in user.activities if key} == set(keys), user.user_id
        assert [event.timestamp for event, _ in user.activities] == sorted(
            event.timestamp for event, _ in user.activities
        )


def test_a_journey_has_many_texts() -> None:
    texts = [
        len({normalize(event.text) for event, key in user.activities if key == journey.key})
        for user in USERS
        for journey in user.journeys
    ]
    few = sum(count < 12 for count in texts)
    assert few <= 2, "a user who has just begun, and one who gave up"
    assert sorted(texts)[len(texts) // 2] >= 20


def test_the_log_is_the_same_to_the_byte_on_every_machine(tmp_path: Path) -> None:
    here = write_log(tmp_path / "new folder" / "here.csv")
    code = "import sys; from pathlib import Path; from assistant.demo import write_log; write_log(Path(sys.argv[1]))"
    environment = os.environ | {"PYTHONHASHSEED": "4711", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    subprocess.run([sys.executable, "-c", code, tmp_path / "there.csv"], check=True, env=environment)
    assert here.read_bytes() == (tmp_path / "there.csv").read_bytes()
    assert b"\r" not in here.read_bytes()
    assert [path.name for path in here.parent.iterdir()] == ["here.csv"]


def test_the_log_reads_back_with_its_labels(tmp_path: Path) -> None:
    path = write_log(tmp_path / "sample.csv")
    rows = list(read_activities(path))
    rejected = [row for row in rows if isinstance(row, Rejected)]
    assert len(rejected) == broken_rows() == 6
    assert {row.reason for row in rejected} == {
        Reason.UNREADABLE_TIME,
        Reason.UNKNOWN_KIND,
        Reason.MISSING_USER,
        Reason.EMPTY_TEXT,
        Reason.MISSING_TIME,
        "text over 10,000 characters",
    }
    read = [row for row in rows if isinstance(row, Activity)]
    masked = {"s42"}
    assert [row for row in read if row.user_id not in masked] == [
        event for event in ACTIVITIES if event.user_id not in masked
    ]
    with path.open(encoding="utf-8", newline="") as file:
        labels = Counter(row["label"] for row in csv.DictReader(file))
    known = {f"{user.user_id}-{journey.key}" for user in USERS for journey in user.journeys}
    assert set(labels) - {""} == known


def test_labelled_users_carry_the_label_of_each_text() -> None:
    users = {user.user_id: user for user in labelled_sample()}
    assert len(users) == len(USERS)
    first = users["s01"]
    event, key = next((event, key) for event, key in USERS[0].activities if key)
    assert first.labels[normalize(event.text)] == f"s01-{key}"
    assert len(first.activities) == len(USERS[0].activities)
    assert users["s45"].labels == {}


# --- the format of a file


def test_a_file_is_read_line_by_line() -> None:
    script = """user z1
journey cake: Baking a cake | situational | ended | called off

// not read
@ 2026-05-01 10:00
cake ? Sponge  cake
cake # Cakes
- ? weather
@ 2026-05-03 09:30
cake ! Ten Cakes, One Tin | baking, tins | Cakes | cs
cake ! Only Opened
"""
    user = read_user(script)
    assert user.journeys == (KnownJourney("z1", "cake", "Baking a cake", "situational", "ended", "called off"),)
    events = [event for event, _ in user.activities]
    assert [key for _, key in user.activities] == ["cake", "cake", None, "cake", "cake", "cake"]
    assert [(event.kind.value, event.text, event.board, event.annotations) for event in events] == [
        ("search", "Sponge  cake", None, ()),
        ("board", "Cakes", "Cakes", ()),
        ("search", "weather", None, ()),
        ("closeup", "Ten Cakes, One Tin", None, ("baking", "tins")),
        ("save", "Ten Cakes, One Tin", "Cakes", ("baking", "tins")),
        ("closeup", "Only Opened", None, ()),
    ]
    assert events[0].timestamp == datetime(2026, 5, 1, 10, tzinfo=UTC)
    assert events[3].timestamp == datetime(2026, 5, 3, 9, 30, tzinfo=UTC)
    assert events[4].timestamp - events[3].timestamp == timedelta(seconds=25)
    gaps = [(later.timestamp - event.timestamp).seconds for event, later in pairwise(events[:3])]
    assert all(20 <= gap < 160 for gap in gaps), "a session goes on by itself"
    assert events[3].item_id == events[4].item_id != events[5].item_id
    assert read_user(script) == user


def test_a_heavy_user_does_everything_again() -> None:
    once = read_user("user z1\n@ 2026-05-01 10:00\n- ? tea\n")
    often = read_user("user z1 | repeat 4\n@ 2026-05-01 10:00\n- ? tea\n")
    (event, _), *_ = once.activities
    assert [each.timestamp - event.timestamp for each, _ in often.activities] == [
        timedelta(minutes=15 * turn) for turn in range(4)
    ]


@pytest.mark.parametrize("line", ["cake tea", "cake & tea", "journey cake", "? tea"])
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(InputError, match=r"^sample user z1, line 3: not a journey, session or activity: "):
        read_user(f"user z1\n@ 2026-05-01 10:00\n{line}\n")


# --- what the main job makes of it


def journeys_of(user: SampleUser, sample: JourneyAssistant) -> list[str]:
    return [journey.name for journey in sample.journeys(user.user_id)]


def test_every_user_is_inferred(sample: JourneyAssistant, sample_home: Path) -> None:
    assert list(sample.library.users()) == [user.user_id for user in USERS]
    assert (sample_home.with_name("sample-home.done")).read_text() == f"{len(ACTIVITIES)} {broken_rows()}"
    for user in USERS:
        names = journeys_of(user, sample)
        assert len({name.casefold() for name in names}) == len(names)
        assert all(0 < len(name) <= LONGEST_NAME for name in names)
        assert names or len(user.activities) < 10, user.user_id


def test_the_single_event_makes_no_journey(sample: JourneyAssistant) -> None:
    (lonely,) = [user for user in USERS if len(user.activities) == 1]
    assert sample.journeys(lonely.user_id) == []


def test_the_heavy_user_is_there(sample: JourneyAssistant) -> None:
    (heavy,) = [user for user in USERS if len(user.activities) >= 3_000]
    journeys = sample.journeys(heavy.user_id)
    assert sum(journey.events for journey in journeys) >= 2_000
    assert all(len(journey.receipts) >= 3 for journey in journeys)


def test_injections_name_no_journey_and_change_no_verdict(sample: JourneyAssistant) -> None:
    planted = [event.text for event in ACTIVITIES if event.user_id == "s43" and "HACKED" in event.text.upper()]
    assert planted
    for journey in sample.journeys("s43"):
        assert "hacked" not in journey.name.casefold()
        assert "discount" not in journey.name.casefold()
        assert "instruction" not in journey.name.casefold()
        assert journey.safety.policy is Policy.ALLOW, "to be told that it is sensitive does not make it so"


def test_personal_data_is_nowhere(sample: JourneyAssistant, sample_home: Path) -> None:
    raw = [event.text for event in ACTIVITIES if "@" in event.text]
    assert raw
    texts = [event.text for event in sample.log.of("s42")]
    assert sum("[email]" in text for text in texts) >= len(raw)
    assert not any("@" in text for text in texts)
    for path in sorted(sample_home.rglob("*")):
        if path.is_file() and path.suffix not in {".csv", ".onnx"}:
            assert b"plotsheds" not in path.read_bytes(), path


def test_sensitive_journeys_are_found_and_never_more_than_shown_in_the_app(sample: JourneyAssistant) -> None:
    for user in USERS:
        known = {journey.note.removeprefix("sensitive: ") for journey in user.journeys if "sensitive" in journey.note}
        if not known:
            continue
        found = [journey.safety for journey in sample.journeys(user.user_id)]
        assert known & {verdict.category for verdict in found if verdict.policy is Policy.IN_APP}, user.user_id
        assert any(verdict.policy is Policy.ALLOW for verdict in found), "the harmless ones stay as they are"


@pytest.mark.parametrize(("user_id", "letters"), [("s22", "äöüß"), ("s23", "のをに飯")])
def test_other_languages_read_well(sample: JourneyAssistant, user_id: str, letters: str) -> None:
    texts = " ".join(text for journey in sample.journeys(user_id) for text in journey.texts)
    assert any(letter in texts for letter in letters)


def test_only_a_situational_journey_ends(sample: JourneyAssistant) -> None:
    for journey in sample.all_journeys():
        assert journey.kind is Kind.SITUATIONAL or journey.stage is Stage.ONGOING
        assert journey.last_seen <= journey.as_of == AS_OF
        assert journey.score == pytest.approx(journey.base_score * journey.diversification)
        assert sum(term.contribution for term in journey.terms) == pytest.approx(journey.base_score)
