"""What users on a catalogue entry engaged with: for each entry a bounded list of items that others may like too.

uses = ((activities of a user, {normalized text: place of the entry, for the texts of his journeys}), ...)
items = items_of(catalogue, uses, as_of, embed)          # {entry_id: (Item, ...)}, best first
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from chains.catalogue import Catalogue
from chains.entry_words import spoken
from chains.journeys import Probability
from chains.safety import SensitivityChecker
from chains.showable import fit_to_show
from chains.texts import Floats
from vectorstore.activity import Activity, ActivityKind, normalize

#: What a user's strongest act on an item is worth. A search and a board are no item.
WORTH = {ActivityKind.SAVE: 1.0, ActivityKind.CLICKTHROUGH: 0.6, ActivityKind.CLOSEUP: 0.3}
#: Days in which an act loses half of its worth.
HALF_LIFE_DAYS = 60.0

_LONGEST = 300


@dataclass(frozen=True, slots=True)
class ItemOptions:
    """least_users: k; fewer make no item. most: an entry keeps at most so many. nearest: so many of the most popular
    are looked at more closely. near: least cosine of an item's text to the entry's centre."""

    least_users: int = 3
    most: int = 50
    looked_at: int = 400
    near: float = 0.2


class Item(BaseModel):
    """item: its id, or its normalized text where the log has no ids. text: a title that at least k users met.

    users: who engaged with it on this entry, at least k. popularity: their acts by worth and recency. score: in [0, 1],
    popularity against the entry's most popular item, by nearness to the entry's centre.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    item: str
    text: str
    users: int = Field(ge=1)
    popularity: float = Field(ge=0)
    score: Probability


@dataclass(slots=True)
class _Met:
    users: int = 0
    popularity: float = 0.0
    titles: Counter[str] = field(default_factory=Counter)


def item_of(activity: Activity) -> str | None:
    """The id of the item that an activity touched, or its normalized text; None where it touched none."""
    if activity.kind not in WORTH:
        return None
    return activity.item_id or normalize(activity.text)


def items_of(
    catalogue: Catalogue,
    uses: Iterable[tuple[Sequence[Activity], Mapping[str, int]]],
    as_of: datetime,
    embed: Callable[[Sequence[str]], Floats],
    options: ItemOptions | None = None,
    checker: SensitivityChecker | None = None,
) -> dict[str, tuple[Item, ...]]:
    """By entry id, the items of its users, the best first; [] where there are none.

    uses: one a user, each user once: the activities, and by normalized text the place of the entry that it belongs to.
    Each user counts once an item, by the strongest act, whose worth halves in 60 days. Items of whose titles safety
    finds anything, or that may not be shown, are left out. Memory grows with the pairs of entry and item.
    """
    options, checker = options or ItemOptions(), checker or SensitivityChecker()
    met: list[defaultdict[str, _Met]] = [defaultdict(_Met) for _ in catalogue.entries]
    for activities, place_of in uses:
        _count(activities, place_of, as_of, met)
    return {
        entry.entry_id: _best(catalogue.centres.rows[place], met[place], embed, options, checker)
        for place, entry in enumerate(catalogue.entries)
    }


def _count(
    activities: Sequence[Activity], place_of: Mapping[str, int], as_of: datetime, met: list[defaultdict[str, _Met]]
) -> None:
    """Adds what one user engaged with."""
    own: dict[tuple[int, str], float] = {}
    titles: defaultdict[tuple[int, str], set[str]] = defaultdict(set)
    for activity in activities:
        key, item = normalize(activity.text), item_of(activity)
        place = place_of.get(key, -1)
        if item is None or place < 0 or activity.timestamp > as_of:
            continue
        age = (as_of - activity.timestamp) / timedelta(days=1)
        worth = WORTH[activity.kind] * 0.5 ** (age / HALF_LIFE_DAYS)
        own[place, item] = max(own.get((place, item), 0.0), worth)
        titles[place, item].add(activity.text)
    for (place, item), worth in own.items():
        found = met[place][item]
        found.users += 1
        found.popularity += worth
        found.titles.update(titles[place, item])


def _best(
    centre: Floats,
    met: Mapping[str, _Met],
    embed: Callable[[Sequence[str]], Floats],
    options: ItemOptions,
    checker: SensitivityChecker,
) -> tuple[Item, ...]:
    popular = sorted(
        (item for item, found in met.items() if found.users >= options.least_users),
        key=lambda item: (-round(met[item].popularity, 6), item),
    )[: options.looked_at]
    titles = {item: title for item in popular if (title := _title(met[item], options.least_users, checker))}
    if not titles:
        return ()
    cosines = (embed(list(titles.values())) @ centre).tolist()
    most = max(met[item].popularity for item in titles)
    items = [
        Item(
            item=item,
            text=spoken(title),
            users=met[item].users,
            popularity=round(met[item].popularity, 6),
            score=round(min(met[item].popularity / most * min(max(cosine, 0.0), 1.0), 1.0), 6) if most else 0.0,
        )
        for (item, title), cosine in zip(titles.items(), cosines, strict=True)
        if round(cosine, 4) >= options.near
    ]
    return tuple(sorted(items, key=lambda item: (-item.score, item.item))[: options.most])


def _title(met: _Met, least: int, checker: SensitivityChecker) -> str | None:
    """The title that most users met; None where too few met it, or it may not be shown."""
    title, users = min(met.titles.items(), key=lambda pair: (-pair[1], pair[0]))
    if users < least or len(title) > _LONGEST or not fit_to_show(title) or checker.text(title) is not None:
        return None
    return title
