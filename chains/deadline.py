"""Waits for a call no longer than agreed, however slowly its answer trickles in."""

from collections.abc import Callable
from contextvars import copy_context
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

Result = TypeVar("Result")


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """What the call returns or raises. Raises TimeoutError after so many seconds; the call itself is then left to its
    own end, in a thread that does not keep the program alive."""
    answer: SimpleQueue[tuple[Result | None, BaseException | None]] = SimpleQueue()

    def answering() -> None:
        try:
            answer.put((call(), None))
        except BaseException as error:  # noqa: BLE001 - handed on to who waits, whatever it is
            answer.put((None, error))

    # Tracing finds its parent in the context.
    Thread(target=copy_context().run, args=(answering,), daemon=True).start()
    try:
        result, error = answer.get(timeout=seconds)
    except Empty:
        raise TimeoutError(f"no answer within {seconds:g} s") from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]
