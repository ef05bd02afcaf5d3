"""How names and titles read inside a sentence."""

import pytest

from chains.copy_phrases import Shape, begin, is_modifier, item_text, listed, phrase_of, plural_of, says_something


@pytest.mark.parametrize(
    ("name", "written", "text", "shape"),
    [
        ("Wooden canoe repair", (), "wooden canoe repair", Shape.NOUN),
        ("Garden path", (), "garden path", Shape.LABEL),
        ("Gardening", (), "gardening", Shape.NOUN),
        ("Lisbon trip", (), "Lisbon trip", Shape.LABEL),
        ("Visby trip", ("Visby trip",), "Visby trip", Shape.LABEL),
        ("Raised bed ideas", ("raised bed ideas",), "raised bed ideas", Shape.IDEAS),
        ("How to sew a zipper", (), "how to sew a zipper", Shape.CLAUSE),
        ("What is sourdough?", (), "what is sourdough", Shape.CLAUSE),
        (
            "Hanging heart t-light holder",
            ("HANGING HEART T-LIGHT HOLDER",),
            "hanging heart T-light holder",
            Shape.LABEL,
        ),
        ("20 vintage christmas napkins", ("20 VINTAGE CHRISTMAS NAPKINS",), "vintage Christmas napkins", Shape.NOUN),
        ("SET OF 6 RIBBONS", (), "ribbons", Shape.NOUN),
        ("10 minute workouts", ("10 minute workouts",), "10 minute workouts", Shape.NOUN),
        ("Diy shelves", ("diy shelves",), "DIY shelves", Shape.NOUN),
        ("IKEA hacks", ("IKEA hacks",), "IKEA hacks", Shape.IDEAS),
        ("Wooden Canoe Repair", (), "Wooden Canoe Repair", Shape.NOUN),
        ("Ethos", (), "ethos", Shape.NOUN),
        ("  Zip,  insertion. ", (), "zip, insertion", Shape.LABEL),
        ("Recetas veganas", (), "recetas veganas", Shape.NOUN),
    ],
)
def test_a_name_in_a_sentence(name: str, written: tuple[str, ...], text: str, shape: Shape) -> None:
    phrase = phrase_of(name, written)
    assert (phrase.text, phrase.shape) == (text, shape)


def test_where_a_sentence_begins() -> None:
    assert begin("garden paths") == "Garden paths"
    assert begin("iPhone cases") == "iPhone cases"
    assert begin("éclairs") == "Éclairs"
    assert begin("") == ""


@pytest.mark.parametrize("text", ["Garden paths", "yoga", "春の庭", "set of spoons", "50's Christmas"])
def test_what_names_a_topic(text: str) -> None:
    assert says_something(text)


@pytest.mark.parametrize(
    "text", ["", "Light pink", "set", "Journey 3", "12", "the best", "a", "one two three four five six seven eight"]
)
def test_what_names_none(text: str) -> None:
    assert not says_something(text)


def test_items_of_a_list() -> None:
    assert item_text("JUMBO BAG PINK  POLKADOT") == "Jumbo Bag Pink Polkadot"
    assert item_text("set of 3 cake tins,red") == "“Set of 3 Cake Tins, Red”"
    assert item_text("christmas t-light 60cm") == "Christmas T-light 60cm"
    assert item_text("10 Raised Bed Layouts for Small Gardens") == "“10 Raised Bed Layouts for Small Gardens”"
    assert item_text("Raised Beds") == "Raised Beds"
    assert item_text("a " * 60, 20) == "A a a a a a a a a…"
    assert listed(["a"], " and ") == "a"
    assert listed(["a", "b", "c"], " and ") == "a, b and c"


def test_a_comma_is_followed_by_a_space() -> None:
    assert phrase_of("FEATHER PEN,HOT PINK").text == "feather pen, hot pink"


@pytest.mark.parametrize(
    ("noun", "plural"),
    [("metal sign", "metal signs"), ("gift box", "gift boxes"), ("cherry", "cherries"), ("toy", "toys")],
)
def test_plurals(noun: str, plural: str) -> None:
    assert plural_of(noun) == plural


@pytest.mark.parametrize("noun", ["gift wrap", "cutlery", "home sweet home", "café", "iPad 3"])
def test_nouns_without_a_sure_plural(noun: str) -> None:
    assert plural_of(noun) == ""


def test_words_that_tell_how_a_thing_looks() -> None:
    assert all(map(is_modifier, ("red", "Large", "polkadot", "12")))
    assert not any(map(is_modifier, ("bag", "sign")))
