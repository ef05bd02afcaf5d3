"""Events of an answer by way of a thread, so that whoever waits for them can stop at any moment."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from queue import Empty, Queue
from threading import Event, Lock, Thread

from assistant.agent.events import AgentEvent
from vectorstore.errors import JourneyError

_LOOK_EVERY = 0.1

Events = Generator[AgentEvent, None, None]


@dataclass
class Stops:
    """Who wants his answer no longer, by conversation."""

    _asked: dict[str, Event] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def begin(self, thread: str) -> Event:
        """The flag of an answer that begins now; an older one of this conversation is stopped."""
        with self._lock:
            if before := self._asked.get(thread):
                before.set()
            self._asked[thread] = Event()
            return self._asked[thread]

    def stop(self, thread: str) -> None:
        with self._lock:
            if found := self._asked.get(thread):
                found.set()

    def end(self, thread: str, flag: Event) -> None:
        with self._lock:
            if self._asked.get(thread) is flag:
                del self._asked[thread]


def pumped(begin: Callable[[], Events], stop: Event) -> Iterator[list[AgentEvent]]:
    """All events that have come meanwhile, each tenth of a second at most; [] where none has.

    It ends with the events, or as soon as it is stopped; the thread then ends with the event that it waits for.
    Raises what `begin` or the events raise of JourneyError.
    """
    queue: Queue[AgentEvent | JourneyError | None] = Queue()
    thread = Thread(target=_pump, args=(begin, stop, queue), daemon=True, name="answer")
    thread.start()
    while not stop.is_set():
        some, ended = _taken(queue)
        if some:
            yield some
        if ended:
            return
        if not some:
            yield []


def _pump(begin: Callable[[], Events], stop: Event, queue: "Queue[AgentEvent | JourneyError | None]") -> None:
    try:
        with closing(begin()) as events:
            for event in events:
                if stop.is_set():
                    return
                queue.put(event)
    except JourneyError as error:
        queue.put(error)
    finally:
        queue.put(None)


def _taken(queue: "Queue[AgentEvent | JourneyError | None]") -> tuple[list[AgentEvent], bool]:
    """What is there, after waiting a moment for the first; and whether it is the end."""
    some: list[AgentEvent] = []
    try:
        item = queue.get(timeout=_LOOK_EVERY)
        while True:
            if item is None:
                return some, True
            if isinstance(item, JourneyError):
                raise item
            some.append(item)
            item = queue.get_nowait()
    except Empty:
        return some, False
