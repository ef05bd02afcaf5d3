"""What speaks for two texts belonging together, worked out by hand on four texts."""

from collections.abc import Sequence
from math import exp, log, log1p, log10

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import BOARD, SAVE, act, made_texts, unit

from chains import pair_features as module
from chains.pair_features import FEATURES, Matrix, Pairs, pair_features
from chains.texts import Floats, Texts

A, B, C, D = range(4)
PAIRS = [(A, B), (A, C), (A, D), (B, C), (B, D), (C, D)]

#: In time: sofa, sofas, lamp, sofa, x y.
EVENTS = [
    act("blue sofa"),
    act("blue sofas", kind=SAVE, seconds=100, item="7", board="Living Room", labels=["couch"]),
    act("lamp", kind=SAVE, seconds=700, item="7", board="Den", labels=["Couch", "light"]),
    act("blue sofa", seconds=1000),
    act("x y", seconds=5000),
]
VECTORS: dict[str, list[float]] = {
    "blue sofa": [1, 0],
    "blue sofas": [0.6, 0.8],
    "lamp": [0, 1],
    "x y": [-1, 0],
    "couch": [1, 0],
    "light": [0, -1],
}


def embed(texts: Sequence[str]) -> Floats:
    return unit([VECTORS.get(text, [1, 1]) for text in texts])


def features_of(texts: Texts) -> Matrix:
    blocks = [block for _, block in pair_features(texts)]
    return np.concatenate(blocks)


def of(feature: str, features: Matrix) -> list[float]:
    return [float(features[first, second, FEATURES.index(feature)]) for first, second in PAIRS]


# B's context is (0.6, 0.8) + 0.7 * (1, 0); C's is (0, 1) + 0.7 * (0.5, -0.5); each made a unit.
_B = (1.3 / np.hypot(1.3, 0.8), 0.8 / np.hypot(1.3, 0.8))
_C = (0.35 / np.hypot(0.35, 0.65), 0.65 / np.hypot(0.35, 0.65))


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        ("cosine", [0.6, 0, -1, 0.8, -0.6, 0]),
        ("context_cosine", [_B[0], _C[0], -1, _B[0] * _C[0] + _B[1] * _C[1], -_B[0], -_C[0]]),
        ("nearness", [log1p(rank) for rank in (1, 2, 3, 1, 2, 1)]),
        ("gap", [log10(1 + seconds) for seconds in (100, 300, 4000, 600, 4900, 4300)]),
        ("first_gap", [log10(1 + seconds) for seconds in (100, 700, 5000, 600, 4900, 4300)]),
        ("steps", [log1p(steps) for steps in (1, 1, 1, 1, 3, 2)]),
        # " blue sofa " has 9 trigrams, " blue sofas " 10, and 8 are the same.
        ("letters", [2 * 8 / 19, 0, 0, 0, 0, 0]),
        # "blue" with A and B, "couch" with B and C: each with 2 of 4 texts.
        ("rare_words", [log(5 / 2), 0, 0, log(5 / 2), 0, 0]),
        ("same_board", [0, 0, 0, 0, 0, 0]),
        ("other_board", [0, 0, 0, 1, 0, 0]),
        ("same_annotations", [0, 0, 0, 1, 0, 0]),
        ("same_item", [0, 0, 0, 1, 0, 0]),
        ("texts", [log(4)] * 6),
        ("words", [2, 1, 0, 1, 0, 0]),
    ],
)
def test_features_of_four_texts(feature: str, expected: list[float]) -> None:
    features = features_of(made_texts(EVENTS, embed))
    assert of(feature, features) == pytest.approx(expected, abs=1e-5)


def test_texts_of_one_board_share_it_and_a_board_s_name_counts_as_in_it() -> None:
    features = features_of(
        made_texts(
            [
                act("vase", kind=SAVE, board="Den"),
                act("rug", kind=SAVE, board="den", seconds=9),
                act("Den", kind=BOARD, board="Den", seconds=20),
                act("sink", seconds=30),
            ]
        )
    )
    assert of("same_board", features) == [1, 1, 0, 1, 0, 0]
    assert of("other_board", features) == [0, 0, 0, 0, 0, 0]


def two(seconds: float, second: list[float]) -> dict[str, float]:
    """The features of two texts without a word in common, the first of which points along the first axis."""
    vectors = {"desk": [1.0, 0.0], "chair": second}
    made = made_texts([act("desk"), act("chair", seconds=seconds)], lambda texts: unit([vectors[t] for t in texts]))
    return dict(zip(FEATURES, features_of(made)[0, 1].tolist(), strict=True))


def test_what_is_done_within_the_hour_is_mixed_in_and_fades() -> None:
    weight = exp(-600 / 600)  # (1, w) and (w, 1), made units
    assert two(600, [0, 1])["session_cosine"] == pytest.approx(2 * weight / (1 + weight**2), abs=1e-5)
    assert two(3600, [0, 1])["session_cosine"] == pytest.approx(0, abs=1e-5)
    assert two(600, [0, 1])["session_kin_cosine"] == pytest.approx(0, abs=1e-5)


def test_what_is_near_in_meaning_is_mixed_in_by_how_near_it_is() -> None:
    # (1, 0) + 0.6 (0.6, 0.8) = (1.36, 0.48) and (0.6, 0.8) + 0.6 (1, 0) = (1.2, 0.8), of the same length
    expected = (1.36 * 1.2 + 0.48 * 0.8) / (1.36**2 + 0.48**2)
    assert two(1e6, [0.6, 0.8])["kin_cosine"] == pytest.approx(expected, abs=1e-5)
    assert two(1e6, [-1, 0])["kin_cosine"] == pytest.approx(-1, abs=1e-5)


def random_texts(n: int, seed: int) -> Texts:
    random = np.random.default_rng(seed)
    words = ["oak", "linen", "paint", "vase", "shelf", "部屋", "लकड़ी", "&"]
    events = [
        act(
            f"{' '.join(random.choice(words, 2))} {place}",
            kind=SAVE,
            seconds=float(random.integers(0, 20_000)),
            item=str(random.integers(0, 9)),
            board=str(random.choice(["Den", "Hall", ""])) or None,
            labels=[str(label) for label in random.choice(words[:5], random.integers(0, 3))],
        )
        for place in range(n)
    ]
    return made_texts(events)


@pytest.mark.parametrize("cells", [1, 29, 64])
def test_features_in_many_blocks_are_those_in_one(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = random_texts(23, seed=cells)
    [(first, whole)] = pair_features(texts)
    assert (first, whole.shape) == (0, (23, 23, len(FEATURES)))
    assert whole.dtype == np.float32
    monkeypatch.setattr(module, "_CELLS", cells)
    blocks = list(pair_features(texts))
    assert len(blocks) > 5
    assert [number for number, _ in blocks] == np.cumsum([0, *(len(block) for _, block in blocks[:-1])]).tolist()
    off_diagonal = ~np.eye(23, dtype=bool)
    assert np.concatenate([block for _, block in blocks])[off_diagonal] == pytest.approx(whole[off_diagonal], abs=1e-3)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.integers(1, 12), st.integers(0, 1000))
def test_features_are_finite_and_the_same_from_either_text(n: int, seed: int) -> None:
    features = features_of(random_texts(n, seed))
    assert features.shape[:2] == (n, n)
    assert np.isfinite(features).all()
    off_diagonal = ~np.eye(n, dtype=bool)
    assert features[off_diagonal] == pytest.approx(features.transpose(1, 0, 2)[off_diagonal], abs=1e-3)


def test_texts_at_one_moment_with_one_vector_do_no_harm() -> None:
    texts = made_texts([act("!"), act("?"), act("🌸")], lambda keys: unit([[1, 0]] * len(keys)))
    features = features_of(texts)
    assert np.isfinite(features).all()
    # Two others at the very same moment: as if they lay a minute apart.
    assert features[0, 1, FEATURES.index("gap")] == pytest.approx(np.log10(1 + 2 * 30))
    assert features[0, 1, FEATURES.index("words")] == 0


def test_trigrams_are_counted_once_a_text_and_by_sign() -> None:
    # " ab " has two, " abab " has " ab", "aba", "bab", "ab ", and " x " one; a sign beyond 16 bits is one sign.
    texts = made_texts([act("ab"), act("abab", seconds=1), act("x", seconds=2), act("😀x", seconds=3)])
    pairs = Pairs(texts)
    assert pairs.letter_counts.tolist() == [2, 4, 1, 2]
    letters = pairs.block(slice(0, 4), slice(0, 4))[FEATURES.index("letters")]
    assert letters[0, 1] == pytest.approx(2 * 2 / 6)  # " ab" and "ab "
    assert letters[0, 2] == letters[2, 3] == 0


def test_letters_are_counted_alike_however_many_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = made_texts([act(text, seconds=second) for second, text in enumerate(("blue sofa", "sofas", "a sofa", "z"))])
    whole = Pairs(texts).block(slice(0, 4), slice(0, 4))
    monkeypatch.setattr("chains.pair_features._CELLS", 5)
    assert Pairs(texts).block(slice(0, 4), slice(0, 4)) == pytest.approx(whole, abs=1e-6)
