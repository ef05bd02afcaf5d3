"""What an experiment says, in one plain sentence."""

from assistant.experiment.guards import Harm
from assistant.experiment.lifts import Lift
from assistant.experiment.ratio_check import REFUSED_BELOW
from assistant.experiment.readout import Readout
from chains.experiment_arms import Arm
from chains.wording import count_text


def verdict_of(readout: Readout) -> str:
    """The check of the arms goes before the guards, and these before the lift; where one fails no later one counts."""
    if not readout.ratio.passes:
        return (
            f"No verdict: the arms hold other numbers of users than they should (p {_small(readout.ratio.p)}), so find "
            "out why users are missing before anything here is believed."
        )
    asked = readout.asked
    guards = [each for each in readout.guards if (each.treated, each.control) == (Arm.JOURNEY, Arm.INTEREST)]
    for each in guards:
        if each.guarded and each.guarded.harm is Harm.DONE:
            rise = f"by {percent(each.guarded.low)} or more"
            return f"Journey does harm: its {each.metric.name} rate is higher than that of interest, {rise}: stop it."
    name = asked.primary.name
    if readout.primary is None:
        return f"No verdict: {name} is not told of both the interest and the journey arm."
    lift = readout.primary.best
    if lift is None:
        return f"No verdict: too few events of {name} to compare; let it run on."
    told = f"{name} {percent(lift.value)} against interest ({range_of(lift)})"
    if lift.high < 0:
        return f"Journey is worse: {told}: keep interest."
    if lift.low <= 0:
        return f"No difference is shown: {told}; {_still(readout)}."
    unsure = [each.metric.name for each in guards if each.guarded and each.guarded.harm is Harm.OPEN]
    if unsure or not guards:
        which = " and ".join(unsure) if unsure else "unsubscribe and complaint"
        return (
            f"Journey is better: {told}, but that it raises {which} by {asked.most_harm:.0%} or more is not excluded: "
            "let it run on."
        )
    return (
        f"Journey is better: {told}, and a rise of {' and '.join(each.metric.name for each in guards)} by "
        f"{asked.most_harm:.0%} or more is excluded."
    )


def _still(readout: Readout) -> str:
    plan = readout.plan
    if plan is None:
        return "let it run on"
    if plan.times <= 1:
        return f"a lift of {percent(plan.wanted)} would most likely have been seen"
    if plan.more:
        return f"{count_text(plan.more, 'more day')} would find a lift of {percent(plan.wanted)}"
    return f"{plan.times:.1f} times as many users would find a lift of {percent(plan.wanted)}"


def range_of(lift: Lift) -> str:
    return f"95 % from {percent(lift.low)} to {percent(lift.high)}"


def percent(part: float) -> str:
    """With its sign, such as +12.3 %."""
    return f"{round(100 * part, 1) + 0.0:+.1f} %"


def _small(p: float) -> str:
    return "under 0.000001" if p < 1e-6 else f"{p:.6f}".rstrip("0") if p < REFUSED_BELOW else f"{p:.3f}"
