"""What a message calls its topic, worked out by hand."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chains.catalogue import Entry
from chains.entry_words import EntryKeyword
from chains.items import Item
from chains.recommendation import Expansion
from chains.topic_naming import Grounds, Said, beside, entry_grounds, said_by, topics_of


def of_texts(*texts: str, **more: Any) -> Grounds:
    return Grounds(tuple(map(Said, texts)), **more)


def named(grounds: Grounds) -> list[str]:
    return [topic.phrase.text for topic in topics_of(grounds)]


@pytest.mark.parametrize(
    ("texts", "best"),
    [
        # What most titles have side by side, in the plural, since more than one is shown.
        (("RED METAL SIGN", "METAL SIGN BLUE", "METAL SIGN WITH CAT"), "metal signs"),
        # A phrase that always goes on is a piece of a longer one.
        (("TRAVEL CARD WALLET RED", "TRAVEL CARD WALLET OF FELT"), "travel card wallets"),
        # Of two orders that which texts end with.
        (("TEA PARTY BIRTHDAY CARD", "CARD BIRTHDAY COWBOY", "A BIRTHDAY CARD WITH CATS RED"), "birthday cards"),
        # What tells variants apart is no part of the name.
        ([f"FELT DOLL {name}" for name in ("EMILY", "ROSIE", "MOLLY", "MARIA", "LOLA")], "felt doll"),
        # Nobody says "gift wraps" for sure.
        (("GIFT WRAP OF SILK", "BLUE GIFT WRAP"), "gift wrap"),
    ],
)
def test_of_titles(texts: Sequence[str], best: str) -> None:
    assert named(of_texts(*texts))[0] == best


@pytest.mark.parametrize(
    "texts",
    [
        ("RED METAL SIGN", "RAIN BARREL"),
        ("WICKER LARGE ONE", "WICKER LARGE TWO"),
        ("PAPER PLATES", "PAPER PLATES"),
        ("ROUTE 66 RED", "ROUTE 66 BLUE"),
        ("PAPER CUPS FOR TEA", "PAPER TOWELS OF TEA"),
    ],
)
def test_too_few_texts_or_no_name_of_a_thing(texts: Sequence[str]) -> None:
    assert named(Grounds(said_by([(text, ()) for text in texts]))) == []


def test_a_name_stands_only_where_texts_bear_it() -> None:
    texts = ("a garden path of slate", "my garden path", "rain barrel")
    assert named(of_texts(*texts, names=("Garden path",)))[0] == "garden paths"
    assert "rain barrel" not in named(of_texts(*texts, names=("Rain barrel",)))
    # Of the catalogue a text of few is enough, since its users share the words.
    assert named(of_texts(*texts, shared=("Rain barrel",)))[0] == "rain barrels"


def test_a_chosen_name_in_the_platforms_words_needs_one_text_others_need_two() -> None:
    said = (Said("lake", ("kayak trips", "boat gear")), Said("pond", ("boat gear",)), Said("swim", ("rain wear",)))
    assert named(Grounds(said, ("Kayak trips",)))[:2] == ["kayak trips", "boat gear"]
    assert named(Grounds(said)) == ["boat gear"]


def test_a_single_word_may_mean_anything_unless_it_says_what_is_done() -> None:
    said = (Said("lake", ("kayaking", "paddle")), Said("pond", ("kayaking", "paddle")))
    assert named(Grounds(said, ("Paddle",)))[:1] == ["kayaking"]
    many = (*said, Said("river", ("paddle",)))
    assert "paddle" in named(Grounds(many, ("Paddle",)))


def test_a_title_is_no_name() -> None:
    said = (Said("Hurley Rack", ("Hurley Rack",)), Said("rack", ("Hurley Rack",)))
    assert named(Grounds(said, ("Hurley Rack",))) == []


def test_what_a_person_or_a_model_wrote_goes_first() -> None:
    assert named(of_texts("RED METAL SIGN", "METAL SIGN OF TIN", given=("Signs for a shed",)))[0] == "signs for a shed"
    assert named(of_texts("a", given=("How to weld",))) == []


def subjects(grounds: Grounds) -> list[str]:
    return [phrase.text for phrase in beside(grounds, next(topics_of(grounds)))]


SAID = (
    Said("one", ("photo basics", "exposure", "tips")),
    Said("two", ("photo basics", "photo books", "portfolio")),
    Said("three", ("evening",)),
)


def test_subjects_beside_are_of_the_topics_texts_and_share_no_word() -> None:
    # "photo books" shares a word, "tips" says nothing, "evening" describes another text.
    assert subjects(Grounds(SAID, ("Photo basics",))) == ["exposure", "portfolio"]


def test_subjects_beside_by_meaning() -> None:
    cosines = {"exposure": 0.3, "portfolio": 0.4, "evening": 0.35}
    near = Grounds(SAID, ("Photo basics",), close=lambda phrase, others: [cosines.get(each, 0.9) for each in others])
    # "exposure" is a single word that is not near enough; "evening" is, though of another text.
    assert subjects(near) == ["portfolio", "evening"]


def test_a_piece_among_the_keywords_of_an_entry_does_not_pass_for_a_whole_name() -> None:
    keywords = tuple(EntryKeyword(text=text, weight=1, users=4) for text in ("aid tin", "tin skulls", "plasters"))
    titles = ("PHARMACY FIRST AID TIN", "EMERGENCY FIRST AID TIN")
    items = tuple(Item(item=text, text=text, users=4, popularity=1, score=1) for text in titles)
    entry = Entry(entry_id="e", name="Aid tin", name_users=4, keywords=keywords, users=4, journeys=4)
    found = entry_grounds(Expansion(entry=entry, items=items))
    assert [each.text for each in found.said] == ["tin skulls", "plasters", *titles]
    assert "aid tin" not in named(found)


TEXTS = st.lists(
    st.lists(st.sampled_from(["red", "metal", "sign", "tea", "PARTY", "of", "12", "home", "庭", "?", "my"]), max_size=5)
    .map(" ".join)
    .filter(str.strip),
    max_size=6,
)


@given(TEXTS, st.randoms(use_true_random=False))
def test_whatever_the_texts_each_name_stands_in_some_of_them_in_any_order(texts: list[str], chance: Any) -> None:
    pairs = [(text, ()) for text in texts]
    found = named(Grounds(said_by(pairs)))
    assert len(found) == len(set(found))
    chance.shuffle(pairs)
    assert set(named(Grounds(said_by(pairs)))) == set(found)
