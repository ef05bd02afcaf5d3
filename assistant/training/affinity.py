"""Training the small models from labelled activity."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from assistant.evaluation.labelled import LabelledUser, crowd_of
from assistant.training.networks import fit_network
from chains.affinity import AffinityModel, Networks, both_looks, in_crowd
from chains.crowd import Crowd
from chains.crowd_features import CROWD_FEATURES
from chains.keywords import extract_keywords
from chains.pair_features import FEATURES, Matrix, pair_features
from chains.second_look import SECOND_FEATURES
from chains.sites import with_sites
from chains.texts import Texts, texts_of
from vectorstore.embeddings import CachedEmbeddings
from vectorstore.errors import InputError

_LAYERS = (32, 16)
_NETWORKS = 3
_EPOCHS = 6
_BATCH = 4096
#: Few users have fine labels: smaller batches, and more networks to steady each other.
_FINE_NETWORKS = 8
_FINE_BATCH = 1024
_LARGEST_USER = 400
_INNER_FOLDS = 4


@dataclass(frozen=True)
class LabelledTexts:
    """One user's texts with the journey of each, None for what belongs to none or is not known.

    fine: whether the labels are errands, finer than journeys, so that the fine networks learn from them too.
    """

    texts: Texts
    journeys: Sequence[str | None]
    fine: bool = False


@dataclass(frozen=True)
class Pairs:
    """All pairs of one user's labelled texts: features (p, f), whether both are of one journey (p,), weights (p,).

    known: the places of the labelled texts; the pairs are those of its upper triangle, row by row. in_crowd: features
    (p, f + c) with what the crowd says of the pairs. by_site, by_site_in_crowd: the two of texts mixed with what their
    sites say. None where that is not known or not learned from.
    """

    user: LabelledTexts
    known: NDArray[np.intp]
    features: Matrix
    same: NDArray[np.bool_]
    in_crowd: Matrix | None = None
    by_site: Matrix | None = None
    by_site_in_crowd: Matrix | None = None

    @property
    def weights(self) -> NDArray[np.float64]:
        """A user weighs as the square root of his pairs, or those with many texts would speak for all."""
        return np.full(len(self.same), 1 / np.sqrt(max(len(self.same), 1)))


def labelled_pairs(user: LabelledTexts, seed: int = 0) -> Pairs:
    """Of a user with more than 400 labelled texts, 400 drawn at random with the seed."""
    known = np.array([place for place, journey in enumerate(user.journeys) if journey is not None], dtype=np.intp)
    if len(known) > _LARGEST_USER:
        known = np.sort(np.random.default_rng(seed).choice(known, _LARGEST_USER, replace=False))
    labels = np.array([user.journeys[place] for place in known], dtype=object)
    row, column = np.triu_indices(len(known), 1)
    same = np.asarray(labels[row] == labels[column], dtype=bool)
    if not user.fine:
        return Pairs(user, known, _taken(pair_features(user.texts), known, len(FEATURES)), same)
    mixed = with_sites(user.texts)
    features, within = _fine_features(user.texts, known)
    return Pairs(
        user, known, features, same, within, *(_fine_features(mixed, known) if mixed is not user.texts else ())
    )


def _fine_features(texts: Texts, known: NDArray[np.intp]) -> tuple[Matrix, Matrix | None]:
    """Features of the pairs (p, f), and with what the crowd says of them (p, f + c), None where that is not known."""
    if texts.familiar is None:
        return _taken(pair_features(texts), known, len(FEATURES)), None
    both = _taken(in_crowd(texts, texts.familiar), known, len(FEATURES) + len(CROWD_FEATURES))
    return both[:, : len(FEATURES)], both


def _taken(blocks: Iterable[tuple[int, Matrix]], known: NDArray[np.intp], width: int) -> Matrix:
    """Of blocks of features, the rows of the pairs of known texts."""
    taken = [np.empty((0, width), dtype=np.float32)]
    for first, block in blocks:
        for place in range(*np.searchsorted(known, (first, first + len(block)))):
            taken.append(block[known[place] - first, known[place + 1 :]])
    return np.concatenate(taken)


def train_affinity(users: Iterable[Pairs], trained_on: str, seed: int = 0) -> AffinityModel:
    """Pairs of each user -> a model; the same pairs and seed give the same model. Raises InputError for no pair.

    What the second look learns from are first guesses about users that the guessing networks never saw, as it will
    be in use; from guesses about their own users it would learn to trust them too much.
    """
    learned = [user for user in users if len(user.same)]
    if not learned:
        raise InputError("no user has two labelled texts: there is nothing to learn from")
    # One thread: with more, sums are made in another order, and the same pairs give another model; and each step is too
    # small to share.
    with threadpool_limits(limits=1, user_api="blas"):
        return _trained(learned, trained_on, seed)


def _trained(learned: list[Pairs], trained_on: str, seed: int) -> AffinityModel:
    own = [user.features for user in learned]
    first = _fitted(learned, own, _BATCH, seed)
    both = list(own)
    fold_of = np.random.default_rng(seed).permutation(len(learned)) % _INNER_FOLDS
    for fold in range(_INNER_FOLDS):
        inside, outside = np.flatnonzero(fold_of == fold), np.flatnonzero(fold_of != fold)
        if not len(inside):
            continue
        if not len(outside):
            outside = inside
        unseen = _fitted([learned[i] for i in outside], [own[i] for i in outside], _BATCH, seed)
        for i in inside:
            texts = learned[i].user.texts
            both[i] = _taken(both_looks(texts, unseen), learned[i].known, len(FEATURES) + len(SECOND_FEATURES))
    second = _fitted(learned, both, _BATCH, seed)
    fine = [user for user in learned if user.user.fine]
    within = [user for user in fine if user.in_crowd is not None]
    led = any(user.by_site is not None for user in fine)
    return AffinityModel(
        first,
        second,
        _fitted_fine(fine, lambda user: user.features, seed),
        trained_on,
        _fitted_fine(within, lambda user: user.in_crowd, seed),
        _fitted_fine(fine if led else [], lambda user: user.features if user.by_site is None else user.by_site, seed),
        _fitted_fine(
            within if led else [],
            lambda user: user.in_crowd if user.by_site_in_crowd is None else user.by_site_in_crowd,
            seed,
        ),
    )


def _fitted_fine(users: Sequence[Pairs], features: Callable[[Pairs], Matrix | None], seed: int) -> Networks | None:
    """features: of each of the users; None where there is no user."""
    if not users:
        return None
    own = [each for user in users if (each := features(user)) is not None]
    return _fitted(users, own, _FINE_BATCH, seed, _FINE_NETWORKS)


def _fitted(
    users: Sequence[Pairs], features: Sequence[Matrix], batch: int, seed: int, networks: int | None = None
) -> Networks:
    x = np.concatenate(features)
    y, weights = (np.concatenate(parts) for parts in zip(*((user.same, user.weights) for user in users), strict=True))
    turns = networks or _NETWORKS
    plain = Networks(x.mean(axis=0), x.std(axis=0) + np.float32(1e-6), ())
    standard, weights = plain.standard(x), weights / weights.mean()
    return Networks(
        plain.mean,
        plain.scale,
        tuple(fit_network(standard, y, weights, _LAYERS, _EPOCHS, batch, seed * turns + turn) for turn in range(turns)),
    )


def crowds_of(users: Iterable[LabelledUser], embeddings: CachedEmbeddings) -> dict[str, Crowd]:
    """By name of the log the crowd that its users make, of logs with fine labels. No label is looked at."""
    logs: dict[str, list[LabelledUser]] = {}
    for user in users:
        if user.fine:
            logs.setdefault(user.log, []).append(user)
    return {log: crowd_of(own, embeddings) for log, own in logs.items()}


def labelled_texts(user: LabelledUser, embeddings: CachedEmbeddings, crowd: Crowd | None = None) -> LabelledTexts:
    """A labelled user's distinct texts with their vectors and the journey of each. crowd: of his log."""
    keywords = extract_keywords(user.activities)
    texts = texts_of(keywords, embeddings.embed([keyword.text for keyword in keywords]), crowd)
    return LabelledTexts(texts, [user.labels.get(key) for key in texts.keys], user.fine)


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
    The crowd of a log is made of all of its users, without their labels, as it will be in use.
    """
    pairs: list[Pairs] = []
    crowds = crowds_of((*users, *others), embeddings)
    for user in (*users, *others):
        pairs.append(labelled_pairs(labelled_texts(user, embeddings, crowds.get(user.log))))
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
