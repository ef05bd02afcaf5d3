"""Which keyword names a journey. The weights are learned; what must hold of any, and of those that ship, is here."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import START, unit

from chains.naming import LONGEST_NAME, choose_names, may_name, presentable, rank_names
from chains.naming_candidates import Candidate, Subject, words_in
from chains.naming_model import default_naming
from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource, normalize

CENTRES = np.array([[1.0, 0.0]], dtype=np.float32)
QUERY, ANNOTATION, TITLE = KeywordSource.QUERY, KeywordSource.ANNOTATION, KeywordSource.TITLE
MODEL = default_naming()


def subject(*texts: str) -> Subject:
    words = [frozenset(words_in(text)) for text in texts or ("oak desk", "pine desk")]
    return Subject(CENTRES, 0, words, Counter(w for each in words for w in each))


def candidate(
    text: str, *, cosine: float = 0.5, events: int = 2, everywhere: int | None = None, source: KeywordSource = QUERY
) -> Candidate:
    """cosine: to the journey's middle."""
    keyword = Keyword("anna", text, source, (Activity("anna", START, ActivityKind.SEARCH, text),))
    vector = unit([[cosine, (1 - cosine**2) ** 0.5]])[0]
    return Candidate(keyword, vector, words_in(text), events, everywhere or events)


def best(*candidates: Candidate, texts: Sequence[str] = ()) -> str:
    return rank_names(candidates, subject(*texts), MODEL)[0]


def test_of_equal_keywords_the_more_central_names_the_journey() -> None:
    assert best(candidate("oak desk", cosine=0.4), candidate("pine desk", cosine=0.9)) == "Pine desk"


def test_of_equal_keywords_what_is_searched_for_again_and_again_names_the_journey() -> None:
    assert best(candidate("oak desk", events=2), candidate("pine desk", events=9)) == "Pine desk"


def test_of_equal_keywords_the_one_in_the_form_of_a_name_names_the_journey() -> None:
    assert best(candidate("how to oil a desk?"), candidate("pine desk")) == "Pine desk"
    assert best(candidate("desk"), candidate("pine desk"), texts=["kitchen"]) == "Pine desk"
    assert best(candidate("oak desk from the shop on the corner of mill lane"), candidate("pine desk")) == "Pine desk"


def test_of_equal_keywords_the_one_whose_words_others_have_too_names_the_journey() -> None:
    """A word that stands nowhere else may be misspelled."""
    assert best(
        candidate("oak deks"), candidate("pine desk"), texts=["pine desk", "pine desks to oil", "oak deks"]
    ) == ("Pine desk")


def test_of_equal_keywords_the_annotation_comes_before_a_title_and_then_the_alphabet_decides() -> None:
    assert best(candidate("oak desk", source=TITLE), candidate("pine desk", source=ANNOTATION)) == "Pine desk"
    assert best(candidate("pine desk"), candidate("oak desk")) == "Oak desk"


def test_no_keyword_gives_no_name() -> None:
    assert rank_names([], subject(), MODEL) == []


def test_a_long_text_that_is_unfit_as_a_whole_names_nothing() -> None:
    long = "ideas for a small oak desk with drawers and a lamp and a chair {{name}}"
    assert not may_name(candidate(long).keyword)
    assert rank_names([candidate(long)], subject(), MODEL) == []


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("small kitchen", "Small kitchen"),
        ("  small \n kitchen - ", "Small kitchen"),
        ("SMALL KITCHEN", "Small kitchen"),
        ("DIY", "DIY"),
        ("IKEA hacks", "IKEA hacks"),
        ("été à Nîmes", "Été à Nîmes"),
        ("結婚式", "結婚式"),
        ("ß", "SS"),
        ("...", ""),
        ("oak shelves, " * 6, "Oak shelves, oak shelves, oak shelves, oak shelves, oak…"),
        ("a" * 70, "A" + "a" * 58 + "…"),
    ],
)
def test_a_name_is_one_line_that_begins_with_a_capital(text: str, name: str) -> None:
    assert presentable(text) == name


# --- one name for each journey


def anything(name: str) -> bool:
    return True


def test_each_journey_has_its_best_name_that_is_fit_and_free() -> None:
    ranked = [["Desks", "Oak"], ["Bad", "Desks", "Pine"], ["desks", "OAK"]]
    assert choose_names(ranked, lambda name: name != "Bad") == ["Desks", "Pine", "OAK"]


def test_where_all_are_taken_two_make_one() -> None:
    assert choose_names([["A"], ["B"], ["a", "b"]], anything) == ["A", "B", "a · b"]
    assert choose_names([["a", "b"]], anything, taken=["A", "b", "a · b"]) == ["b · a"]


def test_where_two_are_too_long_or_unfit_a_number_makes_do() -> None:
    long = ["x" * 40, "y" * 40]
    assert choose_names([long], anything, taken=long) == ["Journey 1"]
    assert choose_names([["A", "B"]], lambda name: "·" not in name, taken=["A", "B"]) == ["Journey 1"]


def test_where_none_is_fit_the_journey_is_called_by_its_number() -> None:
    assert choose_names([["A"], ["!"], []], lambda name: name != "!") == ["A", "Journey 2", "Journey 3"]
    assert choose_names([[], []], anything, taken=["journey 1", "Journey 2"]) == ["Journey 3", "Journey 4"]
    assert choose_names([["Journey 2"], []], anything) == ["Journey 2", "Journey 3"]
    assert choose_names([["", "x" * 61]], anything) == ["Journey 1"]
    assert choose_names([], anything) == []


def test_a_name_that_says_what_a_taken_one_says_gives_way_to_one_of_the_next_few() -> None:
    assert choose_names([["Easy recipes"], ["Easy recipe", "Soups"]], anything) == ["Easy recipes", "Soups"]
    assert choose_names([["Easy recipe"]], anything, taken=["Recipes, easy"]) == ["Easy recipe"]
    far = ["easy recipe", "RECIPE EASY", "recipes (easy)", "easy recipes!", "recipe: easy", "Soups"]
    assert choose_names([far], anything, taken=["Easy recipes"]) == ["easy recipe"]


_NAMES = st.lists(
    st.lists(st.sampled_from(["A", "a", "B", "Journey 1", "journey 2", "A · B", "", "bad", "x" * 59]), max_size=4),
    max_size=6,
)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(_NAMES, st.lists(st.sampled_from(["a", "b", "Journey 1"]), max_size=2))
def test_no_two_journeys_have_one_name_and_every_name_is_short(
    ranked: Sequence[Sequence[str]], taken: list[str]
) -> None:
    names = choose_names(ranked, lambda name: "bad" not in name, taken)
    assert len(names) == len(ranked)
    forms = [normalize(name) for name in names]
    assert len(set(forms)) == len(forms)
    assert not set(forms) & {normalize(name) for name in taken}
    assert all(1 <= len(name) <= LONGEST_NAME and "bad" not in name for name in names)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.lists(st.text(min_size=1, max_size=80), min_size=1, max_size=8, unique_by=normalize), st.randoms())
def test_ranking_loses_no_keyword_and_their_order_is_nothing(texts: list[str], random: object) -> None:
    candidates = [candidate(text, cosine=len(text) / 100, events=1 + len(text) % 3) for text in texts]
    nameable = [each.keyword.text for each in candidates if may_name(each.keyword)]
    names = rank_names(candidates, subject(*texts), MODEL)
    assert sorted(names) == sorted(map(presentable, nameable))
    random.shuffle(candidates)  # type: ignore[attr-defined]
    assert rank_names(candidates, subject(*texts), MODEL) == names
