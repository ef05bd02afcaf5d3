"""When a journey becomes another kind or stage by the clock alone, while its user does nothing more."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from chains.journeys import Kind, Stage
from chains.returning import HORIZON
from chains.rhythm import JourneyRhythm, Numbers, UserRhythm
from chains.rhythm_ahead import JUMPING, features_ahead, jumps_ahead, users_ahead
from chains.stage import EVERGREEN_DAYS, EVERGREEN_FROM, Staging, kind_and_stage, odds_kept
from chains.stage_model import StageModel

# Days from now at which is looked, each a little more after the one before; the last is looked at again when it comes.
_STEP, _FURTHEST = 1.25, 730.0
# Between two of these a change is looked for in so many steps, and again between two of those, until it is as near.
_STEPS, _NEAR = 16, 0.01
# So many moments at which a journey's features jump are looked at, and so many days before and after each.
_MOST_JUMPS, _BESIDE, _WEEK = 2_000, 1e-4, 7.0
_SURE = 1e-6


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
    return min((_Outlook(each, user, model, embedding).unchanged_for() for each in journeys), default=None)


def may_come_back(journey: Staging, user: UserRhythm, model: StageModel) -> bool:
    """Whether a journey that has ended by silence may be evergreen again by the clock alone. Its centre doesn't matter.

    Whether it looks like a habit may jump up as its weeks are counted anew; what silence has taken stays taken.
    """
    outlook = _Outlook(journey, user, model, "")
    return not journey.called_off and outlook.is_habit and bool(outlook.kept(np.zeros(1))[0][0] >= model.steady)


class _Outlook:
    """One journey while its user does nothing more."""

    def __init__(self, journey: Staging, user: UserRhythm, model: StageModel, embedding: str) -> None:
        self._journey, self._user, self._model, self._embedding = journey, user, model, embedding
        self._rhythm = JourneyRhythm(journey.events, journey.texts)
        self._then = self._rhythm.features(user.just_after(self._rhythm.last))

    @property
    def is_habit(self) -> bool:
        return len(self._rhythm.days) >= EVERGREEN_DAYS

    def unchanged_for(self) -> float:
        ahead = days_ahead()
        kept, evergreen = self._figures(ahead)
        states = self._states(kept, evergreen)
        end = _first_other(states, states[0])
        if self.is_habit:
            # It may be another for some hours only, from or up to a jump of a feature: so both sides of each are
            # looked at, wherever that can decide.
            last = len(ahead) - 1 if end is None else end
            doubtful = self._doubtful(kept, evergreen)[:last]
            until = float(ahead[last])
            if doubtful.any():
                until = min(until, float(ahead[doubtful.argmax()]) + _MOST_JUMPS * _WEEK / len(self._rhythm.times))
                jumps = jumps_ahead(self._rhythm, self._user, until)
                jumps = jumps[doubtful[np.minimum(np.searchsorted(ahead, jumps) - 1, last - 1)]]
                beside = np.concatenate([np.maximum(jumps - _BESIDE, 0), jumps + _BESIDE])
                ahead = np.unique(np.concatenate([ahead[ahead <= until], beside]))
                end = _first_other(self._states(*self._figures(ahead)), states[0])
        if end is None:
            return float(ahead[-1])
        begins, ends = ahead[end - 1], ahead[end]
        while ends - begins > _NEAR:
            between = np.linspace(begins, ends, _STEPS + 1)
            place = _first_other(self._states(*self._figures(between[:-1])), states[0]) or _STEPS
            begins, ends = between[place - 1], between[place]
        # A step back, so that nothing hangs on the last bits by which looking ahead differs from looking then.
        return float(max(begins - _NEAR, 0.0))

    def kept(self, ahead: Numbers) -> tuple[Numbers, Numbers]:
        """What is left in so many days, (m,), see `odds_kept`; and (m, FEATURES) of the rhythm then."""
        moments = self._user.now + ahead
        users, features = users_ahead(self._user, moments), features_ahead(self._rhythm, self._user, moments)
        then = np.broadcast_to(self._then, features.shape)
        both = np.concatenate([features, then])
        chances = np.round(self._model.returning.probability(both, np.tile(users, (2, 1)), HORIZON), 6)
        return np.round(odds_kept(*chances.reshape(2, -1)), 6), features

    def _figures(self, ahead: Numbers) -> tuple[Numbers, Numbers]:
        """(m,) each: what is left in so many days, and how probably the journey is evergreen."""
        kept, features = self.kept(ahead)
        centres = np.broadcast_to(self._journey.centre, (len(ahead), len(self._journey.centre)))
        return kept, np.round(self._model.kind.evergreen(features, centres, self._embedding), 6)

    def _states(self, kept: Numbers, evergreen: Numbers) -> list[tuple[Kind, Stage]]:
        days = len(self._rhythm.days)
        return [
            kind_and_stage(*each, days, self._model) for each in zip(kept.tolist(), evergreen.tolist(), strict=True)
        ]

    def _doubtful(self, kept: Numbers, evergreen: Numbers) -> NDArray[np.bool_]:
        """(m - 1,) whether what jumps may decide the kind between two moments, from the figures at both."""
        inside = np.clip(evergreen, _SURE, 1 - _SURE)
        odds = np.log(inside / (1 - inside)) - np.log(EVERGREEN_FROM / (1 - EVERGREEN_FROM))
        reach = self._model.kind.reach(*JUMPING)
        near = (np.minimum(odds[1:], odds[:-1]) <= reach) & (np.maximum(odds[1:], odds[:-1]) >= -reach)
        found: NDArray[np.bool_] = near & (np.maximum(kept[1:], kept[:-1]) >= self._model.steady)
        return found


def _first_other(states: Sequence[tuple[Kind, Stage]], now: tuple[Kind, Stage]) -> int | None:
    return next((place for place, each in enumerate(states) if each != now), None)
