"""What all users, or a segment of them, are up to: counts of the catalogue's journeys, never of fewer than k users."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from assistant.snapshot import Glance, Snapshot, week_of
from chains.catalogue import Entry
from chains.journeys import Kind, Stage

WEEKS = 16
#: Rising: the last so many weeks against as many before.
LATELY = 4
STANDINGS = ("ongoing", "ended", "evergreen")


@dataclass(frozen=True, slots=True)
class Totals:
    """users: of the segment. journeys: theirs, sensitive ones left out; of these ongoing (situational), ended,
    evergreen, and in_catalogue: those that belong to an entry."""

    users: int
    journeys: int
    ongoing: int
    ended: int
    evergreen: int
    in_catalogue: int


@dataclass(frozen=True, slots=True)
class EntryFigures:
    """An entry in the segment. users: at least k. weekly: of the last 16 weeks the users with activity, None for 1 to
    k - 1 of them. ongoing, ended, evergreen: users whose journey is so, None for 1 to k - 1.

    lately, before: users active in the last four weeks and in the four before, None where they are too few to tell.
    """

    entry: Entry
    users: int
    ongoing: int | None
    ended: int | None
    evergreen: int | None
    weekly: tuple[int | None, ...]
    lately: int | None
    before: int | None

    @property
    def rise(self) -> int:
        """By how many users it grew, 0 where that cannot be told."""
        return 0 if self.lately is None or self.before is None else self.lately - self.before


@dataclass(frozen=True, slots=True)
class Order:
    """`times` users, at least k and most of those with both entries, began `first` before `second`."""

    first: Entry
    second: Entry
    times: int


@dataclass(frozen=True, slots=True)
class Overview:
    """last_week: of `weekly`, see `week_of`. entries: most users first. orders: the clearest first. too_few: the
    segment, or the rest of the users, is too small to be looked at, and nothing is told."""

    totals: Totals
    entries: tuple[EntryFigures, ...]
    orders: tuple[Order, ...]
    last_week: int
    least_users: int
    sensitive: int
    too_few: bool = False

    @property
    def rising(self) -> list[EntryFigures]:
        """Those with more users lately than before, the fastest first."""
        risen = [each for each in self.entries if each.rise > 0]
        return sorted(risen, key=lambda each: (-each.rise / ((each.before or 0) + 1), -each.rise, each.entry.name))


def overview_of(snapshot: Snapshot, among: frozenset[str] | None = None) -> Overview:
    """among: only these users. A segment of fewer than k users, or one that all but fewer than k are in, tells nothing:
    from what is left, those few could be counted."""
    least = snapshot.least_users
    users = snapshot.users if among is None else snapshot.users & among
    left = len(snapshot.users) - len(users)
    # The last week that is over: one that has just begun would look like a fall.
    last = week_of(snapshot.as_of) - 1
    if len(users) < least or 0 < left < least:
        none = Totals(0, 0, 0, 0, 0, 0)
        return Overview(none, (), (), last, least, 0, too_few=True)
    glances = [glance for glance in snapshot.glances if glance.user_id in users]
    known = {entry.entry_id: entry for entry in snapshot.entries}
    of_entry: dict[str, list[Glance]] = {}
    for glance in glances:
        if glance.entry_id in known:
            of_entry.setdefault(glance.entry_id, []).append(glance)
    outside = _outside(snapshot, users)
    figures = [
        _figures(known[entry_id], own, last, least)
        for entry_id, own in of_entry.items()
        if outside.get(entry_id, least) >= least
    ]
    kept = sorted((each for each in figures if each.users >= least), key=lambda each: (-each.users, each.entry.name))
    standing = Counter(_standing(glance) for glance in glances)
    totals = Totals(
        users=len(users),
        journeys=len(glances),
        ongoing=standing["ongoing"],
        ended=standing["ended"],
        evergreen=standing["evergreen"],
        in_catalogue=sum(glance.entry_id in known for glance in glances),
    )
    shown = {each.entry.entry_id: known[each.entry.entry_id] for each in kept}
    return Overview(totals, tuple(kept), _orders(shown, glances, least), last, least, snapshot.sensitive)


def _figures(entry: Entry, glances: list[Glance], last: int, least: int) -> EntryFigures:
    def told(chosen: Iterable[Glance]) -> int | None:
        count = len({glance.user_id for glance in chosen})
        return count if count == 0 or count >= least else None

    def within(first: int, until: int) -> int | None:
        return told(glance for glance in glances if any(first <= week <= until for week in glance.weeks))

    standing = [told(glance for glance in glances if _standing(glance) == each) for each in STANDINGS]
    if standing.count(None) == 1:
        # One hidden number would follow from the others.
        counts = [count for count in standing if count]
        if counts:
            standing[standing.index(min(counts))] = None
    ongoing, ended, evergreen = standing
    return EntryFigures(
        entry=entry,
        users=len({glance.user_id for glance in glances}),
        ongoing=ongoing,
        ended=ended,
        evergreen=evergreen,
        weekly=tuple(within(week, week) for week in range(last - WEEKS + 1, last + 1)),
        lately=within(last - LATELY + 1, last),
        before=within(last - 2 * LATELY + 1, last - LATELY),
    )


def _outside(snapshot: Snapshot, users: frozenset[str]) -> dict[str, int]:
    """By entry how many users outside have it: where they are too few, they would follow from what all users have."""
    found: dict[str, set[str]] = {}
    for glance in snapshot.glances:
        if glance.user_id not in users:
            found.setdefault(glance.entry_id, set()).add(glance.user_id)
    return {entry_id: len(own) for entry_id, own in found.items()}


def _standing(glance: Glance) -> str:
    if glance.kind is Kind.EVERGREEN:
        return "evergreen"
    return "ended" if glance.stage is Stage.ENDED else "ongoing"


def _orders(entries: Mapping[str, Entry], glances: Iterable[Glance], least: int) -> tuple[Order, ...]:
    """Of each pair of entries that at least k users have, which comes first, where at least k users say so."""
    begins: dict[str, dict[str, float]] = {}
    for glance in glances:
        if glance.entry_id in entries:
            own, moment = begins.setdefault(glance.user_id, {}), glance.first_seen.timestamp()
            own[glance.entry_id] = min(moment, own.get(glance.entry_id, moment))
    both, first = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for own in begins.values():
        for one, other in combinations(sorted(own), 2):
            both[one, other] += 1
            if own[one] != own[other]:
                first[(one, other) if own[one] < own[other] else (other, one)] += 1
    orders = [
        Order(entries[one], entries[other], times)
        for (one, other), times in first.items()
        if times >= least and 2 * times > both[min(one, other), max(one, other)]
    ]
    return tuple(sorted(orders, key=lambda each: (-each.times, each.first.name, each.second.name)))
