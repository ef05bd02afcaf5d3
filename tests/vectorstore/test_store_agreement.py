"""Every store against the exact one in memory, on many keywords and on any sequence of writes."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_places import (
    Place,
    X,
    Y,
    Z,
    chroma_url_fixture,
    every_store,
    keyword,
    lasting_store,
    made_store,
    place_fixture,
    rows,
    same_answer,
    shown,
    store_fixture,
)

from vectorstore.memory import MemoryStore
from vectorstore.store import KeywordStore

# Fixtures are found by being here; the list says that they are meant to be.
__all__ = ["chroma_url_fixture", "place_fixture", "store_fixture"]

# The client says what its local mode leaves out, which is no matter here: it has no payload index, and is always exact.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


@every_store
def test_agrees_with_the_oracle_on_many_keywords(place: Place) -> None:
    made, vectors = made_store(1, 24)
    oracle = MemoryStore(model="model", dimension=24)
    oracle.add(made, vectors)
    with place.open("model", 24) as store:
        for part in (slice(0, 250), slice(200, 400)):
            store.add(made[part], vectors[part])

        assert store.count() == 400
        assert list(store.users()) == list(oracle.users())
        for user in oracle.users():
            assert store.keywords(user)[0] == oracle.keywords(user)[0]
            np.testing.assert_allclose(store.keywords(user)[1], oracle.keywords(user)[1], atol=1e-6)
        for query, user_id in zip(made_store(2, 24)[1][:24], [*oracle.users(), *[None] * 12], strict=True):
            same_answer(store.search(query, user_id=user_id, limit=15), oracle.search(query, user_id=user_id, limit=15))


@lasting_store
def test_opening_again_keeps_all(place: Place) -> None:
    made, vectors = made_store(3, 24)
    with place.open("model", 24) as store:
        store.add(made, vectors)
        store.forget("user 3")
        before = {user: store.keywords(user) for user in store.users()}
        best = store.search(vectors[0], limit=20)

    with place.open("model", 24) as store:
        assert list(store.users()) == list(before)
        for user, (keywords, kept) in before.items():
            assert store.keywords(user)[0] == keywords
            np.testing.assert_allclose(store.keywords(user)[1], kept, atol=1e-6)
        same_answer(store.search(vectors[0], limit=20), best)
        store.add([keyword("user 3", "back")], vectors[:1])
        assert shown(store.search(vectors[0], user_id="user 3")) == [("user 3", "back")]


@pytest.mark.parametrize("kind", ["memory", "qdrant"])
def test_unit_vectors_come_back_bit_for_bit(place: Place) -> None:
    made, vectors = made_store(4, 384)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    wanted = {(each.user_id, each.key): vector for each, vector in zip(made, vectors, strict=True)}
    with place.open("model", 384) as store:
        store.add(made, vectors)
        for user in store.users():
            for each, vector in zip(*store.keywords(user), strict=True):
                np.testing.assert_array_equal(vector, wanted[user, each.key])


# Directions whose cosines are far apart or exactly equal, so that rounding cannot turn an order round.
DIRECTIONS = [X, Y, Z, [0.6, 0.8, 0, 0], [0, 0.6, 0.8, 0], [-1.0, 0, 0, 0], [0.5, 0.5, 0.5, 0.5]]
USERS = ["ann", "bob", "日本"]
ADD = st.tuples(
    st.just("add"),
    st.lists(
        st.tuples(
            st.sampled_from(USERS),
            st.sampled_from(["veil", "VEIL", "cake", "saw", "drill"]),
            st.integers(0, 9),
            st.sampled_from(DIRECTIONS),
        ),
        max_size=6,
    ),
)
FORGET = st.tuples(st.just("forget"), st.sampled_from(USERS))


@every_store
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(ADD, FORGET), max_size=8))
def test_any_sequence_of_add_and_forget_agrees_with_memory(
    store: KeywordStore, steps: list[tuple[str, str | list[tuple[str, str, int, list[float]]]]]
) -> None:
    oracle = MemoryStore(model="model", dimension=4)
    for _, what in steps:
        if isinstance(what, str):
            assert store.forget(what) == oracle.forget(what)
        elif what:
            made = [keyword(user, text, day=day) for user, text, day, _ in what]
            vectors = rows(*[direction for *_, direction in what])
            store.add(made, vectors)
            oracle.add(made, vectors)

    assert store.count() == oracle.count()
    assert list(store.users()) == list(oracle.users())
    for user in USERS:
        assert store.keywords(user)[0] == oracle.keywords(user)[0]
        np.testing.assert_allclose(store.keywords(user)[1], oracle.keywords(user)[1], atol=1e-6)
    for user_id in (*USERS, None):
        for limit in (2, 20):
            same_answer(
                store.search(rows(X)[0], user_id=user_id, limit=limit),
                oracle.search(rows(X)[0], user_id=user_id, limit=limit),
            )
    # The next example starts with the same store, empty again.
    for user in list(store.users()):
        store.forget(user)
    assert store.count() == 0
