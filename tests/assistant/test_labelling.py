"""Labels on a home: in force at once, in later runs, told as changes, taken back."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from homes import START, MadeAssistant, Row, made, made_rows, without_run, write_log

from assistant.changes import ChangeKind
from assistant.errors import LibraryError
from assistant.runs import RunMode
from chains.clustering import Granularity
from chains.journeys import Journey, Kind, NamedBy, Stage
from chains.label_states import LabelState, state_of
from chains.labels import Label, LabelKind
from vectorstore.errors import InputError

AS_OF = START + timedelta(days=12)
GARDEN = ("rain barrel", "raised beds", "rose pruning", "tomato seedlings")
KITCHEN = ("kitchen cabinets", "kitchen tiles", "pantry shelves", "quartz worktop")
WEDDING = ("bridal bouquet", "lace veil", "wedding cake", "wedding venue")
RENAME, MERGE, SPLIT = LabelKind.RENAME, LabelKind.MERGE, LabelKind.SPLIT
NONE, OVER, NEVER, VERDICT = LabelKind.NOT_A_JOURNEY, LabelKind.OVER, LabelKind.NEVER_NOTIFY, LabelKind.VERDICT


@pytest.fixture(name="assistant")
def assistant_fixture(tmp_path: Path) -> Iterator[MadeAssistant]:
    with made(tmp_path / "home") as assistant:
        rows = [*made_rows("ann", "wedding", "kitchen", "garden"), *made_rows("bob", "garden")]
        assistant.ingest([write_log(tmp_path / "log.csv", rows)])
        assistant.infer(as_of=AS_OF)
        assert texts_of(assistant) == [GARDEN, KITCHEN, WEDDING]
        yield assistant


def texts_of(assistant: MadeAssistant) -> list[tuple[str, ...]]:
    return [journey.texts for journey in assistant.journeys("ann")]


def stored(assistant: MadeAssistant) -> list[Journey]:
    return [without_run(journey) for journey in assistant.journeys("ann")]


def told(assistant: MadeAssistant, run: int = 1) -> list[tuple[ChangeKind, str, str]]:
    """The changes of a run but births."""
    found = assistant.library.changes("ann", f"run-{run:06d}")
    return [
        (each.change.kind, each.change.name, each.change.detail)
        for each in found
        if each.change.kind is not ChangeKind.BORN
    ]


def say(assistant: MadeAssistant, which: str, kind: LabelKind, **said: object) -> Label:
    return assistant.add_label("ann", which, kind, by="eve", **said)  # type: ignore[arg-type]


def run_again(assistant: MadeAssistant, days: float = 12) -> list[Journey]:
    """A full run, which stores what the labels have made before, and tells of no change."""
    summary = assistant.infer(as_of=START + timedelta(days=days))
    if days == 12:
        assert summary.changes == 0
    return stored(assistant)


def test_a_name_stays_and_goes(assistant: MadeAssistant) -> None:
    before = stored(assistant)
    label = say(assistant, "Wedding venue", RENAME, name=" A barn   wedding ")
    assert (label.name, label.by, label.was and label.was.name) == ("A barn wedding", "eve", "Wedding venue")
    named = assistant.journey("ann", "A barn wedding")
    assert (named.journey_id, named.named_by, named.texts) == (before[2].journey_id, NamedBy.PERSON, WEDDING)
    assert [journey for journey in stored(assistant) if journey.journey_id != named.journey_id] == before[:2]
    assert told(assistant) == [(ChangeKind.RENAMED, "A barn wedding", "was “Wedding venue”")]
    after = stored(assistant)
    assert run_again(assistant) == after
    assert run_again(assistant) == after

    say(assistant, "A barn wedding", RENAME, name="A rustic wedding")
    assert assistant.journeys("ann")[2].name == "A rustic wedding"
    second = assistant.labels("ann")[1]
    assistant.withdraw_label(second.label_id)
    assert stored(assistant) == after
    assistant.withdraw_label(label.label_id)
    assert stored(assistant) == before
    assert run_again(assistant) == before
    assistant.withdraw_label(label.label_id)
    assert [bool(each.withdrawn_at) for each in assistant.labels()] == [True, True]


def test_a_name_that_another_journey_would_get_is_kept_from_it(assistant: MadeAssistant) -> None:
    with pytest.raises(InputError, match="another journey of this user is called so"):
        say(assistant, "Wedding venue", RENAME, name="raised  BEDS")
    say(assistant, "Raised beds", RENAME, name="Kitchen garden")
    # "Kitchen tiles" is what the kitchen is called when its cabinets are gone.
    say(assistant, "Wedding venue", RENAME, name="Kitchen tiles")
    say(assistant, "Kitchen cabinets", RENAME, name="The new kitchen")
    after = stored(assistant)
    assert [journey.name for journey in after] == ["Kitchen garden", "The new kitchen", "Kitchen tiles"]
    assert run_again(assistant) == after


def test_two_journeys_are_one_and_two_again(assistant: MadeAssistant) -> None:
    before = stored(assistant)
    label = say(assistant, "Wedding venue", MERGE, other="Raised beds")
    assert (label.other, label.other_was and label.other_was.texts) == (before[0].journey_id, GARDEN)
    merged = next(journey for journey in stored(assistant) if journey.journey_id == before[2].journey_id)
    assert merged.texts == tuple(sorted((*WEDDING, *GARDEN)))
    assert (merged.events, merged.first_seen, merged.last_seen) == (8, before[2].first_seen, before[0].last_seen)
    assert [journey.rank for journey in stored(assistant)] == [1, 2]
    assert told(assistant)[0] == (ChangeKind.MERGED, merged.name, "now has the activity of “Raised beds” too")
    after = stored(assistant)
    assert run_again(assistant) == after
    assistant.withdraw_label(label.label_id)
    assert stored(assistant) == before
    assert run_again(assistant) == before


def test_keywords_become_a_journey_of_their_own(assistant: MadeAssistant) -> None:
    before = stored(assistant)
    label = say(assistant, "Raised beds", SPLIT, keywords=["Rain barrel", "rose pruning", "raised beds"])
    assert label.apart == ("rain barrel", "raised beds", "rose pruning")
    after = stored(assistant)
    # What is left is one text of one day, which makes no journey; so the split-off ones go on as it.
    assert [journey.texts for journey in after] == [("rain barrel", "raised beds", "rose pruning"), KITCHEN, WEDDING]
    assert run_again(assistant) == after
    assistant.withdraw_label(label.label_id)
    assert stored(assistant) == before
    assert run_again(assistant) == before


def test_a_text_that_is_split_off_alone_is_in_no_journey(assistant: MadeAssistant) -> None:
    before = stored(assistant)
    label = say(assistant, "2", SPLIT, keywords=["quartz worktop"])
    assert texts_of(assistant) == [GARDEN, tuple(text for text in KITCHEN if text != "quartz worktop"), WEDDING]
    assert [journey.journey_id for journey in stored(assistant)] == [journey.journey_id for journey in before]
    after = stored(assistant)
    assert run_again(assistant) == after
    assistant.withdraw_label(label.label_id)
    assert stored(assistant) == before


def test_the_rest_keeps_the_id_though_more_is_split_off(tmp_path: Path) -> None:
    days = {"kitchen": 0.0, "kitchen sink": 1, "kitchen lamp": 2, "kitchen oven": 3, "kitchen rug": 4, "kitchen pan": 5}
    extra = [Row("ann", f"kitchen {what}", day) for day, what in enumerate(("door", "wall", "roof"))]
    with made(tmp_path / "home") as assistant:
        rows = [*(Row("ann", text, day) for text, day in days.items()), *extra]
        assistant.ingest([write_log(tmp_path / "log.csv", rows)])
        assistant.infer(as_of=AS_OF)
        [before] = stored(assistant)
        say(assistant, "1", SPLIT, keywords=["kitchen", *(text for text in days if text != "kitchen")])
        by_texts = {journey.texts: journey for journey in stored(assistant)}
        rest = by_texts["kitchen door", "kitchen roof", "kitchen wall"]
        own = by_texts[tuple(sorted(days))]
        assert rest.journey_id == before.journey_id
        assert own.journey_id == f"{before.journey_id}-2"
        kinds = [kind for kind, _, _ in told(assistant)]
        assert ChangeKind.SPLIT in kinds
        after = stored(assistant)
        assert run_again(assistant) == after
        assistant.withdraw_label(assistant.labels()[0].label_id)
        assert stored(assistant) == [before]


def test_what_is_no_journey_does_not_come_back(assistant: MadeAssistant, tmp_path: Path) -> None:
    before = stored(assistant)
    label = say(assistant, "Kitchen cabinets", NONE, note="a shop's own test")
    assert texts_of(assistant) == [GARDEN, WEDDING]
    assert [journey.rank for journey in stored(assistant)] == [1, 2]
    assert told(assistant) == [(ChangeKind.GONE, "Kitchen cabinets", "a person has said that it is no journey")]
    after = stored(assistant)
    assert run_again(assistant) == after

    # A near copy: five of its seven texts are new by then, or it is still mostly the old one.
    assistant.ingest([write_log(tmp_path / "near.csv", [Row("ann", "kitchen cabinets oak", 12.5)])])
    run_again(assistant, days=13)
    assert all("kitchen cabinets" not in journey.texts for journey in assistant.journeys("ann"))
    assistant.withdraw_label(label.label_id)
    back = assistant.journey("ann", "Kitchen cabinets")
    assert (back.journey_id, set(back.texts) >= set(KITCHEN)) == (before[1].journey_id, True)


def test_over_until_something_is_done_well_after(assistant: MadeAssistant, tmp_path: Path) -> None:
    before = stored(assistant)
    label = say(assistant, "Wedding venue", OVER, at=AS_OF)
    over = assistant.journey("ann", "Wedding venue")
    assert (over.stage, over.kind) == (Stage.ENDED, Kind.SITUATIONAL)
    assert over.stage_reason == "called over by a person on 14 March 2026"
    assert over.rank == 3
    assert over.score < before[2].score / 5
    assert told(assistant) == [(ChangeKind.ENDED, "Wedding venue", "called over by a person on 14 March 2026")]
    after = stored(assistant)
    assert run_again(assistant) == after

    # A look within the week is the end of it, and no beginning.
    assistant.ingest([write_log(tmp_path / "soon.csv", [Row("ann", "wedding cake", 18.9)])])
    run_again(assistant, days=20)
    assert assistant.journey("ann", over.journey_id).stage is Stage.ENDED
    assistant.ingest([write_log(tmp_path / "late.csv", [Row("ann", "wedding cake", 19.1)])])
    run_again(assistant, days=20.1)
    lives = assistant.journey("ann", over.journey_id)
    assert (lives.stage, "chance of a return" in lives.stage_reason) == (Stage.ONGOING, True)
    assert (ChangeKind.REVIVED, lives.name) in [(kind, name) for kind, name, _ in told(assistant, 4)]
    assert label in assistant.labels("ann")


def test_over_is_taken_back(assistant: MadeAssistant) -> None:
    before = stored(assistant)
    label = say(assistant, "Wedding venue", OVER)
    assistant.withdraw_label(label.label_id)
    assert stored(assistant) == before
    assert [kind for kind, _, _ in told(assistant)] == [ChangeKind.ENDED, ChangeKind.REVIVED]


def test_never_notify_follows_its_journey(assistant: MadeAssistant) -> None:
    garden, kitchen, wedding = (journey.journey_id for journey in assistant.journeys("ann"))
    label = say(assistant, "Wedding venue", NEVER)
    assert assistant.never_notify("ann") == {wedding}
    assert assistant.never_notify("bob") == set()
    say(assistant, "Raised beds", MERGE, other="Wedding venue")
    assert assistant.never_notify("ann") == {wedding, garden}
    assert kitchen not in assistant.never_notify("ann")
    assistant.withdraw_label(label.label_id)
    assert assistant.never_notify("ann") == set()


def test_a_verdict_changes_nothing_and_is_kept(assistant: MadeAssistant) -> None:
    before = assistant.journeys("ann")
    label = say(assistant, "1", VERDICT, score=4, note="mail eve@example.org about it")
    assert (label.score, label.note) == (4, "mail [email] about it")
    assert assistant.journeys("ann") == before
    assert assistant.labels("ann") == [label] == assistant.labels()
    assert assistant.labels("bob") == []


def test_an_incremental_run_takes_the_labelled_users(assistant: MadeAssistant) -> None:
    assert assistant.infer(mode=RunMode.INCREMENTAL, as_of=AS_OF).users == 0
    say(assistant, "Wedding venue", MERGE, other="Raised beds")
    after = stored(assistant)
    assert assistant.infer(mode=RunMode.INCREMENTAL, as_of=AS_OF).users == 1
    assert stored(assistant) == after
    assert assistant.infer(mode=RunMode.INCREMENTAL, as_of=AS_OF).users == 0


@pytest.mark.parametrize("turn", [False, True])
def test_labels_of_different_journeys_in_any_order(assistant: MadeAssistant, turn: bool) -> None:
    def over() -> None:
        say(assistant, garden, OVER)

    def split() -> None:
        say(assistant, wedding, SPLIT, keywords=["lace veil"])

    def rename() -> None:
        say(assistant, kitchen, RENAME, name="The new kitchen")

    garden, kitchen, wedding = (journey.journey_id for journey in assistant.journeys("ann"))
    for each in (rename, split, over) if turn else (over, split, rename):
        each()
    assert [(journey.name, journey.texts, journey.stage) for journey in stored(assistant)] == [
        ("Wedding venue", ("bridal bouquet", "wedding cake", "wedding venue"), Stage.ONGOING),
        ("The new kitchen", KITCHEN, Stage.ONGOING),
        ("Raised beds", GARDEN, Stage.ENDED),
    ]
    after = stored(assistant)
    assert run_again(assistant) == after


def test_what_cannot_be_said(assistant: MadeAssistant) -> None:
    with pytest.raises(LibraryError, match="no one journey 'nothing'"):
        say(assistant, "nothing", OVER)
    with pytest.raises(InputError, match="not with itself"):
        say(assistant, "1", MERGE, other="Raised beds")
    with pytest.raises(InputError, match="'lace veil' is no keyword of this journey"):
        say(assistant, "1", SPLIT, keywords=["lace veil"])
    with pytest.raises(InputError, match="nothing would be left"):
        say(assistant, "1", SPLIT, keywords=GARDEN)
    with pytest.raises(LibraryError, match="there is no label 'x': see them with journeys labels list"):
        assistant.withdraw_label("x")
    assert assistant.labels() == []


def test_a_forgotten_user_leaves_no_label(assistant: MadeAssistant, tmp_path: Path) -> None:
    say(assistant, "1", RENAME, name="Quuxian hedges")
    assistant.add_label("bob", "1", VERDICT, by="eve", score=2)
    erased = assistant.forget("ann")
    assert (erased.library.labels, erased.remaining) == (1, 0)
    assert [label.user_id for label in assistant.labels()] == ["bob"]
    home = assistant.settings.home
    assert not [path for path in home.rglob("*") if path.is_file() and b"Quuxian" in path.read_bytes()]


def test_journeys_that_change_meanwhile_are_not_written_over(assistant: MadeAssistant) -> None:
    library = assistant.library
    state, before = library.as_stored("ann")
    assert state is not None
    label = say(assistant, "1", RENAME, name="Hedges")
    other = label.model_copy(update={"label_id": "other"})
    assert not library.put_labelled(state, before, [], [], added=other, at=AS_OF)
    assert [each.label_id for each in assistant.labels()] == [label.label_id]
    assert len(assistant.journeys("ann")) == 3


def test_a_label_without_its_journey_is_kept_and_does_nothing(assistant: MadeAssistant) -> None:
    labels = [
        say(assistant, "Wedding venue", RENAME, name="A barn wedding"),
        say(assistant, "Raised beds", MERGE, other="Kitchen cabinets"),
        say(assistant, "A barn wedding", OVER, at=AS_OF),
        say(assistant, "A barn wedding", NEVER),
    ]
    after = stored(assistant)
    # Before anything was done there is no journey that any of them could be about.
    assert assistant.infer(as_of=START - timedelta(days=1)).journeys == 0
    assert {state_of(label, []) for label in assistant.labels()} == {LabelState.GONE}
    assert assistant.labels("ann") == sorted(labels, key=lambda label: label.order)
    back = run_again(assistant, days=12.0001)
    assert [(each.texts, each.stage) for each in back] == [(each.texts, each.stage) for each in after]
    assert back[1].name == "A barn wedding"
    assert {state_of(label, assistant.journeys("ann")) for label in labels} == {LabelState.HOLDS}


def test_another_granularity_respects_them_too(assistant: MadeAssistant) -> None:
    assistant.update_index()
    say(assistant, "Wedding venue", MERGE, other="Raised beds")
    say(assistant, "Kitchen cabinets", OVER, at=AS_OF)
    dialled = assistant.recluster("ann", Granularity.NORMAL, AS_OF)
    assert [(each.texts, each.stage) for each in dialled] == [
        (each.texts, each.stage) for each in assistant.journeys("ann")
    ]
    assert len(dialled) == 2


def test_journeys_of_another_algorithm_are_left_alone(
    assistant: MadeAssistant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assistant.labelling.ALGORITHM", "cluster-99")
    with pytest.raises(LibraryError, match="journeys infer --full, then say it again"):
        say(assistant, "1", OVER)
    assert assistant.labels() == []
