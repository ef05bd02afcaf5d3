"""Recommendations: what counts how much, what is left out, and what is said."""

import numpy as np
import pytest
from made_activity import unit
from made_sources import journey_of
from made_users import topic

from chains.catalogue import Entry
from chains.entry_centres import EntryCentres
from chains.entry_words import EntryKeyword
from chains.expansion import Relation, RelationKind
from chains.items import Item
from chains.journeys import Policy, Stage, Verdict
from chains.recommendation import (
    Expansion,
    Recommended,
    RecommendOptions,
    Source,
    known_source,
    must_rest,
    recommend,
    source_of,
)
from chains.written_by import WrittenBy

NAMES = ("kitchen", "garden", "patio", "wedding", "speech")
CENTRES = EntryCentres(
    NAMES,
    unit([topic(name).tolist() for name in NAMES[:4]] + [(topic("wedding") + topic("speech")).tolist()]),
    np.zeros(48, np.float32),
    0.5,
)
ONLY = RecommendOptions(penalty=1.0)


def relation(to: str, strength: float, kind: RelationKind = RelationKind.ALSO) -> Relation:
    return Relation(
        entry_id=to,
        kind=kind,
        support=12,
        users=40,
        confidence=0.3,
        lift=3.14,
        next=9,
        order_lift=1.5,
        cosine=0.1,
        strength=strength,
    )


def item(name: str, score: float, users: int = 5) -> Item:
    return Item(item=name, text=f"The {name}", users=users, popularity=1.0, score=score)


def expansion(name: str, *relations: Relation, items: tuple[Item, ...] = ()) -> Expansion:
    keywords = (EntryKeyword(text=f"{name} ideas", weight=1.0, users=4),)
    entry = Entry(entry_id=name, name=name.title(), name_users=4, keywords=keywords, users=40, journeys=41)
    return Expansion(entry=entry, relations=relations, items=items)


EXPANSIONS = {
    each.entry.entry_id: each
    for each in (
        expansion(
            "kitchen",
            relation("garden", 0.4),
            relation("patio", 0.1),
            items=(item("tap", 1.0), item("tile", 0.5)),
        ),
        expansion("garden", relation("patio", 0.5, RelationKind.NEXT), items=(item("bed", 0.8), item("tap", 0.2))),
        expansion("patio", items=(item("bench", 0.6),)),
        expansion("wedding", relation("speech", 0.9), relation("garden", 0.3), items=(item("veil", 1.0),)),
        expansion("speech", items=(item("toast", 1.0),)),
    )
}  # fmt: skip


def asked(*sources: Source, seen: tuple[str, ...] = (), options: RecommendOptions = ONLY) -> Recommended:
    return recommend(sources, EXPANSIONS, CENTRES, seen, options)


KITCHEN = known_source(journey_of("anna", "new kitchen", journey_id="k", name="Kitchen redo", score=0.5), "kitchen")
GARDEN = known_source(journey_of("anna", "raised beds", journey_id="g", name="My garden", score=0.8), "garden")


def test_strength_counts_by_the_score_of_the_source() -> None:
    found = asked(KITCHEN)
    assert [(each.entry_id, round(each.score, 6)) for each in found.journeys] == [("garden", 0.2), ("patio", 0.05)]
    assert found.journeys[0].name == "Garden"
    assert found.journeys[0].keywords == ("garden ideas",)


def test_several_sources_add_up_and_what_the_user_has_is_left_out() -> None:
    found = asked(KITCHEN, GARDEN)
    (patio,) = found.journeys
    assert patio.score == pytest.approx(1 - (1 - 0.5 * 0.1) * (1 - 0.8 * 0.5))
    assert [(reason.name, reason.journey_id) for reason in patio.because] == [("My garden", "g"), ("Kitchen redo", "k")]
    assert asked(GARDEN, KITCHEN) == found


def test_what_a_journey_of_the_user_is_called_is_left_out_too() -> None:
    other = known_source(journey_of("anna", "raised beds", journey_id="o", name="garden"), None)
    assert [each.entry_id for each in asked(KITCHEN, other).journeys] == ["patio"]


def test_what_is_said_speaks_of_counts_and_dates() -> None:
    garden, patio = asked(KITCHEN).journeys
    assert garden.because[0].text == (
        "Kitchen redo: 14 events on 6 days, the last on 3 June 2026; "
        "12 of 40 users with Kitchen also have Garden; 3.1 times as many as by chance."
    )
    assert asked(GARDEN).journeys[0].because[0].text.endswith("by chance, and 9 of these 12 began it later.")
    assert patio.because[0].relation == relation("patio", 0.1)
    near = {"kitchen": expansion("kitchen", relation("garden", 0.1, RelationKind.NEAR)), "garden": EXPANSIONS["garden"]}
    (told,) = recommend([KITCHEN], near, CENTRES, ()).journeys
    assert told.because[0].text.endswith(
        "Garden is near to Kitchen in meaning; the counts of users do not speak for it."
    )


def test_what_a_model_proposes_is_told_as_such() -> None:
    by = WrittenBy(model="m", prompt_version="related_journeys-1-x")
    alone = relation("garden", 0.01, RelationKind.WRITTEN).model_copy(update={"support": 0, "written_by": by})
    only = "a language model names Garden beside Kitchen; the counts of users do not speak for it."
    for kind, support, ending in (
        (RelationKind.WRITTEN, 0, only),
        (RelationKind.WRITTEN, 12, "Garden; 3.1 times as many as by chance; a language model names it too."),
        (RelationKind.NEXT, 12, "and 9 of these 12 began it later; a language model names it too."),
    ):
        related = alone.model_copy(update={"kind": kind, "support": support})
        known = {"kitchen": expansion("kitchen", related), "garden": EXPANSIONS["garden"]}
        (told,) = recommend([KITCHEN], known, CENTRES, ()).journeys
        assert told.because[0].text.endswith(ending)
        assert told.written_by is None, "its name is of users"
    garden = EXPANSIONS["garden"]
    wrote = garden.model_copy(update={"entry": garden.entry.model_copy(update={"written_by": by, "users": 0})})
    known = {"kitchen": expansion("kitchen", alone), "garden": wrote}
    (told,) = recommend([KITCHEN], known, CENTRES, ()).journeys
    assert told.written_by == by


def test_items_of_own_and_of_related_journeys_that_are_not_seen() -> None:
    found = {each.item: each for each in asked(KITCHEN, seen=("tile",)).items}
    assert list(found) == ["tap", "bed", "bench"]
    # On the kitchen 0.5 * 1.0, on the garden that is recommended with 0.2, another 0.2 * 0.2.
    assert found["tap"].score == pytest.approx(1 - (1 - 0.5) * (1 - 0.2 * 0.2))
    assert found["tap"].because.text == (
        "Kitchen redo: 14 events on 6 days, the last on 3 June 2026; 5 other users with Kitchen engaged with this."
    )
    assert found["bed"].score == pytest.approx(0.2 * 0.8)
    assert found["bed"].entry_id == "garden"
    assert [each.item for each in asked(KITCHEN, seen=("the tap",)).items] == ["tile", "bed", "bench"], "by its title"


def test_lists_are_bounded() -> None:
    found = asked(KITCHEN, options=RecommendOptions(journeys=1, items=2, an_entry=1, penalty=1.0))
    assert [each.entry_id for each in found.journeys] == ["garden"]
    assert [each.item for each in found.items] == ["tap", "bed"]


def test_related_journeys_that_are_alike_make_room_for_others() -> None:
    centres = EntryCentres(NAMES[:3], np.stack([topic("k"), topic("g"), topic("g")]), np.zeros(48, np.float32), 0.5)
    garden, patio = recommend([KITCHEN], EXPANSIONS, centres, (), RecommendOptions(penalty=0.5)).journeys
    assert (garden.diversification, patio.diversification) == (1.0, 0.5)
    assert patio.score == pytest.approx(0.5 * 0.1 * 0.5)


def test_an_ended_journey_brings_only_what_users_go_on_to() -> None:
    ended = known_source(journey_of("anna", "raised beds", stage=Stage.ENDED), "garden")
    assert ended.weight == pytest.approx(0.4)
    found = asked(ended)
    assert [(each.entry_id, round(each.score, 6)) for each in found.journeys] == [("patio", 0.2)]
    assert [each.item for each in found.items] == ["bench"]
    kitchen = known_source(journey_of("anna", "new kitchen", stage=Stage.ENDED), "kitchen")
    assert asked(kitchen) == Recommended()


@pytest.mark.parametrize(
    "journey",
    [
        journey_of("anna", "we called off the wedding", "veil", stage=Stage.ENDED),
        journey_of("anna", "veil", safety=Verdict(policy=Policy.IN_APP, category="health")),
    ],
    ids=["called off", "sensitive"],
)
def test_a_journey_that_must_rest_brings_nothing_nor_what_is_near_to_it(journey: object) -> None:
    resting = source_of(journey, topic("wedding"), CENTRES)  # type: ignore[arg-type]
    assert (resting.entry_id, resting.weight) == ("wedding", 0.0)
    assert resting.resting == {"wedding", "speech"}
    assert asked(resting) == Recommended()
    expansions = {**EXPANSIONS, "kitchen": expansion("kitchen", relation("speech", 0.9), relation("garden", 0.4))}
    found = recommend([KITCHEN, resting], expansions, CENTRES, (), ONLY)
    assert [each.entry_id for each in found.journeys] == ["garden"]
    assert {"veil", "toast"}.isdisjoint(each.item for each in found.items)


def test_only_what_was_called_off_or_is_sensitive_rests() -> None:
    assert not must_rest(journey_of("anna", "veil", stage=Stage.ENDED))
    assert not must_rest(journey_of("anna", "we called off the wedding")), "of what goes on nothing was lost"


def test_where_nothing_is_known_nothing_is_recommended() -> None:
    assert asked() == Recommended()
    assert asked(known_source(journey_of("anna", "chess"), None)) == Recommended()
    assert recommend([KITCHEN], {}, CENTRES, ()) == Recommended()
    far = source_of(journey_of("anna", "chess"), topic("chess"), CENTRES)
    assert (far.entry_id, far.resting) == (None, frozenset())
