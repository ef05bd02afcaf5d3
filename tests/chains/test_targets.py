"""What a message would be about: which journey, and what in it."""

from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import START, act
from made_sources import journey_of

from chains.journeys import Journey
from chains.targets import choose_target, focus_of

NOW = START + timedelta(days=30)


def made_journey(journey_id: str, score: float, rank: int) -> Journey:
    return journey_of("anna", "a", journey_id=journey_id, score=score).model_copy(update={"rank": rank})


def test_the_focus_is_what_most_was_done_lately() -> None:
    # Seven days back counts half: sewing twice at day 16 is 2 x 1/4 against one on day 30.
    events = [act("Sewing", 16), act("sewing", 16.0), act("knitting", 30)]
    assert focus_of(events, NOW) == "knitting"
    assert focus_of([*events, act("sewing", 23)], NOW) == "sewing", (
        "2 / 4 + 1 / 2 is 1 too; of equals the last by letters"
    )
    assert focus_of([*events, act("sewing", 22.9)], NOW) == "knitting"


def test_years_of_silence_leave_the_focus() -> None:
    events = [act("old", 0), act("new", 1), act("new", 1.5)]
    assert focus_of(events, START + timedelta(days=40_000)) == "new"


def test_what_may_not_be_shown_is_no_focus() -> None:
    assert focus_of([act("http://x.example/a?b=1", 29), act("roses", 3)], NOW) == "roses"
    assert focus_of([act("http://x.example/a?b=1", 29)], NOW) is None
    assert focus_of([], NOW) is None


def test_the_target_is_the_journey_of_the_highest_score() -> None:
    low, high = made_journey("j1", 0.4, rank=1), made_journey("j2", 0.7, rank=2)
    events = {"j1": [act("a", 1)], "j2": [act("Roses", 2), act("soil", 3), act("roses", 29)]}
    found = choose_target([low, high], events, NOW)
    assert found is not None
    assert found.journey is high, "whatever the diversified rank is"
    assert found.focus == "roses", "as it was met last"
    assert [event.text for event in found.events] == ["Roses", "roses"]
    assert choose_target([], {}, NOW) is None


def test_of_equal_scores_the_better_rank_is_taken() -> None:
    first, second = made_journey("j1", 0.5, rank=1), made_journey("j2", 0.5 + 1e-12, rank=2)
    events = {"j1": [act("a", 1)], "j2": [act("b", 1)]}
    found = choose_target([second, first], events, NOW)
    assert found is not None
    assert found.journey is first


def test_a_journey_without_a_text_to_show_is_meant_as_a_whole() -> None:
    events = {"j1": [act("http://x.example/a?b=1", 1), act("http://x.example/c", 2)]}
    found = choose_target([made_journey("j1", 0.5, rank=1)], events, NOW)
    assert found is not None
    assert (found.focus, len(found.events)) == (None, 2)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.floats(0, 30)), min_size=1, max_size=10),
    st.randoms(use_true_random=False),
)
def test_the_order_of_events_is_nothing(rows: list[tuple[str, float]], random: object) -> None:
    events = [act(text, day) for text, day in rows]
    turned = list(events)
    random.shuffle(turned)  # type: ignore[attr-defined]
    assert focus_of(events, NOW) == focus_of(turned, NOW)
