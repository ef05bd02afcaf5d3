"""Key-value builds in Redis: a build is one hash, and a pointer names the hash that is current.

Swapping is one transaction. The build of before lasts a minute longer, for those who are reading it; one that was never
finished goes by itself within the hour.
"""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from vectorstore.errors import StoreError
from vectorstore.key_values import Build, KeyValues, OneBuild

PREFIX = "journeys:expansions"

_CHUNK = 500
_UNFINISHED_SECONDS = 3_600
_READ_SECONDS = 60


class RedisKeyValues(KeyValues):
    """url: redis://[[user]:password@]host[:port][/db], rediss:// with TLS, or unix://. prefix: of all keys.

    Raises StoreError where no server answers.
    """

    def __init__(self, url: str, *, prefix: str = PREFIX, timeout: float = 5.0) -> None:
        self.location = _without_password(url)
        self._prefix = prefix
        try:
            self._client = redis.Redis.from_url(
                url,
                socket_timeout=timeout,
                socket_connect_timeout=timeout,
                retry=Retry(NoBackoff(), 1),
                client_name="journeys",
            )
            with self._plainly():
                self._client.ping()
        except ValueError as error:
            raise StoreError(
                f"{self.location} is no Redis URL: give it as redis://USER:PASSWORD@HOST:PORT/NUMBER"
            ) from error

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        with self.reading() as build:
            return build.mget(keys)

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        with self._plainly():
            current = self._client.get(self._pointer)
            if current is not None:
                _Hash(self._client, self._hash(_text(current))).mset(key_value_pairs)
                self._client.incr(f"{self._prefix}:changes")
                return
        with self.building() as build:
            build.mset(key_value_pairs)

    def mdelete(self, keys: Sequence[str]) -> None:
        with self._plainly():
            current = self._client.get(self._pointer)
            if current is not None:
                _Hash(self._client, self._hash(_text(current))).mdelete(keys)
                self._client.incr(f"{self._prefix}:changes")

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        with self.reading() as build:
            yield from build.yield_keys(prefix=prefix)

    @contextmanager
    def building(self) -> Iterator[Build]:
        name = secrets.token_hex(8)
        build = _Hash(self._client, self._hash(name), expires=_UNFINISHED_SECONDS)
        try:
            with self._plainly():
                yield build
                self._swap(name)
        except BaseException:
            # Where even this fails, the hash goes by itself.
            with suppress(redis.RedisError):
                self._client.unlink(self._hash(name))
            raise

    def _swap(self, name: str) -> None:
        pipe = self._client.pipeline(transaction=True)
        pipe.getset(self._pointer, name)
        pipe.persist(self._hash(name))
        pipe.incr(f"{self._prefix}:changes")
        before = pipe.execute()[0]
        if before is not None:
            self._client.expire(self._hash(_text(before)), _READ_SECONDS)

    @contextmanager
    def reading(self) -> Iterator[OneBuild]:
        with self._plainly():
            current, changes = self._client.mget(self._pointer, f"{self._prefix}:changes")
            name = "" if current is None else _text(current)
            yield _Hash(self._client, self._hash(name), name and f"{name}.{int(changes or 0)}")

    def close(self) -> None:
        self._client.close()

    @property
    def _pointer(self) -> str:
        return f"{self._prefix}:current"

    def _hash(self, name: str) -> str:
        return f"{self._prefix}:build:{name}"

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except redis.AuthenticationError as error:
            raise StoreError(f"Redis at {self.location} refuses the user or password: check expansion_store") from error
        except redis.RedisError as error:
            # Without the server's own words: they may repeat what was sent.
            raise StoreError(
                f"Redis at {self.location} does not answer as it should ({type(error).__name__}): "
                "check expansion_store and that the server runs"
            ) from error


class _Hash(OneBuild):
    """The pairs of one build. expires: seconds after the last write, for a build that is not current yet."""

    def __init__(self, client: redis.Redis, name: str, generation: str = "", expires: int | None = None) -> None:
        self._client = client
        self.generation = generation
        self._name = name
        self._expires = expires

    def mget(self, keys: Sequence[str]) -> list[bytes | None]:
        if not keys:
            return []
        pipe = self._client.pipeline(transaction=False)
        for start in range(0, len(keys), _CHUNK):
            pipe.hmget(self._name, list(keys[start : start + _CHUNK]))
        return [value for some in pipe.execute() for value in some]

    def mset(self, key_value_pairs: Sequence[tuple[str, bytes]]) -> None:
        for start in range(0, len(key_value_pairs), _CHUNK):
            pipe = self._client.pipeline(transaction=False)
            for key, value in key_value_pairs[start : start + _CHUNK]:
                pipe.hset(self._name, key, value)
            if self._expires is not None:
                pipe.expire(self._name, self._expires)
            pipe.execute()

    def mdelete(self, keys: Sequence[str]) -> None:
        if keys:
            self._client.hdel(self._name, *keys)

    def yield_keys(self, *, prefix: str | None = None) -> Iterator[str]:
        keys = {_text(key) for key in self._client.hkeys(self._name)}
        yield from sorted(key for key in keys if key.startswith(prefix or ""))


def _text(value: bytes | str) -> str:
    return value if isinstance(value, str) else value.decode("utf-8")


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
