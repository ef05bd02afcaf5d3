"""An address says where a visitor is, and leads there again."""

from hypothesis import given
from hypothesis import strategies as st

from ui.place import Place


def test_an_address_is_read() -> None:
    place = Place.of("?tab=journey&user=a%26b&journey=7f&show=ended")
    assert (place.tab, place.user, place.journey, place.options) == ("journey", "a&b", "7f", (("show", "ended"),))
    assert place.query == "?tab=journey&user=a%26b&journey=7f&show=ended"


def test_the_user_stays_and_the_journey_with_him() -> None:
    place = Place("explore", "ann", "7f", (("show", "ended"),))
    assert place.go("granularity") == Place("granularity", "ann", "7f")
    assert place.go("explore", user="bob") == Place("explore", "bob")
    assert place.go("journey", user="ann", journey="9a") == Place("journey", "ann", "9a")
    assert place.go("overview", user="", segment="a=b") == Place("overview", options=(("segment", "a=b"),))


def test_options_are_changed_one_by_one() -> None:
    place = Place("explore", "ann", options=(("find", "x"), ("show", "ended")))
    assert place.with_options(show="", day="2").options == (("day", "2"), ("find", "x"))


def test_gradios_own_and_what_is_too_much_are_left_out() -> None:
    query = "?" + "&".join(f"o{number}={'x' * 400}" for number in range(40)) + "&__theme=dark"
    place = Place.of(query)
    assert len(place.options) <= 12
    assert all(len(value) <= 300 for _, value in place.options)
    assert Place.of("?__theme=dark&tab=explore") == Place("explore")


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_every_place_is_found_again(user: str, journey: str, find: str) -> None:
    place = Place("explore", user, journey).with_options(find=find)
    assert Place.of(place.query) == place
