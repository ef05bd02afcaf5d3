"""A peer on one log: every setting of its grid is tried and scored, and the best one timed."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import numpy as np

from assistant.evaluation.clusters import ClusterFigures, score_partitions
from assistant.evaluation.labelled import LabelledUser, read_labelled
from chains.keywords import extract_keywords
from chains.texts import texts_of
from vectorstore.activity import Keyword
from vectorstore.columns import ColumnMap
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.store import Vectors

from .methods import Labels, Peer, UserTexts

#: A method that needs less is timed so often, and its best time counts.
_SHORT, ROUNDS = 5.0, 3


@dataclass(frozen=True)
class Case:
    """One labelled user. texts, with_annotations: the same texts with either vector."""

    user: LabelledUser
    keywords: list[Keyword]
    vectors: Vectors
    texts: UserTexts
    with_annotations: UserTexts


@dataclass(frozen=True)
class Result:
    """What a row of the table says. seconds: for all users."""

    name: str
    shown: str
    figures: ClusterFigures
    seconds: float


def cases(path: Path, embeddings: CachedEmbeddings) -> list[Case]:
    made = []
    for user in read_labelled(path, ColumnMap(), UTC):
        keywords = extract_keywords(user.activities)
        vectors = embeddings.embed([keyword.text for keyword in keywords])
        texts = texts_of(keywords, vectors)
        both = UserTexts(texts.keys, texts.vectors), UserTexts(texts.keys, texts.context)
        made.append(Case(user, keywords, vectors, *both))
    return made


def scored(users: Sequence[Case], labels: Sequence[Labels]) -> ClusterFigures:
    return score_partitions(
        [
            (
                case.user.labels,
                {key: str(label) for key, label in zip(case.texts.texts, own, strict=True) if label >= 0},
            )
            for case, own in zip(users, labels, strict=True)
        ]
    )


def labels_of(peer: Peer, users: Sequence[UserTexts], setting: object) -> list[Labels]:
    if peer.all_users:
        return peer.all_users(users)
    assert peer.each
    return [peer.each(user, setting) for user in users]


def best_of(peer: Peer, users: Sequence[Case], *, small: bool = False) -> Result:
    """The setting with the highest weighted B-cubed F1, then timed."""
    plain, described = [case.texts for case in users], [case.with_annotations for case in users]
    kinds = [("", plain)]
    if any(not np.allclose(a.vectors, b.vectors, atol=1e-4) for a, b in zip(plain, described, strict=True)):
        kinds.append((", with annotations", described))
    tried = []
    for kind, texts in kinds[-1:] if small else kinds:
        for setting in peer.settings[:2] if small else peer.settings:
            spent, labels = timed(lambda t=texts, s=setting: labels_of(peer, t, s))  # type: ignore[misc]
            shown = peer.shown.format(setting) + kind
            tried.append((Result(peer.name, shown, scored(users, labels), spent), texts, setting))
    best, texts, setting = max(tried, key=lambda each: each[0].figures.weighted_f1)
    again = ROUNDS - 1 if best.seconds < _SHORT else 0
    rounds = [timed(lambda: labels_of(peer, texts, setting))[0] for _ in range(again)]
    return Result(best.name, best.shown, best.figures, min([best.seconds, *rounds]))


def timed(work: Callable[[], list[Labels]]) -> tuple[float, list[Labels]]:
    begun = time.perf_counter()
    found = work()
    return time.perf_counter() - begun, found
