"""The sample users as a log file, rows that can't be read included, and their known journeys as labels."""

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from assistant.evaluation.labelled import LabelledUser
from assistant.evaluation.stage_agreement import KnownStage
from assistant.output import replacing
from assistant.sample import AS_OF, sample_users
from chains.journeys import Kind, Stage
from vectorstore.activity import normalize

__all__ = ["AS_OF", "BEFORE", "broken_rows", "known_sample", "labelled_sample", "write_log", "write_users"]

#: Two weeks before: of what happened since, the demo's second run tells.
BEFORE = datetime(2026, 6, 14, tzinfo=UTC)
_HOURS = ("night", "morning", "afternoon", "evening")


_COLUMNS = ("user_id", "timestamp", "kind", "text", "item_id", "board", "annotations", "label")

#: Planted: a user whose log is partly damaged. Each of these must be set aside with its reason.
_BROKEN = (
    ("s46", "yesterday", "search", "a time that is none", "", "", "", ""),
    ("s46", "2026-06-20T10:00:00Z", "stare", "a kind that is none", "", "", "", ""),
    ("", "2026-06-20T10:00:00Z", "search", "whose is this", "", "", "", ""),
    ("s46", "2026-06-20T10:00:00Z", "search", "   ", "", "", "", ""),
    ("s46", "2026-06-20T10:00:00Z", "search", "long " * 2_500, "", "", "", ""),
    ("s46", "", "search", "a time that is missing", "", "", "", ""),
)


def write_log(path: Path) -> Path:
    """Writes the sample log as CSV, the same to the byte on every machine; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for user in sample_users():
            for event, key in user.activities:
                moment = event.timestamp.isoformat().replace("+00:00", "Z")
                annotations = "|".join(event.annotations)
                label = f"{user.user_id}-{key}" if key else ""
                row = (user.user_id, moment, event.kind, event.text, event.item_id, event.board, annotations, label)
                writer.writerow(["" if value is None else value for value in row])
        writer.writerows(_BROKEN)
    return path


def write_users(path: Path) -> Path:
    """Writes a table of the sample users: for segments how active each is, and at which hours (UTC); and consents."""
    users = sample_users()
    events = {user.user_id: len(user.activities) for user in users}
    ordered = sorted(events.values())
    light, heavy = ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]
    with replacing(path) as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("user_id", "activity", "hours", "email_consent", "push_consent"))
        for user in users:
            count = events[user.user_id]
            level = "light" if count < light else "heavy" if count >= heavy else "middle"
            hours = Counter(_HOURS[event.timestamp.hour // 6] for event, _ in user.activities)
            most = max(sorted(hours), key=lambda part: hours[part])
            number = int(user.user_id[1:])
            # Four of five agree to e-mail, two of three to push messages.
            agreed = ("yes" if number % 5 else "no", "yes" if number % 3 else "no")
            writer.writerow((user.user_id, level, most, *agreed))
    return path


def broken_rows() -> int:
    """How many rows of the sample log can't be read."""
    return len(_BROKEN)


def known_sample() -> dict[tuple[str, str], KnownStage]:
    """What their writers said of kind and stage of the sample users' journeys, by user and label, as of AS_OF."""
    return {
        (user.user_id, f"{user.user_id}-{journey.key}"): KnownStage(Kind(journey.kind), Stage(journey.stage))
        for user in sample_users()
        for journey in user.journeys
    }


def labelled_sample() -> list[LabelledUser]:
    """The sample users as labelled users; those of a handful of texts have nothing to teach, but are there."""
    return [
        LabelledUser(
            user.user_id,
            [event for event, _ in user.activities],
            {normalize(event.text): f"{user.user_id}-{key}" for event, key in user.activities if key},
            log="sample users",
        )
        for user in sample_users()
    ]
