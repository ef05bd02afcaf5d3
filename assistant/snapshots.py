"""The snapshot of all users' journeys, read once a run, in a thread of its own, and kept in memory."""

from dataclasses import dataclass, field, replace
from threading import Lock, Thread
from typing import TYPE_CHECKING

from assistant.snapshot import BeingRead, Snapshot, read_snapshot
from vectorstore.errors import JourneyError

if TYPE_CHECKING:
    from assistant.assistant import JourneyAssistant


@dataclass(frozen=True, slots=True)
class _Key:
    """What a snapshot is of: the run, its users, the catalogue, and the corrections since."""

    run_id: str
    users: int
    catalogue: object
    corrected: tuple[int, int]

    def same_run_as(self, other: "_Key") -> bool:
        return replace(self, corrected=other.corrected) == other


@dataclass
class Snapshots:
    """The snapshot of the last finished run, made anew, in a thread of its own, when there is another.

    Where only corrections came since, the one before them stays until the new one is read.
    """

    assistant: "JourneyAssistant"
    _lock: Lock = field(default_factory=Lock)
    _kept: tuple[_Key, Snapshot] | None = None
    _reading: tuple[_Key, BeingRead] | None = None
    _busy: bool = False

    def current(self) -> Snapshot | BeingRead:
        """The snapshot if it is there; else how far its reading has come, which begins with the first question."""
        key = self._key()
        with self._lock:
            if self._kept is not None and self._kept[0] == key:
                return self._kept[1]
            if not self._busy and (self._reading is None or self._reading[0] != key):
                self._busy, self._reading = True, (key, BeingRead(0, 0))
                Thread(target=self._read, args=(key,), daemon=True, name="snapshot").start()
            if self._kept is not None and self._kept[0].same_run_as(key):
                return self._kept[1]
            return self._reading[1] if self._reading is not None else BeingRead(0, 0)

    def read_now(self) -> Snapshot:
        """The same, read in this thread where it is not there yet."""
        key = self._key()
        with self._lock:
            if self._kept is not None and self._kept[0] == key:
                return self._kept[1]
        found = read_snapshot(self.assistant)
        with self._lock:
            self._kept = (key, found)
        return found

    def _key(self) -> _Key:
        library = self.assistant.library
        newest = next((run.run_id for run in library.runs() if run.finished is not None), "")
        with self.assistant.expansions.reading() as built:
            about = built.about if built else None
        catalogue = about and (about.as_of, about.users, about.journeys)
        return _Key(newest, library.count().users, catalogue, library.corrected())

    def _read(self, key: _Key) -> None:
        try:
            found = read_snapshot(self.assistant, lambda done, total: self._tell(key, BeingRead(done, total)))
        except (JourneyError, OSError) as error:
            with self._lock:
                self._busy, self._reading = False, (key, BeingRead(0, 0, str(error)))
            return
        with self._lock:
            self._busy, self._kept = False, (key, found)

    def _tell(self, key: _Key, told: BeingRead) -> None:
        with self._lock:
            self._reading = (key, told)
