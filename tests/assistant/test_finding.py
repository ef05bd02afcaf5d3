"""Users by id, by what they are up to, and by a catalogue entry."""

import numpy as np
from made_glances import glance, snapshot

from assistant.finding import find_users, users_of_entry
from chains.texts import Floats

GLANCES = [glance("ann", "wedding"), glance("anna", "kitchen"), glance("bob", "kitchen"), glance("bob", "garden")]
#: Kitchen is along the first axis, wedding along the second, garden between them.
MEANINGS = np.array([[0, 1], [1, 0], [0.8, 0.6], [0.5, 0.5]], dtype=np.float32)
SNAPSHOT = snapshot(GLANCES, meanings=MEANINGS, users=["zoe"])


def kitchen(texts: list[str]) -> Floats:
    assert len(texts) == 1
    return np.array([[1, 0]], dtype=np.float32)


def test_a_whole_id_finds_that_user_first_and_looks_for_no_meaning() -> None:
    found = find_users(SNAPSHOT, " Ann ", kitchen)
    assert [each.user_id for each in found.users] == ["ann", "anna"]
    assert all(each.journeys == () for each in found.users)


def test_a_meaning_finds_users_with_such_a_journey_the_nearest_first() -> None:
    found = find_users(SNAPSHOT, "kitchen renovation", kitchen)
    assert [each.user_id for each in found.users] == ["anna", "bob"]
    assert [(own.entry_id, near) for own, near in found.users[1].journeys] == [("kitchen", 0.8), ("garden", 0.5)]
    assert found.total == 2


def test_a_part_of_an_id_and_a_meaning_come_together() -> None:
    found = find_users(SNAPSHOT, "nn", kitchen)
    assert [each.user_id for each in found.users] == ["ann", "anna", "bob"]


def test_nothing_to_look_for_finds_nobody() -> None:
    assert find_users(SNAPSHOT, "  …", kitchen).users == ()


def test_an_empty_library_finds_nobody() -> None:
    assert find_users(snapshot([]), "kitchen", kitchen).total == 0


def test_users_of_an_entry_are_listed_from_three_on_the_latest_active_first() -> None:
    own = [glance("a", "wedding", weeks=(3,)), glance("b", "wedding", weeks=(0,)), glance("c", "wedding", weeks=(3,))]
    assert [each.user_id for each in users_of_entry(snapshot(own), "wedding").users] == ["b", "a", "c"]
    assert users_of_entry(snapshot(own[:2]), "wedding").users == ()
    assert users_of_entry(snapshot(own), "wedding", frozenset("ab")).users == (), "two of a segment are too few"
