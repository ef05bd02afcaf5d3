"""A log cut at a moment: what is before, what comes later, and which journey a later event goes on with."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from homes import START, TOPICS, word_embeddings
from hypothesis import given, settings
from hypothesis import strategies as st
from made_journeys import make_journey

from assistant.evaluation import time_split
from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.time_split import SplitUser, check_cuts, cut_moments, split
from chains.inference import InferenceModels, InferenceOptions
from chains.journeys import Journey
from vectorstore.activity import Activity, ActivityKind, normalize
from vectorstore.errors import InputError

CUT = START + timedelta(days=10)
WEEK = timedelta(days=7)


def act(text: str, day: float, user_id: str = "ann") -> Activity:
    return Activity(user_id, START + timedelta(days=day), ActivityKind.SEARCH, text)


def journeys_of(*groups: Sequence[str]) -> list[Journey]:
    return [make_journey("ann", f"j{place}", texts=texts, rank=place) for place, texts in enumerate(groups, 1)]


def cut_of(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    events: Sequence[Activity],
    labels: Mapping[str, str],
    before: Sequence[Journey],
    after: Sequence[Journey] = (),
) -> tuple[SplitUser, list[datetime]]:
    """The one user cut at CUT with a horizon of a week, given what inference finds; and the clocks it was asked for."""
    clocks: list[datetime] = []

    def inferred(keywords: object, vectors: object, clock: datetime, options: object, models: object) -> list[Journey]:
        clocks.append(clock)
        return list(before if clock == CUT else after)

    monkeypatch.setattr(time_split, "infer_journeys", inferred)
    user = LabelledUser("ann", list(events), dict(labels))
    found = list(split([user], CUT, WEEK, word_embeddings(tmp_path), InferenceOptions(), InferenceModels()))
    assert len(found) == 1
    return found[0], clocks


def later_of(found: SplitUser) -> list[list[str]]:
    return [[event.text for event in journey.later] for journey in found.journeys]


PAST = [act("veil", 1), act("venue", 2), act("beds", 3), act("noise", 4)]


def test_past_and_future_meet_at_the_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events = [*PAST, act("veil", 10), act("veil", 10.01), act("veil", 17), act("veil", 17.01)]
    twice = [*events, act("veil", 1)]
    random.Random(3).shuffle(twice)
    found, _ = cut_of(tmp_path, monkeypatch, twice, {}, journeys_of(["veil", "venue"], ["beds"]))
    assert list(found.past) == events[:5], "in order of time, each event once"
    assert list(found.future) == events[5:7]
    assert [[event.text for event in journey.events] for journey in found.journeys] == [
        ["veil", "venue", "veil"],
        ["beds"],
    ]
    assert later_of(found) == [["veil", "veil"], []]


def test_a_label_goes_on_with_every_journey_that_mostly_bears_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = {"veil": "w", "venue": "w", "cake": "w", "beds": "g", "soil": "g", "tie": "t", "new": "n", "rose": "g"}
    before = journeys_of(["veil", "venue", "tie"], ["cake"], ["beds", "noise"], ["unlabelled"])
    future = [act(text, 11 + place / 10) for place, text in enumerate(["Veil", "rose", "tie", "new", "unlabelled"])]
    found, clocks = cut_of(tmp_path, monkeypatch, [*PAST, *future], labels, before)
    # "tie" is no journey's most frequent label: it goes on with the journey that has most of it. "new" is new.
    assert later_of(found) == [["Veil", "tie"], ["Veil"], ["rose"], ["unlabelled"]]
    assert clocks == [CUT], "labels tell what goes on; nothing is inferred anew"


def test_what_is_labelled_as_something_else_does_not_go_on_with_the_journey_it_is_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = {"veil": "w", "venue": "w", "beds": "g", "soil": "g", "moss": "g"}
    before = journeys_of(["veil", "venue", "beds"], ["soil", "moss"])
    found, _ = cut_of(tmp_path, monkeypatch, [*PAST, act("beds", 11)], labels, before)
    assert later_of(found) == [[], ["beds"]]


def test_without_labels_journeys_are_inferred_with_the_horizon_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = journeys_of(["veil", "venue"], ["beds"], ["soil", "moss"])
    after = journeys_of(["veil", "venue", "beds", "cake"], ["soil", "rose"], ["noise", "new"])
    future = [act(text, 11 + place / 10) for place, text in enumerate(["cake", "beds", "rose", "new", "noise"])]
    found, clocks = cut_of(tmp_path, monkeypatch, [*PAST, *future], {}, before, after)
    # "cake" joins those of whom most are there, "beds" stays with its own, "new" is with nothing from before.
    assert later_of(found) == [["cake"], ["beds"], ["rose"]]
    assert clocks == [CUT, CUT + WEEK]


@pytest.mark.parametrize(("future", "clocks"), [([], 1), ([act("veil", 11)], 1), ([act("cake", 11)], 2)])
def test_nothing_is_inferred_anew_that_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, future: list[Activity], clocks: int
) -> None:
    _, asked = cut_of(tmp_path, monkeypatch, [*PAST, *future], {}, journeys_of(["veil", "venue"]))
    assert len(asked) == clocks


def test_a_user_without_journeys_is_there_and_one_without_a_past_is_not(tmp_path: Path) -> None:
    users = [
        LabelledUser("ann", [act("veil", 1)], {}),
        LabelledUser("bob", [act("veil", 11, "bob")], {}),
    ]
    told: list[None] = []
    found = list(
        split(
            users,
            CUT,
            WEEK,
            word_embeddings(tmp_path),
            InferenceOptions(),
            InferenceModels(),
            lambda: told.append(None),
        )
    )
    assert [(each.user.user_id, each.journeys) for each in found] == [("ann", ())]
    assert len(told) == 2


def test_with_the_real_inference_users_go_on_with_what_they_took_up_again(tmp_path: Path) -> None:
    first = ["lace veil", *TOPICS["garden"][:3], "lace veil", "lace veil", *TOPICS["kitchen"][:3]]
    again = ["lace veil", "bike lock"]
    events = [act(text, place) for place, text in enumerate(first)]
    events += [act(text, 10.5 + place) for place, text in enumerate(again)]
    (found,) = split(
        [LabelledUser("ann", events, {})], CUT, WEEK, word_embeddings(tmp_path), InferenceOptions(), InferenceModels()
    )
    whose = {text: journey for journey in found.journeys for text in map(normalize, journey.journey.texts)}
    assert [event.text for event in whose["lace veil"].events] == ["lace veil"] * 3
    assert "lace veil" in {event.text for event in whose["lace veil"].later}
    assert all(event.timestamp <= CUT for journey in found.journeys for event in journey.events)
    assert all(CUT < event.timestamp <= CUT + WEEK for journey in found.journeys for event in journey.later)


# --- where to cut


def log_of(days: float) -> list[LabelledUser]:
    return [LabelledUser("ann", [act("a", 0)], {}), LabelledUser("bob", [act("b", days, "bob")], {})]


def test_cuts_leave_a_beginning_and_a_horizon() -> None:
    # A quarter of 92 days is less than the horizon of 28: from day 28 to day 64.
    assert cut_moments(log_of(92), timedelta(days=28)) == [START + timedelta(days=day) for day in (28, 46, 64)]
    # A quarter of 400 days is more.
    assert cut_moments(log_of(400), timedelta(days=28), 2) == [START + timedelta(days=day) for day in (100, 372)]
    assert cut_moments(log_of(400), timedelta(days=28), 1) == [START + timedelta(days=372)]
    assert cut_moments(log_of(56), timedelta(days=28)) == [START + timedelta(days=28)]
    with pytest.raises(InputError, match="the log spans 55 days: too few for a horizon of 28, of which it takes two"):
        cut_moments(log_of(55), timedelta(days=28))


def test_a_cut_whose_horizon_is_not_over_is_refused() -> None:
    users = log_of(40)
    check_cuts(users, [START + timedelta(days=12)], timedelta(days=28))
    with pytest.raises(
        InputError, match="28 days after 2026-03-15 the log has ended: cut it on 2026-03-14 at the latest"
    ):
        check_cuts(users, [START, START + timedelta(days=13)], timedelta(days=28))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(2, 900), st.integers(1, 100), st.integers(1, 6))
def test_every_default_cut_is_one_that_may_be_asked_for(days: int, horizon: int, count: int) -> None:
    users, ahead = log_of(days), timedelta(days=horizon)
    if days < 2 * horizon:
        with pytest.raises(InputError, match="too few"):
            cut_moments(users, ahead, count)
        return
    cuts = cut_moments(users, ahead, count)
    assert len(cuts) <= count
    assert cuts == sorted(set(cuts))
    check_cuts(users, cuts, ahead)
    assert all(cut >= datetime(2026, 3, 2, 9, tzinfo=UTC) + ahead for cut in cuts)
