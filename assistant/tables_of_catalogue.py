"""What the terminal shows of the catalogue and of recommendations. Users' words are text, never markup."""

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from assistant.expanding import Expanded
from assistant.usage_shown import usage_text
from assistant.written_report import WrittenReport
from chains.catalogue import Entry
from chains.recommendation import RecommendedItem, RelatedJourney
from chains.wording import count_text, date_text

_KEYWORDS_SHOWN = 5


def expanded_text(made: Expanded) -> str:
    """Some lines on what was made, and on what fell out and why."""
    about = made.about
    share = made.matched / about.journeys if about.journeys else 0.0
    lines = [
        f"{made.entries:,} {'entry' if made.entries == 1 else 'entries'} from {about.journeys:,} journeys of "
        f"{about.users:,} users, as of {date_text(about.as_of)}; {made.matched:,} journeys ({share:.0%}) belong to one",
        f"relations: {', '.join(f'{count:,} {kind}' for kind, count in sorted(made.relations.items())) or 'none'}; "
        f"items: {made.items:,}",
        f"left out: {count_text(made.sensitive, 'sensitive journey')}",
    ]
    lines += [f"dropped: {count:,} for {reason}" for reason, count in sorted(about.dropped.items())]
    if made.written:
        lines += _written_lines(made.written)
    if not made.entries:
        lines.append(
            f"no entry has {about.least_users} users: with few users set catalogue.min_users = 2 in journeys.toml"
        )
    return "\n".join(lines)


def _written_lines(written: WrittenReport) -> list[str]:
    """What a model proposed, what became of it, and what it took."""
    by = f" by {', '.join(written.models)}" if written.models else ""
    lines = [
        f"written{by}: {written.proposed:,} related journeys for "
        f"{written.entries:,} {'entry' if written.entries == 1 else 'entries'}: {written.new:,} new, "
        f"{written.joined:,} that mean an entry",
        *(f"of these dropped: {count:,} as {reason}" for reason, count in written.dropped.items()),
        *(f"no answer for {count:,}: {reason}" for reason, count in written.unanswered.items()),
    ]
    if written.not_asked:
        lines.append(f"not asked about: {written.not_asked:,}, since the budget ended; run the same again")
    return [*lines, usage_text(written.usage)]


def catalogue_table(entries: Sequence[Entry], total: int) -> Table | Text:
    """One row an entry."""
    if not entries:
        return Text("The catalogue is empty: no journey has enough users.")
    title = f"{len(entries)} of {total} entries" if len(entries) < total else None
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("Users", "Journeys"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Entry")
    for entry in entries:
        name = Text(entry.name, style="bold")
        others = [each.text for each in entry.keywords if each.text.casefold() != entry.name.casefold()]
        name.append("\n" + ", ".join(others[:_KEYWORDS_SHOWN]), style="dim not bold")
        table.add_row(f"{entry.users:,}", f"{entry.journeys:,}", name)
    return table


def related_table(related: Sequence[RelatedJourney]) -> Table | Text:
    """One row a related journey, with its strongest reason."""
    if not related:
        return Text("No related journeys: nothing goes on that others have gone on from.")
    table = _ranked("Related journey")
    for rank, each in enumerate(related, 1):
        name = Text(each.name, style="bold")
        if each.written_by:
            name.append(f" (written by {each.written_by.model})", style="dim not bold")
        name.append("\n" + each.because[0].text, style="dim not bold")
        table.add_row(str(rank), name, f"{each.score:.3f}")
    return table


def recommended_items_table(items: Sequence[RecommendedItem]) -> Table | Text:
    """One row an item, with its reason."""
    if not items:
        return Text("No items: others engaged with nothing that is new here.")
    table = _ranked("Item")
    for rank, each in enumerate(items, 1):
        name = Text(each.text, style="bold")
        name.append("\n" + each.because.text, style="dim not bold")
        table.add_row(str(rank), name, f"{each.score:.3f}")
    return table


def _ranked(heading: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0), expand=True)
    table.add_column("", justify="right", no_wrap=True)
    table.add_column(heading, ratio=1)
    table.add_column("Score", justify="right", no_wrap=True)
    return table
