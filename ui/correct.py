"""The tab Correct: what a person knows better about a user's journeys, said, in force at once, and taken back."""

from collections.abc import Sequence
from dataclasses import replace

from assistant.errors import LibraryError
from assistant.reading import Reading, UserView
from chains.journeys import Journey
from chains.labels import Label, LabelKind
from chains.naming import LONGEST_NAME
from chains.wording import count_text, shortened
from ui.forms import act_form, button, signed_as, text_field, told_of, typed_in
from ui.frame import Fields, Tab
from ui.labels_told import RATED, said_list
from ui.markup import Markup, joined, tag
from ui.pieces import badge, chip, choices, confidence_words, link, notice, safety_chip, section, span_text, standing
from ui.place import Place
from ui.users_found import find_form
from vectorstore.errors import InputError

KEY = "correct"
_KEYWORDS = 40
_LATELY = 30
_DONE = {
    LabelKind.RENAME: "Renamed. Later runs keep the name.",
    LabelKind.MERGE: "Merged. Later runs keep them together.",
    LabelKind.SPLIT: "Split off. Later runs keep them apart.",
    LabelKind.NOT_A_JOURNEY: "Taken out: it is no journey. Later runs leave it out.",
    LabelKind.OVER: "Noted: it is over.",
    LabelKind.NEVER_NOTIFY: "Noted: nothing is ever sent for it.",
    LabelKind.VERDICT: "Thank you: your verdict is kept.",
}


def draw(reading: Reading, place: Place) -> Markup:
    labels = reading.assistant.labels(place.user or None)
    if not place.user:
        return joined(
            (
                find_form(place),
                notice("Choose a user first.", "Find one here, or open a journey and choose “Correct it”."),
                _said("Said lately", "Of all users, the newest first.", place, labels[-_LATELY:], whose=True),
            )
        )
    try:
        view = reading.user(place.user)
    except LibraryError:
        return joined((find_form(place), notice(f"No user “{place.user}” here.", "Find one by id.", tone="warn")))
    said = _said("Said of this user", "Who said what, and when.", place, labels, whose=False)
    if not view.journeys:
        return joined((_head(view, place, None), notice("This user has no journeys."), told_of(place, "flag"), said))
    chosen = {each.journey_id: each for each in view.journeys}.get(place.journey)
    if chosen is None and place.journey:
        gone = notice("Choose one of the journeys.", "The one that was open is gone.")
        return joined((_head(view, place, None), told_of(place, "flag") or gone, said))
    journey = chosen or view.journeys[0]
    silent = journey.journey_id in reading.assistant.never_notify(view.user_id)
    return joined(
        (
            _head(view, place, journey),
            signed_as(place, KEY),
            correct_page(view, journey, place, silent=silent) if place.visitor.name else None,
            said,
        )
    )


def correct_page(view: UserView, journey: Journey, place: Place, *, silent: bool) -> Markup:
    """The journey as it is now, and all that can be said of it."""
    others = [each for each in view.journeys if each is not journey]
    return tag(
        "div",
        tag(
            "div", _now(journey, place, silent=silent), _verdict(place, journey), _flags(place, journey), class_="stack"
        ),
        tag(
            "div",
            _rename(place, journey),
            _merge(place, journey, others),
            _split(place, journey),
            class_="stack",
        ),
        class_="two even",
    )


def act(reading: Reading, place: Place, fields: Fields) -> Place:
    """Says it, or takes it back. Raises JourneyError."""
    assistant, visitor = reading.assistant, place.visitor
    where = fields.one("where")
    if taken_back := fields.one("withdraw"):
        assistant.withdraw_label(taken_back)
        return replace(place, visitor=visitor.was_told(where, "Taken back."))
    if where == "who":
        if not fields.one("who").strip():
            raise InputError("a name has at least one letter")
        return place
    if not visitor.name:
        raise InputError("say first who you are")
    kind = LabelKind(fields.one("kind"))
    score = fields.one("score")
    label = assistant.add_label(
        place.user,
        fields.one("journey"),
        kind,
        by=visitor.name,
        name=fields.one("name"),
        other=fields.one("other"),
        keywords=fields.all("keyword"),
        score=int(score) if score.isdecimal() else None,
        note=fields.one("note"),
    )
    return replace(place, journey=label.journey_id, visitor=visitor.was_told(where, _DONE[kind]))


def _head(view: UserView, place: Place, chosen: Journey | None) -> Markup:
    return joined(
        (
            find_form(place),
            choices(
                "Journeys of " + view.user_id,
                [
                    (
                        f"{each.rank} {each.name}",
                        place.go(KEY, user=view.user_id, journey=each.journey_id),
                        each is chosen,
                    )
                    for each in view.journeys
                ],
            ),
        )
    )


def _now(journey: Journey, place: Place, *, silent: bool) -> Markup:
    never = chip("Nothing is ever sent", "amber") if silent else None
    return tag(
        "section",
        tag("h2", badge(journey.rank), tag("span", journey.name), tabindex="-1", class_="subject"),
        tag("p", standing(journey), safety_chip(journey), never, class_="chips"),
        tag("p", journey.description),
        tag(
            "p",
            f"{count_text(journey.events, 'event')} on {count_text(journey.active_days, 'day')} · "
            f"{span_text(journey.first_seen, journey.last_seen)} · {confidence_words(journey.confidence)}, "
            f"{journey.confidence:.0%}",
            class_="small",
        ),
        tag("p", link(place.go("journey", journey=journey.journey_id), "See the evidence")),
        class_="card gapped",
    )


def _fixed(journey: Journey, kind: LabelKind) -> Markup:
    return joined(
        (
            tag("input", type="hidden", name="journey", value=journey.journey_id),
            tag("input", type="hidden", name="kind", value=kind.value),
        )
    )


def _verdict(place: Place, journey: Journey) -> Markup:
    return section(
        "How good is it?",
        "Kept as your verdict; it changes nothing by itself, but judges and models are measured by it.",
        act_form(
            place,
            KEY,
            "verdict",
            _fixed(journey, LabelKind.VERDICT),
            text_field("note", "Why, if you like", typed_in(place, "verdict"), longest=1_000),
            rated_buttons(keys=False),
        ),
    )


def rated_buttons(*, keys: bool) -> Markup:
    """The five levels; keys: whether they stand on the keyboard too."""
    return tag(
        "div",
        *(
            button(
                joined((tag("b", level), tag("span", words))),
                name="score",
                value=str(level),
                class_="rate",
                key=str(level) if keys else "",
            )
            for level, words in RATED.items()
        ),
        class_="rates",
        role="group",
        aria_label="Verdict, 1 to 5",
    )


def _rename(place: Place, journey: Journey) -> Markup:
    return section(
        "Rename",
        f"At most {LONGEST_NAME} characters; it speaks of the interest, not of the person.",
        act_form(
            place,
            KEY,
            "rename",
            _fixed(journey, LabelKind.RENAME),
            tag(
                "div",
                text_field(
                    "name", "Its name", typed_in(place, "rename") or journey.name, journey.name, longest=LONGEST_NAME
                ),
                button("Rename", class_="primary"),
                class_="row",
            ),
        ),
    )


def _merge(place: Place, journey: Journey, others: Sequence[Journey]) -> Markup:
    if not others:
        return section("Merge", "Another journey that belongs to this one.", notice("There is no other journey."))
    return section(
        "Merge",
        "Another journey that belongs to this one; it goes into this one.",
        act_form(
            place,
            KEY,
            "merge",
            _fixed(journey, LabelKind.MERGE),
            tag(
                "div",
                tag(
                    "span",
                    tag("label", "The other journey", for_="field-other"),
                    tag(
                        "select",
                        tag("option", "Choose one…", value=""),
                        *(tag("option", f"{each.rank} {each.name}", value=each.journey_id) for each in others),
                        id="field-other",
                        name="other",
                    ),
                    class_="text-field",
                ),
                button("Merge"),
                class_="row",
            ),
        ),
    )


def _split(place: Place, journey: Journey) -> Markup:
    shown = journey.keywords[:_KEYWORDS]
    boxes = (
        tag(
            "label",
            tag("input", type="checkbox", name="keyword", value=each.text),
            tag("span", shortened(each.text, 60)),
        )
        for each in shown
    )
    return section(
        "Split off",
        "Keywords that don't belong to it; they become a journey of their own where they are enough for one.",
        act_form(
            place,
            KEY,
            "split",
            _fixed(journey, LabelKind.SPLIT),
            tag("fieldset", tag("legend", "Keywords"), *boxes, class_="boxes", tabindex="0"),
            button("Split off the chosen ones"),
        ),
    )


def _flags(place: Place, journey: Journey) -> Markup:
    told = (
        (LabelKind.OVER, "It is over", "Its stage becomes ended, until there is new activity."),
        (LabelKind.NEVER_NOTIFY, "Never notify", "It stays, and nothing is ever sent for it."),
        (LabelKind.NOT_A_JOURNEY, "Not a journey", "It is taken out, now and in later runs."),
    )
    return section(
        "Say about it",
        "Each can be taken back below.",
        act_form(
            place,
            KEY,
            "flag",
            tag("input", type="hidden", name="journey", value=journey.journey_id),
            *(
                tag(
                    "div",
                    button(text, name="kind", value=kind.value),
                    tag("span", says, class_="small"),
                    class_="flag",
                )
                for kind, text, says in told
            ),
        ),
    )


def _said(title: str, says: str, place: Place, labels: Sequence[Label], *, whose: bool) -> Markup:
    return section(title, says, told_of(place, "said"), said_list(labels, place, KEY, whose=whose))


TAB = Tab(KEY, "Correct", "What you know better: it holds at once, and in every later run.", draw, act=act)
