"""What is chosen, worked out by hand."""

from collections.abc import Collection, Sequence
from datetime import timedelta

import pytest
from made_notifications import NOW, made_journey, made_related

from chains.catalogue import Entry
from chains.entry_words import EntryKeyword
from chains.expansion import Relation, RelationKind
from chains.journeys import Journey, Policy, Stage
from chains.notification import Reason, Sent, TargetKind
from chains.notification_choice import Choice, interest_options, journey_options
from chains.notification_rules import NotifyPolicy
from chains.recommendation import Expansion, RelatedJourney
from vectorstore.activity import Activity, ActivityKind

POLICY = NotifyPolicy()
DAY = NOW.date()


def options(
    journeys: Sequence[Journey],
    related: Sequence[RelatedJourney] = (),
    never: Collection[str] = (),
    sent: Sequence[Sent] = (),
) -> Choice:
    return journey_options(journeys, related, never, sent, DAY, POLICY)


def test_the_journey_of_the_highest_score_comes_first() -> None:
    found = options([made_journey("low", 0.5, name="Rain barrels"), made_journey("high", 0.9)])
    assert [option.target_id for option in found.options] == ["high", "low"]
    assert found.options[0].terms == made_journey("high", 0.9).terms
    assert (found.nearest, found.refused) == (None, {})


def test_others_are_refused_each_with_its_reason() -> None:
    found = options(
        [
            made_journey("ended", 0.95, stage=Stage.ENDED),
            made_journey("ill", 0.9, policy=Policy.IN_APP),
            made_journey("never", 0.85),
            made_journey("weak", 0.2),
            made_journey("weaker", 0.1),
        ],
        never={"never"},
    )
    assert found.options == ()
    assert found.nearest is Reason.LOW_SCORE
    assert found.refused == {Reason.ENDED: 1, Reason.SENSITIVE: 1, Reason.NEVER_NOTIFY: 1, Reason.LOW_SCORE: 2}


def test_a_related_journey_is_told_once_the_journey_that_leads_there_was_told() -> None:
    journey, related = made_journey(score=0.8), made_related(score=0.2)
    assert [o.kind for o in options([journey], [related]).options] == [TargetKind.JOURNEY, TargetKind.EXPANSION]
    told = [Sent(DAY - timedelta(days=3), "push", "j1", "Garden paths")]
    found = options([journey], [related], sent=told)
    assert [(o.kind, o.target_id, o.source_id, o.score) for o in found.options] == [
        (TargetKind.EXPANSION, "e1", "j1", 0.2)
    ]
    assert found.nearest is Reason.COOL_DOWN


@pytest.mark.parametrize(("kind", "told"), [(RelationKind.ALSO, 1), (RelationKind.WRITTEN, 1), (RelationKind.NEAR, 0)])
def test_what_is_near_in_meaning_alone_is_not_told_as_leading_there(kind: RelationKind, told: int) -> None:
    relation = Relation(
        entry_id="e1",
        kind=kind,
        strength=0.5,
        support=4,
        users=8,
        confidence=0.5,
        lift=2,
        next=0,
        order_lift=1,
        cosine=0.5,
    )
    because = made_related().because[0].model_copy(update={"relation": relation})
    related = made_related().model_copy(update={"because": (because,)})
    found = options([made_journey()], [related]).options
    assert [option.kind for option in found].count(TargetKind.EXPANSION) == told


@pytest.mark.parametrize(
    ("journey", "never"),
    [
        (made_journey(stage=Stage.ENDED), ()),
        (made_journey(policy=Policy.IN_APP), ()),
        (made_journey(confidence=0.1), ()),
        (made_journey(score=0.1), ()),
        (made_journey(), ("j1",)),
    ],
)
def test_a_journey_that_may_not_be_told_leads_nowhere(journey: Journey, never: Collection[str]) -> None:
    assert options([journey], [made_related()], never).options == ()


def test_a_related_journey_has_a_floor_of_its_own() -> None:
    kinds = [o.kind for o in options([made_journey()], [made_related(score=0.04)]).options]
    assert kinds == [TargetKind.JOURNEY]


def test_a_penalty_is_a_term_of_the_score() -> None:
    (option,) = options(
        [made_journey(score=0.8)], sent=[Sent(DAY - timedelta(days=2), "email", "other", "garden path")]
    ).options
    assert option.score == 0.4
    assert [(term.name, term.contribution) for term in option.terms] == [
        ("recency", 0.8),
        ("told of like it lately", -0.4),
    ]


def entry(entry_id: str, name: str) -> Expansion:
    keyword = EntryKeyword(text=name.lower(), weight=1, users=4)
    return Expansion(entry=Entry(entry_id=entry_id, name=name, name_users=4, keywords=(keyword,), users=4, journeys=4))


ENTRIES = {"garden": entry("garden", "Garden paths"), "sewing": entry("sewing", "Sewing patterns")}
ENTRY_OF = {"gravel": "garden", "path": "garden", "zip": "sewing", "odd": "gone"}


def did(text: str, days_ago: float) -> Activity:
    return Activity("ann", NOW - timedelta(days=days_ago), ActivityKind.SEARCH, text)


def test_an_interest_is_the_entry_with_most_of_what_was_done_lately() -> None:
    # garden: two events 28 days old, a quarter each; sewing: one of today. In all 1.5 with the odd one of today: 2.5.
    events = [did("gravel", 28), did("Path", 28), did("zip", 0), did("odd", 0)]
    found = next(interest_options(events, ENTRY_OF, ENTRIES, [], NOW, POLICY), None)
    assert found is not None
    assert (found.kind, found.target_id, found.name) == (TargetKind.INTEREST, "sewing", "Sewing patterns")
    assert found.score == pytest.approx(1 / 2.5)
    assert found.terms[0].value == "1 of 4 events"


def test_an_interest_cools_down_too() -> None:
    events = [did("gravel", 28), did("zip", 0)]
    told = [Sent(DAY - timedelta(days=1), "email", "sewing", "Sewing patterns")]
    found = next(interest_options(events, ENTRY_OF, ENTRIES, told, NOW, POLICY), None)
    assert found is not None
    assert found.target_id == "garden"


def test_without_a_shared_interest_there_is_none() -> None:
    assert list(interest_options([did("odd", 1)], ENTRY_OF, ENTRIES, [], NOW, POLICY)) == []
    assert list(interest_options([], ENTRY_OF, ENTRIES, [], NOW, POLICY)) == []


def test_what_was_done_once_among_many_is_no_interest() -> None:
    # Of 20 events of one day 19 are of the garden: sewing has a twentieth, which is just enough; of 21 it is not.
    day = [did("gravel", 0)] * 19 + [did("zip", 0)]
    assert [each.target_id for each in interest_options(day, ENTRY_OF, ENTRIES, [], NOW, POLICY)] == [
        "garden",
        "sewing",
    ]
    more = [did("gravel", 0), *day]
    assert [each.target_id for each in interest_options(more, ENTRY_OF, ENTRIES, [], NOW, POLICY)] == ["garden"]
