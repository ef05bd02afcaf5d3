"""Dates and counts of claims against evidence on 3, 10 and 12 May and 1 and 2 June 2026, see `made_evidence`."""

import pytest
from made_evidence import SEWING

from chains.dates_and_counts import why_wrong_counts, why_wrong_dates

DATE = "it tells a date that the evidence that it cites does not have"
TIME = "it tells a time that cannot be checked"
COUNT = "it tells a number that cannot be counted in the evidence that it cites"
MORE = "it tells of more than the evidence that it cites has"


@pytest.mark.parametrize(
    "text",
    [
        "A search on 3 May 2026.",
        "A search on May 3, 2026 and on 2026-06-01.",
        "Searches on 3rd May and 1 June.",
        "Searches on 3, 10 and 12 May 2026.",
        "From 3 to 10 May 2026.",
        "From 3 May 2026 to 2 June 2026.",
        "Searches in May and June 2026.",
        "Searches in 2026.",
        "A board called Tuesday sewing.",
        "No date at all; it may be so.",
    ],
)
def test_dates_of_the_evidence_are_right(text: str) -> None:
    assert why_wrong_dates(text, SEWING) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("A search on 4 May 2026.", DATE),
        ("A search on May 4, 2026.", DATE),
        ("A search on 2026-06-03.", DATE),
        ("A search on 3 May 2025.", DATE),
        ("Searches on 3 and 11 May 2026.", DATE),
        ("From 3 to 11 May 2026.", DATE),
        ("Searches in April 2026.", DATE),
        ("Searches in Sept.", DATE),
        ("Searches in 2025.", DATE),
        ("Recent searches.", TIME),
        ("Searches every week.", TIME),
        ("Searches on Fridays.", TIME),
        ("Planned for next month.", TIME),
        ("A summer dress.", TIME),
    ],
)
def test_other_dates_and_times_are_wrong(text: str, why: str) -> None:
    assert why_wrong_dates(text, SEWING) == why


def test_a_date_counts_only_where_it_is_cited() -> None:
    assert why_wrong_dates("A search on 3 May 2026.", SEWING[1:]) == DATE


def test_a_month_may_be_a_word_of_what_is_explained() -> None:
    assert why_wrong_dates("Dresses for April and summer.", SEWING, ["april wedding", "summer dresses"]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Three searches.",  # of one text
        "One search text.",
        "1 saved item and 1 board.",
        "The same search three times.",
        "Searched on 5 days within 31 days.",
        "Over two months, four to five weeks.",
        "6 events.",
        "Zip insertion in 5 steps was saved.",
        "Zip insertion in five steps was saved.",
        "Searched twice or thrice, one of them on 3 May 2026.".replace("twice or ", ""),
        "Several searches and many events.",
    ],
)
def test_numbers_that_can_be_counted_are_right(text: str) -> None:
    assert why_wrong_counts(text, SEWING) == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Four searches.", COUNT),
        ("2 saved items.", COUNT),
        ("Two boards.", COUNT),
        ("Searched twice.", COUNT),
        ("Searched on 4 days.", COUNT),
        ("Over 9 weeks.", COUNT),
        ("No searches.", COUNT),
        ("A dress for 30 euros.", COUNT),
        ("5 searches.", COUNT),  # 5 stands in the evidence, but before "steps"
        ("Dozens of searches.", MORE),
    ],
)
def test_other_numbers_are_wrong(text: str, why: str) -> None:
    assert why_wrong_counts(text, SEWING) == why


def test_several_are_at_least_three() -> None:
    assert why_wrong_counts("Several dress patterns.", SEWING[1:3]) == MORE
    assert why_wrong_counts("Repeated zip insertion.", SEWING[1:2]) == MORE
    assert why_wrong_counts("Repeated searches for linen.", SEWING[:1]) == ""
