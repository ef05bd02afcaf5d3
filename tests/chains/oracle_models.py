"""Models for tests that know the journeys of a user's texts, and answer from what the prompt shows of them."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from scripted_model import Data, Script, data_of

from chains.wording import shortened
from vectorstore.activity import normalize

Answer = Callable[[Data], object]


def answering(answer: Answer) -> Script:
    """Answers with what is made of the data, as JSON."""
    return lambda messages: json.dumps(answer(data_of(messages)), ensure_ascii=False)


def by_label(label_of: Mapping[str, str], longest: int = 120) -> Answer:
    """Knows the label of each normalized text; texts without one are noise. Names are the first text's own words."""
    shown = {normalize(shortened(text, longest)): label for text, label in label_of.items()}

    def answer(data: Data) -> object:
        groups: dict[str, list[Data]] = {}
        for line in data["texts"]:
            if label := shown.get(normalize(line["text"])):
                groups.setdefault(label, []).append(line)
        return {
            "journeys": [call_journey([line["n"] for line in lines], lines[0]["text"]) for lines in groups.values()]
        }

    return answer


def call_journey(numbers: Sequence[int], name: str, **others: object) -> Data:
    told: Data = {"texts": list(numbers), "name": name[:60], "keywords": [], "kind": "situational"}
    return told | {"stage": "ongoing", "confidence": 80} | others


def merged_by(label_of_cluster: Callable[[Sequence[Any]], str | None]) -> Answer:
    """Knows the label of a cluster from its line; those without one are dropped."""

    def answer(data: Data) -> object:
        groups: dict[str, list[Any]] = {}
        dropped = []
        for line in data["clusters"]:
            label = label_of_cluster(line)
            if label is None:
                dropped.append(line[0])
            else:
                groups.setdefault(label, []).append(line)
        journeys = [merge_journey([line[0] for line in lines], lines[0][2].split("; ")[0]) for lines in groups.values()]
        return {"journeys": journeys, "dropped": dropped}

    return answer


def merge_journey(numbers: Sequence[int], name: str, kind: str = "situational") -> Data:
    return {"clusters": list(numbers), "name": name[:60], "kind": kind}


def commonest(labels: Sequence[str | None]) -> str | None:
    counts = Counter(labels)
    return max(counts, key=lambda label: (counts[label], str(label)))
