"""Replay of items: of ten recommended at a cut, how many the user then engages with for the first time.

All systems see what all users did up to the cut. A list that falls short is filled up with what is popular lately.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from assistant.evaluation.catalogue_items import catalogue_items
from assistant.evaluation.interests import Habit, Interests, favourites
from assistant.evaluation.replay_figures import Floats64, chosen_on_others
from chains.item_ranking import ItemBaskets
from chains.items import item_of
from chains.journeys import Journey
from vectorstore.activity import Activity, normalize
from vectorstore.embeddings import CachedEmbeddings

Recommender = Callable[[str], list[str]]

ITEM_MEASURES = ("precision", "hit_rate")
JOURNEY_ITEMS = "journey-aware"
CATALOGUE_ITEMS = "catalogue alone"
FREQUENT_ITEMS = "frequent interest"
BEST_INTEREST_ITEMS = "best interest"
POPULAR_ITEMS = "most popular"
USERS_ITEMS = "no journeys"
RANKED_INTEREST_ITEMS = "interest, same ranking"

MOST = 10
_TOP = 5
_LATELY = 14.0
#: Days over which popularity is counted, tried for the baselines; the last is the whole log.
WINDOWS = (7.0, 14.0, 28.0, 91.0, 100_000.0)
_SPREADS = (1, 3, 10)
_RANKED_HABITS = (Habit("frequent"), Habit("decayed", 28.0))
_HABITS = (Habit("frequent"), Habit("days"), Habit("recent"), Habit("decayed", 7.0), Habit("decayed", 28.0))


@dataclass(frozen=True)
class ItemCut:
    """What is known at a cut. past: of every user with activity, in order of time. journeys: theirs, best first.
    future: of those who came back, within the horizon."""

    as_of: datetime
    past: Mapping[str, Sequence[Activity]]
    future: Mapping[str, Sequence[Activity]]
    journeys: Mapping[str, Sequence[Journey]]
    interests: Mapping[int, Interests]


@dataclass
class Items:
    """Outcomes as they come in, one row a user and cut: by system, and for the baselines by setting."""

    users: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    systems: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)
    popular: list[list[tuple[float, ...]]] = field(default_factory=list)
    interests: list[list[tuple[float, ...]]] = field(default_factory=list)
    ranked: list[list[tuple[float, ...]]] = field(default_factory=list)

    def add(self, cut: ItemCut, embeddings: CachedEmbeddings) -> None:
        """All users who came back after one cut."""
        seen = {user: seen_items(past) for user, past in cut.past.items()}
        popular = [_popular(cut, window) for window in WINDOWS]
        shelves = {count: _shelves(cut, interests, popular) for count, interests in cut.interests.items()}
        recommend, ranked = _recommenders(cut, seen, embeddings)
        fill = popular[WINDOWS.index(_LATELY)]
        for user, future in sorted(cut.future.items()):
            known, new = seen[user], seen_items(future) - seen[user]
            self.users.append(user)
            self.dates.append(f"{cut.as_of:%Y-%m-%d}")
            for name, of_user in recommend.items():
                self.systems.setdefault(name, []).append(_met(one_after_other([of_user(user), fill], known), new))
            self.ranked.append([_met(one_after_other([of_user(user), fill], known), new) for of_user in ranked])
            self.popular.append([_met(one_after_other([order], known), new) for order in popular])
            self.interests.append(
                [
                    _met(
                        one_after_other(
                            [in_turn([shelf.get(each, ()) for each in liked[:spread]], known), order], known
                        ),
                        new,
                    )
                    for count, interests in cut.interests.items()
                    for habit in _HABITS
                    for liked in [favourites(cut.past[user], interests, cut.as_of, habit)]
                    for spread in _SPREADS
                    for order, shelf in zip(popular, shelves[count], strict=True)
                ]
            )

    def outcomes(self, seed: int = 0) -> dict[str, Floats64]:
        """By system (rows, measures). A baseline's setting is the one with the highest precision for other users."""
        found = {name: np.array(rows) for name, rows in self.systems.items()}
        tried = np.array(self.interests).transpose(1, 0, 2)
        habits = [habit.by for habit in _HABITS for _ in _SPREADS for _ in WINDOWS]
        spreads = [spread for _ in _HABITS for spread in _SPREADS for _ in WINDOWS]
        plain = [
            place
            for place in range(len(tried))
            if (habits[place % len(habits)], spreads[place % len(spreads)]) == ("frequent", 1)
        ]
        found[FREQUENT_ITEMS] = chosen_on_others(tried[plain], self.users, seed)
        found[BEST_INTEREST_ITEMS] = chosen_on_others(tried, self.users, seed)
        found[RANKED_INTEREST_ITEMS] = chosen_on_others(np.array(self.ranked).transpose(1, 0, 2), self.users, seed)
        found["best in hindsight"] = tried[tried[:, :, 0].mean(axis=1).argmax()]
        found[POPULAR_ITEMS] = chosen_on_others(np.array(self.popular).transpose(1, 0, 2), self.users, seed)
        return found


def _recommenders(
    cut: ItemCut, seen: Mapping[str, set[str]], embeddings: CachedEmbeddings
) -> tuple[dict[str, Recommender], list[Recommender]]:
    """By system what it recommends to a user; and what the interests of each number do, ranked as journeys are."""
    lately = dict(_counts(cut, _LATELY))
    known = {item for items in seen.values() for item in items}
    of_journeys = {user: [_items(journey, cut.past[user]) for journey in found] for user, found in cut.journeys.items()}
    of_users = ItemBaskets.of(seen.values(), lately, known)
    catalogue = catalogue_items(cut.as_of, cut.past, cut.journeys, embeddings, MOST)

    def spread(groups: Mapping[str, Sequence[set[str]]], scores: Mapping[str, Sequence[float]]) -> Recommender:
        """Over a user's top groups by their scores; what shares groups and what shares users count alike."""
        own = ItemBaskets.of((items for found in groups.values() for items in found), lately, known)

        def found(user: str) -> list[str]:
            weights: defaultdict[str, float] = defaultdict(float)
            for items, score in zip(groups.get(user, ())[:_TOP], scores.get(user, ()), strict=False):
                for item in items:
                    weights[item] += score
            near = [baskets.near(weights) for baskets in (own, of_users)]
            both = np.sum([each / max(float(each.max(initial=0)), 1e-12) for each in near], axis=0)
            return of_users.best(both, seen[user], MOST)

        return found

    def for_users(user: str) -> list[str]:
        return of_users.best(of_users.near(dict.fromkeys(seen[user], 1.0)), seen[user], MOST)

    journey_scores = {user: [journey.base_score for journey in found] for user, found in cut.journeys.items()}
    of_interests = [
        {user: _by_interest(past, interests, cut.as_of, habit) for user, past in cut.past.items()}
        for interests in cut.interests.values()
        for habit in _RANKED_HABITS
    ]
    systems: dict[str, Recommender] = {
        JOURNEY_ITEMS: spread(of_journeys, journey_scores),
        CATALOGUE_ITEMS: lambda user: catalogue(user, seen[user]),
        USERS_ITEMS: for_users,
    }
    return systems, [spread(each, {user: [1.0] * len(found) for user, found in each.items()}) for each in of_interests]


def _by_interest(past: Sequence[Activity], interests: Interests, as_of: datetime, habit: Habit) -> list[set[str]]:
    """The items of each of a user's interests, the strongest interest first."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for event in past:
        if item := item_of(event):
            found[interests.place[normalize(event.text)]].add(item)
    return [found[interest] for interest in favourites(past, interests, as_of, habit) if interest in found]


def _items(journey: Journey, past: Sequence[Activity]) -> set[str]:
    texts = {normalize(text) for text in journey.texts}
    return seen_items(event for event in past if normalize(event.text) in texts)


def _counts(cut: ItemCut, days: float) -> Counter[str]:
    """By item how many users engaged with it in the last days."""
    since = cut.as_of - timedelta(days=days)
    return Counter(
        item for past in cut.past.values() for item in seen_items(event for event in past if event.timestamp > since)
    )


def seen_items(events: Iterable[Activity]) -> set[str]:
    """The items that some activity touched."""
    return {item for event in events if (item := item_of(event))}


def _popular(cut: ItemCut, days: float) -> list[str]:
    """All items, first those that most users engaged with in the last days, of equals ever."""
    lately, ever = _counts(cut, days), _counts(cut, WINDOWS[-1])
    return sorted(ever, key=lambda item: (-lately[item], -ever[item], item))


def _shelves(cut: ItemCut, interests: Interests, popular: Sequence[Sequence[str]]) -> list[dict[int, list[str]]]:
    """For each order of popularity the items of each interest. An item's interest is that of its most frequent text."""
    texts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for past in cut.past.values():
        for event in past:
            if item := item_of(event):
                texts[item][normalize(event.text)] += 1
    of_item = {item: interests.place[max(count, key=lambda text: (count[text], text))] for item, count in texts.items()}
    shelves = []
    for order in popular:
        own: defaultdict[int, list[str]] = defaultdict(list)
        for item in order:
            own[of_item[item]].append(item)
        shelves.append(dict(own))
    return shelves


def in_turn(lists: Sequence[Sequence[str]], seen: Collection[str]) -> list[str]:
    """Ten unseen items: one of each list in turn."""
    unseen = [(item for item in each if item not in seen) for each in lists]
    found: dict[str, None] = {}
    while unseen:
        left = []
        for each in unseen:
            item = next((item for item in each if item not in found), None)
            if item is not None:
                found[item] = None
                left.append(each)
            if len(found) == MOST:
                return list(found)
        unseen = left
    return list(found)


def one_after_other(lists: Sequence[Sequence[str]], seen: Collection[str]) -> list[str]:
    """Ten unseen items: of each list what it has, until there are ten."""
    found: dict[str, None] = {}
    for each in lists:
        for item in each:
            if len(found) == MOST:
                return list(found)
            if item not in seen:
                found[item] = None
    return list(found)


def _met(found: Sequence[str], new: set[str]) -> tuple[float, ...]:
    hits = len(new.intersection(found))
    return hits / MOST, float(hits > 0)
