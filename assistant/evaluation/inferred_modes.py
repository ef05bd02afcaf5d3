"""The journeys of labelled users in one mode or another, with what they cost, and how the modes compare."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from threadpoolctl import ThreadpoolController

from assistant.evaluation.clusters import ClusterFigures, score_clusters
from assistant.evaluation.intervals import Interval, over_users
from assistant.evaluation.labelled import LabelledUser, Part
from assistant.evaluation.partitions import agreement
from chains.inference import InferenceOptions
from chains.journeys import InferenceMode, Journey
from chains.keywords import extract_keywords
from chains.metering import Usage
from chains.modes import infer_in_mode
from chains.structured import Structured
from vectorstore.activity import normalize
from vectorstore.embeddings import CachedEmbeddings

Found = list[tuple[LabelledUser, list[Journey]]]


@dataclass(frozen=True, slots=True)
class ModeFound:
    """usage: of replies that were asked for now. kept: how many replies came from the cache instead, at no cost."""

    mode: InferenceMode
    found: Found
    usage: Usage
    kept: int


@dataclass(frozen=True, slots=True)
class ModeFigures:
    """How good a mode is and what it costs.

    users: with activity. more: weighted B-cubed F1 over that of the first mode, drawn over the same users; None for the
    first. fell_back: users who have journeys, none of them from a model that was asked. calls, input_tokens,
    output_tokens, cost: for each user that a model was asked about now, and not answered from kept replies; cost is
    None where a model has no price. kept: replies that were kept from before.
    """

    mode: InferenceMode
    clusters: ClusterFigures
    more: Interval | None
    users: int
    fell_back: int
    calls: float
    input_tokens: float
    output_tokens: float
    cost: float | None
    kept: int

    @property
    def tokens(self) -> float:
        return self.input_tokens + self.output_tokens


class KeptReplies:
    """A recorder that counts replies from the cache."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, call: object) -> None:
        self.count += bool(getattr(call, "cached", False))


def infer_mode(
    parts: Sequence[Part],
    mode: InferenceMode,
    structured: Structured,
    kept: KeptReplies,
    embeddings: CachedEmbeddings,
    options: InferenceOptions,
    clock: datetime,
    on_user: Callable[[], None] = lambda: None,
    workers: int = 8,
) -> ModeFound:
    """Users side by side, in their order. kept: among the recorders of structured. Raises BudgetSpent."""
    used, kept_before = structured.meter.total, kept.count
    found: Found = []
    # BLAS is held to one thread from outside, as the limit counts for all threads.
    with ThreadpoolController().limit(limits=1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        tasks: list[tuple[LabelledUser, Future[list[Journey]] | None]] = []
        for models, users in parts:
            for user in users:
                keywords = extract_keywords(event for event in user.activities if event.timestamp <= clock)
                if not keywords:
                    tasks.append((user, None))
                    continue
                vectors = embeddings.embed([keyword.text for keyword in keywords])
                given = mode, keywords, vectors, clock, options, models, structured
                tasks.append((user, pool.submit(infer_in_mode, *given)))
        try:
            for user, task in tasks:
                found.append((user, task.result() if task else []))
                on_user()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return ModeFound(mode, found, _less(structured.meter.total, used), kept.count - kept_before)


def compare_modes(modes: Sequence[ModeFound], priced: bool, seed: int = 0) -> list[ModeFigures]:
    """Side by side; the first is what the others are compared with. priced: whether all models have prices."""
    figures: list[ModeFigures] = []
    for each in modes:
        with_activity = [journeys for user, journeys in each.found if user.activities]
        fell_back = sum(bool(own) and all(journey.mode is not each.mode for journey in own) for own in with_activity)
        asked = max(len(with_activity) - each.kept, 1)
        figures.append(
            ModeFigures(
                mode=each.mode,
                clusters=score_clusters(each.found, seed),
                more=_more(modes[0].found, each.found, seed) if figures else None,
                users=len(with_activity),
                fell_back=fell_back,
                calls=each.usage.calls / asked,
                input_tokens=each.usage.input_tokens / asked,
                output_tokens=each.usage.output_tokens / asked,
                cost=each.usage.cost / asked if priced or each.mode is InferenceMode.CLUSTER else None,
                kept=each.kept,
            )
        )
    return figures


def _more(first: Found, other: Found, seed: int) -> Interval:
    """The middle 95 % of what the weighted F1 of the second is over that of the first."""
    before, after = _f1_of(first), _f1_of(other)
    users = sorted(before)
    units = np.array([before[user][1] for user in users], dtype=float)
    gains = np.array([after[user][0] - before[user][0] for user in users])
    return over_users(lambda drawn: float(np.average(gains[drawn], weights=units[drawn])), len(users), seed)


def _f1_of(found: Found) -> Mapping[str, tuple[float, int]]:
    return {user_id: (f1, units) for user_id, f1, units in _scores(found)}


def _scores(found: Found) -> Iterator[tuple[str, float, int]]:
    for user, journeys in found:
        if len(user.labels) > 1:
            held = {normalize(text): journey.journey_id for journey in journeys for text in journey.texts}
            yield user.user_id, agreement(user.labels, held).b_cubed_f1, len(user.labels)


def _less(usage: Usage, other: Usage) -> Usage:
    return Usage(
        usage.calls - other.calls,
        usage.input_tokens - other.input_tokens,
        usage.output_tokens - other.output_tokens,
        usage.cost - other.cost,
        usage.estimated - other.estimated,
    )
