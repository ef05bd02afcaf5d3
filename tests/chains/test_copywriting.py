"""Copy: what it says, what it never says, and that it fits."""

import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_notifications import made_option

from chains.copy_preview import preview_email, preview_push
from chains.copywriting import LIMITS, Wish, language_of, template_ids, why_unfit_copy, write_copy
from chains.journeys import Kind
from chains.model_safety import speaks_of_somebody
from chains.notification import Channel, Copy, ShownItem, TargetKind
from chains.safety import SensitivityChecker

CHECKER = SensitivityChecker()
ITEMS = ("rain barrel kit", "GRAVEL GRID", "10 Paths That Drain Well")


def written(wish: Wish) -> Copy:
    copy = write_copy(wish, CHECKER)
    assert copy is not None
    return copy


def every_copy(wish: Wish) -> dict[str, Copy]:
    """By template, all that can be written of a wish, over many seeds."""
    copies = (written(replace(wish, seed=str(seed))) for seed in range(200))
    return {copy.template: copy for copy in copies}


def test_an_email_about_a_journey_in_all_its_words() -> None:
    found = every_copy(Wish(made_option(), Channel.EMAIL, items=ITEMS))
    assert found["en.ideas"] == Copy(
        "en.ideas",
        "Ideas for garden paths",
        "Ideas for garden paths, gathered in one place: rain barrel kit, gravel grid and “10 Paths That Drain Well”.",
        "A handful, from rain barrel kit on.",
    )
    assert {copy.title for copy in found.values()} == {
        "Ideas for garden paths",
        "Garden paths: fresh finds",
        "More on garden paths",
        "Worth a look: garden paths",
        "Garden paths: today's short list",
        "Back to garden paths",
        "Garden paths, continued",
    }


def test_a_singular_noun_stands_by_itself() -> None:
    for copy in every_copy(Wish(made_option("Garden path"), Channel.EMAIL, items=ITEMS)).values():
        assert not re.search(r"(?:for|on|to|in) garden path\b", f"{copy.title} {copy.body}")


def test_how_to_is_no_idea_for() -> None:
    titles = {
        copy.title for copy in every_copy(Wish(made_option("How to sew a zipper"), Channel.EMAIL, items=ITEMS)).values()
    }
    assert "How to sew a zipper: fresh finds" in titles
    assert not any(title.startswith(("Ideas for", "Back to")) for title in titles)


def test_ideas_are_not_had_of_ideas() -> None:
    for copy in every_copy(Wish(made_option("Raised bed ideas"), Channel.EMAIL, items=ITEMS)).values():
        assert copy.title.lower().count("ideas") == 1


def test_a_related_journey_says_where_it_comes_from() -> None:
    option = made_option("Rain barrels", TargetKind.EXPANSION, source="Garden paths")
    found = every_copy(Wish(option, Channel.EMAIL, items=ITEMS))
    assert found["en.from"].title == "From garden paths to rain barrels"
    assert found["en.from"].body.startswith(
        "Often explored together: garden paths and rain barrels. A first look: rain "
    )


def test_an_interest_is_told_as_popular() -> None:
    found = every_copy(Wish(made_option(kind=TargetKind.INTEREST), Channel.PUSH, items=ITEMS))
    assert {copy.title for copy in found.values()} == {
        "Garden paths: popular picks",
        "Well liked: garden paths",
        "Garden paths",
    }


def test_an_evergreen_journey_is_not_gone_back_to() -> None:
    found = every_copy(Wish(made_option(journey_kind=Kind.EVERGREEN), Channel.EMAIL, items=ITEMS))
    assert "en.back" not in found
    assert "en.new" in found


def test_without_items_it_names_keywords_beside_the_topic() -> None:
    option = made_option(keywords=("garden paths", "stepping stones", "light pink", "gravel grid"))
    found = every_copy(Wish(option, Channel.PUSH))
    assert found["en.p-around"].body == "Also around it: stepping stones and gravel grid."
    assert every_copy(Wish(made_option(), Channel.PUSH)).keys() == {"en.p-browse", "en.p-bare"}


def test_an_item_that_is_the_topic_is_not_named() -> None:
    copy = written(Wish(made_option(), Channel.EMAIL, items=("GARDEN PATH", "rain barrel", "Rain barrels")))
    assert "garden path " not in copy.body
    assert copy.body.count("rain barrel") == 1


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
    assert len(used) == 7
    assert min(used.values()) > 60


@pytest.mark.parametrize(
    ("wanted", "language"),
    [("", "en"), ("de-AT", "de"), ("es_MX", "es"), ("FR", "fr"), ("ja", "en"), ("nonsense", "en")],
)
def test_in_which_language(wanted: str, language: str) -> None:
    assert language_of(wanted) == language
    copy = written(Wish(made_option("Gartenwege"), Channel.EMAIL, wanted, ITEMS))
    assert copy.template.startswith(f"{language}.")


@pytest.mark.parametrize("language", sorted(template_ids()))
@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("kind", TargetKind)
@pytest.mark.parametrize("items", [(), ITEMS])
def test_every_language_has_words_for_everything(
    language: str, channel: Channel, kind: TargetKind, items: tuple[str, ...]
) -> None:
    for name in ("Garden path", "Garden paths", "How to sew", "Raised bed ideas"):
        copy = written(Wish(made_option(name, kind, source="Rain barrels"), channel, language, items))
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
    ],
)
def test_of_such_a_name_nothing_is_written(name: str) -> None:
    assert write_copy(Wish(made_option(name), Channel.EMAIL, items=ITEMS), CHECKER) is None


def test_an_unfit_name_gives_way_to_a_keyword_and_an_unfit_item_to_the_next() -> None:
    option = made_option("My wedding", keywords=("her dress", "wedding cakes"))
    copy = written(Wish(option, Channel.PUSH, items=("I AM SO POORLY", "cake stand", "your cake")))
    assert "edding cakes" in copy.title
    assert re.search(r"[Cc]ake stand", copy.body)
    assert "oorly" not in copy.body
    assert "your" not in copy.body


def test_a_lead_goes_before_the_name_where_it_is_fit() -> None:
    assert "ravel grids" in written(Wish(made_option(), Channel.PUSH, leads=("gravel grids",))).title
    assert "arden paths" in written(Wish(made_option(), Channel.PUSH, leads=("light pink",))).title


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
    if copy is None:
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
    assert shown.text == "Tom & Jerry's\n\nA body.\n\n- <img src=x>\n- Gravel grid\n"
    assert preview_email(copy).text == "Tom & Jerry's\n\nA body.\n"
    assert preview_push(copy).title == "Tom & Jerry's"
