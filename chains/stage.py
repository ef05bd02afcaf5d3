"""Whether a journey is situational or evergreen, and whether it is over: learned from rhythm and meaning."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

import numpy as np

from chains.journeys import Kind, Stage
from chains.returning import HORIZON
from chains.rhythm import DAY, JourneyRhythm, Numbers, UserRhythm
from chains.stage_model import StageModel
from chains.texts import Floats
from chains.wording import count_text, date_text, days_text
from vectorstore.activity import Activity, days_of

EVERGREEN_DAYS = 3  # active days that an evergreen journey takes: two are no habit
EVERGREEN_FROM = 0.5  # probability of evergreen
_LEAST = 1e-6


@dataclass(frozen=True, slots=True)
class Staging:
    """What is asked of one journey. events: at least one, in order of time. texts: how many are distinct, at least 1.

    centre: (d,) unit length. called_off: a hard end. features: of its rhythm at the user's moment, where they were
    measured already.
    """

    events: Sequence[Activity]
    texts: int
    centre: Floats
    called_off: bool = False
    features: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Staged:
    """What a journey's rhythm says. reason: one sentence for people, with the figures behind it.

    return_probability: that the user comes back to it within 28 days.
    """

    kind: Kind
    stage: Stage
    reason: str
    return_probability: float


def stage(journeys: Sequence[Staging], user: UserRhythm, model: StageModel, embedding: str) -> list[Staged]:
    """Kind and stage of one user's journeys, in their order. embedding: the name of the model that made the centres.

    A situational journey is over once silence has taken so much from the odds of a return that less than the model's
    `ongoing` is left of what they were right after its last event, or when it was called off. One that the model takes
    for evergreen is so while it keeps `steady` of them; one that stops is no longer evergreen.
    """
    if not journeys:
        return []
    rhythms = [JourneyRhythm(each.events, each.texts) for each in journeys]
    features = np.array(
        [each.features or rhythm.features(user) for each, rhythm in zip(journeys, rhythms, strict=True)]
    )
    then = [rhythm.features(user.just_after(rhythm.last)) for rhythm in rhythms]
    chances = model.returning.probability(np.concatenate([features, then]), user.features[None, :], HORIZON)
    # Rounded, so that what lies on a threshold falls on one side whatever the last bit is.
    back, fresh = np.round(chances.reshape(2, -1), 6)
    kept = np.round(odds_kept(back, fresh), 6)
    centres = np.stack([each.centre for each in journeys])
    evergreen = np.round(model.kind.evergreen(features, centres, embedding), 6).tolist()
    return [
        _staged(journey, user, model, *figures)
        for journey, *figures in zip(journeys, back.tolist(), kept.tolist(), evergreen, strict=True)
    ]


def just_after(events: Sequence[Activity], texts: int, user: UserRhythm) -> Numbers:
    """(FEATURES,) of a journey right after its last event, when nothing later was known of the user."""
    rhythm = JourneyRhythm(events, texts)
    return rhythm.features(user.just_after(rhythm.last))


def odds_kept(back: Numbers, fresh: Numbers) -> Numbers:
    """What is left of the odds of a return: those of one probability over those of another, over 0."""
    back, fresh = np.clip(back, _LEAST, 1 - _LEAST), np.clip(fresh, _LEAST, 1 - _LEAST)
    kept: Numbers = back / (1 - back) * (1 - fresh) / fresh
    return kept


def kind_and_stage(kept: float, evergreen: float, days: int, model: StageModel) -> tuple[Kind, Stage]:
    """Of a journey that was not called off. kept: see `odds_kept`. evergreen: its probability. days: active ones."""
    if evergreen >= EVERGREEN_FROM and kept >= model.steady and days >= EVERGREEN_DAYS:
        return Kind.EVERGREEN, Stage.ONGOING
    return Kind.SITUATIONAL, Stage.ENDED if kept < model.ongoing else Stage.ONGOING


def _staged(
    journey: Staging, user: UserRhythm, model: StageModel, back: float, kept: float, evergreen: float
) -> Staged:
    first, last = journey.events[0].timestamp, journey.events[-1].timestamp
    if journey.called_off:
        return Staged(Kind.SITUATIONAL, Stage.ENDED, f"called off; last activity {date_text(last)}", back)
    days = sorted(day.toordinal() for day in days_of(journey.events))
    usual = median(later - earlier for earlier, later in pairwise(days)) if len(days) > 1 else None
    quiet = f"quiet for {days_text(user.now - last.timestamp() / DAY)}"
    chance = f"{back:.0%} chance of a return within {HORIZON:.0f} days".replace("%", " %")
    kind, state = kind_and_stage(kept, evergreen, len(days), model)
    if kind is Kind.EVERGREEN:
        rhythm = f", usually every {_every(usual)}" if usual else ""
        active = f"active on {count_text(len(days), 'day')} since {date_text(first)}{rhythm}"
        return Staged(kind, state, f"{active}; {chance}", back)
    if state is Stage.ENDED:
        rhythm = f", usually every {_every(usual)}" if usual else ""
        return Staged(kind, state, f"{quiet}{rhythm}; {chance}", back)
    active = f"on {date_text(first)}" if len(days) == 1 else f"from {date_text(first)} to {date_text(last)}"
    return Staged(kind, state, f"active {active}, {quiet}; {chance}", back)


def _every(days: float) -> str:
    """day, 9 days: how often."""
    return days_text(days).removeprefix("1 ")
