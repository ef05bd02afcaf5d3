"""Runnables of journeys: the whole list at once, or, when streamed, one journey after the other."""

from asyncio import to_thread
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Any, TypeVar

from langchain_core.runnables import Runnable, RunnableLambda

from chains.journeys import Journey

In = TypeVar("In")


def one_by_one(journeys: Callable[[In], Iterable[Journey]], takes: Any, name: str) -> Runnable[In, list[Journey]]:
    """journeys: of one user, best first. takes: the type of what goes in, for the schema. name: in a trace.

    A chunk of a stream is a list of one journey; where there is none, the only chunk is an empty list.
    """

    def chunks(user: In) -> Iterator[list[Journey]]:
        empty = True
        for journey in journeys(user):
            empty = False
            yield [journey]
        if empty:
            yield []

    async def chunks_later(user: In) -> AsyncIterator[list[Journey]]:
        """The same, worked out beside the event loop."""
        given = chunks(user)
        while (chunk := await to_thread(next, given, None)) is not None:
            yield chunk

    # From these LangChain tells the schemas.
    for each, gives in ((chunks, Iterator), (chunks_later, AsyncIterator)):
        each.__annotations__ = {"user": takes, "return": gives[list[Journey]]}
    return RunnableLambda(chunks, chunks_later, name=name)
