"""Small values by key, written as whole builds and read many at once: LangChain's `BaseStore`, and what a build needs.

with store.building() as build:      # nobody sees it yet
    build.mset([("entry/1", b"…")])
with store.reading() as build:       # one build, whatever is put in its place meanwhile
    build.mget(["entry/1", "items/1"])
"""

from abc import abstractmethod
from contextlib import AbstractContextManager
from pathlib import Path

from langchain_core.stores import BaseStore

from vectorstore.closing import Closing
from vectorstore.errors import MissingExtra, StoreError

Build = BaseStore[str, bytes]

EMBEDDED = "sqlite"
FILE_NAME = "expansions.sqlite"
_REDIS = ("redis://", "rediss://", "unix://")


class OneBuild(Build):
    """A build that stays the same while it is read. generation: another for each build, and after each change of one;
    "" before there is any."""

    generation: str


class KeyValues(Build, Closing):
    """The current build. Each call sees one whole build; `reading` keeps to one over several calls.

    Keys come in order of code point from `yield_keys`. Every method raises StoreError where the store can't be used.
    """

    #: Where it lies, without a password.
    location: str

    @abstractmethod
    def building(self) -> AbstractContextManager[Build]:
        """An empty build to be filled. It takes the place of the current one, at once and as a whole, when the block
        ends; where it ends by an error or is killed, nothing has changed."""

    @abstractmethod
    def reading(self) -> AbstractContextManager[OneBuild]:
        """The current build, the same in every call within the block; not to be written to."""

    def close(self) -> None:
        """Releases what is held; closing twice is closing once."""


def open_key_values(spec: str, *, folder: Path) -> KeyValues:
    """spec: "sqlite", a file of its own in the folder, or the URL of a Redis server: redis://, rediss:// or unix://.

    Raises StoreError where the spec is neither or the store can't be opened, MissingExtra without redis-py.
    """
    # Each adapter is imported when asked for.
    if spec == EMBEDDED:
        from vectorstore.key_values_sqlite import SqliteKeyValues  # noqa: PLC0415

        return SqliteKeyValues(folder / FILE_NAME)
    if spec.startswith(_REDIS):
        try:
            from vectorstore.key_values_redis import RedisKeyValues  # noqa: PLC0415
        except ModuleNotFoundError as error:
            if (error.name or "").partition(".")[0] != "redis":
                raise
            raise MissingExtra("an expansion store in Redis", "redis") from error
        return RedisKeyValues(spec)
    raise StoreError('expansion_store is "sqlite" or the URL of a Redis server, such as redis://localhost:6379/0')
