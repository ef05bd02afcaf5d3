"""What a user is to be told about: the journey that he most likely goes on with, and what he is at in it.

A journey may be wide. Who plans a garden and reads about raised beds this week is met better by raised beds than by
gardens, so a target names the part of the journey that holds most of what he did lately.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import fsum

from chains.journeys import Journey
from chains.showable import fit_to_show
from vectorstore.activity import Activity, normalize

#: Days after which activity counts half where it says what a user is at.
HALF_LIFE = 7.0
_DAY = timedelta(days=1)
_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Target:
    """focus: the text of the journey that a message may lead with, as the user met it last; None where none may be
    shown. events: those of the focus, in order of time; of the whole journey where there is no focus."""

    journey: Journey
    focus: str | None
    events: tuple[Activity, ...]


def choose_target(
    journeys: Sequence[Journey], events: Mapping[str, Sequence[Activity]], as_of: datetime
) -> Target | None:
    """The journey of the highest score and its focus; None where there is no journey.

    events: by journey id its own up to as_of, at least one each, in order of time. Whether a message may be sent at all
    is not asked here: leave out journeys whose policy forbids it.
    """
    if not journeys:
        return None
    # Not diversified: one message takes one journey. Rounded, so that equals are the same on every machine.
    best = min(journeys, key=lambda journey: (-round(journey.base_score, _DIGITS), journey.rank))
    own = tuple(events[best.journey_id])
    focus = focus_of(own, as_of)
    if focus is None:
        return Target(best, None, own)
    about = tuple(event for event in own if normalize(event.text) == focus)
    return Target(best, about[-1].text, about)


def focus_of(events: Sequence[Activity], as_of: datetime) -> str | None:
    """The normalized text with most events, each worth half after seven days; of equals the last by letters. None where
    no text is fit to show."""
    ages: dict[str, list[float]] = defaultdict(list)
    for event in events:
        ages[normalize(event.text)].append((as_of - event.timestamp) / _DAY)
    # Against the youngest, so that what lies years back does not vanish.
    youngest = min((age for own in ages.values() for age in own), default=0.0)
    worth = {
        text: round(fsum(0.5 ** ((age - youngest) / HALF_LIFE) for age in own), _DIGITS) for text, own in ages.items()
    }
    ranked = sorted(worth, key=lambda text: (worth[text], text), reverse=True)
    return next((text for text in ranked if fit_to_show(text)), None)
