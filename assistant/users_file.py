"""The users file: who has agreed to what, in which time zone. Looked up by user, without holding it in memory."""

import json
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path

from assistant.notify_settings import UserColumns
from chains.notification import Channel, Recipient
from vectorstore.closing import Closing
from vectorstore.columns import PlainColumns
from vectorstore.readers import log_files, read_rows

_YES = {"true", "yes", "y", "1", "1.0", "t", "granted", "opt_in", "opted_in", "subscribed"}
_ANY = {"any", "all", "both"}
_AT_ONCE = 5_000
_ASKED = 500


class UsersFile(Closing):
    """CSV, JSONL or Parquet, one row a user; a context manager.

    Of a user in two rows the one that agrees to less counts: consent has to be in both. segments: columns that are kept
    by name. least_age: who is younger is a minor, and so is who has an age that cannot be read. rejected: rows that
    could not be read, by reason. tells_consent: whether any row says yes or no of a channel. Raises InputError where
    the file cannot be read.
    """

    def __init__(self, path: Path, columns: UserColumns, segments: Sequence[str] = (), least_age: int = 18) -> None:
        self.rejected: Counter[str] = Counter()
        self.tells_consent = False
        self._columns, self._segments, self._least_age = columns, tuple(segments), least_age
        self._folder = tempfile.TemporaryDirectory(prefix="journeys-users-")
        self._rows = sqlite3.connect(Path(self._folder.name) / "users.sqlite", isolation_level=None)
        try:
            self._rows.execute("PRAGMA journal_mode=OFF")
            for table in ("users (user_id TEXT PRIMARY KEY, body TEXT)", "met (user_id TEXT PRIMARY KEY)"):
                self._rows.execute(f"CREATE TABLE {table} WITHOUT ROWID")
            self._read(path)
        except BaseException:
            self.close()
            raise

    def recipients(self, user_ids: Sequence[str]) -> dict[str, Recipient]:
        """Those of these users who are in the file."""
        found: dict[str, Recipient] = {}
        for start in range(0, len(user_ids), _ASKED):
            some = user_ids[start : start + _ASKED]
            marks = ",".join("?" * len(some))
            asked = self._rows.execute(f"SELECT user_id, body FROM users WHERE user_id IN ({marks})", some)  # noqa: S608
            found |= {user_id: _recipient(user_id, json.loads(body)) for user_id, body in asked}
        return found

    def meet(self, user_ids: Sequence[str]) -> None:
        """Notes that these users were dealt with."""
        self._rows.execute("BEGIN")
        self._rows.executemany("INSERT OR IGNORE INTO met VALUES (?)", [(user_id,) for user_id in user_ids])
        self._rows.execute("COMMIT")

    def not_met(self) -> Iterator[str]:
        """The users of the file who were not dealt with, in order of id."""
        with closing(self._rows.cursor()) as asked:
            rows = asked.execute("SELECT user_id FROM users EXCEPT SELECT user_id FROM met ORDER BY user_id")
            yield from (user_id for (user_id,) in rows)

    def _read(self, path: Path) -> None:
        (source,) = log_files([path])[:1]
        own = self._columns
        optional = (*own.consents.values(), own.timezone, own.language, own.channel, own.minor, own.age)
        names = PlainColumns((own.user_id,), (*optional, *self._segments))
        waiting: list[tuple[str, str]] = []
        for _, values in read_rows(source, names):
            if isinstance(values, str):
                self.rejected[values] += 1
                continue
            told = dict(zip(names.wanted, map(_text, values), strict=True))
            if not told[own.user_id]:
                self.rejected["missing user"] += 1
                continue
            self.tells_consent |= any(told[name] for name in own.consents.values())
            waiting.append((told[own.user_id], json.dumps(self._body(told))))
            if len(waiting) == _AT_ONCE:
                self._put(waiting)
        self._put(waiting)

    def _put(self, waiting: list[tuple[str, str]]) -> None:
        self._rows.execute("BEGIN")
        for user_id, body in waiting:
            before = self._rows.execute("SELECT body FROM users WHERE user_id = ?", (user_id,)).fetchone()
            kept = _less(json.loads(before[0]), json.loads(body)) if before else json.loads(body)
            self._rows.execute("REPLACE INTO users VALUES (?, ?)", (user_id, json.dumps(kept, sort_keys=True)))
        self._rows.execute("COMMIT")
        waiting.clear()

    def _body(self, told: Mapping[str, str]) -> dict[str, object]:
        own = self._columns
        return {
            "consent": [channel.value for channel, name in own.consents.items() if told[name].lower() in _YES],
            "zone": told[own.timezone],
            "language": told[own.language],
            "channel": "" if (wanted := told[own.channel].lower()) in _ANY else wanted,
            "minor": told[own.minor].lower() in _YES or self._is_young(told[own.age]),
            "segments": {name: told[name] for name in self._segments if told[name]},
        }

    def _is_young(self, age: str) -> bool:
        try:
            return bool(age) and not float(age) >= self._least_age
        except ValueError:
            return True

    def close(self) -> None:
        self._rows.close()
        self._folder.cleanup()


def _less(one: dict[str, object], other: dict[str, object]) -> dict[str, object]:
    """Two rows of one user: the later, in order of text, with the consent of both and the caution of either."""
    first, last = sorted((one, other), key=lambda each: json.dumps(each, sort_keys=True))
    agreed = {str(each) for each in list(first["consent"])} & {str(each) for each in list(last["consent"])}  # type: ignore[call-overload]
    return {**last, "consent": sorted(agreed), "minor": bool(first["minor"] or last["minor"])}


def _recipient(user_id: str, body: dict[str, object]) -> Recipient:
    agreed = set(body["consent"])  # type: ignore[call-overload]
    return Recipient(
        user_id=user_id,
        consent={channel: channel.value in agreed for channel in Channel},
        zone=str(body["zone"]),
        language=str(body["language"]),
        minor=bool(body["minor"]),
        channel=str(body["channel"]),
        segments=dict(body["segments"]),  # type: ignore[call-overload]
    )


def _text(value: object) -> str:
    if value is None or value != value:
        return ""
    return str(value).strip()
