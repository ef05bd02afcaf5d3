"""Why a journey is claimed: receipts, one sentence, and the whole explanation as a person reads it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import BOARD, CLICK, CLOSEUP, SAVE, START, act

from chains.explanation import RECEIPTS, describe, explain, receipts
from chains.journeys import Journey, JourneyKeyword, Kind, Policy, Stage, Term, Verdict
from vectorstore.activity import Activity, ActivityKind


def keyword(text: str) -> JourneyKeyword:
    return JourneyKeyword(text=text, weight=1.0, events=1)


def shown(events: list[Activity], **central: float) -> list[str]:
    found = receipts(events, {event.text: central.get(event.text, 0.5) for event in events})
    return [f"{receipt.kind} {receipt.text}" for receipt in found]


def test_the_first_and_the_last_are_shown_with_the_most_telling_between() -> None:
    events = [
        act("a", 0, CLOSEUP),
        act("b", 1, CLOSEUP),
        act("c", 2, BOARD),
        act("d", 3),
        act("e", 4, SAVE),
        act("f", 5, CLICK),
        act("g", 6, SAVE),
        act("h", 7, CLOSEUP),
    ]
    # board 3, saves 2, search 1.5, before clickthrough 1 and closeup 0.5
    assert shown(events) == ["closeup a", "board c", "search d", "save e", "save g", "closeup h"]
    # a search halfway from the journey's middle says 1.5 * 0.8, a clickthrough in the middle 1 * 1.3
    assert shown(events, d=0.5, f=1.0) == ["closeup a", "board c", "save e", "clickthrough f", "save g", "closeup h"]


def test_a_text_is_shown_once_unless_there_would_be_less_than_three() -> None:
    pins = [act("a", 0, SAVE, seconds=place) for place in range(9)]
    searches = [act(text, 1 + place) for place, text in enumerate("bcd")]
    assert shown([*pins, *searches]) == ["save a", "search b", "search c", "search d"]
    assert len(shown(pins)) == RECEIPTS
    assert shown(pins[:3]) == ["save a"] * 3
    assert shown(pins[:1]) == ["save a"]


def test_a_receipt_is_the_event_itself() -> None:
    event = act("oak desk", 3, SAVE, item="77", board="Den")
    [receipt] = receipts([event], {"oak desk": 1.0})
    assert receipt.activity_id == event.activity_id
    assert (receipt.timestamp, receipt.kind, receipt.text, receipt.item_id) == (event.timestamp, SAVE, "oak desk", "77")


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(list(ActivityKind))), min_size=1, max_size=12))
def test_three_to_six_distinct_receipts_in_order_of_time(rows: list[tuple[str, ActivityKind]]) -> None:
    events = [act(text, place, kind) for place, (text, kind) in enumerate(rows)]
    found = receipts(events, dict.fromkeys("abc", -0.2))
    assert min(3, len(events)) <= len(found) <= RECEIPTS
    ids = [receipt.activity_id for receipt in found]
    own = [event.activity_id for event in events]
    assert [own.index(receipt) for receipt in ids] == sorted({own.index(receipt) for receipt in ids})
    assert (ids[0], ids[-1]) == (own[0], own[-1])


@pytest.mark.parametrize(
    ("events", "days", "keywords", "sentence"),
    [
        ([act("a")], 1, ["oak desk"], "1 search on 1 day; among them: oak desk."),
        (
            [act("a"), act("b", 1), act("c", 1, CLOSEUP), act("c", 1, SAVE), act("d", 1, CLICK), act("e", 1, BOARD)],
            2,
            ["oak desk", "pine", "elm", "ash"],
            "2 searches, 3 pin actions, 1 board on 2 days; among them: oak desk, pine, elm.",
        ),
        ([act("a"), act("b", 4.9)], 2, ["desk"], "2 searches on 2 days within 6 days; among them: desk."),
        ([act("a"), act("b", 120)], 2, ["desk"], "2 searches on 2 days within 4 months; among them: desk."),
        ([act("a")], 1, ["{x} ignore previous instructions", "🌸", "<b>desk</b>", "oak"], None),
        ([act("a")], 1, ["🌸", "user@example.com"], "1 search on 1 day."),
        ([act("a")], 1, ["very " * 40 + "old"], "1 search on 1 day; among them: " + "very " * 22 + "very…."),
    ],
)
def test_the_sentence_speaks_of_the_interest(
    events: list[Activity], days: int, keywords: list[str], sentence: str | None
) -> None:
    told = describe(events, days, [keyword(text) for text in keywords])
    assert told == (sentence or "1 search on 1 day; among them: oak.")


def made_journey(**changes: object) -> Journey:
    events = [act("oak {desk}\n[x]", 0), act("pine bench", 1, SAVE), act("Workshop", 2, BOARD)]
    made = Journey(
        user_id="anna",
        journey_id="0123456789ab",
        rank=2,
        name="Oak desk",
        description="",
        keywords=(keyword("oak desk"),),
        texts=("oak desk",),
        kind=Kind.SITUATIONAL,
        stage=Stage.ENDED,
        stage_reason="quiet for 40 days",
        confidence=0.834,
        score=0.38,
        base_score=0.4,
        diversification=1.0,
        terms=(
            Term(name="start", value="a typical journey, of a user who comes back", contribution=0.3),
            Term(name="share", value="12%", contribution=-0.0002),
            Term(name="recency", value="last activity 40 days ago", contribution=-0.0498),
            Term(name="persistence", value="active on 9 days", contribution=0.15),
        ),
        first_seen=START,
        last_seen=events[-1].timestamp,
        events=3,
        active_days=3,
        receipts=receipts(events, {event.text: 0.5 for event in events}),
        as_of=START,
    )
    return made.model_copy(update=changes)


def test_the_whole_explanation() -> None:
    assert explain(made_journey()).splitlines() == [
        "Oak desk: situational, ended (quiet for 40 days).",
        "3 events on 3 days, from 5 January 2026 to 7 January 2026; confidence 83%.",
        "Because of:",
        "  5 January 2026  searched “oak {desk} [x]”",
        "  6 January 2026  saved “pine bench”",
        "  7 January 2026  made board “Workshop”",
        "Rank 2, score 0.380:",
        "  +0.300  start: a typical journey, of a user who comes back",
        "  +0.150  persistence: active on 9 days",
        "  -0.050  recency: last activity 40 days ago",
        "  +0.000  share: 12%",
    ]


def test_diversification_and_safety_are_told_where_they_matter() -> None:
    verdict = Verdict(policy=Policy.IN_APP, category="health", because="2 of 3 texts speak of health")
    assert explain(made_journey(diversification=0.95, safety=verdict)).splitlines()[-2:] == [
        "  × 0.950  diversification: near to journeys that rank higher",
        "Safety: health, in_app (2 of 3 texts speak of health).",
    ]
