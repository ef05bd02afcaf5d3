"""From activity to keywords: what becomes one, in any script, and that none of them loses an event."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import BOARD, CLICK, CLOSEUP, SAVE, SEARCH, START, act

from chains.keywords import extract_keywords, function_words, title_phrases
from vectorstore.activity import Activity, ActivityKind, KeywordSource, normalize


def told(activities: list[Activity]) -> list[tuple[str, str, int]]:
    return [(k.text, k.source.value, len(k.events)) for k in extract_keywords(activities)]


@pytest.mark.parametrize(
    ("title", "phrases"),
    [
        ("The 10 Best Kitchen Islands – and How to Choose One", ["Kitchen Islands", "Choose"]),
        ("Sewing a Tote Bag: Straps, Linings and Pockets", ["Tote Bag", "Linings", "Pockets"]),
        ("How to Knit a Sweater: Step-by-Step for Beginners", ["Sweater", "Knit"]),
        ("Boho-Chic Bedroom & More", ["Boho-Chic Bedroom"]),
        ("E-Bike & Scooter", ["E-Bike & Scooter"]),
        ("C++ for Beginners", ["C++"]),
        ("'Boho' Rooms: Mothers’ Day 'Gifts'", ["Mothers’ Day Gifts", "Boho Rooms"]),
        ("Don’t Let It’s Lamp", ["Lamp"]),
        ("Size 8.5 Running Shoes", ["Size 8.5 Running Shoes"]),
        ("1/2 Cup Measures: 12,000 Reviews", ["1/2 Cup Measures", "12,000 Reviews"]),
        ("St. Patrick's Day Garlands. With Felt", ["St. Patrick's Day Garlands", "Felt"]),
        ("Hello {user_id}, {{name}}'s Paddle Awaits", ["Paddle Awaits", "Hello", "user"]),
        ("Interesting Refrigerators: Oak Tea Tin", ["Oak Tea Tin", "Interesting Refrigerators"]),
        ("one two_three", ["three"]),
        ("Kitchen KITCHEN, kitchen", ["Kitchen KITCHEN", "kitchen"]),
    ],
)
def test_titles_break_at_punctuation_and_at_words_that_carry_no_topic(title: str, phrases: list[str]) -> None:
    assert title_phrases(title) == phrases


@pytest.mark.parametrize(
    ("title", "phrases"),
    [
        ("Vorhang selber nähen – 20 Ideen für jeden Raum", ["Vorhang selber nähen", "20 Ideen", "Raum"]),
        ("Recetas de verano con tomate", ["Recetas", "verano", "tomate"]),
        ("結婚式の準備リスト", ["準備リスト", "結婚式"]),
        ("手作りウェディングブーケの作り方", ["手作りウェディングブーケ", "作り方"]),
        ("北欧インテリア、一人暮らしの部屋", ["北欧インテリア", "一人暮らし", "部屋"]),
        ("髪をおしゃれにまとめる", ["おしゃれにまとめる"]),
        ("Kyoto 京都の朝ごはん Guide Book", ["Kyoto", "朝ごはん", "Book"]),
        ("简约现代客厅装修", ["简约现代客厅装修"]),
        ("घर की सजावट के आसान तरीके", ["आसान तरीके", "सजावट", "घर"]),
        ("मेहंदी डिज़ाइन। हाथ", ["मेहंदी डिज़ाइन", "हाथ"]),
        ("สูตรขนมปังโฮมเมด", ["สูตรขนมปังโฮมเมด"]),
        ("아기 방 꾸미기 | 작은 집", ["아기 방 꾸미기", "작은 집"]),
        ("שמלת כלה", ["שמלת כלה"]),
        ("Рецепты быстрых ужинов на каждый день", ["Рецепты быстрых ужинов", "каждый день"]),
    ],
)
def test_titles_in_other_languages_and_scripts(title: str, phrases: list[str]) -> None:
    assert title_phrases(title) == phrases


@pytest.mark.parametrize("title", ["🌸🌸🌸", "👨‍👩‍👧", "!!!", "...", "- & -", "2024", "{} {0}", "how to", "家", "のは"])
def test_a_title_with_nothing_better_comes_back_whole(title: str) -> None:
    assert title_phrases(title) == [title]


def test_a_long_run_of_words_is_told_in_two_halves_of_at_most_four() -> None:
    assert title_phrases("Tea Rack Wall Tin Jar") == ["Wall Tin Jar", "Tea Rack"]
    twelve = "Oak Elm Ash Fir Yew Bay Fig Nut Tea Rye Hop Ivy"
    assert title_phrases(twelve) == ["Ash Fir Yew Bay", "Tea Rye Hop Ivy"]


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.text(min_size=1, max_size=80).filter(str.strip))
def test_any_title_gives_one_to_three_phrases_out_of_itself(title: str) -> None:
    phrases = title_phrases(title)
    assert 1 <= len(phrases) <= 3
    assert len({normalize(phrase) for phrase in phrases}) == len(phrases)
    for phrase in phrases:
        assert phrase.strip()
        assert normalize(phrase) in normalize(title)
        assert phrase == title or len(phrase.split()) <= 4


def test_function_words_are_lower_case_and_carry_no_topic() -> None:
    assert {"the", "für", "de", "के"} <= function_words()
    assert not {"kitchen", "garten", "रसोई"} & function_words()
    assert {word.casefold() for word in function_words()} == function_words()


# --- activity -> keywords


def test_each_kind_of_activity_gives_its_keywords() -> None:
    assert told([act("small kitchens")]) == [("small kitchens", "query", 1)]
    assert told([act("Our Flat", kind=BOARD, board="Our Flat")]) == [("Our Flat", "board", 1)]
    pin = act("Ten Shelves for a Rented Wall", kind=SAVE, board="Our Flat", labels=["shelving", "renters"])
    assert told([pin]) == [
        ("Ten Shelves for a Rented Wall", "title", 1),
        ("shelving", "annotation", 1),
        ("renters", "annotation", 1),
        ("Our Flat", "board", 1),
    ]
    assert told([act("Shelves for a Rented Wall", kind=CLOSEUP)]) == [
        ("Shelves for a Rented Wall", "title", 1),
        ("Rented Wall", "phrase", 1),
        ("Shelves", "phrase", 1),
    ]
    assert told([]) == []


def test_a_keyword_is_written_as_in_its_surest_source_and_has_the_events_of_all() -> None:
    events = [
        act("Paint and Paper", 0, CLOSEUP, labels=["wallpaper"]),
        act("Wallpaper", 1, CLICK, labels=["Wallpaper"]),
        act("WALLPAPER", 2, SAVE, board="WallPaper"),
        act(" wall\u00a0 paper ", 3),
        act("wallPAPER", 4),
        act("wallpaper", 5),
    ]
    found = {keyword.key: keyword for keyword in extract_keywords(events)}
    assert set(found) == {"paint and paper", "paper", "paint", "wallpaper", "wall paper"} - {"paper", "paint"}
    assert found["wallpaper"].source is KeywordSource.QUERY
    assert found["wallpaper"].text == "wallPAPER"
    assert found["wallpaper"].events == (events[0], events[1], events[2], events[4], events[5])
    assert found["wallpaper"].active_days == 5
    assert found["wallpaper"].first_seen == START


def test_keywords_come_in_order_of_their_first_event_whatever_the_order_given() -> None:
    events = [act("b", 1), act("c", 2), act("a", 0), act("b", 3)]
    expected = extract_keywords(events)
    assert [keyword.text for keyword in expected] == ["a", "b", "c"]
    for seed in range(5):
        assert extract_keywords(random.Random(seed).sample(events, len(events))) == expected


_TEXTS = st.sampled_from(
    [
        "Linen Curtains",
        "linen  curtains",
        "curtains",
        "お弁当のおかず",
        "घर की सजावट",
        "🌸",
        "!?",
        "{x}",
        "Für den Garten",
    ]
)


@st.composite
def _activities(draw: st.DrawFn) -> list[Activity]:
    return [
        act(
            draw(_TEXTS),
            draw(st.integers(0, 3)),
            draw(st.sampled_from(list(ActivityKind))),
            seconds=place,
            board=draw(st.none() | _TEXTS),
            labels=draw(st.lists(_TEXTS, max_size=2)),
        )
        for place in range(draw(st.integers(1, 8)))
    ]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(_activities())
def test_keywords_keep_every_event_once_and_in_order(activities: list[Activity]) -> None:
    keywords = extract_keywords(activities)
    by_key = {keyword.key: keyword for keyword in keywords}
    assert len(by_key) == len(keywords)
    assert {event for keyword in keywords for event in keyword.events} == set(activities)
    for keyword in keywords:
        times = [event.timestamp for event in keyword.events]
        assert times == sorted(times)
        assert len(set(keyword.events)) == len(keyword.events)
    for event in activities:
        stated = [event.text, *([event.board] if event.board else [])]
        if event.kind not in (SEARCH, BOARD):
            stated += event.annotations or title_phrases(event.text)
        for text in [event.text] if event.kind is BOARD else stated:
            assert event in by_key[normalize(text)].events
