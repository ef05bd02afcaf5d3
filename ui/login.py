"""Who may see the page where it is not on this machine alone: names and argon2 hashes in a file, asked slowly."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from vectorstore.errors import InputError

SHORTEST = 12
#: From the fourth wrong answer on, the next one for that name waits; twice as long each time, at most so many seconds.
_FREE, _LONGEST_WAIT = 3, 60.0
_FORGIVEN_AFTER = 3_600.0
# More than so many at once for one name are turned away unheard.
_WAITING = 5


def read_logins(path: Path) -> dict[str, str]:
    """name -> hash, a line `name:hash` each. Raises InputError."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(
            f"{path}: cannot be read: journeys ui --auth-file {path} --add-user NAME writes one"
        ) from error
    found = {}
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, colon, hashed = line.partition(":")
        if not colon or not hashed.startswith("$argon2"):
            raise InputError(f"{path}, line {number}: is not NAME:HASH: journeys ui --add-user NAME writes it")
        found[name] = hashed.strip()
    if not found:
        raise InputError(f"{path}: names nobody: journeys ui --auth-file {path} --add-user NAME adds one")
    return found


def add_login(path: Path, name: str, password: str) -> None:
    """Adds or replaces a login; the file is for its owner alone. Raises InputError."""
    if not name or ":" in name or name != name.strip() or not name.isprintable():
        raise InputError(f"{name!r} cannot be a login: choose a name without a colon or white space round it")
    if len(password) < SHORTEST:
        raise InputError(f"the password is too short: give at least {SHORTEST} characters")
    logins = read_logins(path) if path.exists() else {}
    logins[name] = PasswordHasher().hash(password)
    text = "".join(f"{each}:{hashed}\n" for each, hashed in sorted(logins.items()))
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
    unfinished.replace(path)


@dataclass
class _Tries:
    wrong: int = 0
    last: float = 0.0
    waiting: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Doorkeeper:
    """Answers whether a name and a password are right. An unknown name takes as long as a known one.

    Tries for one name come one after the other, and each wrong one makes the next wait longer, so that guessing in
    parallel gains nothing. sleep, clock: for tests.
    """

    def __init__(
        self,
        logins: dict[str, str],
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._logins = logins
        self._hasher = PasswordHasher()
        self._nobody = self._hasher.hash("nobody has this password")
        self._tries: dict[str, _Tries] = {}
        self._sleep, self._clock = sleep, clock
        # Each takes 64 MB for a moment.
        self._at_once = asyncio.Semaphore(2)

    async def __call__(self, name: str, password: str) -> bool:
        tries = self._of(name)
        if tries.waiting >= _WAITING:
            return False
        tries.waiting += 1
        try:
            async with tries.turn:
                return await self._answer(name, password, tries)
        finally:
            tries.waiting -= 1

    async def _answer(self, name: str, password: str, tries: _Tries) -> bool:
        if self._clock() - tries.last > _FORGIVEN_AFTER:
            tries.wrong = 0
        if (wait := wait_after(tries.wrong) - (self._clock() - tries.last)) > 0:
            await self._sleep(wait)
        async with self._at_once:
            right = await asyncio.to_thread(self._verify, name, password)
        tries.last = self._clock()
        tries.wrong = 0 if right else tries.wrong + 1
        return right

    def _verify(self, name: str, password: str) -> bool:
        known = self._logins.get(name)
        try:
            self._hasher.verify(known or self._nobody, password[:1024])
        except (VerificationError, InvalidHashError):
            return False
        return known is not None

    def _of(self, name: str) -> _Tries:
        # All names that are not there share one queue, or a flood of made-up names would fill the memory.
        return self._tries.setdefault(name if name in self._logins else "", _Tries())


def wait_after(wrong: int) -> float:
    """Seconds from the last wrong answer to the next one that is heard. wrong: how many, one after the other."""
    return 0.0 if wrong < _FREE else min(2.0 ** (wrong - _FREE), _LONGEST_WAIT)
