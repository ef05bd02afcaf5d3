"""What users on an entry engaged with: counted by user, at least k, recent first, and nothing that may not be shown."""

from datetime import timedelta

import numpy as np
import pytest
from made_activity import BOARD, CLICK, CLOSEUP, SAVE, SEARCH, START, act
from made_users import Made, embed, topic

from chains.catalogue import Catalogue, CatalogueOptions, build_catalogue
from chains.items import ItemOptions, item_of, items_of
from vectorstore.activity import Activity

NOW = START + timedelta(days=60)


def garden() -> Catalogue:
    made = Made()
    for number in range(3):
        made.add(f"u{number}", "garden", "garden")
    return build_catalogue(made.outlines, made.centres, embed, CatalogueOptions(3))


CATALOGUE = garden()
(ENTRY,) = CATALOGUE.entries


def found(*users: list[Activity], least: int = 3, most: int = 50) -> list[tuple[str, int, float]]:
    """Every text belongs to the entry, but for those that begin with "other"."""
    uses = [(own, {event.text.casefold(): 0 for event in own if not event.text.startswith("other")}) for own in users]
    chosen = ItemOptions(least_users=least, most=most)
    items = items_of(CATALOGUE, uses, NOW, embed, chosen)[ENTRY.entry_id]
    return [(item.item, item.users, round(item.popularity, 4)) for item in items]


def test_an_item_is_its_id_or_its_title() -> None:
    assert item_of(act("Old  Shed", kind=SAVE, item="i7")) == "i7"
    assert item_of(act("Old  Shed", kind=CLOSEUP)) == "old shed"
    assert item_of(act("old shed", kind=SEARCH)) is None
    assert item_of(act("old shed", kind=BOARD)) is None


def test_each_user_counts_once_by_the_strongest_act() -> None:
    saves = [act("bed garden", 60, SAVE, item="bed"), act("bed garden", 60, CLOSEUP, item="bed")]
    click, look = [act("bed garden", 60, CLICK, item="bed")], [act("bed garden", 60, CLOSEUP, item="bed")]
    assert found(saves, click, look) == [("bed", 3, 1.9)]
    assert found(saves, saves) == [], "two users are too few"
    assert found(saves, saves, least=2) == [("bed", 2, 2.0)]


def test_an_act_loses_half_of_its_worth_in_sixty_days() -> None:
    old, new = [act("bed garden", 0, SAVE)], [act("shed garden", 60, SAVE)]
    assert found(old, old, old, new, new, new) == [
        ("shed garden", 3, 3.0),
        ("bed garden", 3, 1.5),
    ]
    late = [act("bed garden", 61, SAVE)]
    assert found(late, late, late) == [], "after the clock"


def test_only_what_belongs_to_the_entry_and_lies_near_it() -> None:
    other = [act("other garden", 60, SAVE)]
    assert found(other, other, other) == []
    far = [act("bed kitchen", 60, SAVE)]
    assert float(topic("kitchen") @ CATALOGUE.centres.rows[0]) < 0.2
    assert found(far, far, far) == []


def test_the_title_is_one_that_enough_users_met() -> None:
    def titled(title: str) -> list[Activity]:
        return [act(title, 60, SAVE, item="bed")]

    assert found(titled("bed garden"), titled("beds garden"), titled("my bed garden")) == []
    users = [titled("bed garden")] * 3 + [titled("a bed of anna garden")]
    uses = [(own, {own[0].text: 0}) for own in users]
    (item,) = items_of(CATALOGUE, uses, NOW, embed)[ENTRY.entry_id]
    assert (item.text, item.users) == ("bed garden", 4)


@pytest.mark.parametrize("title", ["<script>alert(1)</script> garden", "breast cancer treatment garden"])
def test_what_may_not_be_shown_is_no_item(title: str) -> None:
    own = [act(title, 60, SAVE)]
    assert found(own, own, own) == []


def test_the_list_is_bounded_and_in_order_whatever_comes_first() -> None:
    users = [[act(f"bed {number} garden", 60 - number, SAVE) for number in range(9)] for _ in range(3)]
    assert [item for item, _, _ in found(*users, most=4)] == [f"bed {number} garden" for number in range(4)]
    turned = [list(reversed(own)) for own in users]
    assert found(*turned) == found(*users)
    assert items_of(CATALOGUE, [], NOW, embed) == {ENTRY.entry_id: ()}
    assert np.isfinite(CATALOGUE.centres.rows).all()
