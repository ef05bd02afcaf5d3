"""What the terminal shows of judgements and of a judge's agreement with people. Users' words are text, never markup."""

import math
from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from assistant.evaluation.judge_agreement import KAPPA, LEAST_COMPARED, SPEARMAN, WITHIN_ONE, JudgeAgreement
from assistant.evaluation.level_agreement import Figure, LevelAgreement
from chains.judgement import LEVELS, Judgement
from chains.wording import count_text

_BARS = {"kappa": KAPPA, "within_one": WITHIN_ONE, "spearman": SPEARMAN}
_NAMES = {
    "exact": "same level",
    "within_one": "within one level",
    "kappa": "quadratic weighted kappa",
    "spearman": "Spearman",
    "kendall": "Kendall tau-b",
}


def judgements_table(judgements: Sequence[Judgement]) -> Table:
    """One row a journey. Samples: the scores in their order, where they are not all the same."""
    table = _table("User", "", "Journey", "Score", "Samples", "Because")
    for each in judgements:
        samples = "" if each.agreement in (None, 1.0) else " ".join(map(str, each.scores))
        score = "–" if each.score is None else str(each.score)
        told = each.explanation or each.because
        table.add_row(Text(each.user_id), str(each.rank), Text(each.name), score, samples, Text(told))
    return table


def levels_text(judgements: Sequence[Judgement]) -> str:
    """How the scores spread over the levels, their mean, and how far the samples agree."""
    scores = [each.score for each in judgements if each.score is not None]
    if not scores:
        return "no journey has a score"
    shares = ", ".join(f"{level}: {scores.count(level)}" for level in reversed(LEVELS))
    agreed = [each.agreement for each in judgements if each.agreement is not None]
    widest = max(each.spread for each in judgements)
    alike = (
        f"; samples agree in {sum(agreed) / len(agreed):.0%} of their pairs, at most {widest} apart" if agreed else ""
    )
    return f"{count_text(len(scores), 'journey')} by level: {shares}; mean {sum(scores) / len(scores):.2f}{alike}"


def agreement_table_of(found: JudgeAgreement, title: str) -> Table:
    """One row a figure, with 95 % intervals, beside people among themselves where there are several raters."""
    columns = [("Judge", found.judge)]
    if found.humans:
        columns += [("Judge, each rater", found.each_rater), ("Raters, each other", found.humans)]
    table = _table("Agreement", *(name for name, _ in columns), "At least", title=title)
    for name, shown in _NAMES.items():
        bar = f"{_BARS[name]:.2f}" if name in _BARS else ""
        table.add_row(shown, *(_cell(each, name) for _, each in columns), bar)
    counts = (f"{each.pairs:,} of {each.groups:,} groups" if each else "none" for _, each in columns)
    table.add_row("pairs compared", *counts, "")
    return table


def agreement_text(found: JudgeAgreement) -> str:
    """Lines below the table: what was compared, and whether the judge passes."""
    lines = [f"{found.compared:,} of {found.rated:,} ratings compared, judge {found.model or 'none'}, "
             f"prompt {found.prompt_version}, {count_text(found.samples, 'sample')} each"]  # fmt: skip
    if found.consistency is not None:
        lines.append(f"samples agree with each other in {found.consistency:.0%} of their pairs")
    if found.missing:
        lines.append(f"left out: {count_text(found.missing, 'labelled journey')} that the last run has no longer")
    if found.because:
        lines.append(f"without a score: {found.because}")
    if found.judge is None:
        return "\n".join([*lines, "nothing was compared, so nothing is validated"])
    low = ", ".join(f"{_NAMES[name]} {getattr(found.judge, name).interval.low:.2f}" for name in _BARS)
    verdict = "passes" if found.passes else "does not pass"
    if found.compared < LEAST_COMPARED:
        verdict += f", since {found.compared:,} labels are fewer than {LEAST_COMPARED}"
    return "\n".join([*lines, f"the judge {verdict}; lower ends of the intervals: {low}"])


def _cell(agreement: LevelAgreement | None, name: str) -> str:
    if agreement is None:
        return "–"
    figure: Figure = getattr(agreement, name)
    if math.isnan(figure.value):
        return "not defined"
    return f"{figure.value:.2f} ({figure.interval.low:.2f} to {figure.interval.high:.2f})"


def _table(*headings: str, title: str | None = None) -> Table:
    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False, padding=(0, 1, 0, 0))
    for heading in headings:
        right = heading in {"", "Score", "At least"}
        table.add_column(heading, justify="right" if right else "left")
    return table
