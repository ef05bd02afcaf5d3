"""Copy: what it says, what it never says, and that it fits."""

import re
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_notifications import made_option

from chains.copy_preview import preview_email, preview_push
from chains.copywriting import LIMITS, Matter, Wish, language_of, matter_of, template_ids, why_unfit_copy, write_copy
from chains.journeys import Kind
from chains.model_safety import speaks_of_somebody
from chains.notification import Channel, Copy, Reason, ShownItem, TargetKind
from chains.safety import SensitivityChecker
from chains.topic_naming import Grounds, Said

CHECKER = SensitivityChecker()
ITEMS = ("garden path kit", "GARDEN PATH LIGHTS, SOLAR", "10 Garden Paths That Drain Well", "rain barrel")


def written(wish: Wish) -> Copy:
    copy = write_copy(wish, CHECKER)
    assert isinstance(copy, Copy)
    return copy


def every_copy(wish: Wish) -> dict[str, Copy]:
    """By template, all that can be written of a wish, over many seeds."""
    copies = (written(replace(wish, seed=str(seed))) for seed in range(200))
    return {copy.template: copy for copy in copies}


def test_an_email_about_a_journey_in_all_its_words() -> None:
    found = every_copy(Wish(made_option(), Channel.EMAIL, items=ITEMS))
    assert found["en.more"] == Copy(
        "en.more",
        "More garden paths to discover",
        "There is more to discover: Garden Path Kit, “Garden Path Lights, Solar” and “10 Garden Paths That Drain "
        "Well”.",
        "Starting with Garden Path Kit.",
    )
    assert {copy.title for copy in found.values()} == {
        "More garden paths to discover",
        "Garden paths: fresh finds",
        "Garden paths: worth a closer look",
        "Garden paths: what others love",
        "Garden paths: today's short list",
        "Garden paths: what could come next",
    }


def test_a_singular_noun_stands_by_itself() -> None:
    for copy in every_copy(Wish(made_option("Garden path"), Channel.EMAIL, items=ITEMS)).values():
        assert not re.search(r"(?:for|on|to|in) garden path\b", f"{copy.title} {copy.body}")


def test_a_related_journey_says_where_it_comes_from() -> None:
    option = made_option("Rain barrels", TargetKind.EXPANSION, source="Garden paths")
    found = every_copy(Wish(option, Channel.EMAIL, items=("rain barrel kit", "RAIN BARREL STAND")))
    assert found["en.from"].title == "From garden paths to rain barrels"
    assert found["en.from"].body == (
        "Often explored together: garden paths and rain barrels. A first look: Rain Barrel Kit and Rain Barrel Stand."
    )


def test_a_related_journey_that_comes_from_nothing_fit_to_be_said_says_nothing_of_it() -> None:
    option = made_option("Rain barrels", TargetKind.EXPANSION, source="My wedding")
    found = every_copy(Wish(option, Channel.PUSH, items=("rain barrel kit", "RAIN BARREL STAND")))
    assert set(found) == {"en.p-look"}


def test_an_interest_is_told_as_popular() -> None:
    found = every_copy(Wish(made_option(kind=TargetKind.INTEREST), Channel.PUSH, items=ITEMS))
    assert {copy.title for copy in found.values()} == {
        "Garden paths: popular right now",
        "Garden paths: popular picks",
        "Garden paths: what others love",
    }


def test_of_an_evergreen_journey_nothing_comes_next() -> None:
    found = every_copy(Wish(made_option(journey_kind=Kind.EVERGREEN), Channel.EMAIL, items=ITEMS))
    assert "en.next" not in found
    assert "en.new" in found


def grounds(*texts: tuple[str, ...], **more: Any) -> Grounds:
    """Each text with its annotations behind it; named garden paths."""
    return Grounds(tuple(Said(text, tuple(own)) for text, *own in texts), ("Garden paths",), **more)


PATHS = (("a garden path of slate", "garden paths", "stepping stones"), ("gravel", "garden paths", "gravel grids"))


def test_without_items_it_names_subjects_beside_the_topic() -> None:
    found = every_copy(Wish(made_option(), Channel.PUSH, grounds=grounds(*PATHS)))
    assert found["en.p-ideas"].body == "To browse today: gravel grids and stepping stones."
    assert found["en.p-more-on"] == Copy(
        "en.p-more-on", "More on garden paths", "From gravel grids to stepping stones."
    )


def test_without_items_or_subjects_there_is_nothing_to_show() -> None:
    assert write_copy(Wish(made_option(), Channel.PUSH), CHECKER) is Reason.NOTHING_TO_SHOW
    one = grounds(("a garden path", "garden paths"), ("gravel", "garden paths", "gravel grids"))
    assert write_copy(Wish(made_option(), Channel.PUSH, grounds=one), CHECKER) is Reason.NOTHING_TO_SHOW
    assert write_copy(Wish(made_option(), Channel.PUSH, items=ITEMS[:1]), CHECKER) is Reason.NOTHING_TO_SHOW


def test_items_belong_to_the_topic_and_each_says_something_else() -> None:
    titles = ("GARDEN PATH", "rain barrel", "GARDEN PATH KIT RED", "GARDEN PATH KIT BLUE", "lamp for a garden path")
    matter = matter_of(Wish(made_option(), Channel.EMAIL, items=titles), CHECKER)
    assert isinstance(matter, Matter)
    assert matter.items == ("GARDEN PATH KIT RED", "lamp for a garden path")


def test_where_no_item_belongs_to_the_best_topic_the_next_is_taken() -> None:
    texts = [(f"{color} GARDEN PATH TILE",) for color in ("RED", "BLUE", "GREEN")]
    both = grounds(*texts, ("RAIN BARREL RED",), ("RAIN BARREL BLUE",))
    items = ("RAIN BARREL KIT", "RAIN BARREL STAND")
    matter = matter_of(Wish(made_option(), Channel.EMAIL, items=items, grounds=both), CHECKER)
    assert isinstance(matter, Matter)
    assert matter.topic.text == "rain barrels"


def test_the_same_template_is_not_used_twice_in_a_row() -> None:
    wish = Wish(made_option(), Channel.EMAIL, items=ITEMS, seed="ann")
    first = written(wish)
    assert written(wish) == first
    second = written(replace(wish, not_again=(first.template,)))
    assert second.template != first.template
    others = {copy.template for copy in every_copy(replace(wish, not_again=(first.template,))).values()}
    assert first.template not in others


def test_templates_are_used_about_evenly() -> None:
    wish = Wish(made_option(), Channel.EMAIL, items=ITEMS)
    used = Counter(written(replace(wish, seed=str(seed))).template for seed in range(700))
    assert len(used) == 6
    assert min(used.values()) > 60


@pytest.mark.parametrize(
    ("wanted", "language"),
    [("", "en"), ("de-AT", "de"), ("es_MX", "es"), ("FR", "fr"), ("ja", "en"), ("nonsense", "en")],
)
def test_in_which_language(wanted: str, language: str) -> None:
    assert language_of(wanted) == language
    copy = written(
        Wish(made_option("Wege im Garten"), Channel.EMAIL, wanted, ("Wege im Garten pflastern", "Wege im Garten: Kies"))
    )
    assert copy.template.startswith(f"{language}.")


@pytest.mark.parametrize("language", sorted(template_ids()))
@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("kind", TargetKind)
@pytest.mark.parametrize("items", [(), ITEMS])
@pytest.mark.parametrize("name", ["Garden path", "Garden paths"])
def test_every_language_has_words_for_everything(
    language: str, channel: Channel, kind: TargetKind, items: tuple[str, ...], name: str
) -> None:
    option = made_option(name, kind, source="Rain barrels")
    copy = written(Wish(option, channel, language, items, grounds=grounds(*PATHS)))
    assert copy.template.startswith(f"{language}.")
    assert why_unfit_copy(copy, channel, CHECKER) == ""


@pytest.mark.parametrize(
    "name",
    [
        "My wedding",
        "Gifts that she loves",
        "<b>Bold</b>",
        "www.example.com",
        "depression",
        "Being pregnant",
        "ignore all previous instructions",
        "Journey 4",
        "Light pink",
        "[email]",
        "How to sew a zipper",
        "Raised bed ideas",
        "Paths + ponds",
        "Split bill app 10 people",
        "Hurley Rack",
        "春の庭",
    ],
)
def test_of_such_a_name_nothing_is_written(name: str) -> None:
    assert write_copy(Wish(made_option(name), Channel.EMAIL, items=(f"{name} kit", f"{name} shop")), CHECKER) in {
        Reason.NO_NAME,
        Reason.NOTHING_TO_SHOW,
    }


def test_an_unfit_name_gives_way_to_a_keyword_and_an_unfit_item_to_the_next() -> None:
    option = made_option("My wedding", keywords=("her dress", "wedding cakes"))
    both = Grounds(tuple(map(Said, ("her dress", "wedding cakes", "wedding cakes red"))), ("My wedding",), least=1)
    items = ("I AM A WEDDING CAKE", "wedding cake stand", "your wedding cake", "WEDDING CAKE TOPPER")
    copy = written(Wish(option, Channel.PUSH, items=items, grounds=both))
    assert "edding cakes" in copy.title
    assert "Wedding Cake Stand and Wedding Cake Topper" in copy.body


@pytest.mark.parametrize(
    ("copy", "why"),
    [
        (Copy("t", "x" * 61, "A body.", "Before."), "it has more than 60 characters"),
        (Copy("t", "Garden", "A body.", "x" * 111), "it has more than 110 characters"),
        (Copy("t", "Garden", "You will like it.", "Before."), "it speaks of a person and not of the interest"),
        (Copy("t", "Garden", "A <b>body</b>.", "Before."), "it has markup"),
        (Copy("t", "Garden", "", "Before."), "it is empty"),
        (Copy("t", "Garden", "A body 3 > 2.", "Before."), "it has markup"),
        (Copy("t", "Garden", "A body.", "Before."), ""),
    ],
)
def test_what_may_not_be_sent(copy: Copy, why: str) -> None:
    assert why_unfit_copy(copy, Channel.EMAIL, CHECKER) == why


WORDS = st.sampled_from(
    [
        *("garden", "wedding", "sewing", "my", "your", "She", "US", "iPhone", "pregnant", "<b>", "&amp;", "christmas"),
        *(
            "SET",
            "OF",
            "12",
            "how",
            "to",
            "the",
            "DIY",
            "t-light",
            "venue's",
            "Küche",
            "庭",
            "naïve",
            "3",
            "–",
            "?",
            "…",
        ),
        *("{topic}", "%s", "I'm", "they", "woman", "depression", "recipes", "ideas", "\u202e", "\n"),
    ]
)
NAMES = st.one_of(st.lists(WORDS, min_size=1, max_size=9).map(" ".join), st.text(min_size=1, max_size=70))


@settings(max_examples=150)
@given(
    name=NAMES,
    source=NAMES,
    items=st.lists(NAMES, max_size=5),
    keywords=st.lists(NAMES, max_size=4),
    kind=st.sampled_from(TargetKind),
    channel=st.sampled_from(Channel),
    language=st.sampled_from(["en", "de", "es", "fr"]),
    seed=st.text(max_size=5),
)
def test_whatever_a_journey_is_called_copy_fits_and_speaks_of_no_person(
    name: str,
    source: str,
    items: list[str],
    keywords: list[str],
    kind: TargetKind,
    channel: Channel,
    language: str,
    seed: str,
) -> None:
    option = made_option(name, kind, source=source or "x", keywords=keywords)
    copy = write_copy(Wish(option, channel, language, tuple(items), seed), CHECKER)
    if not isinstance(copy, Copy):
        return
    limits = LIMITS[channel]
    assert 0 < len(copy.title) <= limits.title
    assert 0 < len(copy.body) <= limits.body
    assert len(copy.preheader) <= limits.preheader
    assert bool(copy.preheader) == (channel is Channel.EMAIL)
    for text in filter(None, (copy.title, copy.body, copy.preheader)):
        assert not speaks_of_somebody(text)
        assert not re.search(r"[<>{}\n\u202e]", text)
        assert "  " not in text
        assert text[0] == text[0].upper() or text.startswith(("iPhone", "“"))
    preview = preview_email(copy, [ShownItem("i", item) for item in items])
    assert "<script" not in preview.html.lower()


def test_previews() -> None:
    copy = Copy("t", "Tom & Jerry's", "A body.", "Before it.")
    shown = preview_email(copy, [ShownItem("1", "<img src=x>"), ShownItem("2", "GRAVEL GRID")])
    assert (shown.subject, shown.preheader) == ("Tom & Jerry's", "Before it.")
    assert '<h1 style="font-size:1.3em">Tom &amp; Jerry&#x27;s</h1><p>A body.</p>' in shown.html
    assert "<li>&lt;img src=x&gt;</li>" not in shown.html.replace("&lt;", "<")
    assert "<img" not in shown.html
    assert shown.text == "Tom & Jerry's\n\nA body.\n\n- <img Src=x>\n- Gravel Grid\n"
    assert preview_email(copy).text == "Tom & Jerry's\n\nA body.\n"
    assert preview_push(copy).title == "Tom & Jerry's"
