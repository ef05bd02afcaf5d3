"""What the browser sends, who sent it, and what becomes of it."""

from dataclasses import replace
from typing import cast

from assistant.reading import Reading
from ui.acting import Asked, acted, arrived
from ui.frame import Fields, Tab
from ui.markup import Markup
from ui.place import Place
from ui.visitor import Visitor
from vectorstore.errors import InputError

NOTHING = cast("Reading", None)


def draw(reading: Reading, place: Place) -> Markup:
    return Markup()


def act(reading: Reading, place: Place, fields: Fields) -> Place:
    if fields.one("name") == "bad":
        raise InputError("this name can't be shown: choose another")
    return replace(place, visitor=place.visitor.was_told(fields.one("where"), f"called {fields.one('name')}"))


TABS = (Tab("plain", "Plain", "", draw), Tab("say", "Say", "", draw, act=act))


def sent(*pairs: tuple[str, str], tab: str = "say", who: str = "") -> Asked:
    return Asked.of({"query": "?tab=say", "act": tab, "who": who, "fields": [list(pair) for pair in pairs]})


def test_whatever_a_browser_sends_is_read_as_text_or_left_out() -> None:
    sent_so: list[object] = [None, 7, "x", [], {"fields": 3}, {"fields": [1, ["a"], ["a", 2], ["a", "b", "c"]]}]
    for odd in [*sent_so, {"who": None}]:
        asked = Asked.of(odd)
        assert (asked.fields, asked.act, asked.how) == (Fields(), "", "none")
    assert Asked.of({"fields": [["k", "v"]] * 500}).fields.pairs == (("k", "v"),) * 200
    assert len(Asked.of({"fields": [["k", "v" * 9_000]]}).fields.one("k")) == 5_000


def test_the_button_that_sends_a_form_comes_last() -> None:
    fields = Fields((("score", "3"), ("keyword", "a"), ("keyword", "b"), ("score", "4")))
    assert fields.one("score") == "4"
    assert fields.all("keyword") == ("a", "b")
    assert (fields.one("none"), fields.all("none")) == ("", ())


def test_a_login_is_who_he_is_whatever_the_browser_says() -> None:
    here = arrived(Place(), Asked(query="?tab=say", who="Mallory"), "ada")
    assert (here.visitor.name, here.visitor.has_login) == ("ada", True)
    renamed = acted(NOTHING, here, sent(("who", "Mallory"), ("name", "x"), ("where", "f")), TABS)
    assert renamed.visitor.name == "ada"


def test_without_a_login_the_browser_remembers_the_name() -> None:
    here = arrived(Place(), Asked(query="?tab=say", who="  Ada   L. "), None)
    assert (here.visitor.name, here.visitor.has_login) == ("Ada L.", False)
    assert acted(NOTHING, here, sent(("who", "Ben")), TABS).visitor.name == "Ben"


def test_an_error_is_told_where_it_happened_and_what_was_typed_stays() -> None:
    told = acted(NOTHING, Place("say"), sent(("where", "rename"), ("name", "bad")), TABS).visitor.told
    assert told is not None
    assert (told.where, told.ok, told.typed) == ("rename", False, "bad")
    assert told.text.startswith("this name can't be shown")


def test_what_was_told_is_told_once() -> None:
    here = acted(NOTHING, Place("say"), sent(("where", "rename"), ("name", "good")), TABS)
    assert here.visitor.told is not None
    assert arrived(here, Asked(query="?tab=say"), None).visitor.told is None


def test_a_tab_that_does_nothing_and_one_that_is_not_there_do_nothing() -> None:
    here = Place("say", visitor=Visitor("Ada"))
    for tab in ("plain", "nowhere", ""):
        assert acted(NOTHING, here, sent(("name", "bad"), tab=tab), TABS) == here


def test_every_move_is_a_new_one_so_that_the_page_sees_it() -> None:
    first = arrived(Place(), Asked(query="?tab=say"), None)
    second = arrived(first, Asked(query="?tab=say"), None)
    assert (first.version, second.version) == (1, 2)
    assert second.query == first.query == "?tab=say"
