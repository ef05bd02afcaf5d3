"""What arrives while it is watched for: files in a folder, entries of a stream. Nothing is passed over, and what comes
twice changes nothing."""

import json
import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vectorstore.errors import InputError, StoreError
from vectorstore.readers import log_files
from vectorstore.redis_stream import Entry, RedisStream

_LOOK = 0.2
_ENTRIES_AT_ONCE = 5_000


@dataclass(frozen=True)
class Arrived:
    """Files to be ingested. done: is called when that is on disk; before that they come again after a kill."""

    files: Sequence[Path]
    what: str
    done: Callable[[], None]


class Source(Protocol):
    def take(self, wait: float) -> Arrived | None:
        """What has arrived, None where nothing comes within about so many seconds."""
        ...


class ArrivingFiles:
    """The log files that come into a folder, at any depth.

    A file has arrived when it has not changed for `settled` seconds; with 0, producers must rename files into place.
    remembered: a file with what was read already, by name, size and time of change.
    """

    def __init__(self, folder: Path, remembered: Path, settled: float) -> None:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder: make it first, or name a stream as redis://HOST/0?stream=NAME")
        self._folder = folder
        self._remembered = remembered
        self._settled = settled

    def take(self, wait: float) -> Arrived | None:
        until = time.monotonic() + wait
        while True:
            if found := self._arrived():
                names = ", ".join(sorted(path.name for path in found)[:3])
                more = f" and {len(found) - 3} more" if len(found) > 3 else ""
                return Arrived(sorted(found), f"{names}{more}", lambda: self._remember(found))
            if time.monotonic() >= until:
                return None
            time.sleep(min(_LOOK, max(until - time.monotonic(), 0)))

    def _arrived(self) -> dict[Path, list[int]]:
        try:
            files = log_files([self._folder])
        except InputError:
            return {}
        known, found = self._known(), {}
        for path in files:
            with suppress(FileNotFoundError):
                told = path.stat()
                as_read = [told.st_size, told.st_mtime_ns]
                if time.time() - told.st_mtime >= self._settled and known.get(self._name(path)) != as_read:
                    found[path] = as_read
        return found

    def _name(self, path: Path) -> str:
        return str(path.absolute())

    def _known(self) -> dict[str, list[int]]:
        try:
            known: dict[str, list[int]] = json.loads(self._remembered.read_text(encoding="utf-8"))
            return known
        except FileNotFoundError:
            return {}
        except ValueError:
            raise StoreError(f"{self._remembered} is damaged: delete it; what is in the folder is read again") from None

    def _remember(self, found: dict[Path, list[int]]) -> None:
        """Files that are gone are forgotten."""
        known = {name: told for name, told in self._known().items() if Path(name).exists()}
        known |= {self._name(path): told for path, told in found.items()}
        self._remembered.parent.mkdir(parents=True, exist_ok=True)
        unfinished = self._remembered.with_suffix(".unfinished")
        with unfinished.open("w", encoding="utf-8") as file:
            json.dump(known, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._remembered)


class ArrivingEntries:
    """The entries of a stream, whose fields are called as the columns of a log. folder: for what is being read."""

    def __init__(self, stream: RedisStream, folder: Path) -> None:
        self._stream = stream
        self._folder = folder

    def take(self, wait: float) -> Arrived | None:
        entries = self._stream.take(_ENTRIES_AT_ONCE, wait)
        if not entries:
            return None
        self._folder.mkdir(parents=True, exist_ok=True)
        file = self._folder / f"{entries[0].entry_id}.jsonl"
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(json.dumps(entry.row, ensure_ascii=False) + "\n" for entry in entries)
        what = f"{len(entries):,} entries from {entries[0].entry_id} to {entries[-1].entry_id}"
        return Arrived([file], what, lambda: self._done(entries, file))

    def _done(self, entries: Sequence[Entry], file: Path) -> None:
        self._stream.acknowledge(entries)
        file.unlink(missing_ok=True)

    def tidy(self) -> None:
        """Removes what a killed process left; its entries come again."""
        for left in self._folder.glob("*.jsonl"):
            left.unlink(missing_ok=True)
