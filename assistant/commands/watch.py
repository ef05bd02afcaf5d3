"""`journeys watch`."""

import signal
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from types import FrameType
from typing import Annotated

import typer

from assistant.arriving import ArrivingEntries, ArrivingFiles
from assistant.settings import Settings
from assistant.watching import Watched, watch
from vectorstore.redis_stream import RedisStream, is_stream


def watch_command(
    context: typer.Context,
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A folder, or redis://HOST:PORT/0?stream=NAME&group=journeys.")
    ],
    every: Annotated[float, typer.Option(min=0, help="Seconds between two batches.")] = 10.0,
    settle: Annotated[
        float, typer.Option(min=0, help="Seconds for which a file must not have changed; 0 for files renamed in.")
    ] = 2.0,
    claim_after: Annotated[
        float, typer.Option(min=0, help="Seconds after which entries that another consumer left are taken over.")
    ] = 60.0,
    once: Annotated[bool, typer.Option("--once", help="Stop when nothing more has arrived.")] = False,
) -> None:
    """Follows a folder or a Redis stream, and keeps the journeys of touched users fresh."""
    settings = Settings.load(**context.obj)
    stop = Event()

    def stopped(number: int, frame: FrameType | None) -> None:
        # The second time at once: whatever is left undone is done at the next start.
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, stopped)
    asked = {"every": every, "once": once, "stopping": stop.is_set, "tell": _tell}
    if is_stream(source):
        with closing(RedisStream(source, claim_after=claim_after)) as stream:
            entries = ArrivingEntries(stream, settings.home / "watch")
            entries.tidy()
            watched = watch(settings, entries, **asked)  # type: ignore[arg-type]
    else:
        files = ArrivingFiles(Path(source), settings.home / "watched.json", settle)
        watched = watch(settings, files, **asked)  # type: ignore[arg-type]
    print(_sentence(watched))
    if once and watched.failures:
        raise typer.Exit(1)


def _sentence(watched: Watched) -> str:
    return (
        f"watched: {watched.batches:,} batches, {watched.events:,} new events, {watched.users:,} users inferred, "
        f"{len(watched.failures):,} batches with what could not be read"
    )


def _tell(line: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {line}\n")
    sys.stderr.flush()
