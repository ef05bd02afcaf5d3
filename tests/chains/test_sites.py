"""Texts mixed with the user's others that the names of opened sites speak of."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_activity import act, unit

from chains import pair_features as module
from chains.affinity import affinity, default_affinity
from chains.clustering import Granularity
from chains.sites import with_sites
from chains.texts import Texts, texts_of
from vectorstore.activity import Keyword, KeywordSource

AXES = np.eye(5, dtype=np.float32)


def led_to(sites: Mapping[str, Sequence[str]]) -> Texts:
    """A text for each key, each in an axis of its own, which led to these items."""
    keywords = [
        Keyword("anna", text, KeywordSource.QUERY, tuple(act(text, number, item=item) for item in items or ["17"]))
        for number, (text, items) in enumerate(sites.items())
    ]
    return texts_of(keywords, AXES[: len(keywords)])


def test_a_text_is_mixed_with_what_the_name_of_its_site_speaks_of() -> None:
    texts = led_to({"quorum": ["http://www.lightinguniverse.com/x"], "cristal lighting": [], "bread": []})
    context = with_sites(texts).context
    assert context[0] == pytest.approx(unit([[1, 0.4, 0, 0, 0]])[0], abs=1e-6)
    np.testing.assert_array_equal(context[1:], texts.context[1:])


def test_another_text_counts_by_how_much_of_it_is_in_the_name() -> None:
    texts = led_to({"quorum": ["https://garden-lighting.co.uk"], "lighting": [], "cristal lighting": [], "gardens": []})
    # "lighting" stands in two of four texts, "cristal" in one; "gardens" is not in the name as a whole.
    half = log(5 / 2) / (log(5 / 2) + log(5))
    told = np.array([0, 1, half, 0, 0]) / (1 + half)
    assert with_sites(texts).context[0] == pytest.approx(unit([[1, *(0.4 * told[1:])]])[0], abs=1e-6)


@pytest.mark.parametrize(
    "item",
    [
        "B00-lighting",  # no web address
        "ftp://lighting.com",
        "http://example.com/lighting",  # the path is not the site
        "http://lighting:80@example.com",  # nor is who opens it
        "http://x.lighting",  # the last part says what kind of site it is
        "http://light-ing.com",
        "http://",
    ],
)
def test_what_says_nothing_changes_nothing(item: str) -> None:
    texts = led_to({"quorum": [item], "lighting": [], "the ink": []})
    np.testing.assert_array_equal(with_sites(texts).context, texts.context)


def test_a_name_in_capitals_with_a_port_is_read_and_short_words_are_not() -> None:
    texts = led_to({"quorum": ["HTTP://LIGHTING.COM:8080"], "lighting": [], "ing": []})
    assert with_sites(texts).context[0] == pytest.approx(unit([[1, 0.4, 0, 0, 0]])[0], abs=1e-6)


def test_its_own_words_say_nothing_new() -> None:
    texts = led_to({"lighting": ["http://lighting.com"], "bread": ["http://bread.com"]})
    np.testing.assert_array_equal(with_sites(texts).context, texts.context)
    no_address = led_to({"bread": ["17"]})
    assert with_sites(no_address) is no_address


WORDS = ["garden", "lighting", "bread", "lamp", "ink"]
PHRASES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)


@given(
    st.lists(PHRASES, min_size=1, max_size=5, unique=True),
    st.lists(st.lists(st.sampled_from(WORDS), max_size=2).map("".join), min_size=5, max_size=5),
)
def test_in_blocks_and_sparse_it_is_the_same(phrases: list[str], names: list[str]) -> None:
    texts = led_to({phrase: [f"http://{name}.com"] for phrase, name in zip(phrases, names, strict=False)})
    whole = with_sites(texts).context
    assert np.linalg.norm(whole, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-6)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "_CELLS", 2)
        assert with_sites(texts).context == pytest.approx(whole, abs=1e-6)


def test_only_fine_journeys_are_looked_at_so() -> None:
    sites = {"quorum": ["http://lightinguniverse.com"], "cristal lighting": [], "bread": [], "lighting": []}
    texts = led_to(sites)
    plain = replace(texts, items=(frozenset(["no address"]), *texts.items[1:]))
    model = default_affinity()
    for granularity in Granularity:
        same = np.array_equal(affinity(texts, model, granularity), affinity(plain, model, granularity))
        assert same == (granularity is not Granularity.FINE)
