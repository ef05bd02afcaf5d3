"""The tab Journey: one journey, and everything that stands behind it."""

from collections.abc import Sequence

from assistant.errors import LibraryError
from assistant.reading import Reading, UserView
from chains.journeys import Journey, NamedBy, Policy
from chains.recommendation import RecommendedItem, RelatedJourney
from chains.wording import count_text, date_text, shortened
from ui.explore import heading
from ui.frame import Tab
from ui.markup import Markup, joined, tag
from ui.pieces import (
    as_table,
    badge,
    chip,
    choices,
    colour,
    confidence_words,
    facts,
    link,
    notice,
    safety_chip,
    section,
    span_text,
    standing,
)
from ui.place import Place
from ui.score_bars import score_bars, steps_of
from ui.timeline import SIGNS, axis, key, lane, lane_label, sign
from ui.users_found import find_form
from vectorstore.activity import Activity

_KEYWORDS = 14
_EVIDENCE = 40
_RELATED = 5
_LONGEST = 140


def draw(reading: Reading, place: Place) -> Markup:
    if not place.user:
        return joined((find_form(place), notice("Choose a user first.", "Then open one of the journeys.")))
    try:
        view = reading.user(place.user)
        journeys = {journey.journey_id: journey for journey in view.journeys}
        journey = journeys.get(place.journey) or (view.journeys[0] if not place.journey and view.journeys else None)
    except LibraryError:
        return joined((find_form(place), notice(f"No user “{place.user}” here.", "Find one by id.", tone="warn")))
    if journey is None:
        gone = "It may have been merged into another, or the user has none." if place.journey else "This user has none."
        return joined((heading(view), _others(view, place, None), notice("No such journey.", gone, tone="warn")))
    return joined((_others(view, place, journey), journey_page(reading, view, journey, place)))


def journey_page(reading: Reading, view: UserView, journey: Journey, place: Place) -> Markup:
    events = view.events[journey.journey_id]
    return joined(
        (
            _title(journey, view, place),
            tag(
                "div",
                tag(
                    "div",
                    section(
                        "Keywords",
                        "What it is about; the longer the bar, the more was done with it.",
                        keywords(journey),
                    ),
                    section("Stage", "Whether it lasts, and whether it goes on.", _stage(journey)),
                    section("Safety", "What may be done with it.", _safety(journey)),
                    class_="stack",
                ),
                tag(
                    "div",
                    section(
                        f"Why it ranks {_ordinal(journey.rank)}",
                        "The score is the chance that it is gone on with; each term adds to it or takes from it.",
                        score_bars(steps_of(journey)),
                    ),
                    section(
                        "Evidence",
                        "What this user did, with the day; nothing else is behind the claim.",
                        _lane(events, journey),
                        evidence(events),
                        aside=key(),
                    ),
                    class_="stack",
                ),
                class_="two wide-right",
            ),
            _related(reading, view, journey, place),
            section("Where it comes from", "The run and the models that made it.", _origin(reading, journey)),
        )
    )


def keywords(journey: Journey) -> Markup:
    rows = joined(
        tag(
            "li",
            tag("span", shortened(keyword.text, 60), class_="what"),
            tag(
                "span", tag("i", style=f"width:{max(100 * keyword.weight, 1):.0f}%"), class_="meter", aria_hidden="true"
            ),
            tag("span", f"{keyword.weight:.2f} · {count_text(keyword.events, 'event')}", class_="number"),
        )
        for keyword in journey.keywords[:_KEYWORDS]
    )
    left = len(journey.keywords) - _KEYWORDS
    more = tag("p", f"and {left} more", class_="muted") if left > 0 else None
    return joined((tag("ol", rows, class_=f"meters {colour(journey.rank)}"), more))


def evidence(events: Sequence[Activity]) -> Markup:
    """The newest first."""
    if not events:
        return notice("The activity is not in the log any more.")
    items = joined(
        tag(
            "li",
            tag("time", f"{event.timestamp.day} {event.timestamp:%b %Y}", datetime=event.timestamp.date().isoformat()),
            tag("svg", sign(event.kind, "8", "8"), width=16, height=16, aria_hidden="true"),
            tag("span", SIGNS[event.kind][1], class_="muted did"),
            tag("span", shortened(event.text, _LONGEST), class_="text"),
        )
        for event in list(reversed(events))[:_EVIDENCE]
    )
    left = len(events) - _EVIDENCE
    more = tag("p", f"and {left} earlier", class_="muted") if left > 0 else None
    return joined((tag("ol", items, class_="evidence", tabindex="0", aria_label="Dated activity, newest first"), more))


def _title(journey: Journey, view: UserView, place: Place) -> Markup:
    return tag(
        "div",
        tag("h2", badge(journey.rank), tag("span", journey.name), tabindex="-1", class_="subject"),
        tag("p", standing(journey), safety_chip(journey), class_="chips"),
        tag("p", journey.description, class_="lead"),
        tag("p", link(place.go("correct", user=view.user_id, journey=journey.journey_id), "Correct it")),
        facts(
            (
                ("User", link(place.go("explore", user=view.user_id), view.user_id)),
                ("Confidence", f"{confidence_words(journey.confidence)}, {journey.confidence:.0%}"),
                ("Events", f"{journey.events} on {count_text(journey.active_days, 'day')}"),
                ("Seen", span_text(journey.first_seen, journey.last_seen)),
                ("Score", f"{journey.score:.3f}, rank {journey.rank} of {len(view.journeys)}"),
            )
        ),
        class_="heading",
    )


def _others(view: UserView, place: Place, chosen: Journey | None) -> Markup:
    return choices(
        "Journeys of " + view.user_id,
        [
            (
                f"{each.rank} {each.name}",
                place.go("journey", user=view.user_id, journey=each.journey_id),
                each is chosen,
            )
            for each in view.journeys
        ],
    )


def _stage(journey: Journey) -> Markup:
    told = facts(
        (
            ("Kind", str(journey.kind).capitalize()),
            ("Stage", str(journey.stage).capitalize()),
            (
                "Comes back within 28 days",
                "not known" if journey.return_probability is None else f"{journey.return_probability:.0%}",
            ),
        )
    )
    return joined((told, tag("p", f"Because: {journey.stage_reason}.")))


def _safety(journey: Journey) -> Markup:
    if journey.safety.policy is Policy.ALLOW:
        return joined((chip("Nothing sensitive found", "green"), tag("p", "May be shown, and may be sent.")))
    return joined(
        (
            safety_chip(journey),
            tag("p", f"In the app only: it is never sent. Because: {journey.safety.because}."),
        )
    )


def _lane(events: Sequence[Activity], journey: Journey) -> Markup | None:
    if not events:
        return None
    first, last = events[0].timestamp, events[-1].timestamp
    return joined((lane(events, first, last, journey.rank, lane_label(journey.name, events)), axis(first, last)))


def _related(reading: Reading, view: UserView, journey: Journey, place: Place) -> Markup:
    found, because = reading.recommended(view.user_id)
    own = journey.journey_id
    journeys = [each for each in found.journeys if any(reason.journey_id == own for reason in each.because)][:_RELATED]
    items = [each for each in found.items if each.because.journey_id == own][:_RELATED]
    empty = (
        because or "No counts of other users lead on from here; a larger log, or a model for expansions, finds more."
    )
    return tag(
        "div",
        section(
            "What comes next",
            "Related journeys, from what other users go on to.",
            tag("ul", *(_related_row(each, own, place) for each in journeys), class_="because")
            if journeys
            else notice("No related journeys.", empty),
        ),
        section(
            "Recommended items",
            "What others with such a journey engaged with, and this user has not seen.",
            tag("ul", *(_item_row(each) for each in items), class_="because")
            if items
            else notice("No items.", because or "Too few others with this journey engaged with the same items."),
        ),
        class_="two even",
    )


def _related_row(related: RelatedJourney, own: str, place: Place) -> Markup:
    reason = next(reason for reason in related.because if reason.journey_id == own)
    return tag(
        "li",
        tag("b", link(place.go("explore", user="", entry=related.entry_id), related.name)),
        chip(f"strength {related.score:.2f}", "plain", "How strongly it is recommended"),
        tag("p", "Why: ", reason.text, class_="small"),
    )


def _item_row(item: RecommendedItem) -> Markup:
    return tag(
        "li",
        tag("b", shortened(item.text, 90)),
        chip(count_text(item.users, "user")),
        tag("p", "Why: ", item.because.text, class_="small"),
    )


def _origin(reading: Reading, journey: Journey) -> Markup:
    run = reading.run(journey.run_id)
    made = [
        ("Run", journey.run_id or "none"),
        ("As of", date_text(journey.as_of)),
        ("Found by", f"{journey.algorithm}, mode {journey.mode}"),
        ("Named by", f"a model: {journey.model}" if journey.named_by is NamedBy.LLM else "one of the keywords"),
        ("Id", tag("code", journey.journey_id)),
    ]
    if run:
        made += [("Granularity", run.parameters.granularity), ("Embedding", run.parameters.embedding)]
    if journey.prompt_version:
        made.append(("Prompt", journey.prompt_version))
    told = facts(made)
    fallback = (
        notice("A model was asked, and has no part in it.", journey.fallback, tone="warn") if journey.fallback else None
    )
    if run is None:
        return joined((told, fallback))
    models = [
        (name, tag("code", str(run.parameters.settings[name]))) for name in _MODELS if name in run.parameters.settings
    ]
    return joined((told, as_table("Fingerprints of the models", ("Model", "Fingerprint"), models), fallback))


_MODELS = ("affinity", "naming", "stage", "ranker")


def _ordinal(rank: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(rank, f"number {rank}")


TAB = Tab("journey", "Journey", "One journey: what it is, why it is claimed, and why it ranks where it ranks.", draw)
