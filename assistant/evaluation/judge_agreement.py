"""How a judge agrees with people: the same question as in use is asked of what people rated, and compared."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import TypeVar

from pydantic import JsonValue

from assistant.evaluation.human_levels import JourneyLabel, RatedNames, RatedQuery
from assistant.evaluation.level_agreement import LevelAgreement, Table, level_agreement, table_of
from assistant.kept_judgements import JudgeTask
from chains.judgement import median_level, sample_agreement

_Unit = TypeVar("_Unit")
_Rated = TypeVar("_Rated", RatedQuery, RatedNames)

#: What a judge must reach before figures may rest on it.
KAPPA, WITHIN_ONE, SPEARMAN = 0.60, 0.90, 0.65
#: Labels on which this must hold, at least: with fewer the intervals span half the scale.
LEAST_COMPARED = 30


@dataclass(frozen=True, slots=True)
class JudgedItem:
    """One thing that people rated. group: what it belongs to. humans: one level a rater, at least one. scores: of the
    judge's samples, () where there is none; model: whose they are. because: why there is none."""

    group: str
    humans: tuple[int, ...]
    scores: tuple[int, ...]
    model: str = ""
    because: str = ""


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """rated: things that people rated and that were asked about. compared: those with a score of this judge. missing:
    labels of journeys that are stored no longer. consistency: mean share of pairs of samples that agree exactly.

    judge: the judge's score against the middle of the raters' levels. Where there are several raters: each_rater, the
    judge against each one of them, and humans, each pair of raters on the same thing; these two are to be compared.
    """

    task: JudgeTask
    model: str
    prompt_version: str
    samples: int
    rated: int
    compared: int
    missing: int
    consistency: float | None
    judge: LevelAgreement | None
    each_rater: LevelAgreement | None
    humans: LevelAgreement | None
    because: str

    @property
    def passes(self) -> bool:
        """Whether the figures reach the bars, on enough labels; the intervals are there to be looked at."""
        return self.judge is not None and (
            self.compared >= LEAST_COMPARED
            and self.judge.kappa.value >= KAPPA
            and self.judge.within_one.value >= WITHIN_ONE
            and self.judge.spearman.value >= SPEARMAN
        )

    def figures(self) -> dict[str, JsonValue]:
        """As JSON, what is not a number as null."""
        bars: dict[str, JsonValue] = {
            "compared": LEAST_COMPARED,
            "kappa": KAPPA,
            "within_one": WITHIN_ONE,
            "spearman": SPEARMAN,
        }
        told = {name: _plain(value) for name, value in asdict(self).items()}
        return {**told, "bars": bars, "passes": self.passes}


def agreement_of(
    items: Sequence[JudgedItem], task: JudgeTask, prompt_version: str, samples: int, missing: int = 0
) -> JudgeAgreement:
    """Of the judge that gave most scores; what another gave, standing in for it, is left out as without a score."""
    models = Counter(item.model for item in items if item.scores)
    model = max(sorted(models), key=lambda label: models[label], default="")
    scored = [item for item in items if item.scores and item.model == model]
    agreed = [share for item in scored if (share := sample_agreement(item.scores)) is not None]
    several = any(len(item.humans) > 1 for item in items)
    by_group = _grouped(scored)
    return JudgeAgreement(
        task=task,
        model=model,
        prompt_version=prompt_version,
        samples=samples,
        rated=len(items),
        compared=len(scored),
        missing=missing,
        consistency=math.fsum(agreed) / len(agreed) if agreed else None,
        judge=level_agreement([_against_middle(group) for group in by_group]),
        each_rater=level_agreement([_against_each(group) for group in by_group]) if several else None,
        humans=level_agreement([_among_raters(group) for group in _grouped(items)]) if several else None,
        because="; ".join(dict.fromkeys(item.because for item in items if item.because)),
    )


def labels_by_journey(labels: Iterable[JourneyLabel]) -> dict[str, dict[str, tuple[int, ...]]]:
    """By user and journey, the levels in order of rater."""
    found: dict[str, dict[str, tuple[int, ...]]] = {}
    for label in sorted(labels, key=lambda each: (each.user_id, each.journey_id, each.rater)):
        of_user = found.setdefault(label.user_id, {})
        of_user[label.journey_id] = (*of_user.get(label.journey_id, ()), label.level)
    return found


def judge_each(
    units: Sequence[_Unit], judge: Callable[[_Unit], list[JudgedItem]], workers: int, on_unit: Callable[[], None]
) -> list[JudgedItem]:
    """Judges units side by side, and gives the items in the order of the units. Raises BudgetSpent."""
    pool = ThreadPoolExecutor(workers)
    found: list[JudgedItem] = []
    try:
        for items in pool.map(judge, units):
            found.extend(items)
            on_unit()
    finally:
        pool.shutdown(cancel_futures=True)
    return found


def taken(units: Sequence[_Rated], limit: int | None, order: Sequence[int]) -> list[_Rated]:
    """Units in the order given, as a draw has it, until they have as many ratings as asked for; None takes all."""
    if limit is None:
        return list(units)
    chosen: list[int] = []
    count = 0
    for place in order:
        if count >= limit:
            break
        chosen.append(place)
        count += len(units[place].levels)
    return [units[place] for place in sorted(chosen)]


def _grouped(items: Iterable[JudgedItem]) -> list[list[JudgedItem]]:
    groups: dict[str, list[JudgedItem]] = {}
    for item in items:
        groups.setdefault(item.group, []).append(item)
    return [groups[group] for group in sorted(groups)]


def _against_middle(items: Sequence[JudgedItem]) -> Table:
    return table_of([median_level(item.scores) for item in items], [median_level(item.humans) for item in items])


def _against_each(items: Sequence[JudgedItem]) -> Table:
    pairs = [(median_level(item.scores), human) for item in items for human in item.humans]
    return table_of([judge for judge, _ in pairs], [human for _, human in pairs])


def _among_raters(items: Sequence[JudgedItem]) -> Table:
    pairs = [pair for item in items for pair in combinations(item.humans, 2)]
    return table_of([first for first, _ in pairs], [second for _, second in pairs])


def _plain(value: object) -> JsonValue:
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return value if isinstance(value, str | int | bool) or value is None else str(value)
