"""Counts of all users: right, and never of fewer than three."""

from made_glances import LAST, glance, snapshot

from assistant.overview import WEEKS, Totals, overview_of
from chains.journeys import Kind, Stage

THREE = ("ann", "bob", "cat")


def test_it_counts_users_and_what_stands_how() -> None:
    found = overview_of(
        snapshot(
            [
                *(glance(user, "wedding") for user in THREE),
                *(glance(user, "garden", kind=Kind.EVERGREEN) for user in ("ann", "bob", "cat", "dan")),
                glance("dan", "", stage=Stage.ENDED),
            ],
            users=["eve"],
        )
    )
    assert found.totals == Totals(users=5, journeys=8, ongoing=3, ended=1, evergreen=4, in_catalogue=7)
    assert [(each.entry.entry_id, each.users, each.ongoing, each.ended, each.evergreen) for each in found.entries] == [
        ("garden", 4, 0, 0, 4),
        ("wedding", 3, 3, 0, 0),
    ]


def test_an_entry_of_two_users_is_not_told() -> None:
    found = overview_of(snapshot([glance("ann", "wedding"), glance("bob", "wedding")], users=["cat"]))
    assert found.entries == ()
    assert found.totals.journeys == 2


def test_a_week_of_two_users_is_hidden_and_an_empty_one_is_none() -> None:
    own = [glance("ann", "wedding", weeks=(0, 1)), glance("bob", "wedding", weeks=(0, 1)), glance("cat", "wedding")]
    weekly = overview_of(snapshot(own)).entries[0].weekly
    assert len(weekly) == WEEKS
    assert weekly[-3:] == (0, None, 3)


def test_one_hidden_number_hides_another_so_that_it_does_not_follow() -> None:
    own = [glance(user, "wedding") for user in "abcdef"] + [glance("g", "wedding", stage=Stage.ENDED)]
    own += [glance(user, "wedding", kind=Kind.EVERGREEN) for user in "abc"]
    figures = overview_of(snapshot(own)).entries[0]
    assert (figures.ongoing, figures.ended, figures.evergreen) == (6, None, None)


def test_rising_is_the_last_four_weeks_against_the_four_before() -> None:
    own = [glance(user, "wedding", weeks=(0,)) for user in "abcdef"]
    own += [glance(user, "garden", weeks=(0, 5)) for user in "abcd"]
    own += [glance(user, "sewing", weeks=(0, 5) if user in "abc" else (1,)) for user in "abcdef"]
    found = overview_of(snapshot(own))
    assert [(each.entry.entry_id, each.before, each.lately) for each in found.rising] == [
        ("wedding", 0, 6),
        ("sewing", 3, 6),
    ]


def test_too_few_before_cannot_be_compared() -> None:
    own = [glance(user, "wedding", weeks=(0, 5) if user == "a" else (0,)) for user in "abcdef"]
    figures = overview_of(snapshot(own)).entries[0]
    assert (figures.before, figures.lately, figures.rise) == (None, 6, 0)


def test_what_comes_first_is_told_where_three_users_and_most_say_so() -> None:
    own = [glance(user, "wedding", began=90) for user in "abcd"]
    own += [glance(user, "travel", began=30 if user in "abc" else 120) for user in "abcd"]
    own += [glance(user, "garden", began=10 if user in "ab" else 200) for user in "abcd"]
    orders = [(each.first.entry_id, each.second.entry_id, each.times) for each in overview_of(snapshot(own)).orders]
    assert orders == [("wedding", "travel", 3)]


def test_a_segment_counts_only_its_own() -> None:
    own = [glance(user, "wedding") for user in "abcdefgh"]
    found = overview_of(snapshot(own), frozenset("abcd"))
    assert (found.totals.users, found.entries[0].users) == (4, 4)


def test_a_segment_of_two_or_of_all_but_two_tells_nothing() -> None:
    own = [glance(user, "wedding") for user in "abcdefgh"]
    for among in ("ab", "abcdefg", ""):
        found = overview_of(snapshot(own), frozenset(among))
        assert found.too_few
        assert (found.entries, found.totals.users) == ((), 0)
    assert not overview_of(snapshot(own), frozenset("abcdefgh")).too_few


def test_a_segment_hides_an_entry_whose_other_users_are_too_few() -> None:
    own = [glance(user, "wedding") for user in "abcde"] + [glance(user, "garden") for user in "fgh"]
    assert overview_of(snapshot(own), frozenset("abcdg")).entries == (), "all users have five, so one would follow"


def test_a_library_of_two_users_has_totals_but_no_entry() -> None:
    found = overview_of(snapshot([glance("ann", "wedding"), glance("bob", "wedding")]))
    assert (found.too_few, found.totals.journeys, found.entries) == (False, 2, ())
    assert not overview_of(snapshot([])).too_few


def test_weeks_end_with_the_last_that_is_over() -> None:
    assert overview_of(snapshot([glance(user, "wedding") for user in THREE])).last_week == LAST
