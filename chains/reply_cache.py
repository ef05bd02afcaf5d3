"""Replies that were read and found good, kept by what was asked. What a malformed reply said is never kept."""

import hashlib
import json
from collections.abc import Sequence

from langchain_core.messages import BaseMessage
from langchain_core.stores import BaseStore

_SHARED = "shared"


def owner_of(user_id: str | None) -> str:
    """The beginning of the keys of everything that was asked about a user, so that all of it can be forgotten."""
    return _SHARED if user_id is None else f"user-{hashlib.blake2b(user_id.encode(), digest_size=12).hexdigest()}"


class ReplyCache:
    """Over any LangChain store of bytes."""

    def __init__(self, store: BaseStore[str, bytes]) -> None:
        self._store = store

    @staticmethod
    def key(
        model: str, prompt_version: str, messages: Sequence[BaseMessage], *, user_id: str | None = None, sample: int = 0
    ) -> str:
        """sample: which of several answers to the same question."""
        asked = json.dumps([model, prompt_version, [(each.type, each.text) for each in messages], sample])
        return f"{owner_of(user_id)}/{hashlib.blake2b(asked.encode(), digest_size=16).hexdigest()}"

    def get(self, key: str) -> str | None:
        """The reply as JSON, None where there is none."""
        (found,) = self._store.mget([key])
        return None if found is None else found.decode()

    def put(self, key: str, reply: str) -> None:
        self._store.mset([(key, reply.encode())])

    def forget(self, user_id: str) -> int:
        """Takes out all that was asked about a user; returns how many replies that were."""
        keys = list(self._store.yield_keys(prefix=f"{owner_of(user_id)}/"))
        self._store.mdelete(keys)
        return len(keys)
