"""Replay: had a notification about this target been sent then, would it have met what the user did next?

A target is a part of what one user did up to a cut: of a journey, or his favourite interest. `docs/design.md` has
the definitions.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from assistant.evaluation.interests import HABITS, Habit, Interests, favourites
from assistant.evaluation.replay_figures import Floats64, chosen_on_others
from assistant.evaluation.time_split import SplitJourney, SplitUser
from chains.targets import choose_target
from vectorstore.activity import Activity, days_of, normalize

#: What is measured of a target, each in [0, 1]; see `outcome`.
TARGET_MEASURES = ("hit", "latest", "recognised", "days", "own_terms")

TARGET = "chosen target"
TARGET_OR_INTEREST = "chosen target or interest"
JOURNEY = "top journey"
BEST_INTEREST = "best interest"
FREQUENT_INTEREST = "frequent interest"

_NOTHING = (0.0,) * len(TARGET_MEASURES)
_FAMILIES = {
    FREQUENT_INTEREST: {"frequent"},
    "interest by days": {"days"},
    "recent interest": {"recent"},
    "decayed interest": {"decayed"},
    BEST_INTEREST: {habit.by for habit in HABITS},
}


@dataclass(frozen=True, slots=True)
class Setting:
    """One interest-based system: how many interests all users share, and how a favourite is told."""

    interests: int
    habit: Habit


@dataclass
class Targets:
    """Outcomes as they come in, one row a user and cut. users: whose they are. journeys: by system. interests: of each
    row, by setting."""

    settings: tuple[Setting, ...]
    users: list[str] = field(default_factory=list)
    dates: list[str] = field(default_factory=list)
    journeys: dict[str, list[tuple[float, ...]]] = field(default_factory=dict)
    interests: list[list[tuple[float, ...]]] = field(default_factory=list)
    without: list[bool] = field(default_factory=list)

    def add(self, user: SplitUser, as_of: datetime, interests: Mapping[int, Interests]) -> None:
        """user: one who came back, with his labels. interests: by how many there are."""
        self.users.append(user.user.user_id)
        self.dates.append(f"{as_of:%Y-%m-%d}")
        self.without.append(not user.journeys)
        for name, found in _of_journeys(user, as_of).items():
            self.journeys.setdefault(name, []).append(found)
        self.interests.append(
            [of_interest(user, as_of, interests[each.interests], each.habit) for each in self.settings]
        )

    def systems(self, seed: int = 0) -> dict[str, Floats64]:
        """By name the outcomes, (rows, measures). Where a setting is to be chosen, it is the one with most hits of
        other users."""
        found = {name: np.array(rows) for name, rows in self.journeys.items()}
        tried = np.array(self.interests).transpose(1, 0, 2)
        for name, habits in _FAMILIES.items():
            own = [place for place, each in enumerate(self.settings) if each.habit.by in habits]
            if not own:
                continue
            found[name] = chosen_on_others(tried[own], self.users, seed)
        best = tried[:, :, 0].mean(axis=1).argmax()
        found["best in hindsight"] = tried[best]
        without = np.array(self.without)[:, None]
        found[TARGET_OR_INTEREST] = np.where(without, found[BEST_INTEREST], found[TARGET])
        return found


def settings_tried(counts: Sequence[int]) -> tuple[Setting, ...]:
    return tuple(Setting(count, habit) for count in counts for habit in HABITS)


def outcome(past: Sequence[Activity], own: Sequence[Activity], user: SplitUser) -> tuple[float, ...]:
    """What a notification about a target comes to, in the order of `TARGET_MEASURES`.

    past: the target's events up to the cut, in order of time. own: the later events that belong to the target by its
    own terms. The target's label is that of most of its labelled texts. hit: whether a later event bears it. latest:
    whether one bears the label of the target's last labelled event. recognised: whether one bears the target's label
    and belongs to the target. days: of the user's later active days the share with an event that bears it. own_terms:
    whether any later event belongs to the target, whatever its label.
    """
    labels = user.user.labels
    label = label_of({normalize(event.text) for event in past}, labels)
    last = next((found for event in reversed(past) if (found := labels.get(normalize(event.text)))), None)
    bearing = [event for event in user.future if label and labels.get(normalize(event.text)) == label]
    mine = {event.activity_id for event in own}
    return (
        float(bool(bearing)),
        float(any(last and labels.get(normalize(event.text)) == last for event in user.future)),
        float(any(event.activity_id in mine for event in bearing)),
        len(days_of(bearing)) / len(days_of(user.future)),
        float(bool(own)),
    )


def label_of(texts: set[str], labels: Mapping[str, str]) -> str | None:
    """The label that most of the texts bear, of equals the last by name; None where none bears any."""
    count = Counter(labels[text] for text in texts if labels.get(text))
    return max(count, key=lambda label: (count[label], label), default=None)


def _of_journeys(user: SplitUser, as_of: datetime) -> dict[str, tuple[float, ...]]:
    """What the program itself would choose, and the best-ranked journey as a whole; for comparison the one most likely
    to be come back to, the one last active, and what the luckiest choice would have met."""
    found = user.journeys
    names = (TARGET, JOURNEY, "likeliest journey", "last active journey", "luckiest journey")
    events = {each.journey.journey_id: each.events for each in found}
    target = choose_target([each.journey for each in found], events, as_of)
    if target is None:
        return dict.fromkeys(names, _NOTHING)
    each = [_of_journey(journey, user) for journey in found]
    chosen = next(journey for journey in found if journey.journey is target.journey)
    likely = max(range(len(found)), key=lambda place: (found[place].journey.return_probability, -place))
    last = max(range(len(found)), key=lambda place: (found[place].journey.last_seen, -place))
    outcomes = (outcome(target.events, chosen.later, user), each[0], each[likely], each[last], max(each))
    return dict(zip(names, outcomes, strict=True))


def _of_journey(journey: SplitJourney, user: SplitUser) -> tuple[float, ...]:
    return outcome(journey.events, journey.later, user)


def of_interest(user: SplitUser, as_of: datetime, interests: Interests, habit: Habit) -> tuple[float, ...]:
    """The outcome of the user's favourite interest."""
    chosen = favourites(user.past, interests, as_of, habit)[0]
    past = [event for event in user.past if interests.place[normalize(event.text)] == chosen]
    return outcome(past, [event for event in user.future if interests.place[normalize(event.text)] == chosen], user)
