"""Dates, counts and shortened texts as people read them."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chains.wording import count_text, date_text, days_text, shortened


def test_dates_have_the_month_s_name_and_no_leading_zero() -> None:
    assert date_text(date(2026, 6, 2)) == "2 June 2026"
    assert date_text(datetime(2025, 12, 31, 23, 59, tzinfo=UTC)) == "31 December 2025"


@pytest.mark.parametrize(
    ("days", "text"),
    [
        (0, "less than a day"),
        (0.4, "less than a day"),
        (0.6, "1 day"),
        (1.4, "1 day"),
        (12, "12 days"),
        (89.4, "89 days"),
        (90, "3 months"),
        (365, "12 months"),
    ],
)
def test_days_are_told_in_the_unit_that_reads_best(days: float, text: str) -> None:
    assert days_text(days) == text


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (1, "search", "1 search"),
        (2, "search", "2 searches"),
        (3, "box", "3 boxes"),
        (0, "day", "0 days"),
        (21, "board", "21 boards"),
    ],
)
def test_counts_have_their_plural(count: int, noun: str, text: str) -> None:
    assert count_text(count, noun) == text


def test_a_long_text_is_cut_between_words_and_one_without_spaces_where_it_must() -> None:
    assert shortened("seed  tray\nlabels", 16) == "seed tray labels"
    assert shortened("seed tray labels, small", 17) == "seed tray…"
    assert shortened("seed tray labels, small", 19) == "seed tray labels…"
    assert shortened("ab" * 20, 10) == "ababababa…"


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.text(max_size=80), st.integers(2, 60))
def test_a_shortened_text_is_one_line_and_never_longer(text: str, longest: int) -> None:
    line = shortened(text, longest)
    assert len(line) <= longest
    assert line.splitlines() in ([], [line])
