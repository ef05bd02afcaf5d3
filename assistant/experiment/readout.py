"""The whole readout of an experiment: the check of the arms, guards, rates, lifts, how long it must run, a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass

from assistant.experiment.cuped import Adjusted, adjusted_lift
from assistant.experiment.guards import Guarded, guard
from assistant.experiment.lifts import Always, Lift, lift_of
from assistant.experiment.metrics import GUARDS, METRICS, Metric
from assistant.experiment.power import Plan, plan
from assistant.experiment.rates import Rate
from assistant.experiment.ratio_check import RatioCheck, check_ratio
from assistant.experiment.results import ArmResults, Results
from chains.experiment_arms import Arm


@dataclass(frozen=True, slots=True)
class Asked:
    """shares: as users were assigned. primary: the metric that decides. wanted: the relative lift hoped for, above 0,
    fixed beforehand. most_harm: the relative rise of a guard that may be, above 0. days: how long it has run, None
    where that is not known."""

    shares: Mapping[Arm, float]
    primary: Metric
    wanted: float = 0.1
    most_harm: float = 0.25
    days: float | None = None


@dataclass(frozen=True, slots=True)
class Compared:
    """One metric of one arm against another. lift: None where there are too few events. adjusted: by what users did
    before. guarded: of a guard only."""

    metric: Metric
    treated: Arm
    control: Arm
    lift: Lift | None
    adjusted: Adjusted | None
    guarded: Guarded | None = None

    @property
    def best(self) -> Lift | None:
        """The adjusted lift where there is one."""
        return self.adjusted.lift if self.adjusted else self.lift


@dataclass(frozen=True, slots=True)
class Readout:
    """rates: by metric and arm, those that can be told. guards, lifts: journey over interest first, then each over the
    holdout. primary: the one of lifts that decides; None where it cannot be told."""

    asked: Asked
    ratio: RatioCheck
    rates: Mapping[Metric, Mapping[Arm, Rate]]
    guards: tuple[Compared, ...]
    lifts: tuple[Compared, ...]
    primary: Compared | None
    always: Always | None
    plan: Plan | None


_PAIRS = ((Arm.JOURNEY, Arm.INTEREST), (Arm.JOURNEY, Arm.HOLDOUT), (Arm.INTEREST, Arm.HOLDOUT))


def read_out(results: Results, asked: Asked) -> Readout:
    """All figures of the results; the same results in any order give the same."""
    rates = {
        metric: {arm: rate for arm, own in results.arms.items() if (rate := own.rate(metric)) is not None}
        for metric in METRICS
    }
    compared = [
        _compared(metric, pair, rates[metric], results.arms, asked)
        for pair in _PAIRS
        for metric in METRICS
        if all(arm in rates[metric] for arm in pair)
    ]
    lifts = tuple(each for each in compared if each.metric not in GUARDS)
    primary = next(
        (each for each in lifts if each.metric == asked.primary and (each.treated, each.control) == _PAIRS[0]), None
    )
    best = primary.best if primary else None
    return Readout(
        asked=asked,
        # Of users of whom feedback came the holdout has none, and an arm that people like better has more.
        ratio=check_ratio(results.users if results.assigned is None else results.assigned, asked.shares),
        rates={metric: own for metric, own in rates.items() if own},
        guards=tuple(each for each in compared if each.metric in GUARDS),
        lifts=lifts,
        primary=primary,
        always=best.always(asked.wanted) if best else None,
        plan=plan(best.error, asked.wanted, asked.days) if best and best.error else None,
    )


def _compared(
    metric: Metric, pair: tuple[Arm, Arm], rates: Mapping[Arm, Rate], arms: Mapping[Arm, ArmResults], asked: Asked
) -> Compared:
    treated, control = (rates[arm] for arm in pair)
    before = [arms[arm].before(metric) for arm in pair]
    adjusted = adjusted_lift(treated, control, before[0], before[1]) if before[0] and before[1] else None
    guarded = guard(treated, control, asked.most_harm) if metric.guard else None
    return Compared(metric, pair[0], pair[1], lift_of(treated, control), adjusted, guarded)
