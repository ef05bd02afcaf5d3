"""The probability that two texts belong to one journey: what a model computes, keeps and refuses."""

import json
from dataclasses import replace
from math import exp, log
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_activity import SAVE, act, by_topic, made_texts, weights_on

from chains import pair_features as module
from chains.affinity import AffinityModel, Layer, Networks, affinity, default_affinity, in_crowd
from chains.clustering import Granularity
from chains.crowd_features import CROWD_FEATURES
from chains.pair_features import FEATURES, pair_features
from chains.sites import with_sites
from chains.texts import Floats, Texts
from vectorstore.errors import InputError

F = len(FEATURES)


def sigmoid(logit: float) -> float:
    return 1 / (1 + exp(-logit))


def row(*values: float) -> Floats:
    """The features, of which all but the first are 0."""
    features = np.zeros(F, dtype=np.float32)
    features[: len(values)] = values
    return features


def layer(inputs: int, outputs: int, bias: float, **weights: float) -> Layer:
    """w01=2: from input 0 to output 1, twice."""
    matrix = np.zeros((inputs, outputs), dtype=np.float32)
    for name, value in weights.items():
        matrix[int(name[1]), int(name[2])] = value
    return matrix, np.full(outputs, bias, dtype=np.float32)


def made_networks() -> Networks:
    """Logits max(0, x0 - x1) and 2 x0 - 1, of features less 1 and halved."""
    ones = np.ones(F, dtype=np.float32)
    deep = (layer(F, 2, 0, w00=1, w10=-1), layer(2, 1, 0, w00=1))
    return Networks(ones, 2 * ones, (deep, (layer(F, 1, -1, w00=2),)))


def made_model() -> AffinityModel:
    return AffinityModel(made_networks(), None, None, "made by hand")


def made_fine() -> tuple[Networks, Networks]:
    """Without a crowd always 0.2; with one from what the two texts have over what is familiar."""
    width = len(FEATURES) + len(CROWD_FEATURES)
    weights = np.zeros((width, 1), dtype=np.float32)
    weights[len(FEATURES) + CROWD_FEATURES.index("over_familiar")] = 2
    ones, bias = np.ones(width, dtype=np.float32), np.array([1], dtype=np.float32)
    without = Networks(np.zeros(F, np.float32), np.ones(F, np.float32), ((layer(F, 1, log(0.25)),),))
    return without, Networks(ones * 0, ones, (((weights, bias),),))


def some_texts(n: int = 9, seed: int = 0) -> Texts:
    random = np.random.default_rng(seed)
    words = ["oak", "linen", "paint", "vase", "shelf"]
    return made_texts(
        [
            act(f"{random.choice(words)} {place}", kind=SAVE, seconds=float(random.integers(0, 9000)), labels=["wood"])
            for place in range(n)
        ]
    )


def test_the_networks_logits_are_averaged() -> None:
    # x0 = (5 - 1) / 2 = 2, x1 = (3 - 1) / 2 = 1: logits 1 and 3, mean 2
    assert made_networks().probability(row(5, 3)) == pytest.approx(sigmoid(2))
    # x0 = 1, x1 = 2: the hidden unit is off, logits 0 and 1
    assert made_networks().probability(row(3, 5)) == pytest.approx(sigmoid(0.5))


def test_features_are_cut_off_at_five_standard_deviations() -> None:
    assert made_networks().probability(row(1e6, 1)) == pytest.approx(made_networks().probability(row(11, 1)))
    assert made_networks().probability(row(11, 1)) == pytest.approx(sigmoid((5 + 9) / 2))


def test_probabilities_have_the_shape_of_the_pairs() -> None:
    assert made_networks().probability(np.zeros((2, 3, F), np.float32)).shape == (2, 3)
    assert made_networks().probability(np.zeros((0, F), np.float32)).shape == (0,)


def test_affinity_is_the_model_s_probability_for_every_pair() -> None:
    texts = some_texts()
    together = affinity(texts, made_model())
    [(_, features)] = pair_features(texts)
    upper = np.triu_indices(len(texts), 1)
    assert together[upper] == pytest.approx(made_networks().probability(features[upper]), abs=1e-6)


def test_texts_of_one_topic_belong_together_by_a_model_of_the_cosine() -> None:
    topic = {"oak desk": "desk", "pine bench": "desk", "red lipstick": "make-up"}
    together = affinity(made_texts([act(text) for text in topic], by_topic(topic)), weights_on("cosine", 40, -20))
    assert (together > 0.5).tolist() == [[True, True, False], [True, True, False], [False, False, True]]


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.integers(1, 12), st.integers(0, 1000))
def test_the_default_model_s_affinities_are_symmetric_probabilities_and_always_the_same(n: int, seed: int) -> None:
    texts = some_texts(n, seed)
    together = affinity(texts, default_affinity())
    assert together.shape == (n, n)
    assert together.dtype == np.float32
    assert ((together >= 0) & (together <= 1)).all()
    assert np.array_equal(together, together.T)
    assert (np.diag(together) == 1).all()
    assert np.array_equal(together, affinity(some_texts(n, seed), default_affinity()))


def test_affinity_in_blocks_is_that_in_one(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = some_texts(17)
    whole = affinity(texts, default_affinity())
    monkeypatch.setattr(module, "_CELLS", 40)
    assert affinity(texts, default_affinity()) == pytest.approx(whole, abs=1e-3)


def test_the_default_model_tells_a_near_pair_from_a_far_one() -> None:
    topic = {"oak desk": "desk", "oak desks": "desk", "red lipstick": "make-up"}
    events = [act("oak desk"), act("oak desks", seconds=40), act("red lipstick", 60)]
    together = affinity(made_texts(events, by_topic(topic)), default_affinity())
    assert together[0, 1] > together[0, 2]
    assert together[0, 1] > together[1, 2]


def test_a_model_is_kept_as_numbers_and_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(json.dumps(made_model().to_json()), encoding="utf-8")
    loaded = AffinityModel.load(path)
    assert loaded.trained_on == "made by hand"
    features = np.random.default_rng(3).normal(size=(5, F)).astype(np.float32)
    assert loaded.first.probability(features) == pytest.approx(made_networks().probability(features), abs=1e-5)
    assert loaded.to_json() == made_model().to_json()


def test_the_default_model_is_read_once_and_says_what_it_learned_from() -> None:
    assert default_affinity() is default_affinity()
    assert default_affinity().trained_on
    assert AffinityModel.load().to_json() == default_affinity().to_json()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        json.dumps(made_model().to_json() | {"format": 999}),
        json.dumps(made_model().to_json() | {"features": ["cosine"]}),
        json.dumps({name: value for name, value in made_model().to_json().items() if name != "first"}),
        json.dumps(made_model().to_json() | {"first": {"mean": [0], "scale": [1], "networks": [[["a", "b"]]]}}),
    ],
)
def test_what_is_no_model_is_refused_in_one_line_that_says_how_to_make_one(text: str, tmp_path: Path) -> None:
    path = tmp_path / "model.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"model\.json is no affinity model .* journeys train affinity"):
        AffinityModel.load(path)
    with pytest.raises(InputError, match="missing"):
        AffinityModel.load(tmp_path / "missing.json")


def test_columns_may_be_asked_for_alone() -> None:
    features = np.random.default_rng(1).normal(size=(F, 1_100)).astype(np.float32)
    networks, some = made_networks(), np.arange(3, 1_100, 2)
    whole = networks.probability_of_columns(features)
    assert networks.probability_of_columns(features, some) == pytest.approx(whole[some], abs=1e-6)
    assert len(networks.probability_of_columns(features, some[:0])) == 0


def test_in_a_crowd_other_networks_tell_what_is_one_errand() -> None:
    without, within = made_fine()
    texts = some_texts(5)
    known = replace(texts, familiar=np.array([0.1, 0.2, 0.3, 0.4, 0.5], dtype=np.float32))
    both = AffinityModel(made_networks(), None, without, "made by hand", within)
    off = ~np.eye(5, dtype=bool)
    # log(0.25) is the log odds of 0.2
    for model, own in ((both, texts), (replace(both, fine_in_crowd=None), known)):
        assert affinity(own, model, Granularity.FINE)[off] == pytest.approx(np.full(20, 0.2))
    found = affinity(known, both, Granularity.FINE)
    cosines = texts.context @ texts.context.T
    # logit: 2 * (2 * cosine - 0.1 - 0.4) + 1
    assert found[0, 3] == pytest.approx(sigmoid(4 * float(cosines[0, 3])), abs=1e-5)
    assert found[3, 0] == found[0, 3]
    for granularity in (Granularity.NORMAL, Granularity.COARSE):
        np.testing.assert_array_equal(affinity(known, both, granularity), affinity(texts, both, granularity))
    assert AffinityModel.from_json(json.loads(json.dumps(both.to_json()))).fingerprint == both.fingerprint
    assert both.fingerprint != replace(both, fine_in_crowd=None).fingerprint


def test_users_with_web_addresses_have_networks_of_their_own() -> None:
    without, within = made_fine()
    half = Networks(np.zeros(F, np.float32), np.ones(F, np.float32), ((layer(F, 1, 0),),))
    plain = some_texts(5)
    known = replace(plain, familiar=np.zeros(5, dtype=np.float32))
    model = AffinityModel(made_networks(), None, without, "made by hand", None, half, within)
    assert AffinityModel.from_json(json.loads(json.dumps(model.to_json()))).fingerprint == model.fingerprint
    off = ~np.eye(5, dtype=bool)
    # log(0.25) is the log odds of 0.2
    assert affinity(known, model, Granularity.FINE)[off] == pytest.approx(np.full(20, 0.2))
    led = replace(known, items=(frozenset(["https://example.com"]), *known.items[1:]))
    assert affinity(replace(led, familiar=None), model, Granularity.FINE)[off] == pytest.approx(np.full(20, 0.5))
    # logit: 2 * (2 * cosine) + 1
    cosines = with_sites(led).context @ with_sites(led).context.T
    assert affinity(led, model, Granularity.FINE)[0, 3] == pytest.approx(sigmoid(4 * cosines[0, 3] + 1), abs=1e-5)
    unlearned = replace(model, fine_by_site=None, fine_by_site_in_crowd=None)
    assert affinity(led, unlearned, Granularity.FINE)[off] == pytest.approx(np.full(20, 0.2))


@pytest.mark.parametrize("cells", [1, 29, 500_000])
def test_what_the_crowd_says_of_pairs(cells: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_CELLS", cells)
    texts = some_texts(4)
    familiar = np.array([0.5, 0.25, 0, -0.125], dtype=np.float32)
    whole = np.concatenate([block for _, block in in_crowd(texts, familiar)])
    assert whole.shape == (4, 4, len(FEATURES) + len(CROWD_FEATURES))
    np.testing.assert_array_equal(whole[..., :F], np.concatenate([block for _, block in pair_features(texts)]))
    cosine = float(texts.context[0] @ texts.context[3])
    assert whole[0, 3, F:] == pytest.approx([2 * cosine - 0.375, -0.125, 0.5], abs=1e-6)
    assert whole[2, 1, F + 1 :].tolist() == [0, 0.25]


def test_the_model_that_comes_along_knows_the_crowd() -> None:
    within = default_affinity().fine_in_crowd
    assert within is not None
    assert within.mean.shape == (len(FEATURES) + len(CROWD_FEATURES),)
    assert len(within.networks) == 8
