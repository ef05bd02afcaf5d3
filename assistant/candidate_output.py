"""Candidates as rows and as files, whole or not at all."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from assistant.output import check_folder, replacing, unfinished
from chains.notification import Candidate, told
from vectorstore.errors import InputError

_ROWS_AT_ONCE = 5_000
_TIME = pa.timestamp("us", tz="UTC")

#: What a candidate's row holds. targets: JSON, by arm what its target is.
SCHEMA = pa.schema(
    [
        ("key", pa.string()),
        ("user_id", pa.string()),
        ("channel", pa.string()),
        ("day", pa.string()),
        ("arm", pa.string()),
        ("send_after", _TIME),
        ("send_before", _TIME),
        ("title", pa.string()),
        ("preheader", pa.string()),
        ("body", pa.string()),
        ("language", pa.string()),
        ("template", pa.string()),
        ("fallback", pa.string()),
        ("model", pa.string()),
        ("prompt_version", pa.string()),
        ("target_kind", pa.string()),
        ("target_id", pa.string()),
        ("journey_id", pa.string()),
        ("topic", pa.string()),
        ("score", pa.float64()),
        ("terms", pa.map_(pa.string(), pa.float64())),
        ("term_values", pa.map_(pa.string(), pa.string())),
        (
            "receipts",
            pa.struct(
                [
                    ("first_seen", _TIME),
                    ("last_seen", _TIME),
                    ("events", pa.int64()),
                    ("active_days", pa.int32()),
                    ("kinds", pa.map_(pa.string(), pa.int64())),
                    ("keywords", pa.list_(pa.string())),
                ]
            ),
        ),
        ("items", pa.list_(pa.struct([("item", pa.string()), ("text", pa.string())]))),
        ("segments", pa.map_(pa.string(), pa.string())),
        ("targets", pa.string()),
    ]
)
_TIMES = ("send_after", "send_before")
_SEEN = ("first_seen", "last_seen")
_MAPS = ("terms", "term_values", "segments")


def row_of_candidate(candidate: Candidate) -> dict[str, Any]:
    """As it stands in JSONL: times as text in UTC, in the order of SCHEMA."""
    option, copy, receipts = candidate.target, candidate.copy, candidate.receipts
    return {
        "key": candidate.key,
        "user_id": candidate.user_id,
        "channel": candidate.channel.value,
        "day": candidate.day.isoformat(),
        "arm": candidate.arm.value,
        "send_after": _text(candidate.send_after),
        "send_before": _text(candidate.send_before),
        "title": copy.title,
        "preheader": copy.preheader,
        "body": copy.body,
        "language": candidate.language,
        "template": copy.template,
        "fallback": copy.fallback,
        "model": copy.model,
        "prompt_version": copy.prompt_version,
        "target_kind": option.kind.value,
        "target_id": option.target_id,
        "journey_id": option.source_id,
        "topic": option.name,
        "score": round(option.score, 6),
        "terms": {term.name: round(term.contribution, 6) for term in option.terms},
        "term_values": {term.name: term.value for term in option.terms},
        "receipts": {
            "first_seen": _text(receipts.first_seen),
            "last_seen": _text(receipts.last_seen),
            "events": receipts.events,
            "active_days": receipts.active_days,
            "kinds": dict(sorted(receipts.kinds.items())),
            "keywords": list(receipts.keywords),
        },
        "items": [{"item": each.item, "text": each.text} for each in candidate.items],
        "segments": dict(sorted(candidate.segments.items())),
        "targets": {arm.value: told(target) for arm, target in sorted(candidate.both.items())},
    }


def check_candidate_output(path: Path) -> None:
    """Raises InputError where candidates can't be written there; better before the work than after."""
    if path.suffix not in {".jsonl", ".parquet"}:
        raise InputError(f"{path}: candidates are written as .jsonl or .parquet")
    check_folder(path)


def write_candidates(rows: Iterable[Mapping[str, Any]], path: Path) -> int:
    """rows: of `row_of_candidate`. JSONL or Parquet by the file's ending; returns how many."""
    count = 0
    if path.suffix == ".parquet":
        waiting: list[dict[str, Any]] = []
        with unfinished(path) as part, pq.ParquetWriter(part, SCHEMA) as writer:
            for row in rows:
                waiting.append(_typed(row))
                count += 1
                if len(waiting) == _ROWS_AT_ONCE:
                    writer.write_table(pa.Table.from_pylist(waiting, schema=SCHEMA))
                    waiting.clear()
            writer.write_table(pa.Table.from_pylist(waiting, schema=SCHEMA))
        return count
    with replacing(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
            count += 1
    return count


def _typed(row: Mapping[str, Any]) -> dict[str, Any]:
    receipts = {**row["receipts"], **{name: _moment(row["receipts"][name]) for name in _SEEN}}
    receipts["kinds"] = list(receipts["kinds"].items())
    return {
        **row,
        **{name: _moment(row[name]) for name in _TIMES},
        **{name: list(row[name].items()) for name in _MAPS},
        "receipts": receipts,
        "targets": json.dumps(row["targets"], ensure_ascii=False),
    }


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
