"""Evidence of a user who learns to sew: numbers, kinds, texts and days are told in the tests that rest on them."""

from datetime import UTC, datetime

from chains.evidence import Evidence
from vectorstore.activity import ActivityKind


def evidence(number: int, kind: ActivityKind, text: str, *days: str) -> Evidence:
    """days: such as "2026-05-03"."""
    times = tuple(datetime.fromisoformat(day).replace(hour=9, tzinfo=UTC) for day in days)
    return Evidence(number, kind, text, times, f"a{number}")


SEWING = (
    evidence(1, ActivityKind.SEARCH, "linen dress pattern", "2026-05-03", "2026-05-10", "2026-06-01"),
    evidence(2, ActivityKind.SAVE, "Zip insertion in 5 steps", "2026-05-10"),
    evidence(3, ActivityKind.BOARD, "Tuesday sewing", "2026-05-12"),
    evidence(4, ActivityKind.CLOSEUP, "Your first seam: you can do it", "2026-06-02"),
)
