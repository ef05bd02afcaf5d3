"""One contract for every key-value store: LangChain's BaseStore, whole builds, and readers that see one build only."""

import os
import secrets
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from langchain_core.stores import BaseStore
from redis_server import PASSWORD, WHY_NOT, redis_server

from vectorstore.errors import MissingExtra, StoreError
from vectorstore.key_values import KeyValues, open_key_values
from vectorstore.key_values_redis import RedisKeyValues
from vectorstore.key_values_sqlite import SqliteKeyValues


@pytest.fixture(scope="module", name="redis_url")
def redis_url_fixture() -> Iterator[str | None]:
    with redis_server() as url:
        yield url


@pytest.fixture(params=["sqlite", "redis"], name="store")
def store_fixture(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str | None) -> Iterator[KeyValues]:
    if request.param == "sqlite":
        with open_key_values("sqlite", folder=tmp_path / "home") as store:
            yield store
        return
    if redis_url is None:
        pytest.skip(WHY_NOT)
    with RedisKeyValues(redis_url, prefix=f"test:{secrets.token_hex(4)}") as store:
        yield store


def filled(store: KeyValues, **pairs: bytes) -> None:
    with store.building() as build:
        build.mset(list(pairs.items()))


def test_values_come_in_the_order_asked_for(store: KeyValues) -> None:
    assert isinstance(store, BaseStore)
    assert store.mget(["a", "b"]) == [None, None]
    store.mset([("a", b"1"), ("b", b"\x00\xff"), ("c", b"")])
    assert store.mget(["c", "nothing", "b", "a", "b"]) == [b"", None, b"\x00\xff", b"1", b"\x00\xff"]
    assert store.mget([]) == []
    store.mset([("a", b"2"), ("a", b"3")])
    assert store.mget(["a"]) == [b"3"]
    store.mdelete(["a", "never there"])
    store.mdelete([])
    assert store.mget(["a", "c"]) == [None, b""]


def test_keys_come_by_prefix_in_order(store: KeyValues) -> None:
    assert list(store.yield_keys()) == []
    filled(store, **{"entry/b": b"", "entry/a": b"", "items/a": b"", "entry%": b"", "é": b"", "z": b""})
    assert list(store.yield_keys()) == ["entry%", "entry/a", "entry/b", "items/a", "z", "é"]
    assert list(store.yield_keys(prefix="entry/")) == ["entry/a", "entry/b"]
    assert list(store.yield_keys(prefix="entry%")) == ["entry%"]
    assert list(store.yield_keys(prefix="none")) == []


def test_many_values_go_in_and_out(store: KeyValues) -> None:
    pairs = [(f"k{number:05d}", str(number).encode()) for number in range(1_234)]
    with store.building() as build:
        build.mset(pairs)
    keys = [key for key, _ in reversed(pairs)]
    assert store.mget([*keys, "missing"]) == [*(value for _, value in reversed(pairs)), None]


def test_a_build_takes_the_place_of_the_former_as_a_whole(store: KeyValues) -> None:
    filled(store, a=b"old", gone=b"old")
    with store.building() as build:
        build.mset([("a", b"new")])
        assert build.mget(["a", "gone"]) == [b"new", None]
        assert store.mget(["a", "gone"]) == [b"old", b"old"], "not seen before it is whole"
    assert store.mget(["a", "gone"]) == [b"new", None]
    assert list(store.yield_keys()) == ["a"]


def test_a_build_that_fails_changes_nothing(store: KeyValues) -> None:
    filled(store, a=b"old")
    with pytest.raises(ZeroDivisionError), store.building() as build:
        build.mset([("a", b"new"), ("b", b"new")])
        raise ZeroDivisionError
    assert store.mget(["a", "b"]) == [b"old", None]
    filled(store, a=b"next")
    assert store.mget(["a"]) == [b"next"]


def test_a_reader_keeps_to_one_build(store: KeyValues) -> None:
    filled(store, a=b"old", b=b"old")
    with store.reading() as build:
        assert build.mget(["a"]) == [b"old"]
        filled(store, a=b"new")
        assert build.mget(["a", "b"]) == [b"old", b"old"]
        assert list(build.yield_keys()) == ["a", "b"]
    assert store.mget(["a", "b"]) == [b"new", None]


def test_the_generation_tells_each_change(store: KeyValues) -> None:
    def generation() -> str:
        with store.reading() as build:
            return build.generation

    seen = [generation()]
    assert seen == [""]
    changes: tuple[Callable[[], None], ...] = (
        lambda: filled(store, a=b"1"),
        lambda: filled(store, a=b"1"),
        lambda: store.mset([("a", b"2")]),
        lambda: store.mdelete(["a"]),
    )
    for change in changes:
        change()
        assert generation() not in seen
        seen.append(generation())
        assert generation() == seen[-1]


KILLED = """
import os, signal, sys
from pathlib import Path
from vectorstore.key_values_redis import RedisKeyValues
from vectorstore.key_values_sqlite import SqliteKeyValues
kind, where, prefix = sys.argv[1:]
store = SqliteKeyValues(Path(where)) if kind == "sqlite" else RedisKeyValues(where, prefix=prefix)
with store.building() as build:
    build.mset([(f"k{number}", b"new" * 1000) for number in range(2000)])
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_process_killed_while_building_leaves_the_former_build(tmp_path: Path, redis_url: str | None) -> None:
    places: list[tuple[str, str, KeyValues]] = [
        ("sqlite", str(tmp_path / "pairs.sqlite"), SqliteKeyValues(tmp_path / "pairs.sqlite"))
    ]
    if redis_url is not None:
        places.append(("redis", redis_url, RedisKeyValues(redis_url, prefix="killed")))
    for kind, where, store in places:
        filled(store, k1=b"old")
        root = Path(__file__).parents[2]
        killed = subprocess.run(
            [sys.executable, "-c", KILLED, kind, where, "killed"],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root)},
            check=False,
        )
        assert killed.returncode == -9
        assert store.mget(["k1", "k2"]) == [b"old", None]
        filled(store, k1=b"next")
        assert store.mget(["k1", "k2"]) == [b"next", None]
        store.close()


def test_what_is_replaced_leaves_no_byte_in_the_file(tmp_path: Path) -> None:
    store = SqliteKeyValues(tmp_path / "pairs.sqlite")
    filled(store, a=b"xyzzy" * 5_000, b=b"kept")
    filled(store, b=b"kept")
    assert not [path for path in tmp_path.iterdir() if b"xyzzy" in path.read_bytes()]
    assert store.mget(["a", "b"]) == [None, b"kept"]


def test_abandoned_and_former_builds_go_by_themselves(redis_url: str | None) -> None:
    if redis_url is None:
        pytest.skip(WHY_NOT)
    with RedisKeyValues(redis_url, prefix="ages") as store:
        filled(store, a=b"1")
        filled(store, a=b"2")
        with store.building() as build:
            build.mset([("a", b"3")])
            names = sorted(store._client.keys("ages:build:*"))
            lives = sorted(store._client.ttl(name) for name in names)
            assert lives[0] == -1, "the current one stays"
            assert 0 < lives[1] <= 60 < lives[2] <= 3_600
            assert len(names) == 3


def test_other_specs_are_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r'^expansion_store is "sqlite" or the URL of a Redis server'):
        open_key_values("mysql://here", folder=tmp_path)


def test_a_server_that_does_not_answer_is_told_without_its_password(redis_url: str | None) -> None:
    for url in (f"redis://me:{PASSWORD}@127.0.0.1:1/0", f"unix://:{PASSWORD}@/nowhere/socket"):
        with pytest.raises(StoreError) as told:
            open_key_values(url, folder=Path())
        assert PASSWORD not in str(told.value)
        assert "check expansion_store and that the server runs" in str(told.value)
    with pytest.raises(StoreError, match="is no Redis URL") as told:
        open_key_values(f"redis://:{PASSWORD}@host/0?socket_timeout=abc", folder=Path())
    assert PASSWORD not in str(told.value)
    if redis_url is not None:
        with pytest.raises(StoreError, match="refuses the user or password") as told:
            open_key_values(redis_url.replace(PASSWORD, "wrong-one"), folder=Path())
        assert "wrong-one" not in str(told.value)


def test_without_the_extra_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "vectorstore.key_values_redis")
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingExtra, match=r"pip install 'journey-assistant\[redis\]'"):
        open_key_values("redis://localhost:6379", folder=tmp_path)


def test_a_damaged_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "expansions.sqlite").write_bytes(b"no database at all" * 200)
    with (
        open_key_values("sqlite", folder=tmp_path) as store,
        pytest.raises(StoreError, match=r"is damaged .*: delete it, then run: journeys expand"),
    ):
        store.mget(["a"])
    with sqlite3.connect(tmp_path / "expansions.sqlite.other") as database:
        database.execute("CREATE TABLE pairs (key TEXT, value BLOB)")
    database.close()
    with pytest.raises(StoreError, match="is damaged"):
        SqliteKeyValues(tmp_path / "expansions.sqlite.other").mget(["a"])
