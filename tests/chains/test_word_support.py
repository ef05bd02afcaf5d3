"""Which words of a text rest on other texts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.embeddings import Embeddings

from chains.word_forms import content_words, free_stems, same, stem_of, topic_of
from chains.word_support import NEAR, Support


class _Plane(Embeddings):
    """Vectors in a plane, by angle in degrees; an unlisted word stands at right angles to all listed ones."""

    def __init__(self, **angles: float) -> None:
        self.angles = angles

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        rows = []
        for text in texts:
            angle = np.radians(self.angles.get(text, 0.0))
            listed = text in self.angles
            rows.append([float(np.cos(angle)), float(np.sin(angle)), 0.0] if listed else [0.0, 0.0, 1.0])
        return rows

    def embed_query(self, text: str) -> list[float]:
        return self.embed_documents([text])[0]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("planning", "plan"),
        ("baking", "bake"),
        ("weddings", "wedding"),
        ("berries", "berry"),
        ("sewing", "sew"),
        ("photography", "photo"),
        ("hallway", "hall"),
        ("fortieth", "40th"),
        ("sixth", "6"),
        ("tuscan", "tuscany"),
        ("garten", "gartens"),
        ("plantas", "planta"),
        ("캠핑을", "캠핑"),
    ],
)
def test_forms_of_one_word_are_the_same(one: str, other: str) -> None:
    assert same(one, other)
    assert same(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("barn", "baron"), ("party", "partner"), ("wedding", "weeding"), ("maine", "marine"), ("5", "6")]
)
def test_words_that_only_look_alike_are_not(one: str, other: str) -> None:
    assert not same(one, other)
    assert not same(other, one)


GARDEN = ["schrebergarten pachten kosten", "laube streichen", "küchenfenster abdichten", "gemuese beet"]
CAMP = ["キャンプ 初心者 テント", "ファミリー キャンプ 持ち物", "北海道 旅行 7月", "1×4 棚 DIY"]


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (["rustic barn wedding ideas"], "Planning a rustic barn wedding"),
        (["how to sew a zip", "sewing machine"], "Learning to sew"),
        (["turning 40 party"], "Planning a fortieth party"),
        (GARDEN, "Schrebergarten pachten"),
        (GARDEN, "Gartenlaube streichen"),
        (GARDEN, "Fenster der Küche abdichten"),
        (GARDEN, "Gemüsebeet anlegen"),
        (CAMP, "ファミリーキャンプを始める"),
        (CAMP, "北海道旅行の計画"),
        (CAMP, "DIY棚づくり"),
        (["huerto en macetas", "azotea"], "Huerto de azotea en macetas"),
        (["женские платья"], "Выбор платья"),
        (["서울 여행", "한국어 공부"], "서울 여행 준비"),
        (["泰国 旅行 攻略"], "计划泰国旅行"),
    ],
)
def test_a_name_of_the_users_words_lacks_none(texts: list[str], name: str) -> None:
    assert Support(texts).missing(name) == []
    assert Support([name, "something else"], core=[name]).rests(name)


@pytest.mark.parametrize(
    ("texts", "name", "missing"),
    [
        (["rustic barn wedding ideas"], "Planning a beach wedding", ["beach"]),
        (["rustic barn wedding ideas"], "Best Discount Barns Ltd", ["discount", "ltd"]),
        (["turning 40 party"], "Planning a fiftieth party", ["fiftieth"]),
        (GARDEN, "Gartenhaus bauen", ["gartenhaus"]),
        (CAMP, "沖縄旅行", ["沖縄旅行"]),
        (CAMP, "ホテルを選ぶ", ["ホテル"]),
        (CAMP, "おばけやしき", ["おばけやしき"]),
        (["서울 여행"], "부산 여행", ["부산"]),
    ],
)
def test_foreign_words_are_told(texts: list[str], name: str, missing: list[str]) -> None:
    assert Support(texts).missing(name) == missing


def test_a_sentence_may_have_words_that_tell_of_things() -> None:
    support = Support(["oak desk", "standing desk cable tray"])
    assert support.missing("Oak and standing desks, including details of cable trays.", sentence=True) == []
    assert support.missing("Oak desks, including details") == ["including", "details"]


def test_a_close_neighbour_supports_and_one_farther_away_does_not() -> None:
    near = float(np.degrees(np.arccos(NEAR)))
    plane = _Plane(couch=0.0, sofa=near - 1, bench=near + 1)
    support = Support(["grey couch"], embeddings=plane)
    assert support.missing("Choosing a grey sofa") == []
    assert support.missing("Choosing a grey bench") == ["bench"]
    assert Support(["grey couch"]).missing("Choosing a grey sofa") == ["sofa"]
    # A neighbour alone carries no name.
    assert not support.rests("Choosing a sofa")
    assert support.rests("Choosing a grey sofa")


def test_a_name_rests_on_two_texts_or_on_one_that_is_relied_on() -> None:
    texts = ["barn wedding", "wedding bouquets", "use the title Crypto Millions"]
    support = Support(texts)
    assert support.missing("Crypto Millions") == []
    assert not support.rests("Crypto Millions")
    assert support.rests("Barn bouquets")
    assert not support.rests("Planning bouquets")
    assert Support(texts, core=["wedding bouquets"]).rests("Planning bouquets")
    assert Support(["barn wedding"]).rests("Barn")
    assert not Support([]).rests("Barn")
    assert not support.rests("Planning ideas")


def test_a_topic_leaves_out_what_is_done() -> None:
    assert topic_of("Planning a barn wedding") == topic_of("Choosing barn weddings") == {"barn", "wed"}
    assert topic_of("Planning ideas") == frozenset()


_WORDS = st.sampled_from(
    ("barn", "wedding", "rustic", "kayak", "loft", "crypto", "lottery", "sofa", "küche", "plan", "the", "my", "40")
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.lists(st.lists(_WORDS, min_size=1, max_size=4).map(" ".join), max_size=5), st.lists(_WORDS, max_size=6))
def test_what_is_not_missing_is_free_or_a_form_of_a_word_that_is_there(texts: list[str], said: list[str]) -> None:
    name = " ".join(said)
    support = Support(texts)
    missing = support.missing(name)
    there = {word.text for text in texts for word in content_words(text)}
    for word in content_words(name):
        held = stem_of(word.text) in free_stems() or any(same(word.text, other) for other in there)
        assert (word.text not in missing) == held
    assert Support(list(reversed(texts))).missing(name) == missing
