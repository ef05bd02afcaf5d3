"""What the page reads: users, maps, other granularities, all users at once, from a home as it is stored."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import Row, made, made_rows, without_run, write_log

from assistant.assistant import JourneyAssistant
from assistant.errors import LibraryError
from assistant.overview import Overview
from assistant.snapshot import BeingRead, Snapshot
from chains.clustering import Granularity
from chains.labels import LabelKind
from vectorstore.activity import normalize

USERS = ("ann", "bob", "cat", "dan")
ROWS = [
    *(row for number, user in enumerate(USERS) for row in made_rows(user, "wedding", "garden", day=number)),
    *made_rows("eve", "kitchen"),
    Row("eve", "lone thought", 9),
    Row("fay", "one thing"),
]


@pytest.fixture(scope="module", name="assistant")
def assistant_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JourneyAssistant]:
    folder = tmp_path_factory.mktemp("reading")
    with made(folder / "home") as assistant:
        assistant.ingest([write_log(folder / "log.csv", ROWS)])
        assistant.infer()
        assistant.expand()
        groups = {**dict.fromkeys(USERS, "x"), "dan": "y", "eve": "y", "fay": "y"}
        rows = "".join(f"{user},{group}\n" for user, group in groups.items())
        (folder / "users.csv").write_text(f"user_id,group\n{rows}")
        assistant.reading.users_file = folder / "users.csv"
        yield assistant


def ready(assistant: JourneyAssistant) -> None:
    for _ in range(200):
        if not isinstance(assistant.reading.overview(), BeingRead):
            return
        time.sleep(0.05)
    pytest.fail("the journeys were never read")


def test_a_user_comes_with_events_by_journey_and_all_others(assistant: JourneyAssistant) -> None:
    view = assistant.reading.user("eve")
    assert len(view.journeys) == 1
    own = view.events[view.journeys[0].journey_id]
    assert len(own) == view.journeys[0].events
    assert {normalize(event.text) for event in own} == {normalize(text) for text in view.journeys[0].texts}
    assert len(own) + len(view.others) == 7
    assert view.first, "there was no run before"


def test_a_user_without_an_inference_is_an_error(assistant: JourneyAssistant) -> None:
    with pytest.raises(LibraryError, match="no inference of a user 'nobody'"):
        assistant.reading.user("nobody")


def test_the_stored_granularity_gives_the_stored_journeys(assistant: JourneyAssistant) -> None:
    view = assistant.reading.user("ann")
    found = assistant.reading.regrouped(view, Granularity.NORMAL)
    assert [(each.rank, each.name, each.texts, each.score) for each in found.after] == [
        (each.rank, each.name, each.texts, each.score) for each in map(without_run, view.journeys)
    ]
    assert found.tree is not None
    members = {found.texts[place] for leaf in found.tree.leaves for place in leaf.members}
    assert {normalize(text) for text in members} == {normalize(text) for own in view.journeys for text in own.texts}


def test_regrouping_stores_nothing(assistant: JourneyAssistant) -> None:
    before = assistant.journeys("ann")
    assistant.reading.regrouped(assistant.reading.user("ann"), Granularity.FINE)
    assert assistant.journeys("ann") == before


def test_the_map_holds_keywords_of_every_journey(assistant: JourneyAssistant) -> None:
    view = assistant.reading.user("ann")
    mapped = assistant.reading.keyword_map(view)
    assert {each.journey_id for each in mapped} == {journey.journey_id for journey in view.journeys}
    assert all(0 <= each.x <= 1 and 0 <= each.y <= 1 for each in mapped)


def test_all_users_are_read_once_and_counted(assistant: JourneyAssistant) -> None:
    ready(assistant)
    found = assistant.reading.overview()
    assert isinstance(found, Overview)
    assert found.totals.users == 6
    assert [each.users for each in found.entries] == [4, 4]
    segment = assistant.reading.overview("group", "x")
    assert isinstance(segment, Overview)
    assert segment.totals.users == 3
    assert segment.entries == (), "of four with each journey, one alone would be left"
    with pytest.raises(LibraryError, match="no segment group 'z'"):
        assistant.reading.overview("group", "z")


def test_users_are_found_by_what_they_are_up_to(assistant: JourneyAssistant) -> None:
    ready(assistant)
    found = assistant.reading.find("kitchen tiles")
    assert not isinstance(found, BeingRead)
    assert [each.user_id for each in found.users] == ["eve"]


def test_users_of_an_entry_lead_from_the_overview(assistant: JourneyAssistant) -> None:
    ready(assistant)
    overview = assistant.reading.overview()
    assert isinstance(overview, Overview)
    entry = overview.entries[0].entry
    found = assistant.reading.users_of(entry.entry_id)
    assert not isinstance(found, BeingRead)
    assert {each.user_id for each in found.users} == set(USERS)
    assert assistant.reading.entry_name(entry.entry_id) == entry.name
    assert assistant.reading.entry_name("none") == ""


def test_a_user_who_was_forgotten_is_found_no_more(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", ROWS)])
        assistant.infer()
        reading = assistant.reading
        snapshot = reading._snapshots.read_now()
        assert isinstance(snapshot, Snapshot)
        assistant.forget("eve")
        ready(assistant)
        found = reading.find("eve")
        assert not isinstance(found, BeingRead)
        assert found.users == ()


def test_reading_opens_no_keyword_store(tmp_path: Path) -> None:
    """So that logs can be ingested by another process while the page is open."""
    home = tmp_path / "home"
    with made(home) as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", ROWS)])
        assistant.infer()
    with made(home) as page, made(home) as other:
        page.reading.open_all()
        page.reading.regrouped(page.reading.user("ann"), Granularity.FINE)
        ready(page)
        assert other.ingest([write_log(tmp_path / "more.csv", made_rows("gus", "sewing"))]).new == 6


def test_a_correction_is_found_soon_and_until_then_what_was_before(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", ROWS)])
        assistant.infer()
        reading = assistant.reading
        before = reading._snapshots.read_now()
        [journey] = assistant.journeys("eve")
        assistant.add_label("eve", "1", LabelKind.RENAME, by="ada", name="Loft conversion")
        assert reading._snapshots.current() is before, "nobody waits for what is nearly the same"
        for _ in range(200):
            found = reading._snapshots.current()
            if found is not before:
                break
            time.sleep(0.05)
        assert isinstance(found, Snapshot)
        names = {glance.journey_id: glance.name for glance in found.glances if glance.user_id == "eve"}
        assert names == {journey.journey_id: "Loft conversion"}


def test_what_is_read_ahead_is_not_read_again(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", ROWS)])
        assistant.infer()
        reading = assistant.reading
        reading.review.read_ahead()
        reading.notifications.read_ahead()
        reading.qualities.read_ahead()
        trial = reading.notifications.trial({})
        first = reading.notifications.tried(trial).simulated
        assert first.users == 5, "everybody but the one without a journey"
        desk = reading.review.before("ada")
        assert desk.waiting == assistant.library.count().journeys
        assistant.add_label("eve", "1", LabelKind.OVER, by="ada")
        assert reading.notifications.tried(trial).simulated.users == 4, "what is over is told to nobody"
        assert assistant.library.corrected() == (1, 0)
        assistant.add_label("ann", "1", LabelKind.VERDICT, by="ada", score=4)
        assert assistant.library.corrected() == (1, 0), "a verdict changes no journey"
        assistant.withdraw_label(assistant.labels("eve")[0].label_id)
        assert assistant.library.corrected() == (1, 1)
        assert reading.notifications.tried(trial).simulated == first
