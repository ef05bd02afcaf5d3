"""One contract for every store. Values are worked out by hand."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from store_places import (
    START,
    Place,
    X,
    Y,
    Z,
    chroma_url_fixture,
    every_store,
    keyword,
    lasting_store,
    place_fixture,
    rows,
    shown,
    store_fixture,
)

from vectorstore.activity import Activity, ActivityKind, Keyword, KeywordSource
from vectorstore.errors import StoreError
from vectorstore.store import KeywordStore

# Fixtures are found by being here; the list says that they are meant to be.
__all__ = ["chroma_url_fixture", "place_fixture", "store_fixture"]

# The client says what its local mode leaves out, which is no matter here: it has no payload index, and is always exact.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


@every_store
def test_remembers_model_and_dimension(store: KeywordStore) -> None:
    assert (store.model, store.dimension) == ("model", 4)
    assert store.count() == 0
    assert list(store.users()) == []


@every_store
def test_keywords_come_back_whole_and_in_order_of_key(store: KeywordStore) -> None:
    events = (
        Activity("ann", datetime(2025, 3, 1, 9, 30, 15, 123456, tzinfo=UTC), ActivityKind.SEARCH, "Lace Veil"),
        Activity(
            "ann", datetime(2025, 3, 2, tzinfo=UTC), ActivityKind.SAVE, "Veil", "item-1", "Wedding", ("lace", "b")
        ),
        Activity("ann", datetime(2025, 3, 2, tzinfo=UTC), ActivityKind.CLICKTHROUGH, "Veil, long", "item-2"),
    )
    veil = Keyword("ann", "Lace  Veil", KeywordSource.ANNOTATION, events)
    board = keyword("ann", "Wedding", ActivityKind.BOARD)
    cake = keyword("ann", "CAKE", ActivityKind.CLOSEUP, ActivityKind.SAVE)

    store.add([veil, board, cake], rows(X, [0.6, 0.8, 0, 0], [0, 0, -0.8, 0.6]))

    found, vectors = store.keywords("ann")
    assert found == [cake, veil, board]
    assert [type(event.kind) for event in found[1].events] == [ActivityKind] * 3
    assert [event.activity_id for event in found[1].events] == [event.activity_id for event in events]
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(vectors, rows([0, 0, -0.8, 0.6], X, [0.6, 0.8, 0, 0]), atol=1e-6)


@every_store
def test_similarity_is_the_cosine(store: KeywordStore) -> None:
    names = ["against", "across", "near", "same"]
    texts = [keyword("ann", name) for name in names]
    store.add(texts, rows([-1, 0, 0, 0], Z, [0.6, 0.8, 0, 0], X))

    for user_id in ("ann", None):
        for length in (1, 25):
            found = store.search(np.array(X, dtype=np.float32) * length, user_id=user_id, limit=4)
            assert shown(found) == [("ann", name) for name in ("same", "near", "across", "against")]
            assert [match.similarity for match in found] == pytest.approx([1, 0.6, 0, -1], abs=1e-6)
            assert found[1].keyword == texts[2]


@every_store
def test_search_keeps_to_the_user_and_the_limit(store: KeywordStore) -> None:
    store.add([keyword("ann", "veil"), keyword("bob", "drill"), keyword("bob", "saw")], rows(X, X, [0.8, 0.6, 0, 0]))

    assert shown(store.search(rows(X)[0], user_id="bob")) == [("bob", "drill"), ("bob", "saw")]
    assert shown(store.search(rows(X)[0], user_id="bob", limit=1)) == [("bob", "drill")]
    assert shown(store.search(rows(X)[0])) == [("ann", "veil"), ("bob", "drill"), ("bob", "saw")]
    assert shown(store.search(rows(X)[0], limit=2)) == [("ann", "veil"), ("bob", "drill")]
    assert store.search(rows(X)[0], limit=0) == []
    assert store.search(rows(X)[0], user_id="nobody") == []


@every_store
def test_ties_come_in_order_of_user_and_key(store: KeywordStore) -> None:
    made = [keyword(user, f"same {number:02d}") for user in ("zoe", "ann") for number in range(40)]
    made += [keyword("ann", "better"), keyword("ann", "worse")]
    store.add(made, np.vstack([rows(*[[0.6, 0.8, 0, 0]] * 80), rows(X, Y)]))

    within = store.search(rows(X)[0], user_id="ann", limit=4)
    assert shown(within) == [("ann", text) for text in ("better", "same 00", "same 01", "same 02")]
    assert shown(store.search(rows(X)[0], user_id="zoe", limit=1)) == [("zoe", "same 00")]
    last = store.search(rows(X)[0], user_id="ann", limit=50)[-2:]
    assert shown(last) == [("ann", "same 39"), ("ann", "worse")]


@pytest.mark.parametrize("kind", ["memory", "qdrant", "qdrant server"])
def test_ties_across_users_are_exact_however_many(store: KeywordStore) -> None:
    store.add([keyword(f"user {number:03d}", "wedding") for number in reversed(range(300))], rows(*[X] * 300))

    assert shown(store.search(rows(X)[0], limit=3)) == [(f"user 00{number}", "wedding") for number in range(3)]


@every_store
def test_the_same_key_is_replaced(store: KeywordStore) -> None:
    store.add([keyword("ann", "Garden  ideas"), keyword("bob", "garden ideas")], rows(X, X))
    newer = keyword("ann", "garden IDEAS", ActivityKind.SEARCH, ActivityKind.SAVE, day=7)
    store.add([newer], rows(Y))

    assert store.count() == 2
    found, vectors = store.keywords("ann")
    assert found == [newer]
    np.testing.assert_allclose(vectors, rows(Y), atol=1e-6)
    assert store.search(rows(X)[0], user_id="ann")[0].similarity == pytest.approx(0, abs=1e-6)
    assert store.search(rows(X)[0], user_id="bob")[0].similarity == pytest.approx(1, abs=1e-6)


@every_store
def test_new_events_with_the_old_vector_replace_too(store: KeywordStore) -> None:
    store.add([keyword("ann", "garden"), keyword("ann", "roses")], rows(X, Y))
    grown = keyword("ann", "garden", ActivityKind.SEARCH, ActivityKind.CLICKTHROUGH)
    store.add([grown, keyword("ann", "roses")], rows(X, Y))

    assert store.keywords("ann")[0] == [grown, keyword("ann", "roses")]
    np.testing.assert_allclose(store.keywords("ann")[1], rows(X, Y), atol=1e-6)


@every_store
def test_adding_twice_is_adding_once(store: KeywordStore) -> None:
    batch = [keyword("ann", "garden"), keyword("ann", "roses")], rows(X, Y)
    store.add(*batch)
    store.add(*batch)

    assert store.count() == 2
    assert store.keywords("ann")[0] == batch[0]


@every_store
def test_of_one_key_twice_in_a_batch_the_last_stays(store: KeywordStore) -> None:
    last = keyword("ann", "GARDEN", day=2)
    store.add([keyword("ann", "garden"), keyword("ann", "roses"), last], rows(X, Y, Z))

    found, vectors = store.keywords("ann")
    assert found == [last, keyword("ann", "roses")]
    np.testing.assert_allclose(vectors, rows(Z, Y), atol=1e-6)


@every_store
def test_adding_nothing_is_fine(store: KeywordStore) -> None:
    store.add([], np.empty((0, 4), dtype=np.float32))
    assert store.count() == 0


@every_store
def test_users_and_counts(store: KeywordStore) -> None:
    users = ["zoe", "Ann", "ann", "10", "9", "élan"]
    store.add([keyword(user, text) for user in users for text in ("a", "b")], rows(*[X, Y] * 6))

    assert list(store.users()) == ["10", "9", "Ann", "ann", "zoe", "élan"]
    assert store.count() == 12


@every_store
def test_forget_removes_one_user_everywhere(store: KeywordStore) -> None:
    store.add([keyword("ann", "veil"), keyword("ann", "cake"), keyword("bob", "saw")], rows(X, Y, X))

    assert store.forget("ann") == 2
    assert store.forget("ann") == 0
    assert store.forget("nobody") == 0

    assert list(store.users()) == ["bob"]
    assert store.count() == 1
    assert shown(store.search(rows(X)[0])) == [("bob", "saw")]
    found, vectors = store.keywords("ann")
    assert found == []
    assert vectors.shape == (0, 4)
    assert vectors.dtype == np.float32

    store.add([keyword("ann", "cake", day=3)], rows(Z))
    assert store.keywords("ann")[0] == [keyword("ann", "cake", day=3)]
    np.testing.assert_allclose(store.keywords("ann")[1], rows(Z), atol=1e-6)


@every_store
def test_wrong_vectors_are_refused_and_nothing_is_stored(store: KeywordStore) -> None:
    both = [keyword("ann", "veil"), keyword("ann", "cake")]
    for vectors, says in (
        (np.ones((1, 4)), "shape"),
        (np.ones((2, 3)), "shape"),
        (np.ones(8), "shape"),
        (rows(X, [0, 0, 0, 0]), "zero or not finite"),
        (rows(X, [np.nan, 0, 0, 0]), "zero or not finite"),
    ):
        with pytest.raises(StoreError, match=says):
            store.add(both, vectors.astype(np.float32))
    assert store.count() == 0


@every_store
def test_wrong_query_vectors_are_refused(store: KeywordStore) -> None:
    store.add([keyword("ann", "veil")], rows(X))
    for vector in (np.ones(3), np.ones((1, 4)), np.zeros(4), np.full(4, np.inf)):
        for user_id in ("ann", None):
            with pytest.raises(StoreError):
                store.search(vector.astype(np.float32), user_id=user_id)


@every_store
def test_vectors_of_another_length_count_by_direction(store: KeywordStore) -> None:
    given_vectors = rows([3, 4, 0, 0], [0, 0, 0.001, 0])
    store.add([keyword("ann", "a"), keyword("ann", "b")], given_vectors)

    np.testing.assert_allclose(store.keywords("ann")[1], rows([0.6, 0.8, 0, 0], Z), atol=1e-6)
    np.testing.assert_array_equal(given_vectors, rows([3, 4, 0, 0], [0, 0, 0.001, 0]))


ODD = [
    "日本語 ユーザー",
    "مستخدم",
    "mañana 🌱👩‍🌾",
    "a/b\\c",
    "quote\"s and 'more'",
    "{braces} %s $x",
    "tab\tline\nbreak",
    "nul\x00byte",
    " outer white space ",
    "e\u0301 is not \u00e9",
    "é is not é",
    "-1",
    "true",
    "null",
    "12345678-1234-5678-1234-567812345678",
    "x" * 3_000,
]


@every_store
def test_odd_users_and_texts(store: KeywordStore) -> None:
    made = [keyword(user, f"{text} #") for user in ODD for text in (user, "plain")]
    store.add(made, rows(*[X, Y] * len(ODD)))

    assert list(store.users()) == sorted(ODD)
    for user in ODD:
        want = sorted([keyword(user, f"{user} #"), keyword(user, "plain #")], key=lambda each: each.key)
        assert store.keywords(user)[0] == want
        best = store.search(rows(X)[0], user_id=user, limit=1)
        assert shown(best) == [(user, f"{user} #")]
        assert store.forget(user) == 2
    assert store.count() == 0


@every_store
def test_a_keyword_of_three_thousand_events(store: KeywordStore) -> None:
    events = tuple(
        Activity("ann", START + timedelta(minutes=at), ActivityKind.SAVE, f"ideas {at}", f"item-{at}", "Garden", ("a",))
        for at in range(3_000)
    )
    busy = Keyword("ann", "ideas", KeywordSource.ANNOTATION, events)
    store.add([busy, keyword("ann", "quiet")], rows(X, Y))

    assert store.keywords("ann")[0] == [busy, keyword("ann", "quiet")]
    assert store.search(rows(X)[0], user_id="ann", limit=1)[0].keyword == busy


@lasting_store
def test_an_event_of_another_user_is_refused(store: KeywordStore) -> None:
    stray = Keyword("ann", "veil", KeywordSource.QUERY, keyword("bob", "veil").events)
    with pytest.raises(StoreError, match="'ann' carries an event of user 'bob'"):
        store.add([stray], rows(X))


@lasting_store
@pytest.mark.parametrize(("model", "dimension"), [("other", 4), ("model", 5)])
def test_another_model_or_dimension_is_refused(place: Place, model: str, dimension: int) -> None:
    with place.open("model", 4) as store:
        store.add([keyword("ann", "veil")], rows(X))

    with pytest.raises(StoreError) as refused:
        place.open(model, dimension)
    message = str(refused.value)
    assert f"made with embedding model 'model' (4 dimensions), not {model!r} ({dimension})" in message
    assert "journeys ingest" in message
    assert "\n" not in message

    with place.open("model", 4) as store:
        assert store.keywords("ann")[0] == [keyword("ann", "veil")]


@lasting_store
def test_a_closed_store_says_so(place: Place) -> None:
    store = place.open("model", 4)
    store.add([keyword("ann", "veil")], rows(X))
    store.close()
    store.close()
    for use in (
        lambda: store.add([keyword("ann", "cake")], rows(Y)),
        lambda: store.users(),
        lambda: store.keywords("ann"),
        lambda: store.search(rows(X)[0]),
        lambda: store.forget("ann"),
        lambda: store.count(),
    ):
        with pytest.raises(StoreError, match="closed: open it again"):
            use()
