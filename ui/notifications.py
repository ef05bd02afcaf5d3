"""The tab Notifications: who is told what on a day, who is told nothing and why, and what another policy would do."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from assistant.kept_candidates import DoneRun
from assistant.notify_desk import MOST_SIMULATED, NotifyDay, Tried
from assistant.reading import Reading
from chains.notification import MEANS, Channel, Reason
from chains.wording import count_text, date_text, shortened
from ui.frame import Tab
from ui.markup import Markup, joined, tag
from ui.pieces import as_table, chip, choices, facts, link, notice, section, span_text
from ui.place import Place
from ui.timeline import SIGNS, bars
from vectorstore.activity import ActivityKind
from vectorstore.errors import InputError

KEY = "notifications"
_SHOWN = 24
_USERS = 40
_KINDS = {"journey": "a journey of the user", "expansion": "a related journey", "interest": "a shared interest"}
_NAMES = {Channel.EMAIL: "E-mail", Channel.PUSH: "Push"}
_ASKED = ("a_day", "a_week", "quiet_from", "quiet_until", "floor", "penalty", "days", "rate", "lift")


def draw(reading: Reading, place: Place) -> Markup:
    if not reading.home().journeys:
        return notice("No journeys yet.", "Run journeys infer LOG; then journeys notify chooses whom to tell of what.")
    desk = reading.notifications
    runs = desk.runs()
    if not runs:
        return joined(
            (
                notice(
                    "Nobody has been chosen for a message yet.",
                    "journeys notify --channel email --users-file USERS -o FILE decides for every user; nothing is "
                    "sent by this program.",
                ),
                simulator(reading, place),
            )
        )
    chosen = next((run for run in runs if _name(run) == place.option("run")), runs[0])
    found = desk.day(chosen, _SHOWN)
    row = desk.one(place.option("key")) if place.option("key") else (found.rows[0] if found.rows else None)
    return joined(
        (
            choices("Day and channel", [_choice(run, chosen, place) for run in runs]),
            tag("div", _list(found, row, place), _chosen(row, chosen, place), class_="two even"),
            _nothing(reading, found, place),
            simulator(reading, place),
        )
    )


def _name(run: DoneRun) -> str:
    return f"{run.day.isoformat()}-{run.channel.value}"


def _choice(run: DoneRun, chosen: DoneRun, place: Place) -> tuple[str, Place, bool]:
    return f"{date_text(run.day)}, {_NAMES[run.channel]}", place.go(KEY, run=_name(run)), run is chosen


def _list(found: NotifyDay, row: Mapping[str, Any] | None, place: Place) -> Markup:
    run = found.run
    told = (
        f"{run.candidates:,} of {run.candidates + run.unsent:,} users are told something; "
        f"the highest scores first{', the first ' + str(_SHOWN) if run.candidates > _SHOWN else ''}."
    )
    items = joined(
        tag(
            "li",
            link(
                place.go(KEY, run=_name(run), key=each["key"]),
                each["topic"],
                class_="name",
                current=row is not None and each["key"] == row["key"],
            ),
            tag("small", f"{each['user_id']} · {_KINDS[each['target_kind']]}", class_="muted"),
            tag("span", f"{each['score']:.2f}", class_="number"),
        )
        for each in found.rows
    )
    return section(
        "Candidates",
        told,
        tag("ol", items, class_="candidates", tabindex="0")
        if found.rows
        else notice("Nobody is told anything on this day."),
    )


def _chosen(row: Mapping[str, Any] | None, run: DoneRun, place: Place) -> Markup:
    if row is None:
        return section("Preview", "How it looks to whoever gets it.", notice("Choose a candidate."))
    receipts = row["receipts"]
    did = ", ".join(_did(ActivityKind(kind), count) for kind, count in receipts["kinds"].items())
    first, last = (datetime.fromisoformat(receipts[name]) for name in ("first_seen", "last_seen"))
    return tag(
        "div",
        section(
            "Preview", "How it looks to whoever gets it; it speaks of the interest, not of the person.", preview(row)
        ),
        section(
            "Receipts",
            "What the message rests on.",
            facts(
                (
                    ("User", link(place.go("explore", user=row["user_id"]), row["user_id"])),
                    (
                        "Journey",
                        link(place.go("journey", user=row["user_id"], journey=row["journey_id"]), row["topic"]),
                    ),
                    ("Events", f"{receipts['events']} on {count_text(receipts['active_days'], 'day')}: {did}"),
                    ("Seen", span_text(first, last)),
                    ("Keywords", shortened(", ".join(receipts["keywords"]), 120) or "none"),
                    ("Send", _window(row["send_after"], row["send_before"])),
                    ("Arm", row["arm"]),
                    ("Key", tag("code", row["key"])),
                )
            ),
            as_table(
                f"Why the score is {row['score']:.3f}",
                ("Term", "Value", "Adds"),
                ((name, row["term_values"].get(name, ""), f"{value:+.3f}") for name, value in row["terms"].items()),
            ),
        ),
        class_="stack",
    )


def preview(row: Mapping[str, Any]) -> Markup:
    """As the channel shows it, without its pictures."""
    if row["channel"] == Channel.PUSH.value:
        return tag(
            "div",
            tag("p", tag("b", row["title"])),
            tag("p", row["body"]),
            class_="preview push",
            lang=row["language"],
            role="group",
            aria_label="Push message",
        )
    items = joined(tag("li", item["text"]) for item in row["items"])
    return tag(
        "div",
        tag("p", tag("span", "Subject ", class_="muted"), tag("b", row["title"]), class_="line"),
        tag("p", tag("span", "Preview ", class_="muted"), row["preheader"], class_="line"),
        tag("div", tag("h4", row["title"]), tag("p", row["body"]), tag("ul", items) if row["items"] else None),
        class_="preview email",
        lang=row["language"],
        role="group",
        aria_label="E-mail",
    )


def _nothing(reading: Reading, found: NotifyDay, place: Place) -> Markup:
    """Who gets none, and why."""
    if not found.reasons:
        return section("Who gets none", "And why.", notice("Everybody is told something."))
    most = max(found.reasons.values())
    chosen = place.option("reason")
    rows = joined(
        tag(
            "li",
            link(
                place.go(KEY, run=_name(found.run), reason=reason.value),
                reason.value.replace("_", " ").capitalize(),
                class_="name",
                current=reason.value == chosen,
            ),
            tag("span", tag("i", style=f"width:{max(100 * count / most, 1):.0f}%"), class_="meter", aria_hidden="true"),
            tag("span", count_text(count, "user"), class_="number"),
            tag("small", f"The user {MEANS[reason]}.", class_="muted"),
        )
        for reason, count in found.reasons.items()
    )
    users = None
    if chosen in {reason.value for reason in found.reasons}:
        told = reading.notifications.told_nothing(found.run.channel, found.run.day, Reason(chosen), _USERS)
        users = joined(
            (
                tag("h4", f"Users: {chosen.replace('_', ' ')}"),
                tag(
                    "p", *(link(place.go("explore", user=each), each, class_="choice") for each in told), class_="chips"
                ),
            )
        )
    return section(
        "Who gets none, and why",
        f"{found.run.unsent:,} users; open a reason to see whom it holds for.",
        tag("ol", rows, class_="reasons c0"),
        users,
    )


def simulator(reading: Reading, place: Place) -> Markup:
    """A policy, and what it would come to."""
    asked = {name: place.option(name) for name in _ASKED}
    says = "What a policy would come to, day by day. Users do not react, and no journey changes."
    try:
        desk = reading.notifications
        plain, tried = desk.trial({}), desk.tried(desk.trial(asked))
    except InputError as error:
        form = _form(asked, place)
        return section("Simulator", says, form, tag("p", str(error), class_="told bad", role="alert"))
    policy = plain.policy
    filled = {
        "a_day": str(policy.a_day),
        "a_week": str(policy.a_week),
        "quiet_from": f"{policy.quiet_from:%H:%M}",
        "quiet_until": f"{policy.quiet_until:%H:%M}",
        "floor": f"{policy.score_floor:g}",
        "penalty": f"{policy.repeat_penalty:g}",
        "days": str(plain.days),
        "rate": f"{plain.rate:g}",
        "lift": f"{plain.lift:g}",
    }
    return section("Simulator", says, _form({**filled, **{k: v for k, v in asked.items() if v}}, place), outcome(tried))


_FIELDS = (
    ("a_day", "Messages a day", "number", "1"),
    ("a_week", "Messages a week", "number", "1"),
    ("quiet_from", "Quiet from", "time", None),
    ("quiet_until", "Quiet until", "time", None),
    ("floor", "Least score", "number", "0.01"),
    ("penalty", "Factor for repeats", "number", "0.01"),
    ("days", "Days", "number", "1"),
    ("rate", "Share that clicks", "number", "0.001"),
    ("lift", "Lift looked for", "number", "0.001"),
)


def _form(values: Mapping[str, str], place: Place) -> Markup:
    fields = (
        tag(
            "span",
            tag("label", label, for_=f"simulated-{name}"),
            tag("input", type=kind, id=f"simulated-{name}", name=name, value=values.get(name, ""), step=step),
            class_="text-field",
        )
        for name, label, kind, step in _FIELDS
    )
    return tag(
        "form",
        tag("input", type="hidden", name="tab", value=KEY),
        tag("input", type="hidden", name="run", value=place.option("run")) if place.option("run") else None,
        tag("div", *fields, class_="grid-fields"),
        tag("button", "Simulate", type="submit", class_="primary"),
        class_="act",
    )


def outcome(tried: Tried) -> Markup:
    """Volume, what is crowded out, and what an experiment could find."""
    found, power, trial = tried.simulated, tried.power, tried.trial
    lift = "none yet" if math.isinf(power.detectable) else f"{power.detectable:.0%}"
    days = "never at this pace" if power.days is None else f"{power.days:,}"
    tiles: Sequence[tuple[str, str, str]] = (
        ("Messages", f"{found.messages:,}", f"in {count_text(trial.days, 'day')}, {found.mean_a_day:.1f} a day"),
        ("Reached", f"{found.reached:,}", f"of {found.users:,} with a journey to tell of"),
        ("Detectable lift", lift, f"with these users, where {trial.rate:.1%} click"),
        ("Days to run", days, f"until {power.users:,} users, for a lift of {trial.lift:.0%}"),
    )
    drawn = joined(
        tag("div", tag("dt", name), tag("dd", tag("b", value), tag("small", says))) for name, value, says in tiles
    )
    told = "; ".join(f"day {number}: {count}" for number, count in enumerate(found.a_day, 1))
    ends = ("day 1", f"at most {max(found.a_day, default=0):,} a day", f"day {trial.days}")
    crowded = ((reason.value.replace("_", " "), count) for reason, count in found.crowded_out.items())
    all_agreed = tag("p", "No file of users tells who has agreed, so all count as if they had.", class_="small")
    agreed = all_agreed if tried.agreed is None else chip(f"{tried.agreed:.0%} of these users have agreed", "ink")
    partly = None if tried.all else chip(f"the first {MOST_SIMULATED:,} users", "amber")
    return joined(
        (
            tag("dl", drawn, class_="tiles"),
            agreed,
            partly,
            tag("p", "Messages by day", class_="small"),
            bars(found.a_day, f"Messages by day: {told}", "c0", 46),
            tag("span", *(tag("span", each) for each in ends), class_="ends", aria_hidden="true"),
            as_table("Crowded out: how often a user is told nothing, by reason", ("Reason", "Times"), crowded),
        )
    )


def _did(kind: ActivityKind, count: int) -> str:
    """12 searches, 48 opened: as the signs are called."""
    word = SIGNS[kind][1]
    return count_text(count, word) if kind in {ActivityKind.SEARCH, ActivityKind.BOARD} else f"{count} {word}"


def _window(after: str, before: str) -> str:
    """30 June 2026, 08:00 to 21:00 UTC."""
    begin, end = datetime.fromisoformat(after), datetime.fromisoformat(before)
    later = "" if begin.date() == end.date() else f"{date_text(end)}, "
    return f"{date_text(begin)}, {begin:%H:%M} to {later}{end:%H:%M} UTC"


TAB = Tab(
    KEY, "Notifications", "Who is told what on a day, who is told nothing, and why. Nothing is sent from here.", draw
)
