"""Replay: had a notification about this target been sent then, would it have met what the user did next?

A target is a set of one user's texts, chosen from what lies before the cut: those of his best journey, or those of his
favourite interest. `docs/design.md` has the definitions.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from assistant.evaluation.interests import HABITS, Habit, Interests, favourites
from assistant.evaluation.time_split import SplitUser
from chains.journeys import Journey
from vectorstore.activity import Activity, days_of, normalize

#: What is measured of a target, each in [0, 1]; see `outcome`.
MEASURES = ("hit", "recognised", "days", "own_terms")

Floats64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Moment:
    """One user at one cut, after which he came back: future holds at least one event."""

    user_id: str
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Setting:
    """One interest-based system: how many interests all users share, and how a favourite is told."""

    interests: int
    habit: Habit


def settings_tried(counts: Sequence[int]) -> tuple[Setting, ...]:
    return tuple(Setting(count, habit) for count in counts for habit in HABITS)


def outcome(texts: Collection[str], own: Collection[Activity], user: SplitUser) -> tuple[float, float, float, float]:
    """What a notification about a target comes to, see `MEASURES`.

    texts: the target's, normalized. own: the later events that belong to the target by its own terms. The target's
    label is that of most of its labelled texts. hit: whether a later event bears it. recognised: whether one bears it
    that also belongs to the target. days: of the user's later active days the share with an event that bears it.
    own_terms: whether any later event belongs to the target, whatever its label.
    """
    labels = user.user.labels
    label = label_of(texts, labels)
    bearing = [e for e in user.future if label is not None and labels.get(normalize(e.text)) == label]
    both = {event.activity_id for event in own}.intersection(event.activity_id for event in bearing)
    return (
        float(bool(bearing)),
        float(bool(both)),
        len(days_of(bearing)) / len(days_of(user.future)),
        float(bool(own)),
    )


def label_of(texts: Collection[str], labels: Mapping[str, str]) -> str | None:
    """The label that most of the texts bear, of equals the last by name; None where none bears any."""
    count = Counter(labels[text] for text in texts if text in labels)
    return max(count, key=lambda label: (count[label], label), default=None)


def of_journey(user: SplitUser, place: int = 0) -> tuple[float, float, float, float]:
    """The outcome of the journey at a place in the ranking, 0 the best; nothing is met where there is none."""
    if len(user.journeys) <= place:
        return (0.0, 0.0, 0.0, 0.0)
    chosen = user.journeys[place]
    own = user.continued[chosen.journey.journey_id] if False else chosen.later
    return outcome(keys_of(chosen.journey), own, user)


def keys_of(journey: Journey) -> set[str]:
    return {normalize(text) for text in journey.texts}


def of_interest(user: SplitUser, interests: Interests, as_of: datetime, habit: Habit) -> tuple[float, float, float, float]:
    """The outcome of the user's favourite interest."""
    chosen = favourites(user.past, interests, as_of, habit)[0]
    texts = {text for event in user.past if interests.place[text := normalize(event.text)] == chosen}
    own = [event for event in user.future if interests.place[normalize(event.text)] == chosen]
    return outcome(texts, own, user)
