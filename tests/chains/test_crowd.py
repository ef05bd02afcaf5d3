"""How familiar a text is among those of other users."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import START, act, by_words, keywords_and_vectors, unit

from chains import crowd as module
from chains.clustering import Granularity
from chains.crowd import Crowd, drawn, lot
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.texts import Floats, texts_of

#: 120 texts of 12 users on a half circle, a step of 1.5 degrees apart.
ANGLES = np.radians(np.arange(120) * 1.5)
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1).astype(np.float32)
OWNERS = [f"u{number % 12}" for number in range(120)]


def made() -> Crowd:
    return Crowd.of(OWNERS, CIRCLE)


def familiar(crowd: Crowd, texts: Floats, user_id: str) -> list[float]:
    found = crowd.familiarity(texts, user_id)
    assert found is not None
    return [float(value) for value in found]


def test_it_is_the_mean_cosine_to_the_nearest_fortieth() -> None:
    # Of 120 texts the nearest three: at the end 0, 1.5 and 3 degrees away, in the middle 0 and 1.5 on both sides.
    steps = np.cos(np.radians([0, 1.5, 3]))
    expected = [steps.mean(), (steps[0] + 2 * steps[1]) / 3]
    assert familiar(made(), CIRCLE[[0, 60]], "somebody else") == pytest.approx(expected, abs=2e-5)
    assert familiar(made(), unit([[0, -1]]), "somebody else") == pytest.approx(
        [(2 * np.cos(np.radians(90)) + np.cos(np.radians(91.5))) / 3], abs=0.03
    )


def test_a_user_s_own_texts_do_not_count() -> None:
    # Of 110 others the nearest two; his own at 0 degrees is left out.
    assert familiar(made(), CIRCLE[[0]], "u0") == pytest.approx([np.cos(np.radians([1.5, 3])).mean()], abs=2e-5)
    assert familiar(made(), CIRCLE[[0]], "u0") == familiar(made().without("u0"), CIRCLE[[0]], "u0")


def test_with_few_others_or_another_embedding_nothing_is_said() -> None:
    assert Crowd.of(OWNERS[:80], CIRCLE[:80]).familiarity(CIRCLE[:1], "somebody else") is not None
    assert Crowd.of(OWNERS[:79], CIRCLE[:79]).familiarity(CIRCLE[:1], "somebody else") is None
    assert Crowd.of(["ann"] * 120, CIRCLE).familiarity(CIRCLE[:1], "ann") is None
    assert Crowd.of([], np.empty((0, 0), np.float32)).familiarity(CIRCLE[:1], "ann") is None
    assert made().familiarity(unit([[1, 0, 0]]), "somebody else") is None


def test_in_blocks_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = familiar(made(), CIRCLE, "u3")
    monkeypatch.setattr(module, "_ROWS", 7)
    assert familiar(made(), CIRCLE, "u3") == pytest.approx(whole, abs=2e-5)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(0, 1_000))
def test_the_order_of_the_crowd_means_nothing(seed: int) -> None:
    order = np.random.default_rng(seed).permutation(120)
    turned = Crowd.of([OWNERS[place] for place in order], CIRCLE[order])
    assert familiar(turned, CIRCLE[:5], "u1") == pytest.approx(familiar(made(), CIRCLE[:5], "u1"), abs=2e-5)


def test_who_is_taken_out_is_gone_and_the_fingerprint_stays() -> None:
    crowd = made()
    left = crowd.without("u2")
    assert (crowd.count("u2"), left.count("u2"), len(left)) == (10, 0, 110)
    assert left.count("u3") == 10
    assert left.fingerprint == crowd.fingerprint
    assert not (left.vectors[:, None] == CIRCLE[2::12][None]).all(axis=2).any()
    assert len(left.without("nobody")) == 110


def test_the_fingerprint_tells_what_a_crowd_was_made_of() -> None:
    assert made().fingerprint == made().fingerprint
    assert len(made().fingerprint) == 16
    others = [Crowd.of(OWNERS[::-1], CIRCLE), Crowd.of(OWNERS, CIRCLE[::-1].copy()), Crowd.of(OWNERS[1:], CIRCLE[1:])]
    assert len({made().fingerprint, *(other.fingerprint for other in others)}) == 4


def test_it_names_no_user_and_a_user_is_another_number_in_another_crowd() -> None:
    one, other = made(), Crowd.of(OWNERS[:100], CIRCLE[:100])
    assert len(set(one.owners.tolist())) == 12
    assert set(one.owners.tolist()).isdisjoint(other.owners.tolist())
    assert Crowd.of(["bad \udcff id"], CIRCLE[:1]).count("bad \udcff id") == 1


def test_lots_follow_from_the_names_alone() -> None:
    assert lot("ann", "lamp") == lot("ann", "lamp")
    assert len({lot("ann", "lamp"), lot("annl", "amp"), lot("lamp", "ann")}) == 3
    names = [f"user {number}" for number in range(50)]
    some = drawn(names, 10)
    assert len(some) == 10
    assert drawn(names[::-1], 10) == some
    assert drawn(names, 20) > some
    assert drawn(names[:3], 10) == set(names[:3])


def test_texts_know_how_familiar_they_are_only_with_a_crowd() -> None:
    keywords, vectors = keywords_and_vectors([act("oak desk"), act("pine bench", seconds=5)], by_words)
    crowd = Crowd.of([f"u{number}" for number in range(100)], by_words([f"oak desk {number}" for number in range(100)]))
    assert texts_of(keywords, vectors).familiar is None
    known = texts_of(keywords, vectors, crowd)
    assert known.familiar is not None
    assert known.familiar.shape == (2,)
    assert known.familiar[0] > 0.5 > known.familiar[1]
    assert texts_of([], np.empty((0, 48), np.float32), crowd).familiar is None


FINE = InferenceOptions(granularity=Granularity.FINE)


@pytest.mark.parametrize("options", [InferenceOptions(), InferenceOptions(granularity=Granularity.COARSE), FINE])
def test_fine_journeys_come_of_it_and_others_do_not(options: InferenceOptions) -> None:
    events = [act(f"{thing} {number}", day=number) for thing in ("oak desk", "red lipstick") for number in range(4)]
    keywords, vectors = keywords_and_vectors(events, by_words)
    crowd = Crowd.of([f"u{number}" for number in range(100)], by_words([f"oak {number}" for number in range(100)]))
    clock = START + timedelta(days=30)
    found = [
        infer_journeys(keywords, vectors, clock, options, InferenceModels(crowd=each))
        for each in (None, crowd, crowd, Crowd.of(OWNERS[:79], np.resize(vectors, (79, 48))))
    ]
    assert all(found)
    assert found[1] == found[2]
    assert found[3] == found[0], "too few texts are as good as no crowd"
    assert (found[1] == found[0]) is (options is not FINE)
