"""Targets replayed on made logs: what is hit, worked out by hand."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from homes import START, TOPICS, word_embeddings
from made_journeys import make_journey

from assistant.evaluation.interests import Habit, Interests
from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.replay import (
    BEST_INTEREST,
    JOURNEY,
    TARGET,
    TARGET_OR_INTEREST,
    Setting,
    Targets,
    label_of,
    of_interest,
    outcome,
)
from assistant.evaluation.replaying import replay_targets, shares_items
from assistant.evaluation.time_split import SplitJourney, SplitUser
from chains.inference import InferenceModels, InferenceOptions
from vectorstore.activity import Activity, ActivityKind, normalize
from vectorstore.errors import InputError

CUT = START + timedelta(days=10)
LABELS = {"veil": "wedding", "venue": "wedding", "cake": "wedding", "beds": "garden", "soil": "garden", "pen": ""}


def act(text: str, day: float, user_id: str = "ann") -> Activity:
    return Activity(user_id, START + timedelta(days=day), ActivityKind.SEARCH, text)


PAST = (act("veil", 1), act("venue", 2), act("soil", 3), act("pen", 4))


def ann(future: Sequence[Activity], *journeys: tuple[Sequence[str], Sequence[Activity]]) -> SplitUser:
    """journeys: texts of each and what goes on with it by its own terms."""
    return SplitUser(
        LabelledUser("ann", [], LABELS),
        PAST,
        tuple(future),
        tuple(
            SplitJourney(
                make_journey("ann", f"j{rank}", texts=texts, rank=rank),
                tuple(event for event in PAST if normalize(event.text) in texts),
                tuple(later),
            )
            for rank, (texts, later) in enumerate(journeys, 1)
        ),
    )


def test_an_outcome_by_hand() -> None:
    cake, beds, again = act("cake", 11), act("beds", 11.1), act("beds", 12)
    user = ann([cake, beds, again])
    # Mostly wedding, the last labelled event garden. One of the two later days has a wedding.
    assert outcome(PAST, [], user) == (1, 1, 0, 0.5, 0)
    assert outcome(PAST, [cake], user) == (1, 1, 1, 0.5, 1), "recognised: of the label, and the target's own"
    assert outcome(PAST, [beds], user) == (1, 1, 0, 0.5, 1), "the target's own, but of another label"
    assert outcome(PAST[2:], [again], user) == (1, 1, 1, 1, 1), "a pen has no label"
    assert outcome(PAST[:2], [], ann([beds])) == (0, 0, 0, 0, 0)
    assert outcome(PAST[3:], [], user) == (0, 0, 0, 0, 0), "a target without a label hits nothing"
    assert outcome(PAST[3:], [], ann([act("pen", 11)])) == (0, 0, 0, 0, 0), "and no label is no label"


def test_the_label_of_most_texts() -> None:
    assert label_of({"veil", "venue", "soil"}, LABELS) == "wedding"
    assert label_of({"veil", "soil"}, LABELS) == "wedding", "of equals the last by name"
    assert label_of({"pen", "unknown"}, LABELS) is None


def test_an_interest_is_judged_by_the_same_rule() -> None:
    interests = Interests({"veil": 0, "venue": 0, "soil": 0, "pen": 1, "cake": 1, "beds": 0}, 2)
    user = ann([act("cake", 11), act("beds", 12)])
    # Interest 0 is mostly wedding; its own later event is beds, so cake is hit but not recognised.
    assert of_interest(user, CUT, interests, Habit("frequent")) == (1, 1, 0, 0.5, 1)
    # Interest 1 holds the pen alone, which bears no label, but has cake for its own.
    assert of_interest(user, CUT, interests, Habit("recent")) == (0, 0, 0, 0, 1)


def test_systems_side_by_side() -> None:
    """Ann has journeys, bob has none; the setting that is right for the other one is taken."""
    apart = Interests({"veil": 0, "venue": 0, "soil": 1, "pen": 2, "beds": 1, "cake": 0}, 3)
    found = Targets((Setting(3, Habit("frequent")), Setting(3, Habit("recent"))))
    beds = act("beds", 11)
    found.add(ann([beds], (("veil", "venue"), []), (("soil",), [beds])), CUT, {3: apart})
    bob = SplitUser(LabelledUser("bob", [], LABELS), (act("soil", 2, "bob"),), (act("beds", 11, "bob"),), ())
    found.add(bob, CUT, {3: apart})
    systems = found.systems()
    assert found.users == ["ann", "bob"]
    assert found.dates == ["2026-03-12", "2026-03-12"]
    assert systems[JOURNEY][:, 0].tolist() == [0, 0]
    assert systems["luckiest journey"][:, 0].tolist() == [1, 0]
    assert systems[BEST_INTEREST][:, 0].tolist() == [0, 1]
    assert systems[TARGET_OR_INTEREST][:, 0].tolist() == [0, 1]
    # Of equal scores the first journey, and of its texts the last that was met; its label is not met again.
    assert systems[TARGET].tolist() == systems[JOURNEY].tolist()
    assert {rows.shape for rows in systems.values()} == {(2, 5)}


def test_a_target_is_judged_by_its_focus() -> None:
    """A journey that is mostly about the wedding, and lately about the garden, which is gone on with."""
    found = Targets((Setting(3, Habit("frequent")),))
    beds = act("beds", 11)
    found.add(ann([beds], (("veil", "venue", "soil"), [beds])), CUT, {3: Interests(dict.fromkeys(LABELS, 0), 3)})
    systems = found.systems()
    assert systems[JOURNEY].tolist() == [[0, 1, 0, 0, 1]]
    assert systems[TARGET].tolist() == [[1, 1, 1, 1, 1]]


def searched(user_id: str, topic: str, first: float, texts: slice = slice(None)) -> list[Activity]:
    return [act(text, first + place, user_id) for place, text in enumerate(TOPICS[topic][texts])]


def test_a_whole_replay(tmp_path: Path) -> None:
    """Ann goes on with her wedding, which is her only journey; bob went on with nothing, cat began after the cut."""
    activities = {
        "ann": [*searched("ann", "wedding", 0), act("wedding dress", 12, "ann")],
        "bob": [*searched("bob", "kitchen", 0), act("sock yarn", 12, "bob")],
        "cat": [act("late", 14, "cat"), act("end", 40, "cat")],
    }
    users = [
        LabelledUser(name, events, {normalize(event.text): f"{name}-first" for event in events[:6]})
        for name, events in activities.items()
    ]
    users[0].labels["wedding dress"] = "ann-first"
    counted: list[int] = []
    models = InferenceModels()
    figures = replay_targets(
        users,
        [(models, users[:1]), (models, users[1:])],
        [CUT],
        timedelta(days=28),
        word_embeddings(tmp_path),
        InferenceOptions(),
        lambda: counted.append(1),
    )
    assert (figures.users, figures.moments, len(counted)) == (2, 2, 3)
    assert figures.systems[JOURNEY]["hit"].value == 0.5
    assert figures.systems[JOURNEY]["days"].value == 0.5
    assert figures.systems[BEST_INTEREST]["hit"].value == 0.5
    assert figures.lifts[0].rate.value == 0
    with pytest.raises(InputError, match="nobody comes back after any of the dates"):
        replay_targets(
            users,
            [(models, users)],
            [START + timedelta(days=20)],
            timedelta(days=1),
            word_embeddings(tmp_path),
            InferenceOptions(),
        )


def test_items_are_shared_where_two_users_met_one() -> None:
    def saved(user_id: str, text: str) -> LabelledUser:
        return LabelledUser(user_id, [Activity(user_id, START, ActivityKind.SAVE, text)], {})

    assert shares_items([saved("ann", "A  pot"), saved("bob", "a pot")])
    assert not shares_items([saved("ann", "a pot"), saved("bob", "a pan")])
    assert not shares_items([LabelledUser(name, [act("a pot", 0, name)], {}) for name in "ab"]), "a search is no item"
