"""What a model proposed beside what users do: which comes first, which figures are joined, and what is its own."""

import numpy as np
import pytest
from made_users import Made, embed

from chains.catalogue import Catalogue, CatalogueOptions, build_catalogue
from chains.expansion import Pairs, Relation, RelationKind, RelationOptions, count_pairs, relations_of
from chains.proposals import Proposal
from chains.written_by import WrittenBy
from chains.written_expansions import Written
from chains.written_relations import MATCHED_STRENGTH, Joined, join_written

BY = WrittenBy(model="m", prompt_version="related_journeys-1-x", checked_by="related_critic-1-y")
OPTIONS = RelationOptions(least_users=3, near=1.0)


def made() -> Made:
    """Of 40 users 12 have kitchen and garden, 4 garden and boats, 2 kitchen and chess; others one of four each."""
    users = Made()
    for number in range(40):
        user = f"u{number:02d}"
        if number < 12:
            users.add(user, "kitchen", "kitchen", day=10 * number).add(user, "garden", "garden", day=10 * number - 5)
        elif number < 16:
            users.add(user, "garden", "garden").add(user, "boats", "boats", day=3)
        elif number < 18:
            users.add(user, "kitchen", "kitchen").add(user, "chess", "chess", day=3)
        else:
            own = ("sewing", "boats", "bread", "chess")[number % 4]
            users.add(user, own, own)
    return users


class _World:
    def __init__(self) -> None:
        users = made()
        self.catalogue: Catalogue = build_catalogue(users.outlines, users.centres, embed, CatalogueOptions(3))
        self.pairs: Pairs = count_pairs(self.catalogue, self.catalogue.match(users.centres), users.outlines)
        self.relations = relations_of(self.catalogue, self.pairs, OPTIONS)
        self.id = {entry.name: entry.entry_id for entry in self.catalogue.entries}

    def join(self, **proposed: tuple[str, ...]) -> Joined:
        written = [
            Written(self.id[name], tuple(Proposal(each, (each,)) for each in names), len(names), by=BY)
            for name, names in proposed.items()
        ]
        return join_written(self.catalogue, self.relations, self.pairs, written, embed, OPTIONS)

    def of(self, joined: Joined, name: str) -> list[Relation]:
        return list(joined.relations[self.id[name]])


@pytest.fixture(name="world", scope="module")
def world_fixture() -> _World:
    return _World()


def test_without_proposals_nothing_changes(world: _World) -> None:
    joined = world.join()
    assert joined.relations == world.relations
    assert (joined.entries, len(joined.centres), joined.joined, joined.new) == ((), 0, 0, 0)


def test_a_new_journey_becomes_an_entry_without_users_behind_the_others(world: _World) -> None:
    joined = world.join(Kitchen=("Saving pantry", "Building a patio"))
    (garden, pantry, patio) = world.of(joined, "Kitchen")
    assert (garden.kind, garden.written_by) == (RelationKind.ALSO, None)
    assert [pantry.kind, patio.kind] == [RelationKind.WRITTEN] * 2
    assert (pantry.strength, patio.strength) == (0.01, 0.005)
    assert (pantry.support, pantry.lift, pantry.written_by) == (0, 0.0, BY)
    entries = {entry.entry_id: entry for entry in joined.entries}
    assert [entries[each.entry_id].name for each in (pantry, patio)] == ["Saving pantry", "Building a patio"]
    assert {(each.users, each.name_users, each.journeys, each.written_by) for each in joined.entries} == {(0, 0, 0, BY)}
    assert joined.centres.ids == tuple(entries)
    np.testing.assert_allclose(joined.centres.rows, embed(["pantry", "patio"]), atol=1e-6)
    assert (joined.joined, joined.new) == (0, 2)
    assert set(world.id.values()).isdisjoint(entries)


def test_one_that_means_a_counted_relation_only_signs_it(world: _World) -> None:
    before = world.of(world.join(), "Kitchen")[0]
    joined = world.join(Kitchen=("Planting a garden",))
    (relation,) = world.of(joined, "Kitchen")
    assert relation == before.model_copy(update={"written_by": BY})
    assert (joined.entries, joined.joined, joined.new) == ((), 1, 0)


def test_one_that_means_an_entry_gets_the_figures_that_were_counted(world: _World) -> None:
    assert [each.support for each in world.of(world.join(), "Boats")] == []
    (relation,) = world.of(world.join(Boats=("Tending a garden",)), "Boats")
    boats = next(each for each in world.catalogue.entries if each.name == "Boats")
    # 4 users have boats and garden of the 4 + 6 with boats; chance alone brings nearly as many, so it held not up.
    assert (relation.kind, relation.support, relation.users) == (RelationKind.WRITTEN, 4, boats.users)
    assert relation.confidence == 4 / boats.users
    assert relation.next == 0
    assert relation.lift > 1
    assert relation.strength >= MATCHED_STRENGTH


def test_counts_of_fewer_than_k_users_are_not_told(world: _World) -> None:
    relation, *_ = world.of(world.join(Chess=("Cooking in a kitchen",)), "Chess")
    assert (relation.kind, relation.support, relation.confidence, relation.lift) == (RelationKind.WRITTEN, 0, 0.0, 0.0)
    assert relation.strength == MATCHED_STRENGTH


def test_the_same_proposed_for_two_entries_is_one_entry(world: _World) -> None:
    joined = world.join(Kitchen=("Saving pantry",), Bread=("Stocking the pantry",))
    assert [entry.name for entry in joined.entries] == ["Saving pantry"]
    assert {world.of(joined, name)[-1].entry_id for name in ("Bread", "Kitchen")} == {joined.entries[0].entry_id}


def test_what_means_the_entry_itself_or_is_too_much_is_left_out(world: _World) -> None:
    many = tuple(f"Doing {word}" for word in ("a1", "b2", "c3", "d4", "e5", "f6", "g7"))
    joined = world.join(Kitchen=("Kitchen", *many))
    assert [each.kind for each in world.of(joined, "Kitchen")] == [RelationKind.ALSO, *[RelationKind.WRITTEN] * 6]
    assert joined.new == 6
    assert len(joined.entries) == 6


def test_the_order_of_what_was_written_means_nothing(world: _World) -> None:
    one = world.join(Kitchen=("Saving pantry",), Bread=("Stocking the pantry",))
    other = world.join(Bread=("Stocking the pantry",), Kitchen=("Saving pantry",))
    assert one.relations == other.relations
    assert one.entries == other.entries
