"""What is known of a run, to lay two beside each other: counts only, nobody's texts.

The library keeps each user's current journeys. What a run wrote into its own record (how many users and journeys, what
changed, what models used, what judges said) stays; how its journeys were spread over kinds, names and confidence is
known only of those that are still current.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import add
from threading import Lock
from typing import TYPE_CHECKING

from assistant.judge_gate import Gate, gate_for
from assistant.kept_usage import UsageByStep
from assistant.runs import Run
from assistant.sample_quality import SampleQuality, sample_quality
from chains.journeys import Journey, Kind, Policy, Stage
from chains.judgement import LEVELS, Judgement
from chains.metering import Usage
from vectorstore.errors import InputError

if TYPE_CHECKING:
    from assistant.assistant import JourneyAssistant

#: A journey with at least this score is judged good.
GOOD = 4
BINS = 10
_KEPT = 8
_ALLOW, _OTHER = "allow", "other"


@dataclass(frozen=True, slots=True)
class JudgedRun:
    """What one judge said of journeys of a run. levels: how many got 1, 2, 3, 4 and 5. gate: whether it may be relied
    on."""

    model: str
    prompt_version: str
    levels: tuple[int, ...]
    gate: Gate

    @property
    def judged(self) -> int:
        return sum(self.levels)

    @property
    def good(self) -> int:
        return sum(self.levels[GOOD - LEVELS[0] :])

    @property
    def mean(self) -> float:
        return sum(level * count for level, count in zip(LEVELS, self.levels, strict=True)) / max(self.judged, 1)


@dataclass(frozen=True, slots=True)
class CurrentJourneys:
    """Of the journeys of a run that are still current, how many of each. users: whose they are. confidence: by tenths,
    from 0 to 1. fallbacks: by the reason why a model has no part. safety: "allow", or the category,
    those with few journeys together as "other"."""

    users: int
    journeys: int
    standing: Mapping[str, int]
    confidence: tuple[int, ...]
    named_by: Mapping[str, int]
    fallbacks: Mapping[str, int]
    safety: Mapping[str, int]

    @property
    def mean_a_user(self) -> float:
        return self.journeys / self.users if self.users else 0.0


@dataclass(frozen=True, slots=True)
class RunQuality:
    """users, journeys of the run: as it ended. current: None where every user has been inferred anew since. changes: by
    kind. judged: each judge of its journeys."""

    run: Run
    changes: Mapping[str, int]
    usage: UsageByStep
    judged: tuple[JudgedRun, ...]
    current: CurrentJourneys | None

    @property
    def used(self) -> Usage:
        return reduce(add, self.usage.values(), Usage())

    @property
    def is_whole(self) -> bool:
        """Whether every user of the run still has the journeys that it made."""
        return self.current is not None and self.current.users == self.run.users


@dataclass
class RunQualities:
    """assistant: whose runs. Any thread may ask; what was counted is kept until something changes."""

    assistant: "JourneyAssistant"
    _lock: Lock = field(default_factory=Lock)
    _kept: dict[tuple[object, ...], CurrentJourneys | None] = field(default_factory=dict)
    _sample: tuple[object, SampleQuality | None] | None = None

    def of(self, run_id: str) -> RunQuality:
        """Raises InputError for a run that is not there."""
        library = self.assistant.library
        run = next((run for run in library.runs() if run.run_id == run_id), None)
        if run is None:
            raise InputError(f"there is no run {run_id!r}: choose one of those that are named")
        judgements = [each.judgement for each in library.judgements() if each.judgement.run_id == run_id]
        return RunQuality(
            run=run,
            changes=library.change_counts(run_id),
            usage=library.usage(run_id),
            judged=judged_run(judgements, lambda model, prompt: gate_for(model, prompt, library.validations())),
            current=self._current(run_id),
        )

    def sample(self) -> SampleQuality | None:
        """Of the sample users, None where others are in the library."""
        key = self.assistant.library.count()
        with self._lock:
            if self._sample is None or self._sample[0] != key:
                self._sample = (key, sample_quality(self.assistant))
            return self._sample[1]

    def read_ahead(self) -> None:
        """What the first who looks at the last two runs would wait for."""
        for run in [run for run in self.assistant.library.runs() if run.finished is not None][:2]:
            self._current(run.run_id)
        self.sample()

    @property
    def _least(self) -> int:
        return self.assistant.settings.catalogue.min_users

    def _current(self, run_id: str) -> CurrentJourneys | None:
        library = self.assistant.library
        key = (run_id, library.count(), library.corrected(), next((run.state for run in library.runs()), None))
        with self._lock:
            if key not in self._kept:
                users = library.done_users(run_id)
                found = current_journeys(library.all_journeys(users), len(users), self._least) if users else None
                while len(self._kept) >= _KEPT:
                    self._kept.pop(next(iter(self._kept)))
                self._kept[key] = found
            return self._kept[key]


def current_journeys(journeys: Iterable[Journey], users: int, least: int = 1) -> CurrentJourneys:
    """Counts journeys, in one pass. users: how many have them, or had none found. least: sensitive categories with
    fewer journeys are not told one by one."""
    standing: Counter[str] = Counter()
    named_by: Counter[str] = Counter()
    fallbacks: Counter[str] = Counter()
    safety: Counter[str] = Counter()
    bins = [0] * BINS
    count = 0
    for journey in journeys:
        count += 1
        standing[standing_of(journey)] += 1
        named_by[journey.named_by.value] += 1
        if journey.fallback:
            fallbacks[journey.fallback] += 1
        allowed = journey.safety.policy is Policy.ALLOW
        safety[_ALLOW if allowed else journey.safety.category or "topic"] += 1
        bins[min(int(journey.confidence * BINS), BINS - 1)] += 1
    for name in [name for name, number in safety.items() if name != _ALLOW and number < least]:
        safety[_OTHER] += safety.pop(name)
    return CurrentJourneys(users, count, standing, tuple(bins), named_by, fallbacks, safety)


def standing_of(journey: Journey) -> str:
    """evergreen, ongoing or ended."""
    if journey.kind is Kind.EVERGREEN:
        return "evergreen"
    return "ended" if journey.stage is Stage.ENDED else "ongoing"


def judged_run(judgements: Iterable[Judgement], gate: Callable[[str, str], Gate]) -> tuple[JudgedRun, ...]:
    """By judge and prompt, the one with most journeys first."""
    levels: dict[tuple[str, str], list[int]] = {}
    for each in judgements:
        if each.score is not None:
            counted = levels.setdefault((each.model, each.prompt_version), [0] * len(LEVELS))
            counted[each.score - LEVELS[0]] += 1
    found = [JudgedRun(model, prompt, tuple(own), gate(model, prompt)) for (model, prompt), own in levels.items()]
    return tuple(sorted(found, key=lambda each: (-each.judged, each.model, each.prompt_version)))


def cost_of_good(found: RunQuality) -> float | None:
    """What the run cost for each journey that a validated judge calls good.

    Journeys are judged by sample, so the share of good ones is taken for all. None without a validated judge, without
    a good journey, or without a cost.
    """
    judge = next((each for each in found.judged if each.gate.is_open and each.good), None)
    if judge is None or not found.used.cost or not found.run.journeys:
        return None
    return found.used.cost / (found.run.journeys * judge.good / judge.judged)
