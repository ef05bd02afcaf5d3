"""What another system sent, from a file, so that caps and cool-downs count it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, tzinfo
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from assistant.kept_candidates import ForeignSend, Ledger
from vectorstore.columns import PlainColumns
from vectorstore.errors import InputError
from vectorstore.readers import log_files, read_rows
from vectorstore.times import parse_time

SENT_COLUMNS = PlainColumns(("user_id", "timestamp"), ("channel", "key", "target_id", "topic"))
_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Imported:
    """rejected: rows that could not be read, by reason."""

    read: int
    new: int
    rejected: Counter[str]


def import_sent(path: Path, ledger: Ledger, zone: tzinfo = UTC, max_rejected: float = 0.01) -> Imported:
    """CSV, JSONL or Parquet with SENT_COLUMNS; key is that of a candidate, which then counts once. Twice changes
    nothing. Raises InputError where the file or too many of its rows cannot be read."""
    (source,) = log_files([path])[:1]
    rejected: Counter[str] = Counter()
    count = new = 0

    def sends() -> Iterator[ForeignSend]:
        nonlocal count
        for _, values in read_rows(source, SENT_COLUMNS):
            count += 1
            send = values if isinstance(values, str) else _send(values, zone)
            if isinstance(send, str):
                rejected[send] += 1
            else:
                yield send

    read = sends()
    while batch := list(islice(read, _AT_ONCE)):
        new += ledger.put_sends(batch)
    if rejected.total() > max_rejected * count:
        reason, often = rejected.most_common(1)[0]
        raise InputError(
            f"{source}: {rejected.total():,} of {count:,} rows could not be read; most often: {reason} ({often:,}): "
            "mend them, or raise max_rejected"
        )
    return Imported(count, new, rejected)


def _send(values: tuple[object, ...], zone: tzinfo) -> ForeignSend | str:
    user_id, _, channel, key, target_id, topic = (
        "" if value is None or value != value else str(value).strip() for value in values
    )
    if not user_id:
        return "missing user"
    at = parse_time(values[1], zone)
    if at is None:
        return "unreadable time"
    parts = (user_id, at.isoformat(), channel, key, target_id)
    text = "".join(f"{len(part)}:{part}" for part in parts)
    send_id = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
    return ForeignSend(send_id, user_id, channel.lower() or "email", at, key, target_id, topic)
