"""Which journeys a person should look at next, and how far judges and people agree."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.kept_judgements import DatedJudgement
from assistant.reviewing import Because, Reviewable, held_verdicts, helped, review_agreement, review_queue
from chains.judgement import Judgement
from chains.labels import Label, LabelKind

AT = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)


def about(user: str, journey: str, confidence: float = 0.9, rank: int = 1, category: str = "") -> Reviewable:
    return Reviewable(user, journey, rank, confidence, category)


def judged(user: str, journey: str, *scores: int, hours: int = 0, run: str = "run-000001") -> DatedJudgement:
    made = Judgement(user, journey, run, 1, "Wedding", scores, model="openai:judge", prompt_version="relevance/1")
    return DatedJudgement(made, AT + timedelta(hours=hours))


def verdict(user: str, journey: str, by: str, score: int, hours: int = 0, *, gone: bool = False) -> Label:
    at = AT + timedelta(hours=hours)
    return Label(
        label_id=f"{user}-{journey}-{by}-{hours}",
        user_id=user,
        journey_id=journey,
        kind=LabelKind.VERDICT,
        by=by,
        at=at,
        score=score,
        withdrawn_at=at if gone else None,
    )


def order(*args: object, **options: object) -> list[str]:
    return [item.about.journey_id for item in review_queue(*args, **options)]  # type: ignore[arg-type]


JOURNEYS = [
    about("a", "sure"),
    about("b", "unsure", 0.3),
    about("c", "sensitive", category="health"),
    about("d", "split"),
    about("e", "judged"),
    about("f", "seconded"),
]
JUDGEMENTS = [judged("d", "split", 2, 4, 5), judged("e", "judged", 4, 4, 4)]
LABELS = [verdict("f", "seconded", "Ben", 4)]


def test_what_a_verdict_helps_most_comes_first() -> None:
    assert order(JOURNEYS, JUDGEMENTS, LABELS, by="Ada") == [
        "split",
        "sensitive",
        "unsure",
        "seconded",
        "judged",
        "sure",
    ]


def test_each_item_says_why_and_no_score_of_a_judge_is_told() -> None:
    told = {item.about.journey_id: item.reasons for item in review_queue(JOURNEYS, JUDGEMENTS, LABELS, by="Ada")}
    assert [reason.because for reason in told["split"]] == [Because.JUDGE_SPLIT]
    assert told["split"][0].text == "The judge's answers differ by 3 levels: a person decides."
    assert told["seconded"][0].text == "Rated by one other: yours shows how far people agree."
    assert told["sure"][0].text == "Nobody has looked at it yet."
    assert told["unsure"][0].text.endswith("30%.")


def test_what_this_person_has_rated_is_done_and_others_still_see_it() -> None:
    assert "seconded" not in order(JOURNEYS, [], LABELS, by="Ben")
    assert "seconded" in order(JOURNEYS, [], LABELS, by="Ada")


def test_a_verdict_that_was_taken_back_is_asked_for_again() -> None:
    assert order([about("a", "x")], [], [verdict("a", "x", "Ada", 3, gone=True)], by="Ada") == ["x"]


def test_what_was_passed_over_comes_last() -> None:
    found = order(JOURNEYS, JUDGEMENTS, LABELS, by="Ada", skipped={("d", "split"), ("c", "sensitive")})
    assert found[-2:] == ["split", "sensitive"]


def test_a_user_with_many_alike_does_not_hold_the_whole_list() -> None:
    many = [about("a", f"a{number}", 0.3, rank=number) for number in range(1, 5)]
    assert order([*many, about("b", "b1", 0.35)], [], [], by="Ada") == ["a1", "b1", "a2", "a3", "a4"]


def test_the_newest_judgement_counts() -> None:
    both = [judged("d", "split", 2, 4, 5), judged("d", "split", 4, 4, 4, hours=1, run="run-000002")]
    item = review_queue([about("d", "split")], both, [], by="Ada")[0]
    assert item.reasons[0].because is Because.JUDGED


@given(st.permutations(JOURNEYS), st.permutations(JUDGEMENTS))
def test_the_order_of_what_is_known_makes_no_difference(
    journeys: list[Reviewable], judgements: list[DatedJudgement]
) -> None:
    assert review_queue(journeys, judgements, LABELS, by="Ada") == review_queue(JOURNEYS, JUDGEMENTS, LABELS, by="Ada")


def test_how_many_wait_for_each_reason() -> None:
    counted = helped(review_queue(JOURNEYS, JUDGEMENTS, LABELS, by="Ada"))
    assert list(counted) == list(Because)
    assert set(counted.values()) == {1}


def test_of_each_person_the_newest_verdict_holds() -> None:
    labels = [verdict("a", "x", "Ada", 2), verdict("a", "x", "Ada", 5, 1), verdict("a", "x", "Ben", 1, 2, gone=True)]
    assert [(each.by, each.score) for each in held_verdicts(labels)] == [("Ada", 5)]


def test_agreement_of_a_judge_and_of_people_by_hand() -> None:
    judgements = [judged("a", "x", 4, 4, 4), judged("a", "y", 2, 2, 2), judged("b", "z", 5, 5, 5)]
    labels = [
        verdict("a", "x", "Ada", 4),
        verdict("a", "x", "Ben", 5),
        verdict("a", "y", "Ada", 3),
        verdict("b", "z", "Ada", 5),
        verdict("b", "z", "Ben", 5),
    ]
    found = review_agreement(judgements, labels)
    assert found.judge is not None
    assert found.humans is not None
    # Against the lower middle of (4, 5), 3 and (5, 5): 4, 3 and 5.
    assert found.judge.exact.value == pytest.approx(2 / 3)
    assert found.judge.within_one.value == 1.0
    assert (found.humans.pairs, found.humans.exact.value) == (2, 0.5)
    assert found.model == "openai:judge"


def test_without_verdicts_nothing_is_compared() -> None:
    found = review_agreement(JUDGEMENTS, [])
    assert (found.judge, found.humans, found.rated) == (None, None, 0)
