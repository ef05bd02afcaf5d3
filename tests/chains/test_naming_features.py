"""What is told of candidates for a name: worked out by hand."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from made_activity import BOARD, CLOSEUP, START, act, unit

from chains.keywords import extract_keywords
from chains.naming_candidates import (
    Candidate,
    Subject,
    candidates_of,
    subjects_of,
    words_in,
    words_of_keywords,
)
from chains.naming_features import NAME_FEATURES, name_features
from chains.texts import texts_of
from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource, normalize

ALONE = [[1.0, 0.0]]


def candidate(
    text: str,
    vector: Sequence[float] = (1, 0),
    events: int = 1,
    everywhere: int = 1,
    source: KeywordSource = KeywordSource.QUERY,
) -> Candidate:
    keyword = Keyword("anna", text, source, (Activity("anna", START, ActivityKind.SEARCH, text),))
    return Candidate(keyword, unit([list(vector)])[0], words_in(text), events, everywhere)


def subject(*texts: str, elsewhere: Sequence[str] = (), centres: Sequence[Sequence[float]] = ALONE) -> Subject:
    words = [frozenset(words_in(text)) for text in texts]
    of_user = Counter(w for text in (*texts, *elsewhere) for w in set(words_in(text)))
    return Subject(np.array(centres, dtype=np.float32), 0, words, of_user)


def told(name: str, candidates: Sequence[Candidate], about: Subject) -> list[float]:
    return [float(value) for value in name_features(candidates, about)[:, NAME_FEATURES.index(name)]]


def told_of(text: str) -> dict[str, float]:
    return dict(zip(NAME_FEATURES, name_features([candidate(text)], subject("sofa"))[0].tolist(), strict=True))


def test_meaning_is_told_against_the_middle_the_others_and_other_journeys() -> None:
    two = [candidate("oak", (1, 0)), candidate("pine", (0.6, 0.8))]
    about = subject("oak", centres=[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    assert told("centre", two, about) == pytest.approx([1, 0.6])
    assert told("centre_z", two, about) == pytest.approx([0.2 / 0.23, -0.2 / 0.23])
    assert told("nearest", two, about) == pytest.approx([0.6, 0.6])
    assert told("company", two, about) == pytest.approx([0.6, 0.6])
    assert told("apart", two, about) == pytest.approx([1 - 0, 0.6 - 0.8])
    # "Oak" stands in all texts and nowhere else, "pine" in none: the gist is almost that of oak alone.
    assert told("gist", two, about) == pytest.approx([1, 0.6], abs=0.002)


def test_alone_a_candidate_has_no_company() -> None:
    one = [candidate("oak", (0.6, 0.8))]
    assert told("nearest", one, subject("oak")) == told("company", one, subject("oak")) == pytest.approx([0], abs=1e-6)
    assert told("apart", one, subject("oak")) == told("centre", one, subject("oak")) == pytest.approx([0.6])


def test_events_are_told_by_how_many_of_which() -> None:
    three = [
        candidate("oak", events=7, everywhere=7),
        candidate("pine", events=1, everywhere=4),
        candidate("ash", events=2, everywhere=2, source=KeywordSource.ANNOTATION),
    ]
    about = subject("oak")
    assert told("frequency", three, about) == pytest.approx([1, 1 / 3, np.log(3) / np.log(8)])
    assert told("share", three, about) == pytest.approx([0.7, 0.1, 0.2])
    assert told("exclusive", three, about) == pytest.approx([1, 0.25, 1])
    assert told("searched", three, about) == pytest.approx([np.log(7), 0, 0])


def test_words_are_told_by_the_texts_in_which_they_stand() -> None:
    two = [candidate("oak desks"), candidate("farow paint")]
    about = subject("oak desk", "pine desk", "farow", "shelves", elsewhere=["desk lamp", "desk lamps"])
    assert told("recurring", two, about) == pytest.approx([(0.25 + 0.5) / 2, (0.25 + 0) / 2])
    assert told("own_words", two, about) == pytest.approx([(1 + 0.5) / 2, (1 + 0) / 2])
    assert told("unseen", two, about) == pytest.approx([0.5, 1])


def test_candidates_are_told_by_those_that_have_their_words_and_more() -> None:
    three = [candidate("desk"), candidate("oak desks"), candidate("desk of old oak"), candidate("of the")]
    assert told("inside", three, subject("x")) == pytest.approx([np.log(3), np.log(2), 0, 0])
    assert told("around", three, subject("x")) == pytest.approx([0, np.log(2), np.log(3), 0])


@pytest.mark.parametrize(
    ("text", "is_so"),
    [
        ("sofa", {"one_word": 1, "letters": 1}),
        ("oak sofa", {"two_words": 1, "one_word": 0}),
        ("sofa for the den", {"four_words": 1, "empty_words": 0.5, "more_words": 0}),
        ("a b c d e f g h i j k l", {"more_words": 6}),
        ("how to fix a sofa", {"asks": 1, "more_words": 1}),
        ("sofa?", {"asks": 1, "signs": 0}),
        ("my sofa", {"speaks_of_self": 1, "asks": 0}),
        ("sofa, lamp", {"signs": 1}),
        ("4 sofas", {"figures": 1, "letters": 5 / 6}),
        ("x" * 34, {"longest": 1}),
        ("お弁当", {"one_word": 1, "letters": 1}),
        ("北海道旅行", {"one_word": 0, "two_words": 1}),
        ("छोटी रसोई", {"two_words": 1, "letters": 1}),
    ],
)
def test_the_form_of_a_text(text: str, is_so: dict[str, float]) -> None:
    form = told_of(text)
    assert {name: form[name] for name in is_so} == pytest.approx(is_so)


def test_the_source_is_one_of_four_or_none() -> None:
    for source in KeywordSource:
        row = name_features([candidate("sofa", source=source)], subject("sofa"))[0]
        ones = [name for name in NAME_FEATURES[-4:] if row[NAME_FEATURES.index(name)] == 1]
        assert ones == ([] if source is KeywordSource.TITLE else [str(source)])


def test_many_candidates_are_worked_through_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [candidate(f"desk {n}", (np.cos(n), np.sin(n))) for n in range(7)]
    whole = name_features(many, subject("desk 3"))
    monkeypatch.setattr("chains.naming_features._BLOCK", 2)
    assert name_features(many, subject("desk 3")) == pytest.approx(whole, abs=1e-6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The Kids' Tree-Houses, and more!", ("kid", "tree", "house")),
        ("berries & glass", ("berry", "glass")),
        ("grandma’s quilt", ("grandma", "quilt")),
        ("छोटी रसोई", ("छोटी", "रसोई")),
        ("お弁当", ("お弁", "弁当")),
        ("…", ()),
    ],
)
def test_words_carry_the_topic(text: str, words: tuple[str, ...]) -> None:
    assert words_in(text) == words


def test_candidates_and_what_they_stand_for_come_from_the_journeys_texts() -> None:
    events = [
        act("oak desk", 0),
        act("Five Desks to Build in One Weekend or So", 1, kind=CLOSEUP, labels=("desk plans",)),
        act("den", 2, kind=BOARD),
        act("rose bed", 3),
    ]
    keywords = extract_keywords(events)
    vectors = unit([[1.0, place] for place in range(len(keywords))])
    texts = texts_of(keywords, vectors)
    groups = [np.array([0, 1, 2]), np.array([3])]
    words = words_of_keywords(keywords)
    found = candidates_of(keywords, vectors, words, texts, groups)
    assert [[each.keyword.text for each in own] for own in found] == [["oak desk", "desk plans", "den"], ["rose bed"]]
    centres = unit([[1.0, 0.0], [0.0, 1.0]])
    desk, rose = subjects_of(words, texts, groups, centres)
    assert desk.centres.tolist() == rose.centres.tolist() == [[1, 0], [0, 1]]
    assert (desk.number, rose.number) == (0, 1)
    assert rose.words == [frozenset({"rose", "bed"})]
    assert desk.words[1] >= {"desk", "plan", "weekend"}
    assert desk.of_user["desk"] == 2
    assert normalize("den") in desk.words[2]
