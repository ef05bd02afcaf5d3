"""Candidates from the file that `journeys notify` wrote, where the library with them lies elsewhere."""

import json
from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path

from assistant.candidate_facts import CandidateFacts
from chains.experiment_arms import Arm
from vectorstore.errors import InputError


class CandidatesInFile:
    """Reads the whole file, one JSON object a line. Raises InputError for another one."""

    def __init__(self, path: Path) -> None:
        self._facts: dict[str, CandidateFacts] = {}
        line = 0
        try:
            with path.open(encoding="utf-8") as file:
                for text in file:
                    line += 1
                    if text.strip():
                        self._add(json.loads(text))
        except (ValueError, KeyError, TypeError, AttributeError):
            raise InputError(f"{path}: line {line} is no candidate: give the JSONL of journeys notify") from None
        except OSError as error:
            raise InputError(f"{path}: {error.strerror or error}") from None

    def _add(self, row: Mapping[str, object]) -> None:
        terms = row.get("terms") or {}
        if not isinstance(terms, Mapping):
            raise TypeError("terms")
        self._facts[str(row["key"])] = CandidateFacts(
            user_id=str(row["user_id"]),
            arm=Arm(str(row["arm"])),
            journey_id=str(row.get("journey_id") or ""),
            day=date.fromisoformat(str(row["day"])[:10]),
            channel=str(row.get("channel") or ""),
            terms={str(name): float(value) for name, value in terms.items()},
        )

    def facts_of(self, keys: Collection[str]) -> Mapping[str, CandidateFacts]:
        return {key: self._facts[key] for key in keys if key in self._facts}
