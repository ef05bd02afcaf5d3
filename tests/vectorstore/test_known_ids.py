"""The compact set of ids against Python's own."""

from hypothesis import given
from hypothesis import strategies as st

from vectorstore.known_ids import KnownIds


@given(st.lists(st.binary(min_size=16, max_size=16), unique=True), st.lists(st.integers(0, 3), min_size=1))
def test_known_ids_are_a_set(ids: list[bytes], sizes: list[int]) -> None:
    # Some share their first half, so that the second has to tell.
    ids = list(dict.fromkeys([*ids, *(each[:8] + bytes(reversed(each[8:])) for each in ids[::2])]))
    start = len(ids) // 2
    known = KnownIds(b"".join(ids[:start]))
    added = set(ids[:start])
    for size in sizes:
        more = [each for each in ids if each not in added][:size]
        known.add(b"".join(more))
        added |= set(more)
        assert known.contain(b"".join(ids)) == [each in added for each in ids]
    assert len(known) == len(added)
