"""The sample users: written by hand, one file a user, read into an activity log that is the same on every machine.

A file in `sample_users/` names a user's journeys and then tells his sessions line by line; `docs/design.md` describes
the format. The known journeys come with the log as labels: for the tests, for the figures, and for training the default
models.
"""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources

from vectorstore.activity import Activity, ActivityKind
from vectorstore.errors import InputError

AS_OF = datetime(2026, 6, 30, tzinfo=UTC)

_JOURNEY = re.compile(r"journey (\w+): (.+)")
_LINE = re.compile(r"(\w+|-) ([?!#]) (.+)")
_VERBS = {"c": ActivityKind.CLOSEUP, "k": ActivityKind.CLICKTHROUGH, "s": ActivityKind.SAVE}
_NOISE = "-"


@dataclass(frozen=True, slots=True)
class KnownJourney:
    """A journey as its writer meant it. key: unique within the user; note: "called off", "revived", "sensitive: …"."""

    user_id: str
    key: str
    name: str
    kind: str
    stage: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class SampleUser:
    """One user: his known journeys, and each activity with the key of its journey, None for noise."""

    user_id: str
    journeys: tuple[KnownJourney, ...]
    activities: tuple[tuple[Activity, str | None], ...]


def sample_users() -> list[SampleUser]:
    """All sample users in order of id."""
    folder = resources.files("assistant") / "sample_users"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".txt")), key=lambda file: file.name)
    return [read_user(file.read_text(encoding="utf-8")) for file in files]


def read_user(script: str) -> SampleUser:
    """Reads one file. Raises InputError with the line number where a line cannot be read."""
    head, *lines = script.splitlines()
    user_id, _, option = head.removeprefix("user ").partition(" | ")
    repeat = int(option.removeprefix("repeat ")) if option else 1
    journeys: list[KnownJourney] = []
    activities: list[tuple[Activity, str | None]] = []
    clock = AS_OF
    for number, line in enumerate(lines, 2):
        if not line.strip() or line.startswith("//"):
            continue
        if line.startswith("@"):
            clock = datetime.strptime(line[1:].strip(), "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
        elif found := _JOURNEY.fullmatch(line):
            journeys.append(KnownJourney(user_id, found[1], *(part.strip() for part in found[2].split("|"))))
        elif found := _LINE.fullmatch(line.rstrip()):
            key, mark, rest = found.groups()
            for event in _events(user_id, mark, [part.strip() for part in rest.split("|")], clock):
                activities.append((event, None if key == _NOISE else key))
                clock = event.timestamp + timedelta(seconds=_gap(user_id, number, event))
        else:
            raise InputError(f"sample user {user_id}, line {number}: not a journey, session or activity: {line[:60]}")
    return SampleUser(user_id, tuple(journeys), tuple(_repeated(activities, repeat)))


def _events(user_id: str, mark: str, fields: list[str], at: datetime) -> Iterator[Activity]:
    text, annotations, board, verbs = (*fields, *[""] * (4 - len(fields)))
    if mark == "?":
        yield Activity(user_id, at, ActivityKind.SEARCH, text)
    elif mark == "#":
        yield Activity(user_id, at, ActivityKind.BOARD, text, board=text)
    else:
        labels = tuple(label.strip() for label in annotations.split(",") if label.strip())
        for step, verb in enumerate(verbs or "c"):
            yield Activity(
                user_id,
                at + timedelta(seconds=25 * step),
                _VERBS[verb],
                text,
                item_id=_number(text, 10**15),
                board=board if verb == "s" and board else None,
                annotations=labels,
            )


def _repeated(activities: list[tuple[Activity, str | None]], repeat: int) -> Iterator[tuple[Activity, str | None]]:
    """A heavy user does the same again and again: each activity recurs in the three hours after it."""
    events = [
        (Activity(e.user_id, at, e.kind, e.text, e.item_id, e.board, e.annotations), key)
        for e, key in activities
        for at in (e.timestamp + timedelta(seconds=900 * turn) for turn in range(repeat))
    ]
    yield from sorted(events, key=lambda pair: pair[0].timestamp)


def _gap(user_id: str, line: int, event: Activity) -> int:
    return 20 + int(_number(f"{user_id}/{line}/{event.text}", 140))


def _number(text: str, below: int) -> str:
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    return str(int.from_bytes(digest, "big") % below)
