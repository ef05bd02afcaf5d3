"""Runs over many users: written batch by batch, taken up where they stopped, silent users included."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from homes import START, made_rows, two_of_each, word_embeddings

from assistant.batch import RunSummary, infer_users, run_inference
from assistant.errors import LibraryError
from assistant.library import Library
from assistant.runs import RunMode, RunParameters, RunState
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import ALGORITHM
from chains.keywords import extract_keywords
from vectorstore.activity import Activity, ActivityKind
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.nearest import unit_rows

OPTIONS, MODELS = InferenceOptions(), InferenceModels()
USERS = 150


class Home:
    """A log of 150 users, a library, and an embedding, without anything round them."""

    def __init__(self, folder: Path, library: Library) -> None:
        self.log = ActivityLog(folder / "activity", buckets=8)
        self.library = library
        self.embeddings: CachedEmbeddings = word_embeddings(folder)
        self.told: list[tuple[int, int]] = []

    def append(self, users: int) -> None:
        self.log.append(
            Activity(row.user_id, START + timedelta(days=row.day), ActivityKind(row.kind), row.text)
            for row in two_of_each(users)
        )

    def parameters(self, as_of: datetime | None = None) -> RunParameters:
        return RunParameters(
            as_of=as_of or START + timedelta(days=30),
            mode=RunMode.FULL,
            algorithm=ALGORITHM,
            embedding="words",
            granularity="normal",
            log_position=self.log.position,
        )

    def infer(self, as_of: datetime | None = None, users: list[str] | None = None, stop_at: int = 10**9) -> RunSummary:
        def told(done: int, total: int) -> None:
            self.told.append((done, total))
            if done >= stop_at:
                raise KeyboardInterrupt

        return run_inference(
            self.log, self.library, self.embeddings, self.parameters(as_of), OPTIONS, MODELS, users, told
        )


@pytest.fixture(name="home")
def home_fixture(tmp_path: Path) -> Iterator[Home]:
    with Library(f"sqlite:///{tmp_path / 'library.sqlite'}") as library:
        made = Home(tmp_path, library)
        made.append(USERS)
        yield made


def test_every_user_gets_what_the_pure_function_gives(home: Home) -> None:
    summary = home.infer()
    assert (summary.users, summary.resumed) == (USERS, 0)
    assert home.told == [(0, 150), (64, 150), (128, 150), (150, 150)]
    assert home.library.count().users == USERS
    as_of = home.parameters().as_of
    for user_id, events in list(home.log.stream())[::25]:
        keywords = extract_keywords(events)
        embedded = home.embeddings.embed([keyword.key for keyword in keywords])
        alone = infer_journeys(keywords, unit_rows(embedded, *embedded.shape), as_of, OPTIONS, MODELS)
        assert home.library.journeys(user_id) == [
            journey.model_copy(update={"run_id": "run-000001"}) for journey in alone
        ]
    assert summary.journeys == sum(1 for _ in home.library.all_journeys()) == summary.changes
    assert summary.run.state is RunState.FINISHED
    assert (summary.run.users, summary.run.journeys) == (USERS, summary.journeys)


def test_stopped_after_each_batch_it_goes_on_where_it_was(home: Home, tmp_path: Path) -> None:
    for done in (64, 128):
        with pytest.raises(KeyboardInterrupt):
            home.infer(stop_at=done)
        assert home.library.count().users == done
    summary = home.infer()
    assert (summary.users, summary.resumed) == (USERS - 128, 128)
    assert home.told == [(0, 150), (64, 150), (64, 150), (128, 150), (128, 150), (150, 150)]
    assert [run.run_id for run in home.library.runs()] == ["run-000001"]
    assert summary.run.users == USERS

    with Library(f"sqlite:///{tmp_path / 'other.sqlite'}") as other:
        undisturbed = Home(tmp_path, other)
        undisturbed.infer()
        assert list(home.library.all_journeys()) == list(other.all_journeys())
        assert list(home.library.states()) == list(other.states())


def test_another_clock_is_another_run(home: Home) -> None:
    with pytest.raises(KeyboardInterrupt):
        home.infer(stop_at=64)
    summary = home.infer(as_of=START + timedelta(days=31))
    assert (summary.users, summary.resumed) == (USERS, 0)
    assert [(run.run_id, run.state) for run in home.library.runs()] == [
        ("run-000002", RunState.FINISHED),
        ("run-000001", RunState.FAILED),
    ]


def test_a_run_that_was_overtaken_writes_no_more(home: Home) -> None:
    def overtake(done: int, total: int) -> None:
        if done == 64:
            home.infer(as_of=START + timedelta(days=31))

    with pytest.raises(LibraryError, match="another run has begun since") as refused:
        run_inference(home.log, home.library, home.embeddings, home.parameters(), OPTIONS, MODELS, on_progress=overtake)
    assert "\n" not in str(refused.value)
    assert {state.run_id for state in home.library.states()} == {"run-000002"}


def test_those_who_were_silent_up_to_the_clock_are_done_too(home: Home) -> None:
    home.infer()
    as_of = START + timedelta(days=3, hours=1)
    summary = home.infer(as_of=as_of)
    active = {user_id for user_id, _ in home.log.stream(until=as_of)}
    assert 0 < len(active) < USERS
    assert summary.users == USERS
    assert {journey.user_id for journey in home.library.all_journeys()} <= active
    silent = min(set(home.log.users()) - active)
    assert home.library.journeys(silent) == []
    assert {each.change.kind.value for each in home.library.changes(silent, "run-000002")} == {"gone"}
    state = home.library.state(silent)
    assert state is not None
    assert state.as_of == as_of


def test_a_run_over_no_user_ends_well(home: Home) -> None:
    summary = home.infer(users=[])
    assert (summary.users, summary.journeys) == (0, 0)
    assert home.told == [(0, 0)]


def test_users_come_in_the_order_given_and_texts_are_embedded_together(tmp_path: Path) -> None:
    embeddings = word_embeddings(tmp_path)
    given = [
        (user_id, [Activity(user_id, START + timedelta(days=row.day), ActivityKind.SEARCH, row.text) for row in rows])
        for user_id, rows in (("zoe", made_rows("zoe", "garden")), ("ann", made_rows("ann", "garden")))
    ]
    found = list(infer_users(given, embeddings, START + timedelta(days=9), OPTIONS, MODELS))
    assert [user_id for user_id, _ in found] == ["zoe", "ann"]
    assert [journey.texts for journey in found[0][1]] == [journey.texts for journey in found[1][1]]
    assert list(infer_users([], embeddings, START, OPTIONS, MODELS)) == []
