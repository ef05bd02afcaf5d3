"""Labels as rows for training and judging: each with what is known of its journey, and without any blocked text."""

import csv
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from assistant.library import Library
from assistant.output import check_folder, replacing
from chains.journeys import Journey, Policy
from chains.label_states import state_of
from chains.labels import Label, LabelKind, labelled_journey, texts_in
from chains.measures import History, measure
from chains.rhythm import FEATURES, USER_FEATURES
from chains.safety import SensitivityChecker
from vectorstore.activity import Activity, normalize
from vectorstore.activity_log import ActivityLog
from vectorstore.errors import InputError

#: What the judge knows labels by. CSV has only verdicts, so that `journeys evaluate judge` takes the file as it is.
_JUDGED = ("user_id", "journey_id", "rater", "score", "at")
_TEXT, _TEXTS, _NUMBER, _WHOLE = pa.string(), pa.list_(pa.string()), pa.float64(), pa.int64()
_TIME = pa.timestamp("us", tz="UTC")

#: Columns of JSONL and Parquet. labelled_id, state: the id when it was said, and what has become of the label since.
#: What comes after `texts` is of the journey now, empty where there is none; feature_… and user_… are what the ranker
#: reads, of the label's texts as of `as_of`.
SCHEMA = pa.schema(
    [
        ("user_id", _TEXT),
        ("journey_id", _TEXT),
        ("rater", _TEXT),
        ("score", _WHOLE),
        ("at", _TIME),
        ("label_id", _TEXT),
        ("kind", _TEXT),
        ("state", _TEXT),
        ("labelled_id", _TEXT),
        ("labelled_name", _TEXT),
        ("given_name", _TEXT),
        ("other_id", _TEXT),
        ("split_off", _TEXTS),
        ("note", _TEXT),
        ("texts", _TEXTS),
        ("other_texts", _TEXTS),
        ("name", _TEXT),
        ("named_by", _TEXT),
        ("keywords", _TEXTS),
        ("journey_kind", _TEXT),
        ("stage", _TEXT),
        ("mode", _TEXT),
        ("model", _TEXT),
        ("prompt_version", _TEXT),
        ("rank", _WHOLE),
        ("journey_score", _NUMBER),
        ("base_score", _NUMBER),
        ("confidence", _NUMBER),
        ("return_probability", _NUMBER),
        ("events", _WHOLE),
        ("active_days", _WHOLE),
        ("first_seen", _TIME),
        ("last_seen", _TIME),
        ("run_id", _TEXT),
        ("algorithm", _TEXT),
        ("as_of", _TIME),
        *((f"feature_{name}", _NUMBER) for name in FEATURES),
        *((f"user_{name}", _NUMBER) for name in USER_FEATURES),
    ]
)


@dataclass(frozen=True, slots=True)
class Exported:
    """written: labels. withheld: those of journeys that are blocked now, which don't leave."""

    written: int
    withheld: int


def check_export(path: Path, kind: LabelKind | None) -> None:
    """Raises InputError where labels can't be written there; better before the work than after."""
    if path.suffix not in {".jsonl", ".parquet", ".csv"}:
        raise InputError(f"{path}: labels are written as .jsonl, .parquet, or verdicts as .csv")
    if path.suffix == ".csv" and kind not in {None, LabelKind.VERDICT}:
        raise InputError(f"{path}: only verdicts are written as CSV: name a .jsonl or .parquet file for {kind}")
    check_folder(path)


def export_labels(
    library: Library, log: ActivityLog, checker: SensitivityChecker, path: Path, kind: LabelKind | None = None
) -> Exported:
    """Writes the labels that nobody took back, of one kind or of all, in order of user and time; see SCHEMA.

    A file .csv has the verdicts only, with the columns that `journeys evaluate judge` reads first. Raises InputError
    where it can't be written.
    """
    check_export(path, kind)
    only = LabelKind.VERDICT if path.suffix == ".csv" else kind
    labels = [each for each in library.labels() if each.withdrawn_at is None and only in {None, each.kind}]
    rows: list[dict[str, Any]] = []
    withheld = 0
    for user_id in sorted({label.user_id for label in labels}):
        state = library.state(user_id)
        if state is None:
            continue
        found = [activities for _, activities in log.stream(users=[user_id], until=state.as_of)]
        user = _User(library.journeys(user_id), found[0] if found else [], state.as_of, checker)
        for label in labels:
            if label.user_id == user_id:
                row = user.row(label)
                rows += [row] if row else []
                withheld += row is None
    _write(rows, path)
    return Exported(len(rows), withheld)


@dataclass(frozen=True)
class _User:
    """journeys: stored. activities: all up to as_of."""

    journeys: Sequence[Journey]
    activities: Sequence[Activity]
    as_of: datetime
    checker: SensitivityChecker

    def row(self, label: Label) -> dict[str, Any] | None:
        """None where the label speaks of something that is blocked now."""
        journey = labelled_journey(label, self.journeys)
        texts = label.texts | (texts_in(journey) if journey else frozenset())
        if self._is_blocked(texts) or self._is_blocked(label.other_texts):
            return None
        words = [label.name, label.note, *label.keywords, *label.names]
        if any(self.checker.blocks(each) for each in words):
            return None
        row: dict[str, Any] = dict.fromkeys(SCHEMA.names)
        return row | self._told(label, journey) | self._features(label) | (_of_journey(journey) if journey else {})

    def _told(self, label: Label, journey: Journey | None) -> dict[str, Any]:
        return {
            "user_id": label.user_id,
            "journey_id": journey.journey_id if journey else label.journey_id,
            "rater": label.by,
            "score": label.score,
            "at": label.at,
            "label_id": label.label_id,
            "kind": label.kind.value,
            "state": state_of(label, self.journeys).value,
            "labelled_id": label.journey_id,
            "labelled_name": label.was.name if label.was else "",
            "given_name": label.name,
            "other_id": label.other,
            "split_off": self._shown(label.apart),
            "note": label.note,
            "texts": self._shown(label.texts),
            "other_texts": self._shown(label.other_texts),
            "keywords": self._shown([keyword.text for keyword in journey.keywords]) if journey else None,
            "as_of": self.as_of,
        }

    def _shown(self, texts: Sequence[str] | frozenset[str]) -> list[str]:
        ordered = sorted(texts) if isinstance(texts, frozenset) else texts
        return [text for text in ordered if not self.checker.blocks(text)]

    def _features(self, label: Label) -> dict[str, float]:
        """As a run would measure them if the label's texts were a journey."""
        own = [event for event in self.activities if normalize(event.text) in label.texts]
        if not own:
            return {}
        texts = len({normalize(event.text) for event in own})
        measured = measure(own, texts, History.of(self.activities, self.as_of))
        told = {f"feature_{name}": value for name, value in zip(FEATURES, measured.features, strict=True)}
        return told | {f"user_{name}": value for name, value in zip(USER_FEATURES, measured.of_user, strict=True)}

    def _is_blocked(self, texts: frozenset[str]) -> bool:
        """Judged as a run judges a journey of these texts."""
        beside: dict[str, set[str]] = {text: set() for text in sorted(texts)}
        counts = dict.fromkeys(beside, 0)
        for event in self.activities:
            if (text := normalize(event.text)) in beside:
                beside[text] |= {normalize(label) for label in event.annotations}
                counts[text] += 1
        told = ["\n".join((text, *sorted(others))) for text, others in beside.items()]
        return self.checker.journey("", told, list(counts.values())).policy is Policy.BLOCK


def _of_journey(journey: Journey) -> dict[str, Any]:
    same = ("name", "rank", "base_score", "confidence", "return_probability", "events", "active_days", "first_seen")
    return {
        **{name: getattr(journey, name) for name in (*same, "last_seen", "run_id", "algorithm", "model")},
        "prompt_version": journey.prompt_version,
        "named_by": journey.named_by.value,
        "journey_kind": journey.kind.value,
        "stage": journey.stage.value,
        "mode": journey.mode.value,
        "journey_score": journey.score,
    }


def _write(rows: Sequence[dict[str, Any]], path: Path) -> None:
    if path.suffix == ".parquet":
        _write_parquet(rows, path)
        return
    with replacing(path) as file:
        if path.suffix == ".jsonl":
            file.writelines(json.dumps(row, ensure_ascii=False, default=_as_text) + "\n" for row in rows)
            return
        columns = [*_JUDGED, *(name for name in SCHEMA.names if name not in _JUDGED and name != "kind")]
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(row[name]) for name in columns] for row in rows)


def _cell(value: Any) -> Any:
    """Lists as JSON."""
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return _as_text(value) if isinstance(value, datetime) else value


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    raise TypeError(f"{type(value)} has no place in a label's row")


def _write_parquet(rows: Sequence[dict[str, Any]], path: Path) -> None:
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        pq.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMA), unfinished)
        unfinished.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} can't be written ({error.strerror or error}): make room, or name another file"
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)
