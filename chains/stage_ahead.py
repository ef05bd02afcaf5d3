"""When a journey becomes another kind or stage by the clock alone, while its user does nothing more."""

from collections.abc import Sequence

import numpy as np

from chains.returning import HORIZON
from chains.rhythm import FEATURES, JourneyRhythm, Numbers, UserRhythm
from chains.rhythm_ahead import features_ahead, users_ahead
from chains.stage import Staging, kind_and_stage, odds_kept
from chains.stage_model import StageModel

# Days from now at which is looked, each a little more after the one before; the last is looked at again when it comes.
_STEP, _FURTHEST = 1.25, 730.0


def days_ahead() -> Numbers:
    """(m,) from 0 on, rising."""
    days = [0.0, 0.5]
    while days[-1] < _FURTHEST:
        days.append(max(days[-1] + 0.5, days[-1] * _STEP))
    return np.array(days)


def unchanged_for(journeys: Sequence[Staging], user: UserRhythm, model: StageModel, embedding: str) -> float | None:
    """Days from the user's moment on for which kind and stage of all of his journeys stay, at least 0; None for ever.

    A safe bound: the last moment looked at before the first change. What has ended stays so, so that only journeys
    which are ongoing have to be given.
    """
    if not journeys:
        return None
    ahead = days_ahead()
    wide, users = len(ahead), users_ahead(user, user.now + ahead)
    rhythms = [JourneyRhythm(each.events, each.texts) for each in journeys]
    features = np.concatenate([features_ahead(each, user, user.now + ahead) for each in rhythms])
    then = [np.broadcast_to(each.features(user.just_after(each.last)), (wide, len(FEATURES))) for each in rhythms]
    of_users = np.tile(users, (2 * len(journeys), 1))
    chances = np.round(model.returning.probability(np.concatenate([features, *then]), of_users, HORIZON), 6)
    back, fresh = chances.reshape(2, -1)
    kept = np.round(odds_kept(back, fresh), 6)
    centres = np.repeat(np.stack([each.centre for each in journeys]), wide, axis=0)
    evergreen = np.round(model.kind.evergreen(features, centres, embedding), 6)
    figures = zip(kept.tolist(), evergreen.tolist(), [len(each.days) for each in rhythms for _ in ahead], strict=True)
    states = [kind_and_stage(*each, model) for each in figures]
    now = states[::wide]
    changed = [place % wide for place, state in enumerate(states) if state != now[place // wide]]
    return float(ahead[min(changed) - 1 if changed else -1])
