"""Items recommended at a cut, and what of them is then met: worked out by hand."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from homes import START, word_embeddings
from made_journeys import make_journey

from assistant.evaluation.interests import Interests
from assistant.evaluation.replay_items import (
    BEST_INTEREST_ITEMS,
    CATALOGUE_ITEMS,
    FREQUENT_ITEMS,
    JOURNEY_ITEMS,
    POPULAR_ITEMS,
    RANKED_INTEREST_ITEMS,
    USERS_ITEMS,
    ItemCut,
    Items,
    in_turn,
    one_after_other,
    seen_items,
)
from vectorstore.activity import Activity, ActivityKind

CUT = START + timedelta(days=10)


def saved(user_id: str, *texts: str, day: float = 9) -> list[Activity]:
    return [Activity(user_id, START + timedelta(days=day), ActivityKind.SAVE, text) for text in texts]


def test_items_in_turn_and_one_after_the_other() -> None:
    lists = [["a", "b", "c"], ["b", "d"], []]
    assert in_turn(lists, {"a"}) == ["b", "d", "c"]
    assert one_after_other(lists, {"a"}) == ["b", "c", "d"]
    letters = [f"i{number:02d}" for number in range(30)]
    assert in_turn([letters[:15], letters[15:]], set()) == [
        letters[place + add] for place in range(5) for add in (0, 15)
    ]
    assert one_after_other([letters], {"i00"}) == letters[1:11]
    assert in_turn([], set()) == one_after_other([], set()) == []


def test_a_search_is_no_item() -> None:
    search = Activity("ann", START, ActivityKind.SEARCH, "pots")
    click = Activity("ann", START, ActivityKind.CLICKTHROUGH, "Ten pots", item_id="x1")
    assert seen_items([search, click, *saved("ann", "A  Pot")]) == {"x1", "a pot"}


#: Many things that others bought, so that ten places are few: popular ones, and those of gardeners and bakers.
POPULAR = [f"popular {number:02d}" for number in range(12)]
GARDEN = ["spade", "seeds", "hose"]


def cut_of(past: Mapping[str, Sequence[Activity]], future: Mapping[str, Sequence[Activity]]) -> ItemCut:
    texts = {event.text for events in past.values() for event in events}
    interests = Interests({text: int(text in GARDEN) for text in sorted(texts | {"new"})}, 2)
    journeys = {
        user: [make_journey(user, f"{user}1", texts=[e.text for e in events if e.text in GARDEN])]
        for user, events in past.items()
        if any(event.text in GARDEN for event in events)
    }
    return ItemCut(CUT, past, future, journeys, {2: interests})


def test_each_system_by_hand(tmp_path: Path) -> None:
    """Ann has the spade. Gardeners have spade, seeds and hose; crowds have the popular things, two of them each."""
    past = {
        "ann": saved("ann", "spade"),
        "gil": saved("gil", *GARDEN),
        "gus": saved("gus", *GARDEN),
        **{f"crowd{number}": saved(f"crowd{number}", *POPULAR) for number in range(3)},
    }
    future = {"ann": saved("ann", "seeds", "hose", "spade", "new", day=12)}
    found = Items()
    found.add(cut_of(past, future), word_embeddings(tmp_path))
    outcomes = {name: tuple(rows[0].tolist()) for name, rows in found.outcomes().items()}
    assert (found.users, found.dates) == (["ann"], ["2026-03-12"])
    # Seeds and hose come with the spade; the spade was seen, and nobody could have known of the new thing.
    assert outcomes[JOURNEY_ITEMS] == outcomes[USERS_ITEMS] == outcomes[RANKED_INTEREST_ITEMS] == (0.2, 1.0)
    assert outcomes[BEST_INTEREST_ITEMS] == outcomes[FREQUENT_ITEMS] == (0.2, 1.0)
    # The twelve popular things, of three users each, fill ten places.
    assert outcomes[POPULAR_ITEMS] == (0.0, 0.0)
    # Two gardeners and ann are three; an item takes three users in the catalogue, and only the spade has them.
    assert outcomes[CATALOGUE_ITEMS] == (0.0, 0.0)


def test_a_list_that_falls_short_is_filled_with_what_is_popular(tmp_path: Path) -> None:
    """Ann has no journey and her interest holds nothing else."""
    past = {
        "ann": saved("ann", "spade"),
        **{f"crowd{number}": saved(f"crowd{number}", *POPULAR[:3]) for number in range(3)},
    }
    cut = cut_of(past, {"ann": saved("ann", POPULAR[0], POPULAR[1], day=11)})
    found = Items()
    found.add(ItemCut(cut.as_of, cut.past, cut.future, {}, cut.interests), word_embeddings(tmp_path))
    assert {name: tuple(rows[0].tolist()) for name, rows in found.outcomes().items()} == dict.fromkeys(
        (
            JOURNEY_ITEMS,
            CATALOGUE_ITEMS,
            USERS_ITEMS,
            RANKED_INTEREST_ITEMS,
            FREQUENT_ITEMS,
            BEST_INTEREST_ITEMS,
            "best in hindsight",
            POPULAR_ITEMS,
        ),
        (0.2, 1.0),
    )


def test_popularity_is_counted_in_users_and_lately(tmp_path: Path) -> None:
    """What was in fashion long ago comes after what is now: the baseline may look at a few days only."""
    old = {f"old{number}": saved(f"old{number}", *POPULAR[:10], day=-200) for number in range(5)}
    new = {"new1": saved("new1", "lately"), "ann": saved("ann", "spade")}
    found = Items()
    found.add(cut_of({**old, **new}, {"ann": saved("ann", "lately", day=11)}), word_embeddings(tmp_path))
    by_window = [hit for _, hit in found.popular[0]]
    assert by_window == [1, 1, 1, 1, 0], "of seven to 91 days, and of the whole log"
