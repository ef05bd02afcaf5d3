"""Every tab, drawn from a home without a browser: what it says, where it leads, and that users' words stay words."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from homes import Row, made, made_rows, write_log
from test_markup import Seen

from assistant.reading import Reading
from assistant.snapshot import BeingRead
from ui.place import Place
from ui.shell import body, head_of, settled, style
from ui.tabs import TABS

PLANTED = "<script>alert(1)</script> wedding"
LINK = "wedding cake [win](http://example.com) ${value} {{value}}"
ROWS = [
    *(row for user in ("ann", "bob", "cat") for row in made_rows(user, "wedding", "garden")),
    Row("ann", PLANTED, 1.2, "board"),
    Row("ann", LINK, 1.3),
    Row("<b>eve</b>", "one thing", 1),
]


@pytest.fixture(scope="module", name="reading")
def reading_fixture(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reading]:
    folder = tmp_path_factory.mktemp("drawn")
    with made(folder / "home") as assistant:
        assistant.ingest([write_log(folder / "log.csv", ROWS)])
        assistant.infer()
        assistant.expand()
        reading = assistant.reading
        reading.open_all()
        while isinstance(reading.overview(), BeingRead):
            time.sleep(0.05)
        yield reading


def drawn(reading: Reading, query: str) -> str:
    place = settled(Place.of(query), TABS)
    tab = next(tab for tab in TABS if tab.key == place.tab)
    return head_of(reading, place, TABS, "none") + body(reading, place, tab)


def text_of(markup: str) -> str:
    seen = Seen()
    seen.feed(markup)
    seen.close()
    return " ".join(seen.text.split())


@pytest.mark.parametrize("tab", [tab.key for tab in TABS])
@pytest.mark.parametrize("user", ["", "ann", "<b>eve</b>", "nobody"])
def test_every_tab_has_something_to_say_of_everybody(reading: Reading, tab: str, user: str) -> None:
    place = Place(tab, user)
    seen = Seen()
    seen.feed(drawn(reading, place.query))
    assert len(seen.text) > 100
    assert {name for name, _ in seen.tags}.isdisjoint({"script", "iframe", "object", "b-", "eve"})
    for name, attributes in seen.tags:
        assert not any(key.startswith("on") for key in attributes), name
        link = attributes.get("href")
        assert link is None or link.startswith(("?", "#")), "links lead to no other machine"


@pytest.mark.parametrize("tab", ["explore", "journey", "granularity"])
def test_planted_markup_stays_text(reading: Reading, tab: str) -> None:
    wedding = next(own for own in reading.user("ann").journeys if "wedding cake" in own.texts)
    markup = drawn(reading, Place(tab, "ann", wedding.journey_id).query)
    assert "<script" not in markup
    assert 'href="http' not in markup
    if tab == "journey":
        assert PLANTED in text_of(markup)
        assert LINK in text_of(markup)


def test_an_id_with_markup_in_it_stays_text(reading: Reading) -> None:
    markup = drawn(reading, Place("explore", "<b>eve</b>").query)
    assert "<b>eve</b>" not in markup
    assert "<b>eve</b>" in text_of(markup)
    assert "No journeys." in text_of(markup)


def test_explore_shows_every_journey_as_a_card_that_leads_to_it(reading: Reading) -> None:
    markup = drawn(reading, "?tab=explore&user=ann")
    journeys = reading.user("ann").journeys
    assert markup.count('<article class="journey') == len(journeys) == 2
    for own in journeys:
        assert f"?tab=journey&amp;user=ann&amp;journey={own.journey_id}" in markup
    assert "Confidence: " in text_of(markup)


def test_cards_are_filtered_by_how_they_stand(reading: Reading) -> None:
    ended = drawn(reading, "?tab=explore&user=ann&show=ended")
    of_all = drawn(reading, "?tab=explore&user=ann&show=ongoing")
    assert ended.count('<article class="journey') + of_all.count('<article class="journey') == 2
    assert 'aria-current="true">Ended' in ended


def test_a_search_lists_who_was_found(reading: Reading) -> None:
    assert "user=ann" in drawn(reading, "?tab=explore&find=wedding+venue")
    assert "Nobody found for “zzz qqq”" in text_of(drawn(reading, "?tab=explore&find=zzz+qqq"))


def test_overview_counts_and_leads_to_the_users(reading: Reading) -> None:
    markup = drawn(reading, "?tab=overview")
    entries = re.findall(r"\?tab=explore&amp;entry=(\w+)", markup)
    assert entries
    listed = text_of(drawn(reading, f"?tab=explore&entry={entries[0]}"))
    assert "3 users found" in listed


def test_a_segment_that_is_not_there_is_said(reading: Reading) -> None:
    assert "No such segment." in text_of(drawn(reading, "?tab=overview&segment=country%3DNL"))
    assert "No such segment." in text_of(drawn(reading, "?tab=explore&entry=x&segment=country%3DNL"))


def test_a_journey_tells_score_evidence_stage_safety_and_origin(reading: Reading) -> None:
    told = text_of(drawn(reading, "?tab=journey&user=ann"))
    for part in (
        "Why it ranks first",
        "Evidence",
        "Keywords",
        "Stage",
        "Nothing sensitive found",
        "run-000001",
        "Recommended items",
    ):
        assert part in told
    first = reading.user("ann").journeys[0]
    assert f"{first.score:.3f}" in told
    assert first.stage_reason in told


def test_a_journey_that_is_gone_is_said(reading: Reading) -> None:
    assert "No such journey." in text_of(drawn(reading, "?tab=journey&user=ann&journey=0000"))


def test_the_dial_says_what_would_change(reading: Reading) -> None:
    same = drawn(reading, "?tab=granularity&user=ann")
    assert same.count(">same</span>") == 2
    assert 'value="normal" checked' in same
    fine = drawn(reading, "?tab=granularity&user=ann&dial=fine")
    assert 'value="fine" checked' in fine
    assert "cut 60%" in fine
    bent = drawn(reading, "?tab=granularity&user=ann&dial=bent")
    assert 'value="normal" checked' in bent, "an unknown stop is the normal one"


def test_before_any_run_every_tab_is_calm_and_says_what_to_do(tmp_path: Path) -> None:
    with made(tmp_path / "home") as assistant:
        assistant.ingest([write_log(tmp_path / "log.csv", ROWS)])
        reading = assistant.reading
        assert reading._snapshots.read_now().users == frozenset()
        for tab in TABS:
            shown = drawn(reading, f"?tab={tab.key}")
            assert "That did not work" not in text_of(shown)
            told = "No run has ended" if tab.key == "quality" else "No journeys yet"
            assert told in text_of(shown) or tab.key in {"journey", "correct", "granularity", "ask"}


def test_an_address_without_a_tab_leads_where_its_user_or_journey_is() -> None:
    assert settled(Place.of("?user=ann"), TABS).tab == "explore"
    assert settled(Place.of("?user=ann&journey=7f"), TABS) == Place("journey", "ann", "7f")
    assert settled(Place.of("?tab=none&find=x"), TABS) == Place("overview", options=(("find", "x"),))


def test_the_head_names_the_open_tab_and_keeps_the_user(reading: Reading) -> None:
    head = head_of(reading, Place("journey", "ann", "7f"), TABS, "push")
    assert head.count("aria-current") == 1
    assert '<a href="?tab=explore&amp;user=ann&amp;journey=7f">Explore</a>' in head
    assert 'data-title="ann · Journey · Journey Assistant"' in head


def test_the_stylesheet_opens_each_tab() -> None:
    for tab in TABS:
        assert f'body[data-tab="{tab.key}"] #panel-{tab.key} {{ display: flex' in style()
