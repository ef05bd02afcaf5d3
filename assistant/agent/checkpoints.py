"""LangGraph's saver over the file of conversations, held to the few types that a conversation consists of."""

from pathlib import Path
from typing import Any

from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite import SqliteSaver

from assistant.agent.conversations import connect
from vectorstore.errors import StoreError


class PlainSerializer(JsonPlusSerializer):
    """Reads messages and plain values in msgpack, and nothing else: no pickle, and no JSON that names a class."""

    def __init__(self) -> None:
        super().__init__(pickle_fallback=False, allowed_json_modules=None, allowed_msgpack_modules=None)

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        """Raises StoreError for any other type than this one writes."""
        if data[0] not in ("null", "bytes", "bytearray", "msgpack"):
            raise StoreError(f"a conversation holds {data[0]!r}, which is never read: delete conversations.sqlite")
        return super().loads_typed(data)


def open_saver(path: Path) -> SqliteSaver:
    """One connection under a lock of its own, for all threads of this process."""
    return SqliteSaver(connect(path), serde=PlainSerializer())
