"""When a journey becomes another kind or stage by the clock alone, while its user does nothing more."""

from collections.abc import Sequence

import numpy as np

from chains.journeys import Kind, Stage
from chains.returning import HORIZON
from chains.rhythm import FEATURES, JourneyRhythm, Numbers, UserRhythm
from chains.rhythm_ahead import features_ahead, jumps_ahead, users_ahead
from chains.stage import EVERGREEN_DAYS, Staging, kind_and_stage, odds_kept
from chains.stage_model import StageModel

# Days from now at which is looked, each a little more after the one before; the last is looked at again when it comes.
_STEP, _FURTHEST = 1.25, 730.0
# Between two of these a change is looked for in so many steps, and again between two of those, until it is as near.
_STEPS, _NEAR = 16, 0.01
# So many moments at which a journey's features jump are looked at, and so many days before and after each.
_MOST_JUMPS, _BESIDE, _WEEK = 2_000, 1e-4, 7.0


def days_ahead() -> Numbers:
    """(m,) from 0 on, rising."""
    days = [0.0, 0.5]
    while days[-1] < _FURTHEST:
        days.append(max(days[-1] + 0.5, days[-1] * _STEP))
    return np.array(days)


def unchanged_for(journeys: Sequence[Staging], user: UserRhythm, model: StageModel, embedding: str) -> float | None:
    """Days from the user's moment on for which kind and stage of all of his journeys stay, at least 0; None for ever.

    A safe bound, at most half an hour before the first change that is found. What has ended for good need not be given.
    """
    bounds = [_unchanged(journey, user, model, embedding) for journey in journeys]
    return min(bounds, default=None)


def may_come_back(journeys: Sequence[Staging], user: UserRhythm, model: StageModel) -> list[bool]:
    """Whether each journey that has ended by silence may be evergreen again by the clock alone. Centres don't matter.

    Whether one looks like a habit may jump up as its weeks are counted anew; what silence has taken stays taken.
    """
    habits = [not each.called_off and _is_habit(each) for each in journeys]
    asked = [each for each, habit in zip(journeys, habits, strict=True) if habit]
    kept = iter(_kept(asked, user, np.zeros(1), model)[0][:, 0].tolist() if asked else ())
    return [habit and next(kept) >= model.steady for habit in habits]


def _unchanged(journey: Staging, user: UserRhythm, model: StageModel, embedding: str) -> float:
    def first_other(ahead: Numbers) -> int | None:
        return next((place for place, each in enumerate(states(ahead)) if each != now), None)

    def states(ahead: Numbers) -> list[tuple[Kind, Stage]]:
        kept, features = _kept([journey], user, ahead, model)
        centres = np.repeat(journey.centre[None, :], len(ahead), axis=0)
        evergreen = np.round(model.kind.evergreen(features, centres, embedding), 6).tolist()
        return [
            kind_and_stage(*each, len(rhythm.days), model) for each in zip(kept[0].tolist(), evergreen, strict=True)
        ]

    rhythm, ahead = JourneyRhythm(journey.events, journey.texts), days_ahead()
    (now,) = states(ahead[:1])
    end = first_other(ahead)
    if _is_habit(journey):
        # It may be another for some hours only, from or up to a jump of a feature: so both sides of each are looked at.
        until = min(float(ahead[-1 if end is None else end]), _MOST_JUMPS * _WEEK / len(journey.events))
        jumps = jumps_ahead(rhythm, user, until)
        ahead = np.unique(np.concatenate([ahead[ahead <= until], np.maximum(jumps - _BESIDE, 0), jumps + _BESIDE]))
        end = first_other(ahead)
    if end is None:
        return float(ahead[-1])
    begins, ends = ahead[end - 1], ahead[end]
    while ends - begins > _NEAR:
        between = np.linspace(begins, ends, _STEPS + 1)
        place = first_other(between[:-1]) or _STEPS
        begins, ends = between[place - 1], between[place]
    # A step back, so that nothing hangs on the last bits by which looking ahead differs from looking then.
    return float(max(begins - _NEAR, 0.0))


def _is_habit(journey: Staging) -> bool:
    return len({event.timestamp.date() for event in journey.events}) >= EVERGREEN_DAYS


def _kept(journeys: Sequence[Staging], user: UserRhythm, ahead: Numbers, model: StageModel) -> tuple[Numbers, Numbers]:
    """What n journeys have kept in so many days, (n, m), see `odds_kept`; and (n * m, FEATURES) of their rhythm."""
    wide, moments = len(ahead), user.now + ahead
    users = users_ahead(user, moments)
    rhythms = [JourneyRhythm(each.events, each.texts) for each in journeys]
    features = np.concatenate([features_ahead(each, user, moments) for each in rhythms])
    then = [np.broadcast_to(each.features(user.just_after(each.last)), (wide, len(FEATURES))) for each in rhythms]
    of_users = np.tile(users, (2 * len(journeys), 1))
    chances = np.round(model.returning.probability(np.concatenate([features, *then]), of_users, HORIZON), 6)
    back, fresh = chances.reshape(2, -1)
    return np.round(odds_kept(back, fresh), 6).reshape(-1, wide), features
