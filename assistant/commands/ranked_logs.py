"""Logs cut at moments into lists of journeys to be ranked: what training and evaluating a ranker have in common."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from assistant.assistant import JourneyAssistant
from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.ranked_lists import RankedList, ranked_lists
from assistant.evaluation.time_split import check_cuts, cut_moments, split
from assistant.progress import Bars

CUTS = 5
SAMPLE = "sample users"


def lists_of(
    name: str,
    users: Sequence[LabelledUser],
    horizon: timedelta,
    assistant: JourneyAssistant,
    bars: Bars,
    cuts: Sequence[datetime] = (),
) -> tuple[list[RankedList], list[datetime]]:
    """The lists of a log, and the moments at which it was cut: by default five, spread over it."""
    moments = list(cuts) or cut_moments(users, horizon, CUTS)
    check_cuts(users, moments, horizon)
    counted: Callable[[], None] = bars.count(f"Cutting {name}", len(users) * len(moments))
    embeddings, options, models = assistant.embeddings, assistant.options(), assistant.models
    found: list[RankedList] = []
    for moment in moments:
        cut = split(users, moment, horizon, embeddings, options, models, counted)
        found += ranked_lists(cut, moment, embeddings)
    return found, moments
