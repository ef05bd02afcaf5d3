"""The tab Granularity: the same user, grouped coarser or finer, and what that would change."""

from collections.abc import Sequence

from assistant.errors import LibraryError
from assistant.reading import Reading, Regrouped
from chains.clustering import Granularity
from chains.journeys import Journey
from chains.wording import count_text, shortened
from ui.frame import Tab
from ui.markup import Markup, joined, tag
from ui.pieces import as_table, badge, chip, notice, section
from ui.place import Place
from ui.tree_plot import tree_plot
from ui.users_found import find_form
from vectorstore.activity import normalize

_SAYS = {
    Granularity.COARSE: ("Coarse", "“Trips”"),
    Granularity.NORMAL: ("Normal", "“Two weeks in Japan”"),
    Granularity.FINE: ("Fine", "“Hotels in Kyoto”"),
}


def draw(reading: Reading, place: Place) -> Markup:
    if not place.user:
        return joined((find_form(place), notice("Choose a user first.", "Then turn the dial.")))
    try:
        view = reading.user(place.user)
    except LibraryError:
        return joined((find_form(place), notice(f"No user “{place.user}” here.", "Find one by id.", tone="warn")))
    chosen = granularity_of(place.option("dial") or view.state.granularity)
    found = reading.regrouped(view, chosen)
    return joined(
        (
            tag(
                "div",
                tag("h2", view.user_id, tabindex="-1", class_="subject"),
                tag("p", f"Stored with {view.state.granularity}. Turning the dial stores nothing.", class_="muted"),
                class_="heading",
            ),
            dial(chosen, place),
            section("What would change", "Left as it is stored, right as it would be.", changes(found)),
            section(
                "Tree of merges",
                "Texts that surely belong together join far left. What joins left of the cut is one journey.",
                _tree(found),
            ),
        )
    )


def granularity_of(name: str) -> Granularity:
    """Normal where there is none of that name."""
    return Granularity(name) if name in set(Granularity) else Granularity.NORMAL


def dial(chosen: Granularity, place: Place) -> Markup:
    """Three stops; the arrow keys turn it."""
    stops = joined(
        tag(
            "label",
            tag(
                "input",
                type="radio",
                name="dial",
                value=each.value,
                checked=each is chosen,
                data_go=place.go("granularity", dial=each.value).query,
            ),
            tag("span", tag("b", title), tag("small", like)),
        )
        for each, (title, like) in _SAYS.items()
    )
    return tag("fieldset", tag("legend", "How fine journeys are"), tag("div", stops, class_="stops"), class_="dial")


def changes(found: Regrouped) -> Markup:
    """Each stored journey with what its texts would be in, and what would be new."""
    if not found.before and not found.after:
        return notice("No journeys, before or after.")
    after = [_texts(journey) for journey in found.after]
    rows = []
    met: set[int] = set()
    for journey in found.before:
        own = _texts(journey)
        into = [place for place, texts in enumerate(after) if own & texts]
        met.update(into)
        rows.append(
            (_named(journey), _became(journey, into, found, own, after), joined(_into(found, place) for place in into))
        )
    for place in range(len(found.after)):
        if place not in met:
            rows.append((Markup("–"), chip("new", "blue"), _into(found, place)))
    same = sum(_texts(journey) in after for journey in found.before)
    told = (
        f"{count_text(len(found.before), 'journey')} as stored, "
        f"{count_text(len(found.after), 'journey')} with this dial; "
        f"{same} would be the same. {count_text(found.took, 'text')} clustered."
    )
    body = joined(
        tag(
            "li",
            tag("div", before, class_="before"),
            tag("div", what, class_="became"),
            tag("div", now, class_="after"),
        )
        for before, what, now in rows
    )
    return joined((tag("p", told, class_="muted", role="status"), tag("ul", body, class_="regrouped")))


def _became(
    journey: Journey, into: Sequence[int], found: Regrouped, own: frozenset[str], after: Sequence[frozenset[str]]
) -> Markup:
    if not into:
        return chip("gone", "grey", "Too little of it would be left together")
    if len(into) > 1:
        return chip(f"split in {len(into)}", "amber")
    others = [each for each in found.before if each is not journey and _texts(each) & after[into[0]]]
    if others:
        return chip("merged", "amber", "with " + ", ".join(each.name for each in others))
    return chip("same", "green") if after[into[0]] == own else chip("changed", "blue")


def _tree(found: Regrouped) -> Markup:
    if found.tree is None:
        return notice(
            "Too many texts to draw the tree.", f"{found.took:,} texts were clustered; the changes above hold all."
        )
    of_text = {normalize(text): journey.rank for journey in found.after for text in journey.texts}
    of_group: dict[int, int] = {}
    for leaf in found.tree.leaves:
        for member in leaf.members:
            if (rank := of_text.get(normalize(found.texts[member]))) is not None:
                of_group.setdefault(leaf.group, rank)
    rows = [
        (
            of_group.get(leaf.group, "–"),
            shortened(", ".join(found.texts[place] for place in leaf.members), 160),
            f"{leaf.together:.0%}",
        )
        for leaf in found.tree.leaves
    ]
    told = "Numbers are ranks of journeys with this dial; a leaf with +3 holds four texts; – makes no journey."
    return joined(
        (
            tree_plot(found.tree, found.texts, of_group),
            tag("p", told, class_="small muted"),
            as_table("Read the tree as a table", ("Journey", "Texts", "Together"), rows),
        )
    )


def _named(journey: Journey) -> Markup:
    return joined((badge(journey.rank), " ", journey.name))


def _into(found: Regrouped, place: int) -> Markup:
    journey = found.after[place]
    return tag(
        "span", _named(journey), tag("small", f" {count_text(journey.events, 'event')}", class_="muted"), class_="to"
    )


def _texts(journey: Journey) -> frozenset[str]:
    return frozenset(normalize(text) for text in journey.texts)


TAB = Tab("granularity", "Granularity", "Turn the dial: the same user, grouped coarser or finer.", draw)
