"""JourneyAssistant: from logs to what is known of a user, in one process, with an embedding that needs no model."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from homes import START, TOPICS, Row, made, made_rows, without_run, write_log

from assistant.assistant import JourneyAssistant
from assistant.errors import LibraryError
from assistant.runs import RunMode
from assistant.settings import Settings
from chains.clustering import Granularity
from vectorstore.errors import InputError, StoreError

ROWS = [*made_rows("ann", "wedding", "kitchen"), *made_rows("bob", "garden"), Row("cat", "one thing")]


@pytest.fixture(name="log")
def log_fixture(tmp_path: Path) -> Path:
    return write_log(tmp_path / "log.csv", ROWS)


def texts_of(assistant: JourneyAssistant, user_id: str) -> set[str]:
    return {text for journey in assistant.journeys(user_id) for text in journey.texts}


def test_from_a_log_to_the_journeys_of_each_user(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        read = assistant.ingest([log])
        assert (read.read, read.new, read.known, read.rejected, read.skipped) == (19, 19, 0, 0, 0)
        assert read.users == {"ann", "bob", "cat"}

        summary = assistant.infer()
        assert (summary.users, summary.resumed) == (3, 0)
        assert summary.run.parameters.as_of == START + timedelta(days=2.15), "the last activity is the clock"

        found = assistant.journeys("ann")
        assert [journey.rank for journey in found] == list(range(1, len(found) + 1))
        assert [journey.score for journey in found] == sorted((journey.score for journey in found), reverse=True)
        assert texts_of(assistant, "ann") <= {*TOPICS["wedding"], *TOPICS["kitchen"]}
        assert texts_of(assistant, "bob") <= set(TOPICS["garden"])
        assert assistant.journeys("cat") == [], "a single event makes no journey"
        assert summary.journeys == len(list(assistant.all_journeys()))
        assert [journey.user_id for journey in assistant.all_journeys({"bob", "nobody"})] == ["bob"] * len(
            assistant.journeys("bob")
        )


def test_reading_the_same_log_again_changes_nothing(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log])
        assistant.infer()
        before = list(assistant.all_journeys())
        position = assistant.log.position

        read = assistant.ingest([log])
        assert (read.new, read.known) == (0, 19)
        assert assistant.log.position == position
        assert assistant.update_index() == 0
        summary = assistant.infer()
        assert [without_run(each) for each in assistant.all_journeys()] == [without_run(each) for each in before]
        assert summary.changes == 0


def test_a_journey_is_found_by_rank_name_and_id(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log])
        assistant.infer()
        for journey in assistant.journeys("ann"):
            for which in (str(journey.rank), journey.name, journey.name.upper(), journey.journey_id[:6]):
                assert assistant.journey("ann", which) == journey
        named = ", ".join(f"{journey.rank} {journey.name}" for journey in assistant.journeys("ann"))
        with pytest.raises(LibraryError) as refused:
            assistant.journey("ann", "99")
        assert str(refused.value) == f"user 'ann' has no one journey '99'; there are: {named}"
        with pytest.raises(LibraryError, match="there are: none"):
            assistant.journey("cat", "1")
        with pytest.raises(LibraryError, match="no inference of a user 'dan'"):
            assistant.journeys("dan")

        told = assistant.explain("ann", "1")
        first = assistant.journey("ann", "1")
        assert told.startswith(f"{first.name}: ")
        assert all(f"“{receipt.text}”" in told for receipt in first.receipts)


def test_changes_come_with_the_newest_run_first(tmp_path: Path, log: Path) -> None:
    more = write_log(tmp_path / "more.csv", made_rows("ann", "wedding", day=5))
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log])
        assistant.infer()
        assistant.ingest([more])
        assistant.infer()
        told = assistant.changes("ann")
        assert [each.run_id for each in told] == sorted((each.run_id for each in told), reverse=True)
        assert {each.run_id for each in told} == {"run-000001", "run-000002"}
        kinds = {each.change.kind.value for each in told if each.run_id == "run-000001"}
        assert kinds == {"born"}
        # Within a run they stay in the order in which they are told.
        first = [each.change.journey_id for each in told if each.run_id == "run-000001"]
        assert first == [each.change.journey_id for each in assistant.library.changes("ann", "run-000001")]
        with pytest.raises(LibraryError, match="no inference"):
            assistant.changes("dan")


def test_only_some_users(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log])
        summary = assistant.infer(users=["bob", "never heard of"])
        assert summary.users == 1
        assert summary.run.parameters.as_of == START + timedelta(days=2.05), "the last activity of these users"
        assert list(assistant.library.users()) == ["bob"], "no trace of a user who was never there"


def test_nothing_to_infer_from(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        with pytest.raises(InputError, match=r"^there is no activity to infer from: journeys ingest LOG"):
            assistant.infer()
        assert not assistant.has_begun()
        assert not (tmp_path / "home").exists(), "asking makes nothing"
        assistant.ingest([log])
        assert assistant.has_begun()
        with pytest.raises(InputError, match="no activity of these users"):
            assistant.infer(users=["dan"], as_of=datetime(2026, 7, 1, tzinfo=UTC))


def test_the_clock_hides_what_came_later(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log])
        noon = START + timedelta(days=1, hours=3)
        summary = assistant.infer(as_of=noon)
        assert summary.users == 3
        for journey in assistant.all_journeys():
            assert journey.last_seen <= noon
            assert journey.as_of == noon
        before_all = assistant.infer(as_of=START - timedelta(days=1))
        assert (before_all.users, before_all.journeys) == (3, 0)
        assert {each.change.kind.value for each in assistant.changes("ann") if each.run_id == "run-000002"} == {"gone"}


def test_recluster_sees_no_further_than_its_clock(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log])
        for clock in (START + timedelta(days=1, hours=3), START + timedelta(days=9)):
            assistant.infer(as_of=clock, granularity=Granularity.FINE)
            for user_id in ("ann", "bob", "cat"):
                inferred = [without_run(journey) for journey in assistant.journeys(user_id)]
                ids = {journey.texts: journey.journey_id for journey in inferred}
                asked = assistant.recluster(user_id, Granularity.FINE, clock)
                # An id is kept from run to run, and recluster knows of no run before.
                assert [each.model_copy(update={"journey_id": ids[each.texts], "name": ""}) for each in asked] == [
                    each.model_copy(update={"name": ""}) for each in inferred
                ]
        assert assistant.recluster("nobody", Granularity.NORMAL, START) == []


def test_a_store_filled_by_another_version_says_so(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log])
        keywords, vectors = assistant.store.keywords("bob")
        assistant.store.forget("bob")
        board = keywords[0].events[0]
        odd = type(keywords[0])("bob", "another extraction", keywords[0].source, (board,))
        assistant.store.add([odd], vectors[:1])
        with pytest.raises(StoreError, match="filled by another version: journeys ingest LOG"):
            assistant.recluster("bob", Granularity.NORMAL, START + timedelta(days=9))


def test_the_retriever_finds_the_users_own_activity(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log])
        found = assistant.retriever("ann", limit=3).invoke("wedding cake")
        assert found[0].page_content == "wedding cake"
        assert len(found) == 3
        assert {each.metadata["user_id"] for each in found} == {"ann"}


def test_settings_decide(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        options = assistant.options()
        assert (options.granularity, options.least_events, options.penalty) == (Granularity.NORMAL, 2, 0.95)
        assert assistant.options(Granularity.COARSE).granularity is Granularity.COARSE
    settings = Settings.load(home=tmp_path / "other", inference__min_events=99, inference__granularity="fine")
    with JourneyAssistant.from_settings(settings) as strict:
        assert strict.options().least_events == 99
        assert strict.options().granularity is Granularity.FINE


def test_rows_that_are_over_the_limit_fail_the_run_and_the_rest_stays(tmp_path: Path) -> None:
    log = write_log(
        tmp_path / "log.csv", [*made_rows("ann", "wedding"), Row("ann", " ", 1), Row("ann", "x", 1, "stare")]
    )
    with made(tmp_path / "home") as assistant:
        with pytest.raises(InputError) as refused:
            assistant.ingest([log])
        assert "2 of 8 rows could not be read" in str(refused.value)
        assert "\n" not in str(refused.value)
        assert assistant.log.count() == 6
        rejected = [json.loads(line) for line in (tmp_path / "home" / "rejected.jsonl").read_text().splitlines()]
        assert rejected == [
            {"source": str(log), "line": 8, "reason": "empty text"},
            {"source": str(log), "line": 9, "reason": "unknown kind"},
        ], "where and why, and nothing of what stood there"
        assert assistant.infer().users == 1


def test_ingest_can_leave_the_store_as_it_is(tmp_path: Path, log: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log], index=False)
        assert not (tmp_path / "home" / "store").exists()
        assert assistant.infer(mode=RunMode.FULL).users == 3, "a run reads the log, never a store"
        assert not (tmp_path / "home" / "store").exists()


def test_progress_is_told_to_the_end(tmp_path: Path, log: Path) -> None:
    indexed: list[tuple[int, int]] = []
    inferred: list[tuple[int, int]] = []
    with made(tmp_path / "home") as assistant:
        assistant.ingest([log], on_users=lambda done, total: indexed.append((done, total)))
        assistant.infer(on_progress=lambda done, total: inferred.append((done, total)))
    assert indexed == [(0, 3), (3, 3)]
    assert inferred == [(0, 3), (3, 3)]
