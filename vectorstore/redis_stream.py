"""Entries of a Redis stream, read by one consumer of a group: each comes at least once, until it is acknowledged."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from vectorstore.errors import MissingExtra, StoreError

GROUP = "journeys"
_CLAIM_SECONDS = 60.0
_PATIENCE = 5.0


class Entry(NamedTuple):
    """entry_id: as Redis gives it. row: its fields by name."""

    entry_id: str
    row: dict[str, str]


class RedisStream:
    """url: redis://…/0?stream=NAME&group=NAME; also rediss:// and unix://. The group is made where there is none, and
    then reads from the beginning of the stream.

    claim_after: seconds after which an entry that another consumer took and did not acknowledge is taken from it.
    consumer: by default a name of this process. Raises StoreError where no server answers, MissingExtra without redis.
    """

    def __init__(self, url: str, *, consumer: str | None = None, claim_after: float = _CLAIM_SECONDS) -> None:
        try:
            import redis  # noqa: PLC0415 - an optional extra
        except ImportError as error:
            raise MissingExtra("A Redis stream", "redis") from error
        self._errors = redis.RedisError
        address, self.stream, self.group = _parts(url)
        self.location = f"{urlsplit(address).scheme}://{urlsplit(address).netloc.rpartition('@')[2]}/{self.stream}"
        self._consumer = consumer or f"{socket.gethostname()}-{os.getpid()}"
        self._claim_after = claim_after
        self._began = False
        with self._plainly():
            # Blocking reads take as long as they are told; a socket that gives up before would lose the answer.
            self._client: Any = redis.Redis.from_url(address, socket_connect_timeout=_PATIENCE, decode_responses=True)
            try:
                self._client.xgroup_create(self.stream, self.group, id="0", mkstream=True)
            except redis.ResponseError as error:
                if "BUSYGROUP" not in str(error):
                    raise

    def take(self, count: int, wait: float) -> list[Entry]:
        """Up to so many entries; [] where none comes in `wait` seconds.

        First what this consumer took and never acknowledged, then what a consumer that is gone left, then what is new.
        """
        with self._plainly():
            if not self._began:
                if own := self._read("0", count, None):
                    return own
                self._began = True
            idle = round(self._claim_after * 1_000)
            claimed = self._client.xautoclaim(self.stream, self.group, self._consumer, idle, count=count)[1]
            if claimed:
                return [Entry(entry_id, fields or {}) for entry_id, fields in claimed]
            return self._read(">", count, max(1, round(wait * 1_000)))

    def acknowledge(self, entries: Sequence[Entry]) -> None:
        """They don't come again."""
        if entries:
            with self._plainly():
                self._client.xack(self.stream, self.group, *[entry.entry_id for entry in entries])

    def close(self) -> None:
        self._client.close()

    def _read(self, since: str, count: int, block: int | None) -> list[Entry]:
        found = self._client.xreadgroup(self.group, self._consumer, {self.stream: since}, count=count, block=block)
        return [Entry(entry_id, fields or {}) for _, entries in found or () for entry_id, fields in entries]

    @contextmanager
    def _plainly(self) -> Iterator[None]:
        try:
            yield
        except self._errors as error:
            # Without the server's own words: they may repeat what was sent.
            raise StoreError(
                f"Redis at {self.location} does not answer as it should ({type(error).__name__}): "
                "check the address and that the server runs; the same command goes on where it was"
            ) from error


def is_stream(source: str) -> bool:
    return source.partition("://")[0] in {"redis", "rediss", "unix"}


def _parts(url: str) -> tuple[str, str, str]:
    """The server's own address, the stream and the group. Raises StoreError where the stream is not named."""
    parts = urlsplit(url)
    asked = parse_qs(parts.query)
    stream, group = asked.pop("stream", [""])[0], asked.pop("group", [GROUP])[0]
    if not stream:
        raise StoreError("the address names no stream: give it as redis://HOST:PORT/0?stream=NAME&group=journeys")
    return urlunsplit(parts._replace(query=urlencode(asked, doseq=True))), stream, group
