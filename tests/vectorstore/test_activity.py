"""Events in order."""

import random
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore.activity import Activity, ActivityKind, in_order

START = datetime(2026, 1, 5, tzinfo=UTC)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc")), unique=True), st.integers(0, 9))
def test_events_are_in_order_of_time_then_of_id_whatever_order_they_came_in(
    events: list[tuple[int, str]], seed: int
) -> None:
    made = [Activity("ann", START + timedelta(days=day), ActivityKind.SEARCH, text) for day, text in events]
    expected = sorted(made, key=lambda event: (event.timestamp, event.activity_id))
    random.Random(seed).shuffle(made)
    assert in_order(iter(made)) == expected
