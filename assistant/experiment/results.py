"""What came of each user of an experiment, from a file of results."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path

import numpy as np

from assistant.experiment.cuped import Before
from assistant.experiment.metrics import COUNTS, USERS, Metric
from assistant.experiment.rates import Numbers, Rate, rate_of
from chains.experiment_arms import Arm
from vectorstore.columns import PlainColumns
from vectorstore.errors import InputError
from vectorstore.readers import log_files, read_rows
from vectorstore.rows import Rejected

_BEFORE = "pre_"
#: The columns of a file of results, in their order.
RESULT_COLUMNS = PlainColumns(("user_id", "arm"), (*COUNTS, *(_BEFORE + name for name in COUNTS)))
_TWO_ARMS = "user in two arms"


@dataclass(frozen=True, slots=True)
class UserRow:
    """counts: by the name of a column, where it was told; a count that is not told is not the same as 0."""

    user_id: str
    arm: Arm
    counts: Mapping[str, float]


@dataclass(frozen=True)
class ArmResults:
    """The users of one arm. counts: (users,) by the name of a column; one that no row tells is not there."""

    users: int
    counts: Mapping[str, Numbers]

    def rate(self, metric: Metric) -> Rate | None:
        """None where the counts are not there, or there was nothing to divide by."""
        top, bottom = self._count(metric.top), self._count(metric.bottom)
        return None if top is None or bottom is None or not self.users else rate_of(top, bottom)

    def before(self, metric: Metric) -> Before | None:
        """What the same users did in the period before; None where that is not told."""
        top = self.counts.get(_BEFORE + metric.top)
        bottom = np.ones(self.users) if metric.bottom == USERS else self.counts.get(_BEFORE + metric.bottom)
        return None if top is None or bottom is None else Before(top, bottom)

    def _count(self, name: str) -> Numbers | None:
        return np.ones(self.users) if name == USERS else self.counts.get(name)


@dataclass(frozen=True)
class Results:
    """rejected: rows that could not be read, by reason. mixed: users who were found in two arms, and are left out.
    assigned: how many users were assigned to each arm, whether or not anything came of them; None where that is not
    known."""

    arms: Mapping[Arm, ArmResults]
    mixed: int = 0
    rejected: Counter[str] = field(default_factory=Counter)
    assigned: Mapping[Arm, int] | None = None

    @property
    def users(self) -> dict[Arm, int]:
        return {arm: own.users for arm, own in self.arms.items()}


def gather(rows: Iterable[UserRow | Rejected]) -> Results:
    """Rows in any order; what several rows tell of a user is added up."""
    arm_of: dict[str, Arm] = {}
    summed: dict[str, Counter[str]] = {}
    mixed: set[str] = set()
    rejected: Counter[str] = Counter()
    for row in rows:
        if isinstance(row, Rejected):
            rejected[row.reason] += 1
            continue
        if arm_of.setdefault(row.user_id, row.arm) is not row.arm:
            mixed.add(row.user_id)
        summed.setdefault(row.user_id, Counter()).update(row.counts)
    told = sorted({name for counts in summed.values() for name in counts})
    arms = {}
    for arm in Arm:
        # In order of user, so that the last bits do not hang on the order of the rows.
        own = [summed[user] for user in sorted(summed) if arm_of[user] is arm and user not in mixed]
        if own:
            counts = {name: np.array([each[name] for each in own], dtype=np.float64) for name in told}
            arms[arm] = ArmResults(len(own), counts)
    return Results(arms, len(mixed), rejected)


def read_results(path: Path, max_rejected: float) -> Results:
    """A file of CSV, JSONL or Parquet with the columns of RESULT_COLUMNS, one row a user or several.

    max_rejected: the share of bad rows that is still well. Raises InputError for another file, or more bad rows.
    """
    (source,) = log_files([path])[:1]
    count = 0

    def counted() -> Iterator[UserRow | Rejected]:
        nonlocal count
        for line, values in read_rows(source, RESULT_COLUMNS):
            count += 1
            row = values if isinstance(values, str) else _row(values)
            yield Rejected(str(source), line, row) if isinstance(row, str) else row

    results = gather(counted())
    bad = results.rejected.total()
    if bad > max_rejected * count:
        reason, often = results.rejected.most_common(1)[0]
        raise InputError(
            f"{source}: {bad:,} of {count:,} rows could not be read, over the {max_rejected * 100:.3g} % allowed; "
            f"most often: {reason} ({often:,}): mend them, or raise max_rejected"
        )
    if not results.arms:
        raise InputError(f"{source}: no results in it: one row a user, with {', '.join(RESULT_COLUMNS.wanted[:5])} …")
    return results


def _row(values: tuple[object, ...]) -> UserRow | str:
    user_id, arm = ("" if value is None else str(value).strip() for value in values[:2])
    if not user_id:
        return "missing user"
    if arm.lower() not in set(Arm):
        return f"arm: none of {', '.join(Arm)}"
    counts = {}
    for name, value in zip(RESULT_COLUMNS.wanted[2:], values[2:], strict=True):
        if value is None or value == "" or value != value:
            continue
        number = _number(value)
        if number is None:
            return f"{name}: not a count"
        counts[name] = number
    if counts.get("survey_positive", 0) > counts.get("answered", counts.get("survey_positive", 0)):
        return "survey_positive: more than answered"
    return UserRow(user_id, Arm(arm.lower()), counts)


def _number(value: object) -> float | None:
    try:
        number = float(str(value))
    except ValueError:
        return {"true": 1.0, "false": 0.0}.get(str(value).strip().lower())
    return number if isfinite(number) and number >= 0 else None
