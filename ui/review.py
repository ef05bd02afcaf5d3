"""The tab Review: one journey after the other, those first on which a person's verdict helps most."""

from dataclasses import replace

from assistant.reading import Reading
from assistant.review_desk import Desk
from assistant.reviewing import Because
from chains.journeys import Journey
from chains.labels import LabelKind
from chains.wording import count_text, date_text
from ui.agreement_told import agreement_bars
from ui.correct import rated_buttons
from ui.forms import act_form, button, signed_as
from ui.frame import Fields, Tab
from ui.journey import evidence, keywords
from ui.labels_told import RATED
from ui.markup import Markup, joined, tag
from ui.pieces import badge, chip, facts, link, notice, safety_chip, section, span_text, standing
from ui.place import Place
from ui.timeline import axis, key, lane, lane_label

KEY = "review"
_WAITING = {
    Because.JUDGE_SPLIT: "judge undecided",
    Because.SENSITIVE: "sensitive",
    Because.UNSURE: "unsure",
    Because.SECOND_OPINION: "second opinion",
    Because.JUDGED: "judged only",
    Because.UNSEEN: "not looked at",
}


def draw(reading: Reading, place: Place) -> Markup:
    visitor = place.visitor
    if not reading.home().journeys:
        return notice("No journeys yet.", "Run journeys infer LOG, then come back: one after the other is shown here.")
    if not visitor.name:
        return joined((signed_as(place, KEY), _why()))
    desk = reading.review.before(visitor.name, visitor.skipped)
    return joined((signed_as(place, KEY), review_page(desk, place)))


def review_page(desk: Desk, place: Place) -> Markup:
    side = tag(
        "div",
        section("Progress", "Yours; others have a list of their own.", _progress(desk, place)),
        section(
            "Agreement so far",
            "With the middle 95% over users drawn again; the more verdicts, the narrower. A mark shows what a judge "
            "must reach.",
            agreement_bars(desk.agreement, desk.gate),
        ),
        class_="stack",
    )
    return tag("div", _before(desk, place), side, class_="two review")


def act(reading: Reading, place: Place, fields: Fields) -> Place:
    """A verdict, skip, or undo. Raises JourneyError."""
    assistant, visitor = reading.assistant, place.visitor
    if not visitor.name or fields.one("where") == "who":
        return place
    if fields.one("undo"):
        if not visitor.said:
            return replace(place, visitor=visitor.was_told("review", "There is nothing to undo."))
        assistant.withdraw_label(visitor.said[-1])
        back = replace(visitor, said=visitor.said[:-1])
        return replace(place, visitor=back.was_told("review", "Undone: the last verdict is taken back."))
    user, journey = fields.one("user"), fields.one("journey")
    if fields.one("skip"):
        passed = replace(visitor, skipped=visitor.skipped | {(user, journey)})
        return replace(place, visitor=passed.was_told("review", "Passed over: it comes again at the end."))
    score = int(fields.one("score")) if fields.one("score") in {str(level) for level in RATED} else None
    label = assistant.add_label(user, journey, LabelKind.VERDICT, by=visitor.name, score=score, note=fields.one("note"))
    rated = replace(visitor, said=(*visitor.said, label.label_id))
    name = label.was.name if label.was else "It"
    return replace(place, visitor=rated.was_told("review", f"“{name}”: {score}, {RATED.get(score or 0, '')}."))


def _before(desk: Desk, place: Place) -> Markup:
    if desk.item is None or desk.journey is None:
        return tag(
            "div",
            notice("Nothing is left.", "You have given a verdict on every journey. A later run may bring more."),
            act_form(place, KEY, "review", _undo(place)),
            class_="stack",
        )
    journey = desk.journey
    reasons = joined(tag("li", each.text) for each in desk.item.reasons)
    return tag(
        "section",
        tag(
            "div",
            tag("h2", badge(journey.rank), tag("span", journey.name), tabindex="-1", class_="subject"),
            tag("p", standing(journey), safety_chip(journey), class_="chips"),
            tag("ul", reasons, class_="why", aria_label="Why it is shown"),
            class_="heading",
        ),
        _rating(journey, place),
        tag("p", journey.description),
        facts(
            (
                ("User", link(place.go("explore", user=journey.user_id), journey.user_id)),
                ("Seen", span_text(journey.first_seen, journey.last_seen)),
                ("Events", f"{journey.events} on {count_text(journey.active_days, 'day')}"),
                ("As of", date_text(journey.as_of)),
            )
        ),
        tag("h3", "Keywords"),
        keywords(journey),
        tag("div", tag("h3", "Evidence"), key(), class_="head"),
        _lane(desk, journey),
        evidence(desk.events),
        class_="card gapped",
    )


def _rating(journey: Journey, place: Place) -> Markup:
    return act_form(
        place,
        KEY,
        "review",
        tag("input", type="hidden", name="user", value=journey.user_id),
        tag("input", type="hidden", name="journey", value=journey.journey_id),
        rated_buttons(keys=True),
        tag(
            "div",
            button("Skip", name="skip", value="1", key="s"),
            _undo(place),
            tag(
                "span", "Keys: ", tag("kbd", "1"), " to ", tag("kbd", "5"), " give a verdict.", class_="small wide-only"
            ),
            class_="row",
        ),
        class_="rating",
    )


def _undo(place: Place) -> Markup:
    return button("Undo", name="undo", value="1", key="u", title="Takes back your last verdict of this visit")


def _lane(desk: Desk, journey: Journey) -> Markup | None:
    if not desk.events:
        return None
    first, last = desk.events[0].timestamp, desk.events[-1].timestamp
    return joined(
        (lane(desk.events, first, last, journey.rank, lane_label(journey.name, desk.events)), axis(first, last))
    )


def _progress(desk: Desk, place: Place) -> Markup:
    total = desk.waiting + desk.verdicts
    skipped = len(place.visitor.skipped)
    chips = joined(chip(f"{count:,} {_WAITING[because]}") for because, count in desk.reasons.items())
    return tag(
        "div",
        tag("p", tag("b", f"{desk.verdicts:,}"), f" of {total:,} journeys have your verdict."),
        tag("progress", value=desk.verdicts, max=max(total, 1), aria_label="Journeys with your verdict"),
        tag("p", f"{len(place.visitor.said)} in this visit, {skipped} passed over.", class_="small"),
        tag("p", "Waiting for you, by why a verdict helps:", class_="small"),
        tag("p", chips, class_="chips"),
        class_="reading",
    )


def _why() -> Markup:
    return section(
        "What a verdict is for",
        "You see one journey at a time, with its evidence, and say from 1 to 5 how good it is.",
        tag(
            "ul",
            *(tag("li", tag("b", level), " ", words) for level, words in RATED.items()),
            class_="why",
        ),
        tag(
            "p",
            "Journeys come first where a verdict helps most: where a judge is undecided, where something is sensitive, "
            "or where it is unsure that the texts belong together. Keys 1 to 5, s and u do all of it.",
        ),
    )


TAB = Tab(KEY, "Review", "One journey after the other, those first where your verdict helps most.", draw, act=act)
