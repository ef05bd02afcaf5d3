"""The rhythm of a journey at later moments at which nobody has done anything more: what the clock alone changes."""

import numpy as np

from chains.rhythm import FEATURES, JourneyRhythm, Numbers, UserRhythm

_LITTLE, _FADED, _LEAST_AGE = 0.25, 0.02, 7.0
_WEEK, _MONTH, _SEASON = 7.0, 28.0, 90.0
_AT = {name: place for place, name in enumerate(FEATURES)}


def features_ahead(rhythm: JourneyRhythm, user: UserRhythm, moments: Numbers) -> Numbers:
    """(m, FEATURES) of one journey at m moments from the user's own on, in days since 1970.

    As `rhythm_features` gives them one by one, for a fraction of the time.
    """
    features = np.tile(rhythm.features(user), (len(moments), 1))
    days, times = np.array(rhythm.days, dtype=np.float64), np.array(rhythm.times)
    count, first = len(days), times[0]
    gap, age = moments - rhythm.last, moments - first
    fading = days[None, :] - moments[:, None]
    week, month, season = (np.exp(fading / fades).sum(axis=1) for fades in (_WEEK, _MONTH, _SEASON))
    user_month = np.exp((user.days[None, :] - moments[:, None]) / _MONTH).sum(axis=1)
    user_gap, user_age = _log(moments - user.last), _log(moments - user.first)
    pause = user.usual_pause if len(user.days) > 1 else np.maximum(moments - user.first, 1.0)
    weeks = np.sort((moments[:, None] - times[None, :]) // _WEEK, axis=1)
    changed = {
        "gap": _log(gap),
        "age": _log(age),
        "gap_to_pause": _log(gap) - rhythm.usual if count > 1 else np.zeros(len(moments)),
        "week": np.log(week + _FADED),
        "month": np.log(month + _FADED),
        "season": np.log(season + _FADED),
        "rate": np.log(count / np.maximum(age, _LEAST_AGE)),
        "share": month / np.maximum(user_month, 1e-9),
        "user_month": np.log(user_month + _FADED),
        "user_gap": user_gap,
        "user_age": user_age,
        "user_gap_to_pause": user_gap - _log(np.asarray(pause)),
        "weeks": (1 + (np.diff(weeks, axis=1) > 0).sum(axis=1)) / (age // _WEEK + 1),
        "span_of_user": age / np.maximum(moments - user.first, _LITTLE),
        "late": (count - np.searchsorted(days, moments - age / 2, side="right")) / count,
    }
    for name, values in changed.items():
        features[:, _AT[name]] = values
    return features


#: What jumps as time goes on; all else changes smoothly. Both lie in [0, 1].
JUMPING = ("weeks", "late")


def jumps_ahead(rhythm: JourneyRhythm, user: UserRhythm, until: float) -> Numbers:
    """(m,) rising days from the user's moment on, over 0 and up to `until`, right after which features jump.

    `weeks` does where an event grows a week older, `late` where half of the journey's age reaches an active day.
    """
    older = _WEEK - (user.now - np.array(rhythm.times)) % _WEEK
    weeks = (older[None, :] + _WEEK * np.arange(max(until / _WEEK, 0.0) + 1)[:, None]).ravel()
    halves = 2 * np.array(rhythm.days, dtype=np.float64) - rhythm.times[0] - user.now
    jumps: Numbers = np.unique(np.concatenate([weeks, halves]))
    return jumps[(jumps > 0) & (jumps <= until)]


def users_ahead(user: UserRhythm, moments: Numbers) -> Numbers:
    """(m, USER_FEATURES) of the user at m moments, as `UserRhythm.features` gives them."""
    features = np.tile(user.features, (len(moments), 1))
    features[:, -2] = np.log(len(user.days) / np.maximum(moments - user.first, _LEAST_AGE))
    return features


def _log(days: Numbers) -> Numbers:
    logs: Numbers = np.log(np.maximum(days, 0.0) + _LITTLE)
    return logs
