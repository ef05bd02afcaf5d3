"""A notification run for a person to read, and as JSON."""

from typing import Any

from rich.table import Table

from assistant.notifying import NotifySummary
from assistant.sent_file import Imported
from chains.notification import MEANS


def summary_text(summary: NotifySummary, seconds: float) -> str:
    """One line on a run. seconds: what it took."""
    run, count = summary.run, sum(summary.candidates.values())
    arms = ", ".join(f"{number:,} {arm}" for arm, number in summary.candidates.items())
    rate = f"; {summary.users / seconds:,.0f} users a second" if seconds > 0 else ""
    forgotten = f", {summary.forgotten:,} forgotten and passed over" if summary.forgotten else ""
    told = f" ({arms})" if arms else ""
    return (
        f"{run.channel}, {run.day.isoformat()}: {count:,} candidates{told} of {summary.users:,} users, "
        f"{sum(summary.reasons.values()):,} told nothing{forgotten}{rate}"
    )


def copy_text(summary: NotifySummary) -> str:
    """One line on who worded the messages of a run in which a model was asked."""
    count, fell_back = sum(summary.candidates.values()), sum(summary.fell_back.values())
    told = f"a model wrote {summary.written:,} of {count:,}"
    if not fell_back:
        return told
    reason, often = min(summary.fell_back.items(), key=lambda each: (-each[1], each[0]))
    return f"{told}; {fell_back:,} have a template's words, most often ({often:,}) since {reason}"


def reasons_table(summary: NotifySummary) -> Table:
    """Why users are told nothing, the commonest reason first."""
    table = Table("Reason", "Users", "The user …")
    table.columns[1].justify = "right"
    for reason, count in summary.reasons.items():
        table.add_row(reason.value, f"{count:,}", MEANS[reason])
    return table


def summary_of(summary: NotifySummary, imported: Imported | None) -> dict[str, Any]:
    """For programs."""
    return {
        "channel": summary.run.channel.value,
        "day": summary.run.day.isoformat(),
        "as_of": summary.run.as_of.isoformat(),
        "users": summary.users,
        "candidates": sum(summary.candidates.values()),
        "arms": {arm.value: count for arm, count in summary.candidates.items()},
        "reasons": {reason.value: count for reason, count in summary.reasons.items()},
        "written_by_model": summary.written,
        "fell_back": dict(summary.fell_back),
        "forgotten": summary.forgotten,
        "sent_by_others": None if imported is None else {"read": imported.read, "new": imported.new},
        "users_rejected": summary.rejected.total(),
    }
