"""Known journeys whose names a person wrote, with what could name them and how near each of it comes."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from assistant.evaluation.labelled import LabelledUser
from assistant.sample import sample_users
from chains.inference import InferenceModels, InferenceOptions, infer_journeys
from chains.journeys import Journey
from chains.keywords import extract_keywords
from chains.naming import may_name, presentable
from chains.naming_candidates import Candidate, Subject, candidates_of, subjects_of, words_in, words_of_keywords
from chains.showable import fit_to_show
from chains.texts import Texts, texts_of
from vectorstore.activity import normalize
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError

#: By user and label.
WrittenNames = Mapping[tuple[str, str], str]

_COLUMNS = ("user_id", "label", "gold_name")
_TEXTS = 3


@dataclass(frozen=True)
class NamedJourney:
    """A known journey with its n candidates, at least two. likeness: (n,) of each to the written name."""

    user_id: str
    written: str
    candidates: tuple[Candidate, ...]
    subject: Subject
    likeness: NDArray[np.float64]


def read_written_names(path: Path) -> dict[tuple[str, str], str]:
    """A CSV with user_id, label, gold_name. Raises InputError."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in _COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise InputError(f"{path}: no column {missing[0]}: written names are a CSV of {', '.join(_COLUMNS)}")
            return {(row["user_id"], row["label"]): row["gold_name"] for row in reader if row["gold_name"]}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}: give a CSV of {', '.join(_COLUMNS)}") from error


def sample_names() -> dict[tuple[str, str], str]:
    """The names that the writers of the sample users gave their journeys."""
    return {
        (user.user_id, f"{user.user_id}-{journey.key}"): journey.name
        for user in sample_users()
        for journey in user.journeys
    }


def names_from_labels(users: Sequence[LabelledUser]) -> dict[tuple[str, str], str]:
    """Each label as the name itself, without the user's id where it begins with that."""
    return {
        (user.user_id, label): label.removeprefix(f"{user.user_id}-")
        for user in users
        for label in set(user.labels.values())
    }


def named_journeys(
    users: Sequence[LabelledUser],
    names: WrittenNames,
    embeddings: CachedEmbeddings,
    found_by: tuple[InferenceOptions, InferenceModels] | None = None,
    on_user: Callable[[], None] = lambda: None,
) -> Iterator[NamedJourney]:
    """The known journeys of three texts or more that have a written name, in order of user and label.

    found_by: not the known journeys, but those that inference finds with these; each is to bear the written name of the
    label that most of its labelled texts have, if that is at least half of all its texts.
    """
    threads = ThreadpoolController()
    for user in users:
        if any(user_id == user.user_id for user_id, _ in names):
            with threads.limit(limits=1, user_api="blas"):
                yield from _of_user(user, names, embeddings, found_by)
        on_user()


def _known(user: LabelledUser, texts: Texts) -> list[tuple[str, list[int]]]:
    by_label: dict[str, list[int]] = {}
    for place, key in enumerate(texts.keys):
        if key in user.labels:
            by_label.setdefault(user.labels[key], []).append(place)
    return [(label, by_label[label]) for label in sorted(by_label) if len(by_label[label]) >= _TEXTS]


def _found(user: LabelledUser, texts: Texts, journeys: Sequence[Journey]) -> list[tuple[str, list[int]]]:
    place_of = {key: place for place, key in enumerate(texts.keys)}
    groups = []
    for journey in journeys:
        places = sorted(place_of[normalize(text)] for text in journey.texts)
        labels = Counter(user.labels[texts.keys[place]] for place in places if texts.keys[place] in user.labels)
        label = max(labels, key=lambda each: (labels[each], each), default="")
        groups.append((label if 2 * labels[label] >= len(places) else "", places))
    return sorted(groups)


def _of_user(
    user: LabelledUser,
    names: WrittenNames,
    embeddings: CachedEmbeddings,
    found_by: tuple[InferenceOptions, InferenceModels] | None,
) -> Iterator[NamedJourney]:
    keywords = extract_keywords(user.activities)
    if not keywords:
        return
    vectors = embeddings.embed([keyword.text for keyword in keywords])
    texts = texts_of(keywords, vectors)
    if found_by:
        clock = max(event.timestamp for event in user.activities)
        labelled = _found(user, texts, infer_journeys(keywords, vectors, clock, *found_by))
    else:
        labelled = _known(user, texts)
    if not labelled:
        return
    groups = [np.array(places, dtype=np.intp) for _, places in labelled]
    middles = np.stack([texts.context[places].mean(axis=0) for places in groups])
    centres = middles / np.maximum(np.linalg.norm(middles, axis=1, keepdims=True), 1e-9)
    words = words_of_keywords(keywords)
    candidates = candidates_of(keywords, vectors, words, texts, groups)
    subjects = subjects_of(words, texts, groups, centres)
    for (label, _), own, subject in zip(labelled, candidates, subjects, strict=True):
        written = names.get((user.user_id, label))
        fit = [each for each in own if may_name(each.keyword) and fit_to_show(presentable(each.keyword.text))]
        if written and len(fit) > 1:
            near = np.stack([each.vector for each in fit]) @ embeddings.embed([written])[0]
            shared = [shared_words(each.keyword.text, written) for each in fit]
            likeness = (near.astype(np.float64) + shared) / 2
            yield NamedJourney(user.user_id, written, tuple(fit), subject, likeness)


def shared_words(one: str, other: str) -> float:
    """F1 of the words that carry a topic, in [0, 1]."""
    first, second = set(words_in(one)), set(words_in(other))
    return 2 * len(first & second) / max(len(first) + len(second), 1)
