"""Dates, times, counts and other people's texts as a person would write them."""

from datetime import date, datetime

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def date_text(moment: date | datetime) -> str:
    """12 June 2026, whatever the machine's locale."""
    return f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"


def days_text(days: float) -> str:
    """1 day, 12 days, 3 months: whole numbers, in the unit that reads best. days: at least 0, half a day is none."""
    whole = round(days)
    if whole < 1:
        return "less than a day"
    if whole >= 90:
        return f"{round(days / 30.4)} months"
    return count_text(whole, "day")


def shortened(text: str, longest: int) -> str:
    """The text on one line of at most so many characters, cut between words where there is one to cut at."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    return line[: longest - 1].rsplit(" ", 1)[0].rstrip(" .,;:-–—") + "…"


def count_text(count: int, noun: str) -> str:
    """1 search, 2 searches."""
    if count == 1:
        return f"1 {noun}"
    return f"{count} {noun}{'es' if noun.endswith(('ch', 's', 'x')) else 's'}"
