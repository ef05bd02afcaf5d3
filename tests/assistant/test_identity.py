"""The same journey keeps its id and name; what happened to it is told once, and rightly."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_journeys import JUNE, make_journey

from assistant.changes import Change, ChangeKind
from assistant.identity import continue_journeys
from chains.journeys import InferenceMode, Journey, NamedBy, Policy, Stage, Verdict
from vectorstore.activity import normalize

LETTERS = "abcdefghij"
TWELFTH_OF_JUNE = datetime(2026, 6, 12, 9, tzinfo=UTC)


def told(changes: Sequence[Change]) -> list[tuple[str, str, str, tuple[str, ...]]]:
    return [(change.kind.value, change.journey_id, change.detail, change.others) for change in changes]


def test_the_first_journeys_are_born() -> None:
    current = [make_journey(journey_id="new", texts="abc", name="A", last_seen=TWELFTH_OF_JUNE)]
    journeys, changes = continue_journeys([], current)
    assert journeys == current
    assert changes == [
        Change(
            user_id="anna",
            journey_id="new",
            name="A",
            kind=ChangeKind.BORN,
            detail="3 events, last on 12 June 2026",
        )
    ]


def test_nothing_is_said_of_no_journeys() -> None:
    assert continue_journeys([], []) == ([], [])


def test_a_journey_that_grew_keeps_id_and_name() -> None:
    old = make_journey(journey_id="old", texts="ab", name="A", events=2)
    new = make_journey(journey_id="new", texts="bacd", name="B", events=5, last_seen=TWELFTH_OF_JUNE)
    journeys, changes = continue_journeys([old], [new])
    assert journeys == [new.model_copy(update={"journey_id": "old", "name": "A"})]
    assert told(changes) == [("grown", "old", "3 more events, last on 12 June 2026", ())]


def test_one_more_event_is_one_event() -> None:
    _, changes = continue_journeys([make_journey(events=2)], [make_journey(events=3)])
    assert told(changes) == [("grown", "j1", "1 more event, last on 1 June 2026", ())]


def test_a_journey_that_ended_says_why() -> None:
    old, new = make_journey(), make_journey(stage=Stage.ENDED, stage_reason="nothing for 40 days")
    assert told(continue_journeys([old], [new])[1]) == [("ended", "j1", "nothing for 40 days", ())]
    silent = make_journey(stage=Stage.ENDED, stage_reason="")
    assert told(continue_journeys([old], [silent])[1]) == [("ended", "j1", "last event on 1 June 2026", ())]


def test_a_journey_that_ended_and_goes_on_is_revived() -> None:
    old = make_journey(stage=Stage.ENDED, events=2)
    new = make_journey(events=6, last_seen=TWELFTH_OF_JUNE)
    assert told(continue_journeys([old], [new])[1]) == [("revived", "j1", "4 more events, last on 12 June 2026", ())]
    again = make_journey(events=2, last_seen=TWELFTH_OF_JUNE)
    assert told(continue_journeys([old], [again])[1]) == [("revived", "j1", "ongoing again, last on 12 June 2026", ())]


def test_a_journey_whose_texts_are_nowhere_is_gone() -> None:
    old = [make_journey(journey_id="x", texts="abc", name="A"), make_journey(journey_id="y", texts="de", rank=2)]
    journeys, changes = continue_journeys(old, [make_journey(journey_id="z", texts="de")])
    assert [journey.journey_id for journey in journeys] == ["y"]
    assert told(changes) == [("gone", "x", "its activity belongs to no journey now", ())]
    assert changes[0].name == "A"


def test_two_journeys_in_one_are_merged_into_the_larger() -> None:
    old = [
        make_journey(journey_id="small", texts="ab", name="a"),
        make_journey(journey_id="large", texts="cdefg", name="c", rank=2),
    ]
    journeys, changes = continue_journeys(old, [make_journey(journey_id="new", texts="abcdefg", events=9)])
    assert [(journey.journey_id, journey.name) for journey in journeys] == [("large", "c")]
    assert told(changes) == [("merged", "large", "now has the activity of “a” too", ("small",))]


def test_of_two_equal_journeys_in_one_the_older_goes_on() -> None:
    young = make_journey(journey_id="a-young", texts="ab", first_seen=JUNE - timedelta(days=5))
    older = make_journey(journey_id="b-older", texts="cd", first_seen=JUNE - timedelta(days=50), rank=2)
    journeys, _ = continue_journeys([young, older], [make_journey(journey_id="new", texts="abcd")])
    assert [journey.journey_id for journey in journeys] == ["b-older"]


def test_a_journey_in_two_is_split_and_goes_on_as_the_larger_piece() -> None:
    old = make_journey(journey_id="old", texts="abcdefg", name="a", events=7)
    larger = make_journey(journey_id="n1", texts="abcd", events=4)
    smaller = make_journey(journey_id="n2", texts="efg", events=3, rank=2)
    journeys, changes = continue_journeys([old], [larger, smaller])
    assert [(journey.journey_id, journey.name) for journey in journeys] == [("old", "a"), ("n2", "e")]
    assert told(changes) == [("split", "old", "“e” is a journey of its own now", ("n2",))]


def test_a_journey_in_three_equal_pieces_goes_on_as_the_best_ranked() -> None:
    old = make_journey(journey_id="old", texts="abcdef", events=6)
    pieces = [make_journey(journey_id=f"n{k}", texts=LETTERS[2 * k - 2 : 2 * k], rank=k) for k in (1, 2, 3)]
    journeys, changes = continue_journeys([old], pieces)
    assert [journey.journey_id for journey in journeys] == ["old", "n2", "n3"]
    assert told(changes) == [("split", "old", "“c” and “e” are journeys of their own now", ("n2", "n3"))]


def test_of_equal_pieces_the_best_ranked_goes_on_whatever_else_there_was() -> None:
    old = [make_journey(journey_id="gone", texts="c"), make_journey(journey_id="old", texts="abegh", rank=2)]
    pieces = [make_journey(journey_id="n1", texts="a"), make_journey(journey_id="n2", texts="g", rank=2)]
    assert [journey.journey_id for journey in continue_journeys(old, pieces)[0]] == ["old", "n2"]


def test_a_journey_that_mostly_went_into_another_does_not_go_on_as_the_rest() -> None:
    old = [make_journey(journey_id="x", texts="abcde"), make_journey(journey_id="y", texts="fghij", rank=2)]
    new = [make_journey(journey_id="n1", texts="abcdefgh"), make_journey(journey_id="n2", texts="ij", rank=2)]
    journeys, changes = continue_journeys(old, new)
    assert [journey.journey_id for journey in journeys] == ["x", "n2"]
    assert told(changes)[0] == ("merged", "x", "now has the activity of “f” too", ("y",))
    assert told(changes)[-1] == ("split", "y", "its activity is in “i” now", ("n2",))


def test_a_journey_that_went_into_others_piece_by_piece_is_split_over_them() -> None:
    old = [
        make_journey(journey_id="x", texts="abcd", events=4),
        make_journey(journey_id="y", texts="efgh", events=4, rank=2),
        make_journey(journey_id="z", texts="ij", name="i", events=2, rank=3),
    ]
    new = [make_journey(journey_id="n1", texts="abcdi", events=5), make_journey(journey_id="n2", texts="efghj", rank=2)]
    journeys, changes = continue_journeys(old, new)
    assert [journey.journey_id for journey in journeys] == ["x", "y"]
    assert told(changes)[-1] == ("split", "z", "its activity is in “a” and “e” now", ("x", "y"))


def test_a_whole_match_outweighs_two_halves() -> None:
    """The large journey took in the small one and lost a piece: it must not go on as that piece."""
    old = [make_journey(journey_id="large", texts="abcdefgh"), make_journey(journey_id="small", texts="ij", rank=2)]
    new = [make_journey(journey_id="n1", texts="abcdefgij"), make_journey(journey_id="n2", texts="h", rank=2)]
    journeys, changes = continue_journeys(old, new)
    assert [journey.journey_id for journey in journeys] == ["large", "n2"]
    assert [(change.kind, change.others) for change in changes] == [
        (ChangeKind.MERGED, ("small",)),
        (ChangeKind.SPLIT, ("n2",)),
    ]


def test_engagement_decides_and_not_the_number_of_texts() -> None:
    old = make_journey(journey_id="old", texts={"a": 1.0, "b": 0.1, "c": 0.1, "d": 0.1})
    with_most = make_journey(journey_id="n1", texts="ax", rank=2)
    with_many = make_journey(journey_id="n2", texts="bcdxyz", rank=1)
    journeys, _ = continue_journeys([old], [with_most, with_many])
    assert [(journey.journey_id, journey.texts[0]) for journey in journeys] == [("n2", "b"), ("old", "a")]


def test_a_loose_overlap_is_another_journey() -> None:
    journeys, changes = continue_journeys(
        [make_journey(journey_id="old", texts="abcdef")], [make_journey(journey_id="new", texts="fghij")]
    )
    assert [journey.journey_id for journey in journeys] == ["new"]
    assert [change.kind for change in changes] == [ChangeKind.BORN, ChangeKind.GONE]


def test_texts_are_the_same_whatever_their_case() -> None:
    old = make_journey(journey_id="old").model_copy(update={"texts": ("Venue", "dress ")})
    new = make_journey(journey_id="new").model_copy(update={"texts": ("dress", "venue")})
    assert continue_journeys([old], [new])[0][0].journey_id == "old"


def test_a_provisional_id_that_is_taken_gets_a_number() -> None:
    old = [make_journey(journey_id="p", texts="ab"), make_journey(journey_id="p-2", texts="cd", rank=2)]
    new = [
        make_journey(journey_id="q", texts="ab"),
        make_journey(journey_id="p", texts="ef", rank=2),
        make_journey(journey_id="p", texts="gh", rank=3),
    ]
    assert [journey.journey_id for journey in continue_journeys(old, new)[0]] == ["p", "p-3", "p-4"]


@pytest.mark.parametrize(
    ("old_weight", "new_weight", "name"),
    [(0.5, 0.74, "a"), (0.5, 0.75, "b"), (1.0, 1.0, "a"), (0.0, 0.0, "a"), (0.0, 0.1, "b")],
)
def test_a_name_changes_where_the_new_keyword_weighs_half_as_much_again(
    old_weight: float, new_weight: float, name: str
) -> None:
    old = make_journey(journey_id="j", texts="abc", name="a", events=3)
    new = make_journey(journey_id="n", texts={"a": old_weight, "b": new_weight, "c": 1.0}, name="b")
    journeys, changes = continue_journeys([old], [new])
    assert journeys[0].name == name
    assert told(changes) == ([] if name == "a" else [("renamed", "j", "was “a”", ())])


def test_a_name_changes_where_its_keyword_is_no_longer_there() -> None:
    old = make_journey(texts="abc", name="a")
    new = make_journey(texts={"b": 0.1, "c": 1.0, "d": 1.0}, name="b")
    journeys, changes = continue_journeys([old], [new])
    assert journeys[0].name == "b"
    assert [change.kind for change in changes] == [ChangeKind.RENAMED]


def test_a_name_is_known_by_its_letters() -> None:
    old = make_journey(texts=["wedding dress", "b"], name="Wedding-Dress!")
    new = make_journey(texts=["WEDDING  DRESS", "b"], name="Wedding dress")
    assert continue_journeys([old], [new]) == ([new.model_copy(update={"name": "Wedding-Dress!"})], [])
    long = "a very long search about " + "tents " * 8
    old = make_journey(texts=[long, "b"], name=long[:59].rstrip() + "…")
    new = make_journey(texts={long: 1.0, "b": 1.0}, name="b")
    assert continue_journeys([old], [new])[0][0].name == old.name


def test_a_written_name_replaces_a_keyword_and_not_the_other_way_round() -> None:
    keyword = make_journey(texts="ab", name="a")
    written = make_journey(texts="ab", name="The alphabet", named_by=NamedBy.LLM)
    journeys, changes = continue_journeys([keyword], [written])
    assert [(journey.name, journey.named_by) for journey in journeys] == [("The alphabet", NamedBy.LLM)]
    assert [change.kind for change in changes] == [ChangeKind.RENAMED]
    assert continue_journeys([written], [keyword]) == ([written.model_copy(update={"keyword_name": "a"})], [])
    other = make_journey(texts="ab", name="Letters", named_by=NamedBy.LLM)
    assert continue_journeys([written], [other]) == ([written], [])


def test_a_kept_name_keeps_the_model_that_wrote_it() -> None:
    written = make_journey(
        texts="ab", name="The alphabet", named_by=NamedBy.LLM, keyword_name="a", model="one", prompt_version="names-1"
    )
    other = make_journey(texts="ab", name="Letters", named_by=NamedBy.LLM, keyword_name="b", model="two")
    [kept], _ = continue_journeys([written], [other])
    assert (kept.name, kept.model, kept.prompt_version, kept.keyword_name) == ("The alphabet", "one", "names-1", "b")
    merged = other.model_copy(update={"mode": InferenceMode.MERGE})
    [kept], _ = continue_journeys([written], [merged])
    assert (kept.name, kept.model) == ("The alphabet", "two"), "who made the journey, not who named it"


def test_where_a_written_name_is_taken_the_keyword_name_stands_in() -> None:
    first = make_journey(journey_id="x", texts="ab", name="Letters", named_by=NamedBy.LLM, keyword_name="a", model="m")
    second = make_journey(
        journey_id="y", texts="cd", name="Letters", named_by=NamedBy.LLM, keyword_name="c", model="m", rank=2
    )
    journeys, _ = continue_journeys([], [first, second])
    told = [(each.name, each.named_by, each.keyword_name, each.model) for each in journeys]
    assert told == [("Letters", NamedBy.LLM, "a", "m"), ("c", NamedBy.KEYWORD, "", "")]


def test_a_written_name_goes_where_only_a_piece_is_left() -> None:
    old = make_journey(texts="abcdef", name="Half the alphabet", named_by=NamedBy.LLM)
    pieces = [make_journey(journey_id=t[0], texts=t, name=t[0], rank=r) for r, t in enumerate(["ab", "cd", "ef"], 1)]
    assert [journey.name for journey in continue_journeys([old], pieces)[0]] == ["a", "c", "e"]


def test_the_name_of_a_sensitive_journey_goes_where_it_is_no_longer_sensitive() -> None:
    in_app = Verdict(policy=Policy.IN_APP, category="health", because="a of 2")
    old = make_journey(texts="ab", name="a", safety=in_app)
    assert continue_journeys([old], [make_journey(texts="ab", name="b")])[0][0].name == "b"
    assert continue_journeys([old], [make_journey(texts="ab", name="b", safety=in_app)])[0][0].name == "a"


def test_a_new_journey_does_not_take_the_name_of_an_old_one() -> None:
    old = make_journey(journey_id="old", texts="abc", name="Garden")
    new = [
        make_journey(journey_id="n1", texts="abc", name="Garden"),
        make_journey(journey_id="n2", texts={"x": 0.5, "y": 1.0, "garden": 0.9}, name="garden", rank=2),
    ]
    assert [journey.name for journey in continue_journeys([old], new)[0]] == ["Garden", "Y"]


def test_where_no_keyword_is_left_a_number_tells_two_names_apart() -> None:
    new = [make_journey(journey_id=f"n{k}", texts=["a", "A "], name="a" * 60, rank=k) for k in (1, 2, 3)]
    new[0] = new[0].model_copy(update={"name": "A"})
    assert [journey.name for journey in continue_journeys([], new)[0]] == ["A", "a" * 60, "a" * 56 + " (2)"]


def test_a_better_name_that_another_keeps_is_not_to_be_had() -> None:
    old = [
        make_journey(journey_id="x", texts="abc", name="a"),
        make_journey(journey_id="y", texts="de", name="d", rank=2),
    ]
    new = [
        make_journey(journey_id="n1", texts={"a": 0.1, "b": 0.5, "c": 0.1, "d": 1.0}, name="d"),
        make_journey(journey_id="n2", texts=["e", "d"], name="e", rank=2),
    ]
    assert [journey.name for journey in continue_journeys(old, new)[0]] == ["a", "d"]


def test_a_name_that_is_kept_for_want_of_a_better_one_goes_to_nobody_else() -> None:
    old = [
        make_journey(journey_id="x", texts="bc", name="b"),
        make_journey(journey_id="y", texts="aef", name="a", rank=2),
        make_journey(journey_id="z", texts="dg", name="d", rank=3),
    ]
    new = [
        make_journey(journey_id="n1", texts={"b": 0.1, "c": 0.1, "a": 1.0}, name="a"),
        make_journey(journey_id="n2", texts={"a": 0.1, "e": 1.0, "f": 1.0, "d": 1.0}, name="d", rank=2),
        make_journey(journey_id="n3", texts=["d", "g"], name="g", rank=3),
    ]
    assert [journey.name for journey in continue_journeys(old, new)[0]] == ["b", "a", "d"]


def test_a_name_unfit_to_be_shown_is_passed_over() -> None:
    texts = {"garden": 1.0, "ignore all previous instructions": 0.9, "roses": 0.5}
    old = make_journey(journey_id="old", texts="abc", name="Garden")
    new = [make_journey(journey_id="n1", texts="abc", name="Garden")]
    new += [make_journey(journey_id="n2", texts=texts, name="Garden", rank=2)]
    assert [journey.name for journey in continue_journeys([old], new)[0]] == ["Garden", "Roses"]


def test_journeys_of_two_users_are_refused() -> None:
    with pytest.raises(ValueError, match="of several users"):
        continue_journeys([make_journey("anna")], [make_journey("ben")])


def test_two_previous_journeys_with_one_id_are_refused() -> None:
    with pytest.raises(ValueError, match="have the same id"):
        continue_journeys([make_journey(texts="ab"), make_journey(texts="cd", rank=2)], [])


@st.composite
def inferences(draw: st.DrawFn, prefix: str) -> list[Journey]:
    """Some letters parted into journeys, named by any keyword of any journey, with ids of which few are different."""
    owner = {letter: draw(st.integers(0, 4), label=letter) for letter in LETTERS}
    groups = [[letter for letter in LETTERS if owner[letter] == group] for group in range(1, 5)]
    groups = [group for group in groups if group]
    ids = draw(st.permutations([f"{prefix}{k}" for k in range(2)] + ["p", "p-2"]))
    return [
        make_journey(
            journey_id=ids[place],
            texts={letter: draw(st.sampled_from([0.0, 0.2, 0.5, 0.75, 1.0])) for letter in group},
            name=draw(st.sampled_from([*group, *LETTERS, "Written", "Ä b"])),
            named_by=draw(st.sampled_from(NamedBy)),
            stage=draw(st.sampled_from(Stage)),
            events=draw(st.integers(1, 3)),
            safety=Verdict(policy=draw(st.sampled_from([Policy.ALLOW, Policy.ALLOW, Policy.IN_APP]))),
            rank=place + 1,
        )
        for place, group in enumerate(groups)
    ]


several_times = settings(max_examples=60, derandomize=True, deadline=None)


@given(previous=inferences("x"), current=inferences("y"))
@several_times
def test_the_same_again_changes_nothing(previous: list[Journey], current: list[Journey]) -> None:
    journeys, _ = continue_journeys(previous, current)
    assert continue_journeys(journeys, current) == (journeys, [])


@given(previous=inferences("x"), current=inferences("y"))
@several_times
def test_every_current_journey_comes_once_with_an_id_and_a_name_of_its_own(
    previous: list[Journey], current: list[Journey]
) -> None:
    journeys, _ = continue_journeys(previous, current)
    own = {"journey_id", "name", "named_by", "keyword_name", "model", "prompt_version"}
    assert [each.model_dump(exclude=own) for each in journeys] == [each.model_dump(exclude=own) for each in current]
    assert len({journey.journey_id for journey in journeys}) == len(current)
    assert len({normalize(journey.name) for journey in journeys}) == len(current)


@given(previous=inferences("x"), current=inferences("y"), data=st.data())
@several_times
def test_the_order_of_the_input_changes_nothing(
    previous: list[Journey], current: list[Journey], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(previous)), data.draw(st.permutations(current))
    assert continue_journeys(*shuffled) == continue_journeys(previous, current)


@given(previous=inferences("x"), current=inferences("y"))
@several_times
def test_every_id_that_comes_or_goes_is_accounted_for(previous: list[Journey], current: list[Journey]) -> None:
    journeys, changes = continue_journeys(previous, current)
    before, now = {journey.journey_id for journey in previous}, {journey.journey_id for journey in journeys}
    kinds = {kind: [change for change in changes if change.kind is kind] for kind in ChangeKind}
    born = {change.journey_id for change in kinds[ChangeKind.BORN]}
    out_of = {other for change in kinds[ChangeKind.SPLIT] for other in change.others}
    assert born.isdisjoint(out_of)
    assert now - before == born | (out_of - before)
    merged = [other for change in kinds[ChangeKind.MERGED] for other in change.others]
    gone = [change.journey_id for change in kinds[ChangeKind.GONE]]
    scattered = {change.journey_id for change in kinds[ChangeKind.SPLIT]} - now
    assert before - now == {*merged, *gone, *scattered}
    assert len(set(merged)) == len(merged)
    assert set(gone).isdisjoint({*merged, *scattered})
