"""Who was forgotten, so that reading an old log again brings nobody back."""

import hashlib
import json
import os
import secrets
from collections.abc import Callable, Iterable
from pathlib import Path

from filelock import FileLock

from vectorstore.errors import StoreError

_FORMAT = 1


class ForgottenUsers:
    """A list of users on disk that names none of them: it holds a hash of each id, with a salt of this home alone.

    Whoever has the file can still find out whether an id that he already knows is on it; that much the program has to
    know too. From the moment a user is on it, ingesting passes over his rows, and a run writes no journey of his. He
    comes off it only by name.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __len__(self) -> int:
        return len(self._read()[1])

    def add(self, user_id: str) -> None:
        """Lasts when it returns."""
        with self._alone():
            salt, users = self._read()
            self._write(salt, users | {_hash(salt, user_id)})

    def remove(self, user_ids: Iterable[str]) -> int:
        """Returns how many of these users were on the list."""
        with self._alone():
            salt, users = self._read()
            back = users & {_hash(salt, user_id) for user_id in user_ids}
            if back:
                self._write(salt, users - back)
        return len(back)

    def matcher(self) -> Callable[[str], bool]:
        """Tells whether a user is on the list as it is now. Made once and asked for millions of rows."""
        salt, users = self._read()
        if not users:
            return lambda user_id: False
        return lambda user_id: _hash(salt, user_id) in users

    def _alone(self) -> FileLock:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self._path.with_suffix(".lock"))

    def _read(self) -> tuple[bytes, frozenset[str]]:
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
            if found["format"] != _FORMAT:
                raise ValueError(f"format {found['format']}")
            return bytes.fromhex(found["salt"]), frozenset(map(str, found["users"]))
        except FileNotFoundError:
            return secrets.token_bytes(16), frozenset()
        except (ValueError, TypeError, KeyError):
            raise StoreError(
                f"{self._path} is damaged: bring it back from a backup; without it, old logs bring back whom it names"
            ) from None

    def _write(self, salt: bytes, users: frozenset[str]) -> None:
        unfinished = self._path.with_suffix(".unfinished")
        content = {"format": _FORMAT, "salt": salt.hex(), "users": sorted(users)}
        with unfinished.open("w", encoding="utf-8") as file:
            file.write(json.dumps(content, indent=1) + "\n")
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._path)


def _hash(salt: bytes, user_id: str) -> str:
    return hashlib.blake2b(user_id.encode("utf-8", "surrogatepass"), key=salt, digest_size=16).hexdigest()
