"""A keyword's way into a store's payload and back."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource
from vectorstore.errors import StoreError
from vectorstore.payload import chunks, from_json, point_id, to_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
MOMENT = st.datetimes(timezones=st.just(UTC))
EVENT = st.builds(
    Activity,
    st.just("ann"),
    MOMENT,
    st.sampled_from(ActivityKind),
    TEXT,
    st.none() | TEXT,
    st.none() | TEXT,
    st.lists(TEXT, max_size=3).map(tuple),
)
KEYWORD = st.builds(
    Keyword, st.just("ann"), TEXT, st.sampled_from(KeywordSource), st.lists(EVENT, min_size=1, max_size=4).map(tuple)
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(KEYWORD)
def test_the_round_trip_is_exact(keyword: Keyword) -> None:
    back = from_json("ann", to_json(keyword))
    assert back == keyword
    assert [event.activity_id for event in back.events] == [event.activity_id for event in keyword.events]


def test_the_payload_as_it_is_written() -> None:
    event = Activity("ann", datetime(2025, 3, 1, 9, 30, tzinfo=UTC), ActivityKind.SAVE, "Véil", "i1", None, ("lace",))
    assert to_json(Keyword("ann", "Véil", KeywordSource.TITLE, (event,))) == (
        '{"text":"Véil","source":"title","events":[["2025-03-01T09:30:00+00:00","save","Véil","i1",null,["lace"]]]}'
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"text":"a","source":"query","events":[["2025-03-01"]]}',
        '{"text":"a","source":"elsewhere","events":[]}',
        '{"text":"a","source":"query","events":[["noon","save","a",null,null,[]]]}',
    ],
)
def test_a_damaged_payload_says_what_to_do(text: str) -> None:
    with pytest.raises(StoreError, match=r"damaged keyword of user 'ann'.*journeys ingest"):
        from_json("ann", text)


def test_ids_are_the_same_everywhere_and_tell_user_from_key() -> None:
    assert str(point_id("ann", "lace veil")) == "58eb5371-699d-5abb-8b11-8db999a5e318"
    assert len({point_id(*pair) for pair in [("a", "bc"), ("ab", "c"), ("abc", ""), ("", "abc"), ("1:a", "bc")]}) == 5


@pytest.mark.parametrize(
    ("sizes", "parts"),
    [
        ([], []),
        ([5], [(0, 1)]),
        ([1, 1, 1, 1, 1], [(0, 3), (3, 5)]),
        ([6, 4, 1], [(0, 2), (2, 3)]),
        ([6, 5, 1], [(0, 1), (1, 3)]),
        ([99, 1, 99], [(0, 1), (1, 2), (2, 3)]),
    ],
)
def test_chunks_keep_to_three_items_and_a_weight_of_ten(sizes: list[int], parts: list[tuple[int, int]]) -> None:
    assert [(part.start, part.stop) for part in chunks(sizes, most=3, weight=10)] == parts
