"""Runs over many users: written batch by batch, taken up where they stopped, silent users included."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from homes import START, two_of_each, word_embeddings

from assistant.batch import RunSummary, run_inference
from assistant.engines import ThisProcess
from assistant.errors import LibraryError
from assistant.library import Library
from assistant.runs import RunMode, RunParameters, RunState
from assistant.user_work import UserFound, UserInference, UserWork
from chains.call_records import About, CallRecord
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import ALGORITHM, Journey
from chains.keywords import extract_keywords
from chains.metering import BudgetSpent, Usage
from chains.texts import Floats
from vectorstore.activity import Activity, ActivityKind, Keyword
from vectorstore.activity_log import ActivityLog
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.nearest import unit_rows

OPTIONS, MODELS = InferenceOptions(), InferenceModels()
USERS = 150


def clustered(as_of: datetime | None = None) -> UserInference:
    return partial(infer_journeys, as_of=as_of or START + timedelta(days=30), options=OPTIONS, models=MODELS)


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
            self.log, self.library, self.embeddings, self.parameters(as_of), clustered(as_of), users, told
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
        run_inference(home.log, home.library, home.embeddings, home.parameters(), clustered(), on_progress=overtake)
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


def test_users_come_in_the_order_of_the_log_and_each_text_is_embedded_once(home: Home) -> None:
    asked: list[list[str]] = []

    def vectors_of(texts: Sequence[str]) -> Floats:
        asked.append(list(texts))
        return home.embeddings.embed(texts)

    found = list(ThisProcess(UserWork(clustered()), vectors_of).infer(home.log.row_batches(10)))
    assert [one.user_id for _, users in found for one in users] == list(home.log.users())
    assert [len(users) for _, users in found] == [len(set(table["user_id"].to_pylist())) for table, _ in found]
    assert max(len(users) for _, users in found) == 10
    assert len(asked) == len(found)
    assert all(len(set(texts)) == len(texts) for texts in asked)


def test_users_side_by_side_give_the_same_in_the_same_order(home: Home) -> None:
    def found(at_once: int) -> list[list[UserFound]]:
        engine = ThisProcess(UserWork(clustered()), home.embeddings.embed, at_once)
        return [users for _, users in engine.infer(home.log.row_batches(64))]

    assert found(4) == found(1)


@pytest.mark.parametrize("at_once", [1, 4])
def test_where_the_budget_ends_the_run_stops_and_goes_on_from_there(home: Home, at_once: int) -> None:
    asked: list[str] = []

    def spending(keywords: Sequence[Keyword], vectors: Floats) -> list[Journey]:
        if len(asked) >= 70:
            raise BudgetSpent("the budget of 10 tokens ends before the next call")
        asked.append(keywords[0].user_id)
        return clustered()(keywords, vectors)

    def run(infer: UserInference) -> RunSummary:
        return run_inference(home.log, home.library, home.embeddings, home.parameters(), infer, at_once=at_once)

    with pytest.raises(BudgetSpent, match=r"70 of 150 users are done; the budget of 10 tokens ends"):
        run(spending)
    assert home.library.runs()[0].state is RunState.FAILED
    assert len(list(home.library.users())) == 70
    summary = run(clustered())
    assert (summary.users, summary.resumed) == (80, 70)
    assert summary.run.run_id == home.library.runs()[0].run_id
    assert len(home.library.runs()) == 1


def test_who_fell_back_is_counted_by_user_and_calls_are_kept_with_him(home: Home) -> None:
    def without_model(keywords: Sequence[Keyword], vectors: Floats) -> list[Journey]:
        found = clustered()(keywords, vectors)
        because = "openai:x: status 503" if keywords[0].user_id == "user-0000" else ""
        return [journey.model_copy(update={"fallback": because}) for journey in found]

    def calls_of(user_id: str) -> list[CallRecord]:
        return [CallRecord("names", "v", "openai:x", About(user_id), (), "", "", "status 503", Usage(), 0)]

    summary = run_inference(
        home.log,
        home.library,
        home.embeddings,
        home.parameters(),
        without_model,
        ["user-0000", "user-0001"],
        calls_of=calls_of,
    )
    assert summary.fell_back == {"openai:x: status 503": 1}
    assert home.library.calls("user-0001")[0]["problem"] == "status 503"
