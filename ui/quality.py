"""The tab Quality: what is known of two runs, side by side, and how good the journeys are where people said so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from assistant.reading import Reading
from assistant.run_quality import BINS, GOOD, CurrentJourneys, JudgedRun, RunQuality, cost_of_good
from assistant.runs import Run, RunState
from assistant.sample_quality import SampleQuality
from chains.judgement import LEVELS
from chains.wording import count_text, date_text, shortened
from ui.frame import Tab
from ui.markup import Child, Markup, joined, tag
from ui.pieces import chip, choices, notice, section, table
from ui.place import Place
from ui.timeline import bars

KEY = "quality"
_RUNS = 8
_NOT_KNOWN = "no longer known"
_NONE = Markup("–")


def draw(reading: Reading, place: Place) -> Markup:
    runs = [run for run in reading.home().runs if run.state is RunState.FINISHED]
    if not runs:
        return notice("No run has ended yet.", "Run journeys infer LOG; its figures are shown here.")
    ids = [run.run_id for run in runs]
    left = place.option("left") if place.option("left") in ids else ids[0]
    right = place.option("right") if place.option("right") in ids else (ids[1] if len(ids) > 1 else "")
    chosen = [reading.qualities.of(run_id) for run_id in (left, right) if run_id]
    return joined(
        (_choosing(runs[:_RUNS], left, right, place), runs_page(chosen), measured(reading.qualities.sample()))
    )


def _choosing(runs: Sequence[Run], left: str, right: str, place: Place) -> Markup:
    if len(runs) == 1:
        return notice("There has been one run.", "After the next one, the two stand here side by side.")

    def options(side: str, own: str) -> list[tuple[str, Place, bool]]:
        both = {"left": left, "right": right}
        return [
            (
                f"{run.run_id}, {date_text(run.parameters.as_of)}",
                place.go(KEY, **{**both, side: run.run_id}),
                run.run_id == own,
            )
            for run in runs
        ]

    return tag(
        "div",
        choices("This run", options("left", left)),
        choices("beside", options("right", right)),
        class_="segments",
    )


@dataclass(frozen=True, slots=True)
class Row:
    """A figure of each run. says: what is to be known of it."""

    name: str
    of: Callable[[RunQuality], Child]
    says: str = ""


def runs_page(found: Sequence[RunQuality]) -> Markup:
    """One run, or two side by side."""
    return joined(
        (
            section(
                "The runs",
                "What each run was asked, and what it wrote when it ended.",
                _table(_ASKED, found, "The runs"),
            ),
            section(
                "Their journeys",
                "Of those that are still current: the library keeps each user's last inference, so of an older run "
                "only the users are known whom no later run has done again.",
                tag("div", *(_spread(each) for each in found), class_="sides"),
            ),
            section(
                "Models and judges",
                "What models used in each run, and what judges said of its journeys.",
                _table(_COSTS, found, "Models"),
                tag("div", *(_judges(each) for each in found), class_="sides"),
            ),
        )
    )


def _table(rows: Sequence[Row], found: Sequence[RunQuality], caption: str) -> Markup:
    return table(
        ("", *(each.run.run_id for each in found)),
        (
            (
                joined((row.name, tag("small", f" {row.says}", class_="muted") if row.says else None)),
                *map(row.of, found),
            )
            for row in rows
        ),
        caption,
    )


def _settings(found: RunQuality) -> Child:
    mode = found.run.parameters.settings.get("mode")
    told = found.run.parameters
    return f"{told.mode}, {told.granularity}, {told.algorithm}, {told.embedding}" + (f", {mode}" if mode else "")


def _took(found: RunQuality) -> Child:
    run = found.run
    return f"{(run.finished - run.started).total_seconds():,.0f} s" if run.finished else _NONE


def _changes(found: RunQuality) -> Child:
    return ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.changes.items())) or "none"


def _a_user(found: RunQuality) -> Child:
    return f"{found.run.journeys / found.run.users:.1f}" if found.run.users else _NONE


_ASKED = (
    Row("As of", lambda each: date_text(each.run.parameters.as_of)),
    Row("Asked", _settings),
    Row("Users", lambda each: f"{each.run.users:,}", "whom it did"),
    Row("Journeys", lambda each: f"{each.run.journeys:,}"),
    Row("Journeys a user", _a_user),
    Row("Changes", _changes, "against the run before"),
    Row("Took", _took, "waiting included, where it was cut off"),
)


def _tokens(found: RunQuality) -> Child:
    used = found.used
    return f"{used.input_tokens:,} in, {used.output_tokens:,} out" if used.calls else "none: no model was asked"


def _cost(found: RunQuality) -> Child:
    if not found.used.calls:
        return "0"
    return f"{found.used.cost:.4f}" if found.used.cost else "not known: no price is set"


def _good(found: RunQuality) -> Child:
    cost = cost_of_good(found)
    if cost is not None:
        return f"{cost:.6f}"
    return "needs a validated judge" if found.used.cost else _NONE


_COSTS = (
    Row("Calls", lambda each: f"{each.used.calls:,}"),
    Row("Tokens", _tokens),
    Row("Cost", _cost, "in the currency of the prices"),
    Row("Cost of a good journey", _good, f"judged {GOOD} or 5"),
    Row(
        "By step",
        lambda each: (
            "; ".join(f"{step}: {model}, {used.tokens:,} tokens" for (step, model), used in each.usage.items()) or _NONE
        ),
    ),
)


def _spread(found: RunQuality) -> Markup:
    """How the journeys are spread, as far as it is known."""
    title = tag("h4", found.run.run_id)
    current = found.current
    if current is None:
        told = "Every user has been inferred anew since: nothing is known of the journeys of this run any more."
        return tag("div", title, notice(_NOT_KNOWN.capitalize() + ".", told), class_="side")
    whole = (
        chip("all users still current", "green")
        if found.is_whole
        else chip(f"{current.users:,} of {found.run.users:,} users still current", "amber")
    )
    return tag(
        "div",
        title,
        tag("p", whole, class_="chips"),
        tag("p", f"{current.journeys:,} journeys, {current.mean_a_user:.1f} a user.", class_="small"),
        _confidence(current),
        _counts("Standing", current.standing, current.journeys),
        _counts("Named by", current.named_by, current.journeys),
        _counts("Safety", _safety(current.safety), current.journeys),
        _fallbacks(current),
        class_="side",
    )


def _confidence(current: CurrentJourneys) -> Markup:
    told = "; ".join(f"{10 * place} to {10 * place + 10}%: {count}" for place, count in enumerate(current.confidence))
    ends = tag("span", *(tag("span", each) for each in ("0%", "50%", "100%")), class_="ends", aria_hidden="true")
    return tag(
        "div",
        tag("p", "Confidence", class_="small"),
        bars(current.confidence, f"Journeys by confidence, in {BINS} parts: {told}", "c0", 46),
        ends,
    )


def _safety(counted: Mapping[str, int]) -> Mapping[str, int]:
    """Aggregates only: nothing here says whose."""
    return {
        "nothing sensitive": counted.get("allow", 0),
        **{f"in app only: {name}": count for name, count in sorted(counted.items()) if name != "allow"},
    }


def _counts(title: str, counted: Mapping[str, int], total: int) -> Markup:
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    rows = joined(
        tag(
            "li",
            tag("span", name.replace("_", " "), class_="what"),
            tag(
                "span", tag("i", style=f"width:{100 * count / max(total, 1):.0f}%"), class_="meter", aria_hidden="true"
            ),
            tag("span", f"{count:,} · {count / max(total, 1):.0%}", class_="number"),
        )
        for name, count in ordered
    )
    return tag("div", tag("p", title, class_="small"), tag("ul", rows, class_="meters c0"))


def _fallbacks(current: CurrentJourneys) -> Markup | None:
    if not current.fallbacks:
        return None
    ordered = sorted(current.fallbacks.items(), key=lambda each: (-each[1], each[0]))
    rows = joined(tag("li", f"{count:,}: {shortened(why, 160)}") for why, count in ordered)
    return tag("div", tag("p", "Without a model, though one was asked", class_="small"), tag("ul", rows))


def _judges(found: RunQuality) -> Markup:
    title = tag("h4", found.run.run_id)
    if not found.judged:
        told = "journeys judge scores some; journeys evaluate judge compares the judge with people."
        return tag("div", title, notice("No judge has scored its journeys.", told), class_="side")
    return tag("div", title, *(_judge(each) for each in found.judged), class_="side")


def _judge(found: JudgedRun) -> Markup:
    """Figures of a judge that nobody compared with people are marked as what they are."""
    told = (
        chip("validated judge", "green")
        if found.gate.is_open
        else joined(
            (chip("unvalidated judge", "amber"), tag("p", f"Rest nothing on it: {found.gate.because}.", class_="small"))
        )
    )
    levels = ", ".join(f"{count} with {level}" for level, count in zip(LEVELS, found.levels, strict=True))
    return tag(
        "div",
        tag("p", tag("b", found.model), " ", tag("small", f"prompt {found.prompt_version}", class_="muted")),
        tag("div", told),
        tag(
            "p",
            f"{count_text(found.judged, 'journey')} judged, mean {found.mean:.2f}, "
            f"{found.good / max(found.judged, 1):.0%} good ({GOOD} or 5).",
        ),
        bars(found.levels, f"Journeys by level: {levels}", "c0", 46),
        tag("span", *(tag("span", level) for level in LEVELS), class_="ends fifths", aria_hidden="true"),
        class_="judge",
    )


def measured(sample: SampleQuality | None) -> Markup:
    """The figures against what is known, and the commands that print those that take longer."""
    if sample is None:
        said = notice(
            "Nobody has said what these users' journeys are.",
            "With a log that has a column label, the commands below print figures against it.",
        )
    else:
        said = _sample(sample)
    commands = (
        ("Clusters", "journeys evaluate clustering LOG --folds 5"),
        ("Ranking", "journeys evaluate ranking LOG"),
        ("Stage", "journeys evaluate stage LOG"),
        ("Replay of time", "journeys evaluate replay LOG"),
        ("Judge against people", "journeys evaluate judge LABELS"),
    )
    return section(
        "Against what is known",
        "Measured on labelled users; intervals are the middle 95% over users drawn again.",
        said,
        table(("Figure", "Printed by"), ((name, tag("code", command)) for name, command in commands), "Commands"),
    )


def _sample(sample: SampleQuality) -> Markup:
    clusters, stage = sample.clusters, sample.stage
    found = max(stage.found, 1)
    figures = (
        ("Clusters: B-cubed F1", f"{clusters.weighted_f1:.3f}", f"{clusters.low:.3f} to {clusters.high:.3f}"),
        ("Precision", f"{clusters.precision:.3f}", f"{clusters.units:,} texts of {clusters.users} users"),
        ("Recall", f"{clusters.recall:.3f}", "texts in no journey count as alone"),
        ("Journeys found", f"{stage.found / max(stage.known, 1):.0%}", f"{stage.found} of {stage.known} known"),
        ("Kind as known", f"{stage.kind / found:.0%}", "of those found"),
        ("Stage as known", f"{stage.stage / found:.0%}", "of those found"),
    )
    tiles = joined(
        tag("div", tag("dt", name), tag("dd", tag("b", value), tag("small", says))) for name, value, says in figures
    )
    return joined(
        (
            tag(
                "p",
                "The sample users, as they are stored. The default models have learned from them, so figures of other "
                "people are lower; journeys evaluate clustering --folds measures without that.",
                class_="small",
            ),
            tag("dl", tiles, class_="tiles"),
        )
    )


TAB = Tab(KEY, "Quality", "Two runs side by side: what they found, what they cost, how good it is.", draw)
