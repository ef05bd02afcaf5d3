"""Training the small models from labelled activity."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier

from assistant.evaluation import LabelledUser
from chains.affinity import AffinityModel
from chains.keywords import extract_keywords
from chains.pair_features import FEATURES, pair_features
from chains.texts import Texts, texts_of
from vectorstore.embeddings import CachedEmbeddings

_LAYERS = (32, 16)
_NETWORKS = 4
_EPOCHS = 10
_LARGEST_USER = 400


@dataclass(frozen=True)
class LabelledTexts:
    """One user's texts with the journey of each, None for what belongs to none or is not known."""

    texts: Texts
    journeys: Sequence[str | None]


Pairs = tuple[NDArray[np.float32], NDArray[np.bool_], NDArray[np.float64]]


def labelled_pairs(user: LabelledTexts, seed: int = 0) -> Pairs:
    """All pairs of labelled texts: features (p, f), whether both are of one journey (p,), weights (p,).

    A user weighs as the square root of his pairs, or those with many texts would speak for all. Of a user with more
    than 400 labelled texts, 400 drawn at random with the seed.
    """
    known = np.array([place for place, journey in enumerate(user.journeys) if journey is not None], dtype=np.intp)
    if len(known) > _LARGEST_USER:
        known = np.sort(np.random.default_rng(seed).choice(known, _LARGEST_USER, replace=False))
    labels = np.array([user.journeys[place] for place in known], dtype=object)
    wanted = np.zeros(len(user.texts), dtype=bool)
    wanted[known] = True
    features, same = [], []
    for first, block in pair_features(user.texts):
        for row in np.flatnonzero(wanted[first : first + len(block)]):
            place = int(np.searchsorted(known, first + row))
            features.append(block[row, known[place + 1 :]])
            same.append(labels[place + 1 :] == labels[place])
    if len(known) < 2:
        return np.empty((0, len(FEATURES)), np.float32), np.empty(0, bool), np.empty(0)
    x, y = np.concatenate(features), np.concatenate(same).astype(bool)
    return x, y, np.full(len(x), 1 / np.sqrt(len(x)))


def train_affinity(users: Iterable[Pairs], trained_on: str, seed: int = 0) -> AffinityModel:
    """Pairs of each user -> a model; the same pairs and seed give the same model."""
    x, y, weights = (np.concatenate(parts) for parts in zip(*users, strict=True))
    mean, scale = x.mean(axis=0), x.std(axis=0) + 1e-6
    standard = np.clip((x - mean) / scale, -5, 5)
    weights = weights / weights.mean()
    networks = []
    for turn in range(_NETWORKS):
        fitted = MLPClassifier(_LAYERS, alpha=1e-2, batch_size=2048, learning_rate_init=2e-3, random_state=seed + turn)
        for _ in range(_EPOCHS):
            fitted.partial_fit(standard, y, classes=[False, True], sample_weight=weights)
        networks.append(
            tuple(
                (w.astype(np.float32), b.astype(np.float32))
                for w, b in zip(fitted.coefs_, fitted.intercepts_, strict=True)
            )
        )
    return AffinityModel(mean.astype(np.float32), scale.astype(np.float32), tuple(networks), trained_on)


def labelled_texts(user: LabelledUser, embeddings: CachedEmbeddings) -> LabelledTexts:
    """A labelled user's distinct texts with their vectors and the journey of each."""
    keywords = extract_keywords(user.activities)
    texts = texts_of(keywords, embeddings.embed([keyword.text for keyword in keywords]))
    return LabelledTexts(texts, [user.labels.get(key) for key in texts.keys])


def held_out(
    users: Sequence[LabelledUser],
    others: Sequence[LabelledUser],
    embeddings: CachedEmbeddings,
    folds: int,
    seed: int = 0,
    on_user: Callable[[], None] = lambda: None,
) -> Iterator[tuple[AffinityModel, list[LabelledUser]]]:
    """Models that never saw the users they are given with: each fold's model learns from the others and all else.

    users: those to be scored, dealt out into folds at random with the seed. others: what every model learns from too.
    """
    pairs: list[Pairs] = []
    for user in (*users, *others):
        pairs.append(labelled_pairs(labelled_texts(user, embeddings)))
        on_user()
    fold_of = np.random.default_rng(seed).permutation(len(users)) % folds
    for fold in range(folds):
        inside = [place for place in range(len(users)) if fold_of[place] == fold]
        if inside:
            learned = [pair for place, pair in enumerate(pairs) if place >= len(users) or fold_of[place] != fold]
            yield (
                train_affinity(learned, f"all but fold {fold + 1} of {folds}", seed),
                [users[place] for place in inside],
            )
