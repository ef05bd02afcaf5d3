"""Silent users are moved to the clock from what is stored of them, and inferred where that is not enough."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from homes import MadeAssistant, made, made_rows, words_fixture, write_log

from assistant.silent_users import SilentUsers
from assistant.user_work import UserWork
from chains.ageing import journeys_at
from chains.journeys import Journey
from chains.labels import LabelKind
from chains.texts import Floats
from vectorstore.activity import Keyword
from vectorstore.parts import users_of

__all__ = ["words_fixture"]


@pytest.fixture(name="home")
def home_fixture(tmp_path: Path) -> Iterator[MadeAssistant]:
    with made(tmp_path / "home") as assistant:
        rows = [*made_rows("ann", "wedding", "kitchen", day=2), *made_rows("bob", "garden", day=3)]
        assistant.ingest([write_log(tmp_path / "log.csv", rows)])
        assistant.infer()
        yield assistant


def work(home: MadeAssistant, move: bool = True) -> UserWork:
    clock = home.log.latest()
    assert clock is not None
    as_of = clock + timedelta(days=1)
    moving = partial(journeys_at, as_of=as_of, options=home.options(), models=home.models)

    def infer(keywords: Sequence[Keyword], vectors: Floats) -> list[Journey]:
        raise AssertionError("nobody is inferred here")

    return UserWork(infer, move=moving if move else None)


def left(quiet: SilentUsers, home: MadeAssistant) -> set[str]:
    return set().union(*map(users_of, quiet.left(home.log.row_batches(10))))


def test_those_who_can_be_moved_are_taken_out_of_the_tables_once(home: MadeAssistant) -> None:
    quiet = SilentUsers(["ann"], home.library, work(home), home.embeddings.embed)
    assert left(quiet, home) == {"bob"}
    (one,) = quiet.take()
    assert (one.user_id, one.failure) == ("ann", "")
    assert [each.texts for each in one.journeys] == [each.texts for each in home.journeys("ann")]
    assert one.journeys[0].as_of == home.journeys("ann")[0].as_of + timedelta(days=1)
    assert quiet.take() == []


def test_who_was_spoken_of_or_is_not_silent_is_left(home: MadeAssistant) -> None:
    journey = home.journeys("ann")[0]
    home.add_label("ann", journey.journey_id, LabelKind.RENAME, by="me", name="Barn wedding")
    quiet = SilentUsers(["ann", "bob"], home.library, work(home), home.embeddings.embed)
    assert left(quiet, home) == {"ann"}
    assert [one.user_id for one in quiet.take()] == ["bob"]
    assert left(SilentUsers([], home.library, work(home), home.embeddings.embed), home) == {"ann", "bob"}
    assert left(SilentUsers(["bob"], home.library, work(home, move=False), home.embeddings.embed), home) == {
        "ann",
        "bob",
    }


def test_whose_data_breaks_something_is_left_to_be_set_aside(home: MadeAssistant) -> None:
    def broken(keywords: Sequence[Keyword], vectors: Floats, journeys: Sequence[Journey]) -> list[Journey] | None:
        raise ZeroDivisionError(str(np.sum(vectors)))

    quiet = SilentUsers(["ann"], home.library, UserWork(work(home).infer, move=broken), home.embeddings.embed)
    assert left(quiet, home) == {"ann", "bob"}
    assert quiet.take() == []
