"""Whether kind and stage of the journeys that were found agree with what is known of them."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.evaluation.labelled import LabelledUser
from chains.journeys import Journey, Kind, Stage
from vectorstore.activity import normalize
from vectorstore.errors import InputError

_COLUMNS = ("user_id", "label", "kind", "stage")


@dataclass(frozen=True, slots=True)
class KnownStage:
    """What a person said of a journey."""

    kind: Kind
    stage: Stage


@dataclass(frozen=True, slots=True)
class StageAgreement:
    """Of the known journeys, how many were found, and of how many of these kind, stage and both are as known."""

    known: int
    found: int
    kind: int
    stage: int
    both: int


def read_known(path: Path) -> dict[tuple[str, str], KnownStage]:
    """A CSV with user_id, label, kind, stage -> by user and label. Raises InputError."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
        if missing:
            raise InputError(f"{path}: no column {missing[0]}: known journeys are a CSV of {', '.join(_COLUMNS)}")
        try:
            return {
                (row["user_id"], row["label"]): KnownStage(Kind(row["kind"]), Stage(row["stage"])) for row in reader
            }
        except ValueError as error:
            raise InputError(f"{path}, line {reader.line_num}: {error}: use the words of the design") from None


def match_known(
    user: LabelledUser, journeys: Sequence[Journey], known: Mapping[tuple[str, str], KnownStage]
) -> Iterator[tuple[str, KnownStage, Journey | None]]:
    """Each known journey of the user with its label and the journey in which it was found, None where it was not.

    It is found where the journey that holds most of its texts has no more of any other.
    """
    labels_of = [Counter(user.labels.get(normalize(text), "") for text in journey.texts) for journey in journeys]
    for (user_id, label), truth in known.items():
        if user_id == user.user_id:
            best = max(range(len(journeys)), key=lambda place: (labels_of[place][label], -place), default=None)
            if best is None or not labels_of[best][label]:
                yield label, truth, None
            else:
                most = max(count for name, count in labels_of[best].items() if name)
                yield label, truth, journeys[best] if labels_of[best][label] == most else None


def stage_agreement(
    found: Iterable[tuple[LabelledUser, Sequence[Journey]]], known: Mapping[tuple[str, str], KnownStage]
) -> StageAgreement:
    """Over all known journeys of these users, see `match_known`."""
    total = counted = kind = stage = both = 0
    for user, journeys in found:
        for _, truth, journey in match_known(user, journeys, known):
            total += 1
            if journey is None:
                continue
            counted += 1
            same_kind, same_stage = journey.kind == truth.kind, journey.stage == truth.stage
            kind, stage, both = kind + same_kind, stage + same_stage, both + (same_kind and same_stage)
    return StageAgreement(total, counted, kind, stage, both)
