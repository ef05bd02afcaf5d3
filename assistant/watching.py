"""Keeps journeys fresh while activity arrives: read, index, infer the users who are touched, and wait for more."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from assistant.arriving import Source
from assistant.assistant import JourneyAssistant
from assistant.engine_choice import EngineChoice
from assistant.runs import RunMode
from assistant.settings import Settings
from vectorstore.errors import InputError

#: A few users a batch: processes of their own would take longer to start than the work takes.
_HERE = EngineChoice(workers=1)


@dataclass(frozen=True, slots=True)
class Watched:
    """What came of watching until now. failures: what could not be read, as told when it came."""

    batches: int = 0
    events: int = 0
    users: int = 0
    failures: tuple[str, ...] = ()


def watch(
    settings: Settings,
    source: Source,
    *,
    every: float,
    once: bool = False,
    stopping: Callable[[], bool] = lambda: False,
    tell: Callable[[str], None] = lambda line: None,
) -> Watched:
    """Until `stopping` says so, or with `once` until nothing more has arrived. every: seconds between two batches.

    What has arrived is on disk before the source is told so. Killed anywhere, the same again goes on: what was not read
    comes again, and whose journeys are behind his activity is inferred at the start. The home is opened for each batch
    only, so that other commands have it in between.
    """
    watched = Watched()
    with JourneyAssistant.from_settings(settings) as assistant:
        if assistant.log.position:
            assistant.update_index()
            watched = replace(watched, users=_inferred(assistant, None))
    while not stopping():
        begun = time.monotonic()
        arrived = source.take(0 if once else min(every, 1.0))
        if arrived is None:
            if once:
                break
            continue
        events, failure, touched = 0, "", None
        with JourneyAssistant.from_settings(settings) as assistant:
            try:
                read = assistant.ingest(arrived.files, now=datetime.now(UTC))
                events, touched = read.new, read.users
            except InputError as error:
                # What could be read was; whose it is, the log tells.
                failure = str(error)
                assistant.update_index()
            arrived.done()
            users = _inferred(assistant, touched)
        seconds = time.monotonic() - begun
        failures = (*watched.failures, failure) if failure else watched.failures
        watched = Watched(watched.batches + 1, watched.events + events, watched.users + users, failures)
        tell(failure or f"{arrived.what}: {events:,} new events, {users:,} users inferred, {seconds:.1f} s")
        while not once and not stopping() and time.monotonic() - begun < every:
            time.sleep(min(0.2, every))
    return watched


def _inferred(assistant: JourneyAssistant, users: Collection[str] | None) -> int:
    """How many of these users, or of all, were behind their activity and are no more."""
    clock = assistant.log.latest()
    if clock is None or users == frozenset():
        return 0
    return assistant.infer(mode=RunMode.INCREMENTAL, as_of=clock, users=users, engine=_HERE).users
