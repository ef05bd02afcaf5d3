"""Progress bars on standard error; where there is no terminal, a line a minute and one at the end of each step."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from vectorstore.ingest import Progress as Read

_LINE_SECONDS = 60.0


class Bars:
    """Shows steps of long work. It only listens: nothing depends on it. quiet: shows nothing. clock: in seconds."""

    def __init__(self, quiet: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TaskProgressColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            disable=quiet,
        )
        self._writes_lines = not quiet and not self._progress.console.is_terminal
        self._started = False

    def users(self, what: str) -> Callable[[int, int], None]:
        """A bar that is told how many users are done, of how many."""
        task = None
        begun = said = self._clock()
        before = 0

        def told(done: int, total: int) -> None:
            nonlocal task, said, before
            if task is None:
                task, before = self._add(what, total), done
            self._progress.update(task, completed=done, total=total)
            if self._writes_lines and (now := self._clock()) - said >= _LINE_SECONDS:
                said = now
                sys.stderr.write(line_of(what, done, total, (done - before) / (now - begun)) + "\n")
                sys.stderr.flush()

        return told

    def count(self, what: str, total: int) -> Callable[[], None]:
        """A bar that goes on by one each time it is called."""
        task = self._add(what, total)
        return lambda: self._progress.advance(task)

    def rows(self, what: str) -> Callable[[Read], None]:
        """A bar that is told what was read; its length is the share of bytes."""
        task = None

        def told(read: Read) -> None:
            nonlocal task
            if task is None:
                task = self._add(what, 1)
            rows = read.rows
            total = max(round(rows / read.done), rows) if read.done else None
            self._progress.update(task, completed=rows, total=total)

        return told

    def _add(self, what: str, total: int) -> TaskID:
        # Started with the first bar: without one it would leave an empty line before what is wrong.
        if not self._started:
            self._started = True
            self._progress.start()
        return self._progress.add_task(what, total=total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._started:
            self._progress.stop()


def line_of(what: str, done: int, total: int, rate: float, now: datetime | None = None) -> str:
    """For a log. rate: users a second. now: by default the clock's."""
    left = f"{timedelta(seconds=round((total - done) / rate))} left" if rate > 0 else "no time to be told"
    moment = f"{now or datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{moment} {what}: {done:,} of {total:,} users, {rate:,.1f} a second, {left}"
