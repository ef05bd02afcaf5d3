"""Users who fall silent: an incremental run moves their journeys to ended when a full run would, and nobody else's."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from homes import MadeAssistant, made, without_run
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.runs import RunMode
from assistant.sample import AS_OF, sample_users
from chains.journeys import Journey, Stage
from vectorstore.activity import Activity

BEGIN = AS_OF - timedelta(days=200)


def activities() -> list[Activity]:
    """Of sample users, each cut off at another moment, so that they have been silent for between 0 and 20 days."""
    found = []
    for number, user in enumerate(list(sample_users())[:10]):
        last = AS_OF - timedelta(days=number * 2)
        own = [event for event, _ in user.activities if BEGIN < event.timestamp <= last]
        found += own[-50:]
    return found


@pytest.fixture(scope="module", name="homes")
def homes_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[MadeAssistant, MadeAssistant]]:
    folder = tmp_path_factory.mktemp("silent")
    with made(folder / "incremental") as incremental, made(folder / "full") as full:
        for assistant in (incremental, full):
            assistant.log.append(activities())
            assistant.infer(as_of=AS_OF)
        yield incremental, full


def told(assistant: MadeAssistant) -> dict[tuple[str, str], tuple[object, ...]]:
    """What of each journey must not depend on the kind of run."""

    def of(journey: Journey) -> tuple[object, ...]:
        return journey.name, journey.kind, journey.stage, journey.texts, journey.events, journey.last_seen

    return {(each.user_id, each.journey_id): of(each) for each in assistant.all_journeys()}


def plain(assistant: MadeAssistant, user_id: str) -> list[Journey]:
    return [without_run(journey) for journey in assistant.journeys(user_id)]


def ended(assistant: MadeAssistant) -> set[str]:
    return {each.journey_id for each in assistant.all_journeys() if each.stage is Stage.ENDED}


def test_day_after_day_it_gives_the_kinds_and_stages_of_a_full_run(homes: tuple[MadeAssistant, MadeAssistant]) -> None:
    incremental, full = homes
    at_first, taken, late = ended(full), 0, BEGIN
    for days in (0.4, 2, 9, 17, 30, 61, 150):
        clock = AS_OF + timedelta(days=days)
        full.infer(as_of=clock)
        before = told(incremental)
        run = incremental.infer(mode=RunMode.INCREMENTAL, as_of=clock)
        taken += run.users
        assert told(incremental) == told(full), clock
        for user_id in incremental.library.done_users(run.run.run_id):
            # All of it, scores and reasons too; and nobody is taken up of whom nothing changes.
            assert plain(incremental, user_id) == plain(full, user_id)
            assert any(before[key] != told(incremental)[key] for key in before if key[0] == user_id)
        # The same clock again: nobody is taken up twice.
        assert incremental.infer(mode=RunMode.INCREMENTAL, as_of=clock).users == 0
        late = clock
    assert len(ended(full) - at_first) > 8, "otherwise this shows nothing"
    assert 10 <= taken < 10 * 7 * 0.6
    # What is over stays over: in the end nobody has to be looked at any more but those with something evergreen, or
    # with a habit that may look like that again.
    left = {each.user_id for each in full.all_journeys() if each.stage is Stage.ONGOING}
    states = {state.user_id: state.next_change for state in incremental.library.states()}
    waiting = {user_id for user_id, moment in states.items() if moment is not None}
    assert waiting >= left
    assert all(max(each.active_days for each in full.journeys(user_id)) >= 3 for user_id in waiting)
    assert all(moment is None or moment >= late for moment in states.values())


@settings(max_examples=2, deadline=None, derandomize=True)
@given(st.lists(st.floats(0.1, 60), min_size=2, max_size=3), st.sets(st.integers(0, 9), max_size=2))
def test_at_any_moments_and_with_some_who_come_back(
    tmp_path_factory: pytest.TempPathFactory, steps: list[float], who: set[int]
) -> None:
    folder = tmp_path_factory.mktemp("moments")
    users = sorted({each.user_id for each in activities()})
    with made(folder / "incremental") as incremental, made(folder / "full") as full:
        clock = AS_OF
        for assistant in (incremental, full):
            assistant.log.append(activities())
            assistant.infer(as_of=clock)
        for days in steps:
            clock += timedelta(days=days)
            more = [
                event.__class__(user_id, clock - timedelta(hours=1), event.kind, event.text)
                for user_id in (users[number] for number in who if number < len(users))
                for event in incremental.log.of(user_id)[-1:]
            ]
            for assistant in (incremental, full):
                assistant.log.append(more)
            incremental.infer(mode=RunMode.INCREMENTAL, as_of=clock)
            full.infer(as_of=clock)
            assert told(incremental) == told(full)
