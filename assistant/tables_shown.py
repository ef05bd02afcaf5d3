"""What the terminal shows: tables and sentences, made from values and nothing else."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from rich import box
from rich.table import Table
from rich.text import Text

from assistant.batch import RunSummary
from assistant.evaluation.stage_agreement import StageAgreement
from assistant.runs import DatedChange, UserState
from assistant.usage_shown import usage_lines
from chains.journeys import Journey, Kind, Stage
from chains.wording import count_text, date_text
from vectorstore.activity import Activity, days_of, normalize
from vectorstore.ingest import Ingested

_KEYWORDS_SHOWN = 3


def _table(*headings: str, title: str | None = None, expand: bool = False) -> Table:
    table = Table(
        box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0), expand=expand
    )
    for heading in headings:
        right = heading in {"", "Events", "Days", "Seen", "Score", "Journeys"}
        wide = heading == "Journey" and expand
        table.add_column(
            heading, justify="right" if right else "left", no_wrap=right or wide, ratio=1 if wide else None
        )
    return table


def journeys_table(journeys: Sequence[Journey]) -> Table | Text:
    """One row a journey, readable at 80 columns. Users' words are shown as text, never as markup.

    Stage: evergreen, or of a situational journey ongoing or ended.
    """
    if not journeys:
        return Text("No journeys: too little that belongs together, or nothing that may be shown.")
    table = _table("", "Journey", "Stage", "Events", "Days", "Seen", "Score", expand=True)
    for journey in journeys:
        about = [k.text for k in journey.keywords if normalize(k.text) != normalize(journey.name)][:_KEYWORDS_SHOWN]
        name = Text(journey.name, style="bold")
        name.append("\n")
        if journey.safety.category:
            name.append(f"{journey.safety.category}: {journey.safety.policy}  ", style="yellow not bold")
        name.append(", ".join(about), style="dim not bold")
        ended = journey.stage is Stage.ENDED
        stage = str(journey.kind) if journey.kind is Kind.EVERGREEN else str(journey.stage)
        table.add_row(
            str(journey.rank),
            name,
            Text(stage, style="dim" if ended else "green"),
            str(journey.events),
            str(journey.active_days),
            _span(journey.first_seen, journey.last_seen),
            f"{journey.score:.2f}",
        )
    return table


def _span(first: datetime, last: datetime) -> str:
    """2 Jan – 28 Jun, or over the turn of a year Dec 2010 – Dec 2011."""
    if first.year != last.year:
        return f"{first:%b %Y} – {last:%b %Y}"
    if first.date() == last.date():
        return f"{first.day} {first:%b}"
    return f"{first.day} {first:%b} – {last.day} {last:%b}"


def user_heading(user_id: str, activities: Sequence[Activity]) -> Text:
    """Whose journeys these are, and from how much."""
    if not activities:
        return Text(user_id, style="bold")
    events = f"{len(activities):,} activities" if len(activities) > 1 else "1 activity"
    days = count_text(len(days_of(activities)), "day")
    span = f"{date_text(activities[0].timestamp)} to {date_text(activities[-1].timestamp)}"
    return Text.assemble((user_id, "bold"), f"  {events} on {days}, {span}")


def users_table(states: Sequence[UserState], total: int) -> Table:
    """Users with most journeys first."""
    table = _table(
        "User", "Journeys", "As of", "Run", title=f"{len(states)} of {total} users" if len(states) < total else None
    )
    for state in states:
        table.add_row(Text(state.user_id), str(state.journeys), date_text(state.as_of), state.run_id)
    return table


def changes_table(dated: Sequence[DatedChange]) -> Table | Text:
    """One row a change, the newest run first."""
    if not dated:
        return Text("No changes since the first inference.")
    table = _table("As of", "Run", "What", "Journey", "Detail")
    for each in dated:
        table.add_row(
            date_text(each.as_of), each.run_id, str(each.change.kind), Text(each.change.name), Text(each.change.detail)
        )
    return table


def settings_table(described: Sequence[Sequence[object]]) -> Table:
    """Each setting with its value and where it comes from."""
    table = _table("Setting", "Value", "From")
    for row in described:
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def examined_table(found: Sequence[Sequence[object]]) -> Table:
    """Each part with its state and what to do."""
    table = _table("Part", "State", "What to do")
    for row in found:
        table.add_row(*(Text(str(cell)) for cell in row))
    return table


def agreement_table(agreement: StageAgreement, title: str) -> Table:
    """How many known journeys were found, and what share of these is staged as known."""
    table = _table("Of the journeys", "Share", title=title)
    table.add_row("found", f"{agreement.found} of {agreement.known}")
    for name in ("kind", "stage", "both"):
        right = getattr(agreement, name)
        share = f"  ({right / agreement.found:.0%})" if agreement.found else ""
        table.add_row(f"{name} as known", f"{right} of {agreement.found}{share}")
    return table


def read_text(read: Ingested) -> str:
    """One line on what reading logs brought."""
    return (
        f"{read.read:,} rows read: {read.new:,} new, {read.known:,} known, {read.rejected:,} rejected; "
        f"{len(read.users):,} users"
    )


def run_text(summary: RunSummary, read: Ingested | None) -> str:
    """What a run did, and what models had to do with it, in a few lines."""
    lines = []
    if read:
        lines.append(read_text(read))
    done_before = f" ({summary.resumed:,} more were done before the run was cut off)" if summary.resumed else ""
    lines.append(
        f"{summary.run.run_id}: {summary.journeys:,} journeys of {summary.users:,} users{done_before}, "
        f"{summary.changes:,} changes, as of {date_text(summary.run.parameters.as_of)}"
    )
    aside = failed_line(summary)
    return "\n".join([*lines, *([aside] if aside else []), *usage_lines(summary.usage, summary.fell_back)])


def failed_line(summary: RunSummary) -> str:
    """How many were set aside and for what, most often first; empty where nobody was."""
    if not summary.failed:
        return ""
    reasons = Counter(reason for reason in summary.failed.values()).most_common(3)
    told = ", ".join(f"{reason} ({count:,})" for reason, count in reasons)
    return f"set aside: {len(summary.failed):,} users, most often: {told}; journeys users --failed names them"
